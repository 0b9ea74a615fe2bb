use cache_core::memoize;

#[memoize]
fn trimmed(text: &str) -> &str {
    text.trim()
}

#[memoize]
fn named<'a>(text: &'a str) -> Option<&'a str> {
    text.get(1..)
}

#[memoize]
fn cow(text: &str) -> std::borrow::Cow<'_, str> {
    text.into()
}

fn main() {
    trimmed("tom");
    named("tom");
    cow("tom");
}
