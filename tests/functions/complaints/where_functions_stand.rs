//! Functions within bodies, closures, constants and macros.

use super::*;

#[test]
fn in_bodies_of_one_another() {
    #[memoize]
    fn outer(n: u32) -> u32 {
        #[memoize]
        fn inner(n: u32) -> u32 {
            #[memoize]
            fn innermost(n: u32) -> u32 {
                n + 1
            }
            innermost(n) + innermost(n)
        }
        inner(n) + inner(n)
    }
    assert_eq!((outer(1), outer(1)), (8, 8));
}

#[test]
fn in_bodies_of_methods_and_of_tasks() {
    struct Db(u32);
    impl Db {
        #[memoize(key = (self.0, ..))]
        fn get(&self, n: u32) -> u32 {
            #[memoize]
            async fn inner(n: u32) -> u32 {
                struct Inside(u32);
                impl Inside {
                    #[memoize(key = (self.0))]
                    fn get(&self) -> u32 {
                        self.0
                    }
                }
                Inside(n).get()
            }
            self.0 + block_on(inner(n))
        }
    }
    assert_eq!((Db(1).get(2), Db(2).get(2), Db(1).get(2)), (3, 4, 3));
    assert_eq!(Db::get_memo().len(), 2);
}

#[test]
fn in_closures_and_constants() {
    const fn answer() -> u32 {
        41
    }
    let closure = |n: u32| {
        #[memoize]
        fn get(n: u32) -> u32 {
            n + answer()
        }
        get(n) + get(n)
    };
    assert_eq!(closure(1), 84);
}

macro_rules! functions {
    ($($name:ident($($arg:ident: $t:ty),*) -> $out:ty = $body:expr;)*) => { $(
        #[memoize]
        fn $name($($arg: $t,)* more: u32) -> $out {
            let _ = more;
            $body
        }
    )* };
}

macro_rules! methods {
    ($self:ident of $of:ty: $($name:ident($($arg:ident: $t:ty),*) -> $out:ty = $body:expr;)*) => {
        impl $of { $(
            #[memoize(key = ($self.0, ..), tag = "from a macro", on_miss = |_| { let _ = $self.0; })]
            fn $name(&$self, $($arg: $t,)* more: u32) -> $out {
                let _ = more;
                $body
            }
        )* }
    };
}

macro_rules! methods_with_a_self_of_their_own {
    ($of:ty: $($name:ident $asynchronous:ident)*) => {
        #[memoize]
        impl $of { $(
            #[memoize(key = "{self.0}/{n}", bypass_if = self.0 == 0, placeholder = self.0)]
            fn $name(self: Arc<Self>, n: u32) -> u32 {
                self.0 + n
            }

            #[memoize(key = (self.0, n))]
            async fn $asynchronous(&self, n: u32) -> u32 {
                self.0 + n
            }
        )* }
    };
}

struct Db(u32);

functions! {
    twice(n: u32) -> u32 = n * 2;
    joined(a: &str, b: Option<&str>) -> String = format!("{a}{}", b.unwrap_or("-"));
}

methods! { self of Db:
    thrice(n: u32) -> u32 = n * 3 + self.0;
    named(name: &str) -> String = format!("{name}{}", self.0);
}

methods_with_a_self_of_their_own! { Db: sum task }

#[test]
fn in_macros() {
    assert_eq!((twice(4, 0), twice(4, 0), twice::memo().stats().hits), (8, 8, 1));
    assert_eq!((joined("a", None, 0), joined("a", Some("b"), 0)), ("a-".into(), "ab".into()));
    let db = Db(1);
    assert_eq!((db.thrice(4, 0), db.thrice(4, 0), Db(2).thrice(4, 0)), (13, 13, 14));
    assert_eq!((db.named("tom", 0), db.named_key("tom", 0).is_live()), ("tom1".into(), true));
    assert_eq!((block_on(db.task(3)), block_on(Db(2).task(3))), (4, 5));
    let db = Arc::new(db);
    assert_eq!(db.clone().sum(3), 1);
    wait_until(|| db.clone().sum_key(3).is_live());
    assert_eq!(db.sum(3), 4);
}

// Made by one invocation, at one place in the source.
macro_rules! two {
    () => {
        [
            {
                #[memoize]
                fn same(n: u32) -> u32 {
                    n + 1
                }
                same(1)
            },
            {
                #[memoize]
                fn same(n: u32) -> u32 {
                    n + 2
                }
                same(1)
            },
        ]
    };
}

#[test]
fn in_macros_under_one_name() {
    assert_eq!((two!(), two!()), ([2, 3], [2, 3]));
}
