//! An argument may be called as what generated code might be thought to call its own.

use super::*;

macro_rules! arguments {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            #[memoize(
                ttl = 60,
                tags = ["names", "{of}"],
                key = ($name.len(), $name, of),
                skip(other),
                bypass_if = $name.is_empty(),
                on_hit = |_, _| assert!(!$name.is_empty()),
                on_miss = |_| assert!(!$name.is_empty()),
                cache_if = |_| !$name.is_empty(),
            )]
            fn sync($name: &str, of: u32, other: &str) -> String {
                format!("{}{of}{other}", $name)
            }

            #[memoize(key = ($name.len(), ..), on_miss = |_| assert!(!$name.is_empty()))]
            async fn task($name: String, of: u32) -> String {
                format!("{}{of}", $name)
            }

            #[memoize]
            async fn borrowed($name: &str, of: u32) -> String {
                tokio::task::yield_now().await;
                format!("{}{of}", $name)
            }

            struct Db(u32);
            #[memoize]
            impl Db {
                #[memoize(key = (self.0, $name.len(), ..), placeholder = $name.to_owned())]
                fn method(self: Arc<Self>, $name: &str, other: u32) -> String {
                    format!("{}{}{other}", $name, self.0)
                }
            }

            for _ in 0..2 {
                assert_eq!(sync("a", 1, "b"), "a1b");
                assert_eq!(block_on(task("a".into(), 1)), "a1");
                assert_eq!(block_on(borrowed("a", 1)), "a1");
            }
            let hits = (sync::memo().stats().hits, task::memo().stats().hits, borrowed::memo().stats().hits);
            assert_eq!(hits, (1, 1, 1));
            let db = Arc::new(Db(1));
            assert_eq!(db.clone().method("a", 2), "a");
            wait_until(|| db.clone().method_key("a", 2).is_live());
            assert_eq!(db.method("a", 2), "a12");
        }
    )* };
}

arguments! {
    key value result cache entry memo this own kept handle keyed skipped body call slot metadata cx job
    bound lookup run args ty name lead background_call hooks stored
}

#[test]
fn raw_identifiers() {
    struct Db(u32);
    impl Db {
        #[memoize(key = (self.0, r#type), skip(r#in), tag = "{type}", on_miss = |_| assert!(!r#type.is_empty()))]
        fn r#match(&self, r#type: &str, r#in: u32) -> String {
            format!("{} {} {}", r#type, r#in, self.0)
        }

        #[memoize(skip(self))]
        async fn r#move(&self, r#fn: &str) -> usize {
            r#fn.len()
        }
    }
    #[memoize(key = (r#type.len(), ..))]
    async fn r#loop(r#type: String, r#use: u32) -> String {
        format!("{}{}", r#type, r#use)
    }
    let db = Db(1);
    assert_eq!((db.r#match("a", 2), db.r#match("a", 3)), ("a 2 1".into(), "a 2 1".into()));
    assert_eq!(db.match_entry("a", 2).get().as_deref(), Some("a 2 1"));
    assert_eq!(db.match_key("a").to_string().rsplit("::").next(), Some(r#"match(1, "a")"#));
    assert_eq!((block_on(db.r#move("abc")), Db::move_memo().len()), (3, 1));
    assert_eq!(block_on(r#loop("a".into(), 2)), "a2");
    assert!(block_on(r#loop::key("a".into(), 2).is_live()));
}
