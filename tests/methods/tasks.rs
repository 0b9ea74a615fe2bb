//! Asynchronous methods.

use super::*;

#[derive(Debug)]
struct Db(u32);

#[memoize]
impl Db {
    #[memoize(key = (self.0, ..))]
    async fn borrowed(&self, name: &str) -> String {
        tokio::task::yield_now().await;
        format!("{name} of {}", self.0)
    }

    #[memoize(key = (self.0, ..))]
    async fn owned(self: Arc<Self>, n: u32) -> u32 {
        tokio::task::yield_now().await;
        self.0 + n
    }

    #[memoize]
    async fn plain(n: u32) -> u32 {
        tokio::task::yield_now().await;
        n + 1
    }

    #[memoize(skip(self))]
    fn future(&self, n: u32) -> impl Future<Output = u32> + Send {
        let id = self.0;
        async move { id + n }
    }

    #[memoize(skip(self), ?Send)]
    async fn local(&self, n: u32) -> u32 {
        let rc = std::rc::Rc::new(n);
        tokio::task::yield_now().await;
        self.0 + *rc
    }
}

impl Db {
    // The attribute is on the method alone.
    #[memoize(skip(self))]
    async fn alone(self: Arc<Self>, n: u32) -> u32 {
        tokio::task::yield_now().await;
        self.0 + n
    }
}

#[test]
fn methods_are_spawned() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let db = Arc::new(Db(4));
    let task = {
        let db = db.clone();
        async move {
            for _ in 0..2 {
                assert_eq!(db.borrowed("tom").await, "tom of 4");
                assert_eq!(db.clone().owned(1).await, 5);
                assert_eq!(Db::plain(7).await, 8);
                assert_eq!(db.future(7).await, 11);
                assert_eq!(db.clone().alone(7).await, 11);
            }
            assert!(db.borrowed_key("tom").is_live().await);
            assert_eq!(db.clone().owned_entry(1).get().await, Some(5));
        }
    };
    runtime.block_on(runtime.spawn(task)).unwrap();
    let hits = Db::borrowed_memo().stats().hits
        + Db::owned_memo().stats().hits
        + Db::plain_memo().stats().hits
        + Db::future_memo().stats().hits
        + Db::alone_memo().stats().hits;
    assert_eq!(hits, 5 + 1, "each a second time, and one read");
}

#[test]
fn a_method_whose_future_stays_on_its_thread() {
    block_on(async {
        assert_eq!((Db(4).local(1).await, Db(5).local(1).await), (5, 5));
    });
}

#[test]
fn prefetch_runs_where_a_method_owns_all_it_needs() {
    static RUNS: Count = Count::new();
    struct Slow(u32);
    #[memoize]
    impl Slow {
        #[memoize(key = (self.0, ..))]
        fn cat(self: Arc<Self>, name: &str) -> String {
            RUNS.add();
            format!("{name} of {}", self.0)
        }
    }
    let slow = Arc::new(Slow(3));
    assert_eq!(slow.clone().cat_entry("tom").prefetch(), None);
    tests::wait_until(|| slow.clone().cat_key("tom").is_live());
    assert_eq!((slow.cat("tom"), RUNS.get()), ("tom of 3".to_owned(), 1));
}
