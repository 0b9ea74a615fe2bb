//! The names of tags.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A value that can be a tag: a text, or a value of a type that derives this trait.
///
/// Text tags are shared by the whole process on purpose. The name of a typed tag consists of the path of its
/// type and of its fields, as they display. So a misspelt typed tag does not compile, and the tags of a
/// library cannot collide with others. [`#[derive(Tag)]`](derive@crate::Tag) implements this trait.
///
/// ```
/// use cache_core::{Tag, memoize, tag};
///
/// #[derive(Tag)]
/// struct Owner(u64);
///
/// #[memoize(tags = [Owner(owner)])]
/// fn cats_of(owner: u64) -> Vec<String> {
///     vec![format!("cat of {owner}")]
/// }
///
/// cats_of(7);
/// assert_eq!(tag(Owner(7)).invalidate().count(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tag",
    label = "not a tag",
    note = "a tag is a text, or a type with `#[derive(cache_core::Tag)]`"
)]
pub trait Tag {
    /// Returns the name of the tag.
    fn name(&self) -> TagName;
}

/// The name of a tag. It can be kept, compared and displayed, and it is a tag itself.
///
/// The name of a typed tag is never equal to that of a text tag, even if both display alike.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagName(pub(crate) Name);

/// The names that distinguish tags.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Name {
    Text(Cow<'static, str>),
    Typed(Cow<'static, str>),
    /// The tag of an entry or a whole memo from which others were computed.
    Unnamed(u64),
}

impl TagName {
    fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Name::Text(text.into()))
    }

    /// Returns the name as it displays.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Text(text) | Name::Typed(text) => text,
            Name::Unnamed(_) => "",
        }
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Text(text) => fmt::Debug::fmt(text, f),
            Name::Typed(_) | Name::Unnamed(_) => f.write_str(self.as_str()),
        }
    }
}

impl PartialEq<str> for TagName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for TagName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<&'static str> for TagName {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl From<String> for TagName {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl Tag for TagName {
    fn name(&self) -> TagName {
        self.clone()
    }
}

impl<T: Tag + ?Sized> Tag for &T {
    fn name(&self) -> TagName {
        (**self).name()
    }
}

/// A value that can be a field of a typed tag: anything that is `Display`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a tag, because it is not `Display`",
    label = "not `Display`",
    note = "a tag is named by its fields as they display: implement `Display` for `{Self}`, or let the tag have an id of it"
)]
pub trait TagField {
    /// Returns the value to display.
    fn shown(&self) -> &dyn fmt::Display;
}

#[diagnostic::do_not_recommend]
impl<T: fmt::Display> TagField for T {
    fn shown(&self) -> &dyn fmt::Display {
        self
    }
}

/// Makes the name of a typed tag from the path of its type and from its fields. Commas and backslashes in
/// fields are escaped, so that different fields never display alike.
#[must_use]
pub fn typed_tag(path: &'static str, fields: &[&dyn fmt::Display]) -> TagName {
    if fields.is_empty() {
        return TagName(Name::Typed(path.into()));
    }
    let escaped = |field: &&dyn fmt::Display| field.to_string().replace('\\', "\\\\").replace(',', "\\,");
    let fields: Vec<String> = fields.iter().map(escaped).collect();
    TagName(Name::Typed(format!("{path}({})", fields.join(", ")).into()))
}

macro_rules! texts {
    ($($t:ty),*) => { $(
        impl Tag for $t {
            fn name(&self) -> TagName {
                TagName::text(String::from(&**self))
            }
        }
    )* };
}

texts!(String, Cow<'_, str>, Box<str>, Arc<str>);

impl Tag for str {
    fn name(&self) -> TagName {
        TagName::text(self.to_owned())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn fields_never_run_into_each_other() {
        let name = |fields: &[&str]| {
            let fields: Vec<&dyn fmt::Display> =
                fields.iter().map(|field| field as &dyn fmt::Display).collect();
            typed_tag("shop::Owner", &fields)
        };
        assert_eq!(name(&["7"]), "shop::Owner(7)");
        assert_eq!(name(&[]), "shop::Owner");
        let parts = ["", "a", ", ", "a, b", "\\", "\\,", "b)", "(a"];
        let mut names: Vec<TagName> = Vec::new();
        names.extend(parts.iter().map(|one| name(&[one])));
        names.extend(parts.iter().flat_map(|one| parts.iter().map(move |two| name(&[one, two]))));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_text_is_no_typed_tag() {
        let (text, typed) = (TagName::from("shop::All"), typed_tag("shop::All", &[]));
        assert_ne!(text, typed);
        assert_eq!(text.to_string(), typed.to_string());
    }
}
