//! Lists of tags, as the options of the attribute make them.

use super::name::{Tag, TagName};

/// A value that can stand in a list of tags: a tag, or an `Option` of one, where `None` is left out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tag",
    label = "not a tag",
    note = "a tag is a text, a value such as `Owner(7)` of a type with `#[derive(cache_core::Tag)]`, or an `Option` of one; all that an iterator gives are `..iterator`"
)]
pub trait IntoTag {
    /// Returns the name of the tag, if there is one.
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

/// The tags of one entry.
#[derive(Default)]
pub struct TagList {
    pub(crate) names: Vec<TagName>,
    /// Texts of arguments that fill templates about the value. `None` leaves the template out.
    pieces: Vec<Option<String>>,
    /// Whether user code has panicked.
    pub(crate) panicked: bool,
}

impl TagList {
    /// Makes tags before the body runs. A panic is noted in the list.
    pub fn before(make: impl FnOnce(&mut Self)) -> Self {
        crate::sync::guarded(|| {
            let mut list = Self::default();
            make(&mut list);
            list
        })
        .unwrap_or_else(|| Self { panicked: true, ..Self::default() })
    }

    /// Adds the tag that a template makes, unless the template reads through a `None`.
    pub fn text(&mut self, text: impl FnOnce() -> Option<String>) {
        self.names.extend(text().map(TagName::from));
    }

    /// Adds the tag of an expression.
    pub fn add<T: IntoTag + ?Sized>(&mut self, tag: &T) {
        self.names.extend(tag.tag_name());
    }

    /// Adds all tags of an iterator.
    pub fn spread<I: IntoIterator<Item: IntoTag>>(&mut self, tags: I) {
        tags.into_iter().for_each(|tag| self.add(&tag));
    }

    /// Keeps a part of a template whose other parts need the value.
    pub fn keep_piece(&mut self, text: impl FnOnce() -> Option<String>) {
        self.pieces.push(text());
    }

    /// Returns the part that was kept as number `index`, or `None` if the template is to be left out.
    #[must_use]
    pub fn piece(&self, index: usize) -> Option<&str> {
        self.pieces.get(index)?.as_deref()
    }
}
