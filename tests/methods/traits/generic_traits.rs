//! Generic traits, and traits of generic and foreign types.

use super::*;

trait Get<T> {
    fn get(&self, n: u32) -> T;
    fn text(&self, n: u32) -> String;
}

#[memoize]
impl Get<u32> for Db {
    #[memoize(skip(self))]
    fn get(&self, n: u32) -> u32 {
        n
    }

    #[memoize(skip(self))]
    fn text(&self, n: u32) -> String {
        format!("number {n}")
    }
}

#[memoize]
impl Get<String> for Db {
    #[memoize(skip(self))]
    fn get(&self, n: u32) -> String {
        n.to_string()
    }

    #[memoize(skip(self))]
    fn text(&self, n: u32) -> String {
        format!("text {n}")
    }
}

#[test]
fn implemented_twice_share_no_entry() {
    assert_eq!((<Db as Get<u32>>::get(&Db(1), 4), <Db as Get<String>>::get(&Db(1), 4)), (4, "4".into()));
    // Alike in key and value.
    assert_eq!(<Db as Get<u32>>::text(&Db(1), 4), "number 4");
    assert_eq!(<Db as Get<String>>::text(&Db(1), 4), "text 4");
    assert_eq!(<Db as Get<u32>>::text(&Db(1), 4), "number 4");
    assert_eq!(<Db as DbGetU32Memo>::text_memo().len(), 1);
    assert_eq!(<Db as DbGetStringMemo>::text_key(4).get().as_deref(), Some("text 4"));
    assert_eq!(
        <Db as DbGetStringMemo>::text_key(4).to_string(),
        "<methods::traits::Db as Get<String>>::text(4)"
    );
}

#[memoize(companion = VecGet)]
impl<T: Clone + Debug + Send + Sync + 'static> Get<T> for Vec<T> {
    #[memoize(skip(self))]
    fn get(&self, n: u32) -> T {
        self[n as usize].clone()
    }

    #[memoize(skip(self))]
    fn text(&self, n: u32) -> String {
        format!("{:?}", self[n as usize])
    }
}

#[test]
fn of_foreign_and_generic_types() {
    let (numbers, texts) = (vec![1_u32, 2], vec!["one", "two"]);
    assert_eq!((numbers.get(1), texts.get(1)), (2, "two"));
    assert_eq!((numbers.text(1), texts.text(1)), ("2".into(), r#""two""#.into()));
    assert_eq!(numbers.text_entry(1).get().as_deref(), Some("2"));
    assert_eq!(<Vec<&str> as VecGet<&str>>::text_memo().len(), 1);
    assert_eq!(numbers.text_entry(1).id().to_string(), "<alloc::vec::Vec<u32> as Get<T>>::text(1)");
}

#[memoize]
impl<'a, T, const N: usize> Get<&'static str> for (&'a str, [T; N])
where
    T: Debug + Send + Sync + 'static,
{
    #[memoize(key = (self.0, ..))]
    fn get(&self, n: u32) -> &'static str {
        if n as usize + self.0.len() < N { "less" } else { "more" }
    }

    #[memoize(key = (self.0, ..))]
    fn text(&self, n: u32) -> String {
        format!("{} {n} {N} {}", self.0, std::any::type_name::<T>())
    }
}

#[test]
fn of_a_type_with_a_lifetime_a_constant_and_a_where_clause() {
    let name = String::from("tom");
    let (one, two) = ((name.as_str(), [0_u8; 1]), (name.as_str(), [0_u8; 2]));
    let other = ("tom", [0_u16; 2]);
    assert_eq!([one.text(1), two.text(1), other.text(1)], ["tom 1 1 u8", "tom 1 2 u8", "tom 1 2 u16"]);
    assert_eq!((one.get(0), two.get(0)), ("more", "more"));
    assert_eq!(two.text_entry(1).get().as_deref(), Some("tom 1 2 u8"));
    assert_eq!(two.text_key(1).invalidate().count(), 1);
    assert!(other.text_key(1).is_live());
}

trait Say {
    fn say(&self, n: u32) -> String;
}

#[memoize(companion = SayAll)]
impl<T: Debug + Clone + Eq + std::hash::Hash + Send + Sync + 'static> Say for T {
    #[memoize(key = (self.clone(), ..))]
    fn say(&self, n: u32) -> String {
        format!("{self:?} {n}")
    }
}

#[test]
fn of_all_types() {
    assert_eq!([4_u8.say(1), 4_u16.say(1), Db(4).say(1), "4".say(1)], ["4 1", "4 1", "Db(4) 1", r#""4" 1"#]);
    assert_eq!(<u8 as SayAll<u8>>::say_memo().len(), 1);
    assert!(Db(4).say_key(1).is_live());
}

trait Find {
    fn find<T: Default + Debug, const N: usize>(&self, name: impl Into<String>) -> String;
}

#[memoize]
impl Find for Db {
    #[memoize(key = (self.0), skip(name))]
    fn find<T: Default + Debug, const N: usize>(&self, name: impl Into<String>) -> String {
        format!("{} {:?} {N}", name.into(), T::default())
    }
}

#[test]
fn generic_methods() {
    assert_eq!(Find::find::<u8, 1>(&Db(1), "tom"), "tom 0 1");
    assert_eq!(Find::find::<u8, 2>(&Db(1), "tom"), "tom 0 2");
    assert_eq!(Find::find::<String, 1>(&Db(1), "tom"), r#"tom "" 1"#);
    assert_eq!(Find::find::<u8, 1>(&Db(1), "rex"), "tom 0 1", "the name is skipped");
}
