use cache_core::memoize;

#[derive(Clone)]
struct Words<'a>(&'a str);

#[memoize]
impl<'a> Words<'a> {
    #[memoize(key = (self.0,))]
    fn rest(&self) -> Self {
        Self(&self.0[1..])
    }

    #[memoize(key = (self.0,))]
    fn first(&self) -> Option<Words<'a>> {
        Some(Self(self.0))
    }
}

#[memoize]
impl<'a> From<&'a str> for Words<'a> {
    #[memoize]
    fn from(text: &'a str) -> Self {
        Self(text)
    }
}

fn main() {
    Words::from("a b").rest().first();
}
