//! Instantiations of generic types and methods, each with entries of its own.

use super::*;

struct Repo<'a, T, const N: usize>(&'a str, T);

impl<T: Clone + Debug + Send + Sync + 'static, const N: usize> Repo<'_, T, N> {
    #[memoize(skip(self))]
    fn get(&self, n: u32) -> String {
        format!("{:?} {n} {N}", self.1)
    }

    #[memoize(key = (self.0, n))]
    fn len(&self, n: u32) -> usize {
        self.0.len() + n as usize + N
    }

    #[memoize(skip(self))]
    fn with<U: Default + Debug, const B: bool>(&self, n: u32) -> String {
        format!("{:?} {:?} {n} {N} {B}", self.1, U::default())
    }

    #[memoize(skip(self))]
    fn same(&self, n: u32) -> T {
        let _ = n;
        self.1.clone()
    }

    #[memoize(skip(self))]
    async fn fetch(&self, n: u32) -> String {
        tokio::task::yield_now().await;
        format!("{:?} {n} {N}", self.1)
    }
}

#[memoize]
impl<T: Clone, const N: usize> Repo<'_, T, N> {
    #[memoize]
    fn named(n: u32) -> String {
        format!("{} {n} {N}", std::any::type_name::<T>())
    }
}

// What they return is of one type in all instantiations, so only the instantiation tells them apart.
#[test]
fn of_an_impl_share_no_entry() {
    assert_eq!(Repo::<_, 1>("", 4_u32).get(7), "4 7 1");
    assert_eq!(Repo::<_, 1>("", "four").get(7), r#""four" 7 1"#);
    assert_eq!(Repo::<_, 2>("", 4_u32).get(7), "4 7 2");
    assert_eq!(Repo::<_, 1>("", 5_u32).get(7), "4 7 1", "the same one does");
    assert_eq!((Repo::<u32, 1>::named(1), Repo::<u8, 1>::named(1)), ("u32 1 1".into(), "u8 1 1".into()));
    assert_eq!(Repo::<u32, 1>::named_memo().len(), 1);
    assert_eq!(Repo::<_, 1>("", 4_u32).same(7), 4);
    assert_eq!(Repo::<_, 1>("", "four").same(7), "four");
}

#[test]
fn of_an_asynchronous_method_share_no_entry() {
    let (numbers, texts, others) =
        (Repo::<_, 1>("", 4_u32), Repo::<_, 1>("", "four"), Repo::<_, 2>("", 4_u32));
    assert_eq!(block_on(numbers.fetch(7)), "4 7 1");
    assert_eq!(block_on(texts.fetch(7)), r#""four" 7 1"#);
    assert_eq!(block_on(others.fetch(7)), "4 7 2");
    assert_eq!(block_on(numbers.fetch_entry(7).get()).as_deref(), Some("4 7 1"));
}

#[test]
fn of_the_method_share_no_entry() {
    let repo = Repo::<_, 1>("", 4_u32);
    assert_eq!(repo.with::<u8, true>(7), "4 0 7 1 true");
    assert_eq!(repo.with::<u8, false>(7), "4 0 7 1 false");
    assert_eq!(repo.with::<String, true>(7), r#"4 "" 7 1 true"#);
    assert_eq!(Repo::<_, 2>("", 4_u32).with::<u8, true>(7), "4 0 7 2 true");
    assert_eq!(Repo::<_, 1>("", 5_u32).with::<u8, true>(7), "4 0 7 1 true", "the same one does");
    assert_eq!(Repo::<u32, 1>::with_memo::<u8, true>().len(), 1);
    assert_eq!(repo.with_entry::<u8, true>(7).get().as_deref(), Some("4 0 7 1 true"));
    assert!(Repo::<u32, 1>::with_key::<u8, false>(7).is_live());
}

#[test]
fn lifetimes_tell_nothing_apart() {
    let text = String::from("tom");
    assert_eq!((Repo::<u8, 1>("tom", 4).len(1), Repo::<u8, 1>(&text, 4).len(1)), (5, 5));
    assert_eq!((Repo::<u8, 2>("tom", 4).len(1), Repo::<u8, 1>("rexy", 4).len(1)), (6, 6));
    let stats = Repo::<'static, u8, 1>("tom", 4).len_entry(1).id().memo().stats();
    assert_eq!((stats.hits, stats.stores), (1, 2));
}

#[test]
fn are_named_by_their_types() {
    let key = Repo::<u32, 9>("x", 4).len_key(4).to_string();
    // Some compilers name the lifetime, too.
    let key = key.replace("'_, ", "");
    assert_eq!(key, r#"methods::instantiations::Repo<u32, 9>::len("x", 4)"#);
}

struct One;
struct Two;

macro_rules! gets {
    ($($name:ident $answer:literal)*) => { $(
        impl $name {
            #[memoize(skip(self))]
            fn get(&self, n: u32) -> u32 {
                n + $answer
            }
        }
    )* };
}

gets!(One 1 Two 2);

#[test]
fn types_with_a_method_of_one_name_share_no_entry() {
    assert_eq!((One.get(5), Two.get(5), One.get(5), Two.get(5)), (6, 7, 6, 7));
}

#[test]
fn arguments_of_anonymous_types() {
    struct Db(u32);
    impl Db {
        #[memoize(skip(self, name))]
        fn say(&self, name: impl ToString, n: u32) -> String {
            format!("{} {n} {}", name.to_string(), self.0)
        }

        #[memoize(key = (self.0, name.to_string(), ..))]
        fn call(&self, name: &impl ToString, n: u32) -> String {
            format!("{} {n} {}", name.to_string(), self.0)
        }
    }
    assert_eq!((Db(1).say("tom", 1), Db(2).say(9, 1)), ("tom 1 1".into(), "tom 1 1".into()));
    assert_eq!(Db::say_key(1).get().as_deref(), Some("tom 1 1"));
    assert_eq!((Db(1).call(&"tom", 1), Db(1).call(&9, 1)), ("tom 1 1".into(), "9 1 1".into()));
}
