//! Tags as options of the attribute make them.

use super::name::{Tag, TagName};

/// What can stand in a list of tags: a tag, or an `Option` of one, where `None` is left out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tag",
    label = "not a tag",
    note = "a tag is a text, a value such as `Owner(7)` of a type with `#[derive(cache_core::Tag)]`, or an `Option` of one; all that an iterator gives are `..iterator`"
)]
pub trait IntoTag {
    /// What it is called, if it is there.
    fn tag_name(&self) -> Option<TagName>;
}

#[diagnostic::do_not_recommend]
impl<T: Tag + ?Sized> IntoTag for T {
    fn tag_name(&self) -> Option<TagName> {
        Some(self.name())
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoTag> IntoTag for Option<T> {
    fn tag_name(&self) -> Option<TagName> {
        self.as_ref()?.tag_name()
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoTag> IntoTag for &Option<T> {
    fn tag_name(&self) -> Option<TagName> {
        (**self).tag_name()
    }
}

/// Tags of one entry.
#[derive(Default)]
pub struct TagList {
    pub(crate) names: Vec<TagName>,
    /// Texts of arguments that templates about the value are filled with; `None` where one of those is
    /// to be left out.
    pieces: Vec<Option<String>>,
    /// User code has panicked.
    pub(crate) panicked: bool,
}

impl TagList {
    /// Makes tags before the body runs. A panic is noted here.
    pub fn before(make: impl FnOnce(&mut Self)) -> Self {
        crate::sync::guarded(|| {
            let mut list = Self::default();
            make(&mut list);
            list
        })
        .unwrap_or_else(|| Self { panicked: true, ..Self::default() })
    }

    /// Adds what is made of a template, unless that reaches through a `None`.
    pub fn text(&mut self, text: impl FnOnce() -> Option<String>) {
        self.names.extend(text().map(TagName::from));
    }

    /// Adds what an expression says.
    pub fn add<T: IntoTag + ?Sized>(&mut self, tag: &T) {
        self.names.extend(tag.tag_name());
    }

    /// Adds all that an iterator yields.
    pub fn spread<I: IntoIterator<Item: IntoTag>>(&mut self, tags: I) {
        tags.into_iter().for_each(|tag| self.add(&tag));
    }

    /// Keeps a part of a template that needs the value for the rest.
    pub fn keep_piece(&mut self, text: impl FnOnce() -> Option<String>) {
        self.pieces.push(text());
    }

    /// The part that was kept as number `index`; `None` if the template is to be left out.
    #[must_use]
    pub fn piece(&self, index: usize) -> Option<&str> {
        self.pieces.get(index)?.as_deref()
    }
}
