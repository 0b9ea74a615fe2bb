//! Implementations of traits, as they are written: for references, with lifetimes left out, with
//! `mut self`, with calls of the trait's own methods; and types that are named through a parameter.
#![deny(warnings, clippy::pedantic)]

use cache_core::memoize;
use std::pin::Pin;

#[derive(Debug, PartialEq)]
struct Wrap(String);
#[derive(Clone, Debug)]
struct Many<'a, T>(Option<&'a T>);

#[memoize]
impl From<&str> for Wrap {
    #[memoize]
    fn from(text: &str) -> Self {
        Wrap(text.to_owned())
    }
}
impl Clone for Wrap {
    fn clone(&self) -> Self {
        Wrap(self.0.clone())
    }
}

#[memoize]
impl<'a, T> From<&'a Option<T>> for Wrap {
    #[memoize(skip(_text))]
    fn from(_text: &'a Option<T>) -> Self {
        Wrap(String::new())
    }
}
trait Same<T> {
    fn same(&self, other: &T) -> bool;
}
#[memoize]
impl Same<&Many<'_, u8>> for Wrap {
    #[memoize(key = (&self.0, ..), skip(other))]
    fn same(&self, other: &&Many<'_, u8>) -> bool {
        self.0.is_empty() && other.0.is_none()
    }
}

trait Len {
    fn len(&self) -> usize;
    fn grow(self) -> usize;
    fn pinned(self: Pin<&mut Self>) -> usize
    where
        Self: Unpin;
}
#[memoize]
impl Len for Wrap {
    #[memoize(key = (&self.0,))]
    fn len(&self) -> usize {
        self.0.len()
    }
    #[memoize(skip(self))]
    fn grow(mut self) -> usize {
        self.0.push('a');
        self.0.len()
    }
    #[memoize(skip(self))]
    fn pinned(mut self: Pin<&mut Self>) -> usize {
        self.0.push('a');
        self.0.len()
    }
}
#[memoize]
impl Len for &Wrap {
    #[memoize(key = (&self.0,))]
    fn len(&self) -> usize {
        self.0.len()
    }
    #[memoize(key = (&self.0,))]
    fn grow(self) -> usize {
        1
    }
    #[memoize(skip(self))]
    fn pinned(mut self: Pin<&mut Self>) -> usize {
        *self = Box::leak(Box::new(Wrap(String::new())));
        self.0.len()
    }
}
mod display {
    pub trait Shown {
        fn shown(&self) -> String;
    }
    impl Shown for u8 {
        fn shown(&self) -> String {
            self.to_string()
        }
    }
}
struct Other(u8);
#[memoize]
impl display::Shown for Other {
    #[memoize(key = (self.0,))]
    fn shown(&self) -> String {
        self.0.shown()
    }
}
#[memoize]
#[allow(dead_code)]
trait Grows: Sized {
    #[memoize(skip(self))]
    fn grown(mut self, by: usize) -> usize
    where
        Self: Len,
    {
        self.renew();
        by
    }
    fn renew(&mut self);
}
trait Consumer<I> {
    type Result;
}
impl<I> Consumer<I> for u8 {
    type Result = u16;
}
#[memoize(skip(_item, consumer))]
fn consume<C, I>(_item: I, consumer: C) -> C::Result
where
    C: Consumer<I> + 'static,
    I: 'static,
    C::Result: Clone + Send + Sync + Default + 'static,
{
    let _ = consumer;
    C::Result::default()
}
struct Bits(u8);
#[memoize]
impl std::ops::BitOrAssign for Bits {
    #[memoize(skip(self), key = (rhs.0,))]
    fn bitor_assign(&mut self, rhs: Self) {
        self.0 |= rhs.0;
    }
}
#[memoize(skip(core), ttl = |_value| ::core::time::Duration::from_secs(1))]
fn named_like_a_crate(core: Box<Bits>) -> u8 {
    core.0
}

fn main() {
    trait Local {
        fn local(&self) -> u8;
    }
    struct It;
    #[memoize]
    impl Local for It {
        #[memoize(skip(self))]
        fn local(&self) -> u8 {
            1
        }
    }
    assert_eq!(It.local(), 1);
    assert_eq!((Wrap("a".into()).grow(), (&Wrap("a".into())).grow()), (2, 1));
    assert_eq!(Pin::new(&mut Wrap("a".into())).pinned(), 2);
    assert_eq!(Len::len(&Wrap("a".into())), 1);
    assert_eq!(Wrap::from("a"), Wrap("a".into()));
    assert_eq!(Wrap::from(&Some(1)), Wrap(String::new()));
    assert!(Wrap(String::new()).same(&&Many(None)));
    assert_eq!(display::Shown::shown(&Other(7)), "7");
    assert_eq!(consume(1_u8, 2_u8), 0);
    let mut bits = Bits(1);
    bits |= Bits(2);
    assert_eq!((bits.0, named_like_a_crate(Box::new(bits))), (3, 3));
}
