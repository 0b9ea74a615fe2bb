//! Default methods, where they are not implemented anew.

use super::*;

#[memoize]
trait Named {
    fn id(&self) -> u32;

    #[memoize(key = (self.id(), ..))]
    fn name(&self, n: u32) -> String {
        format!("{} {n}", self.id())
    }

    #[memoize(skip(self))]
    fn kind(&self, n: u32) -> String {
        let _ = n;
        std::any::type_name::<Self>().to_owned()
    }

    #[memoize]
    fn made(n: u32) -> Vec<Self>
    where
        Self: Sized + Clone + Default + Send + Sync + 'static,
    {
        vec![Self::default(); n as usize]
    }
}

impl Named for Db {
    fn id(&self) -> u32 {
        self.0
    }
}

#[derive(Clone, Default)]
struct Other;

impl Named for Other {
    fn id(&self) -> u32 {
        0
    }

    fn name(&self, n: u32) -> String {
        format!("other {n}")
    }
}

#[test]
fn are_memoized_where_they_are_not_implemented_anew() {
    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([Db(4).name(1), Db(4).name(1), Db(5).name(1)], ["4 1", "4 1", "5 1"]);
    assert_eq!(<Db as NamedMemo>::name_memo().stats().hits, 1);
    assert_eq!(Db(4).name_entry(1).get().as_deref(), Some("4 1"));
    assert_eq!(Other.name(1), "other 1");
    assert!(Other.name_entry(1).get().is_none());
    assert_eq!(Db(4).name_key(1).to_string(), "<methods::traits::Db as Named>::name(4, 1)");
}

#[test]
fn types_that_implement_it_share_no_entry() {
    assert_eq!(
        (Db(4).kind(1), Other.kind(1)),
        ("methods::traits::Db".into(), "methods::traits::default_methods::Other".into())
    );
    assert_eq!((Other::made(2).len(), Other::made(2).len()), (2, 2));
    assert_eq!(Other::made_memo().stats().hits, 1);
}

#[test]
fn are_called_dynamically_and_through_a_bound() {
    fn through<N: Named + ?Sized>(named: &N) -> (String, bool) {
        (named.name(9), named.name_key(9).is_live())
    }
    let named: Box<dyn Named> = Box::new(Db(8));
    assert_eq!((named.name(9), named.name(9)), ("8 9".into(), "8 9".into()));
    assert!(Db(8).name_key(9).is_live());
    assert_eq!(through(&Db(8)), ("8 9".into(), true));
}

pub(super) mod inner {
    use super::*;

    #[memoize(companion = Companions, companion_vis = pub(in crate::traits::default_methods))]
    pub(crate) trait Keep<T: Clone + Send + Sync + 'static> {
        fn value(&self) -> T;

        #[memoize(skip(self))]
        fn keep(&self, n: u32) -> T {
            let _ = n;
            self.value()
        }
    }
}

use inner::{Companions, Keep};

impl Keep<u32> for Db {
    fn value(&self) -> u32 {
        self.0
    }
}

impl Keep<String> for Db {
    fn value(&self) -> String {
        self.0.to_string()
    }
}

#[test]
fn of_a_generic_trait_with_companions_of_another_name() {
    let (number, text): (u32, String) = (Db(4).keep(1), Db(4).keep(1));
    assert_eq!((number, text.as_str()), (4, "4"));
    assert_eq!((Keep::<u32>::keep(&Db(5), 1), Keep::<String>::keep(&Db(5), 1)), (4, "4".into()));
    assert_eq!(<Db as Companions<u32>>::keep_memo().len(), 1);
    assert_eq!(<Db as Companions<String>>::keep_key(1).get().as_deref(), Some("4"));
}
