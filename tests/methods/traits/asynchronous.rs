//! Asynchronous functions of traits, with and without `async_trait`.

use super::*;

#[async_trait::async_trait]
trait Remote: Send + Sync {
    async fn fetch(&self, name: &str) -> usize;
    async fn store(self: Arc<Self>, n: u32) -> Result<u32, String>;
    async fn plain(&self) -> u32 {
        7
    }
}

// Ours is carried out first, and finds `async fn`.
#[memoize]
#[async_trait::async_trait]
impl Remote for Db {
    #[memoize(key = (self.0, ..))]
    async fn fetch(&self, name: &str) -> usize {
        tokio::task::yield_now().await;
        name.len() + self.0 as usize
    }

    #[memoize(key = (self.0, ..))]
    async fn store(self: Arc<Self>, n: u32) -> Result<u32, String> {
        tokio::task::yield_now().await;
        n.checked_sub(self.0).ok_or_else(|| "too little".into())
    }
}

struct Other(u32);

// Ours is carried out second, and finds functions that return boxed futures.
#[async_trait::async_trait]
#[memoize]
impl Remote for Other {
    #[memoize(key = (self.0, ..))]
    async fn fetch(&self, name: &str) -> usize {
        tokio::task::yield_now().await;
        name.len() + self.0 as usize
    }

    #[memoize(key = (self.0, ..))]
    async fn store(self: Arc<Self>, n: u32) -> Result<u32, String> {
        tokio::task::yield_now().await;
        n.checked_sub(self.0).ok_or_else(|| "too little".into())
    }
}

#[test]
fn with_async_trait_in_either_order() {
    let scope = Scope::new();
    let inside = scope.clone();
    spawned(scope.within(async {
        let remotes: [Arc<dyn Remote>; 2] = [Arc::new(Db(4)), Arc::new(Other(4))];
        for remote in remotes {
            assert_eq!((remote.fetch("tom").await, remote.fetch("tom").await), (7, 7));
            assert_eq!(remote.clone().store(5).await, Ok(1));
            assert_eq!(remote.clone().store(5).await, Ok(1));
            assert!(remote.clone().store(3).await.is_err());
            assert_eq!(remote.plain().await, 7);
        }
        assert_eq!(Db(4).fetch_entry("tom").get().await, Some(7));
        assert_eq!(Other(4).fetch_entry("tom").get().await, Some(7));
        assert_eq!(Arc::new(Db(4)).store_entry(5).get().await, Some(1));
        assert_eq!(Arc::new(Other(4)).store_entry(5).get().await, Some(1));
    }));
    let _inside = inside.enter();
    let (db, other) = (Db::fetch_memo().stats(), Other::fetch_memo().stats());
    assert_eq!((db.stores, db.hits), (1, 2));
    assert_eq!((other.stores, other.hits), (1, 2));
    let (db, other) = (Db::store_memo().stats(), Other::store_memo().stats());
    assert_eq!((db.stores, db.hits, db.errors), (1, 2, 1));
    assert_eq!((other.stores, other.hits, other.errors), (1, 2, 1));
}

trait Native {
    async fn fetch(&self, name: &str) -> usize;
    fn future(&self, n: u32) -> impl Future<Output = u32> + Send;
}

#[memoize]
impl Native for u32 {
    #[memoize(key = (*self, ..))]
    async fn fetch(&self, name: &str) -> usize {
        tokio::task::yield_now().await;
        name.len() + *self as usize
    }

    #[memoize(key = (*self, ..))]
    fn future(&self, n: u32) -> impl Future<Output = u32> + Send {
        let sum = *self + n;
        async move {
            tokio::task::yield_now().await;
            sum
        }
    }
}

#[test]
fn in_a_trait_as_the_language_has_them() {
    spawned(async {
        assert_eq!((Native::fetch(&4, "tom").await, Native::fetch(&4, "tom").await), (7, 7));
        assert_eq!((4.future(3).await, 4.future(3).await), (7, 7));
    });
    let hits = (<u32 as U32NativeMemo>::fetch_memo().stats().hits, u32::future_memo().stats().hits);
    assert_eq!(hits, (1, 1));
}

struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

trait Guarded {
    async fn guarded(&self, guard: Guard, n: u32) -> u32;
}

#[memoize]
impl Guarded for Db {
    #[memoize(key = (self.0, n), skip(_guard))]
    async fn guarded(&self, _guard: Guard, n: u32) -> u32 {
        tokio::task::yield_now().await;
        n
    }
}

#[test]
fn an_argument_that_the_body_does_not_use_is_there_until_its_end() {
    let dropped = Arc::new(AtomicBool::new(false));
    let mut call = std::pin::pin!(Guarded::guarded(&Db(4), Guard(dropped.clone()), 1));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    assert!(!dropped.load(Ordering::SeqCst));
    assert_eq!(block_on(call), 1);
    assert!(dropped.load(Ordering::SeqCst));
}

#[memoize]
trait Defaults: Sync {
    fn id(&self) -> u32;

    #[memoize(key = (self.id(), ..))]
    async fn by_default(&self, name: &str) -> usize {
        tokio::task::yield_now().await;
        name.len() + self.id() as usize
    }
}

impl Defaults for Db {
    fn id(&self) -> u32 {
        self.0
    }
}

#[test]
fn as_default_methods() {
    spawned(async {
        assert_eq!(
            (Defaults::by_default(&Db(4), "tom").await, Defaults::by_default(&Db(4), "tom").await),
            (7, 7)
        );
        assert!(<Db as DefaultsMemo>::by_default_key(&Db(4), "tom").is_live().await);
    });
    assert_eq!(<Db as DefaultsMemo>::by_default_memo().stats().hits, 1);
}

#[memoize]
#[async_trait::async_trait]
trait Boxed: Sync {
    fn id(&self) -> u32;

    #[memoize(key = (self.id(), ..))]
    async fn boxed(&self, name: &str) -> usize {
        tokio::task::yield_now().await;
        name.len() + self.id() as usize
    }
}

#[async_trait::async_trait]
#[memoize]
trait BoxedToo: Sync {
    fn id(&self) -> u32;

    #[memoize(key = (self.id(), ..))]
    async fn boxed_too(&self, name: &str) -> usize {
        tokio::task::yield_now().await;
        name.len() + self.id() as usize
    }
}

impl Boxed for Db {
    fn id(&self) -> u32 {
        self.0
    }
}

impl BoxedToo for Db {
    fn id(&self) -> u32 {
        self.0
    }
}

#[test]
fn as_default_methods_with_async_trait() {
    spawned(async {
        let boxed: Box<dyn Boxed + Send> = Box::new(Db(4));
        assert_eq!((boxed.boxed("tom").await, boxed.boxed("tom").await), (7, 7));
        let boxed: Box<dyn BoxedToo + Send> = Box::new(Db(4));
        assert_eq!((boxed.boxed_too("tom").await, boxed.boxed_too("tom").await), (7, 7));
    });
    assert_eq!(<Db as BoxedMemo>::boxed_memo().stats().hits, 1);
    assert_eq!(<Db as BoxedTooMemo>::boxed_too_memo().stats().hits, 1);
}

#[async_trait::async_trait(?Send)]
trait Local {
    async fn local(&self, n: u32) -> u32;
}

#[memoize]
#[async_trait::async_trait(?Send)]
impl Local for Db {
    #[memoize(key = (self.0, ..), ?Send)]
    async fn local(&self, n: u32) -> u32 {
        let rc = std::rc::Rc::new(n);
        tokio::task::yield_now().await;
        self.0 + *rc
    }
}

#[async_trait::async_trait(?Send)]
#[memoize]
impl Local for Other {
    #[memoize(key = (self.0, ..))]
    async fn local(&self, n: u32) -> u32 {
        let rc = std::rc::Rc::new(n);
        tokio::task::yield_now().await;
        self.0 + *rc
    }
}

#[test]
fn whose_futures_stay_on_their_thread() {
    block_on(async {
        assert_eq!((Local::local(&Db(4), 1).await, Local::local(&Db(4), 1).await), (5, 5));
        assert_eq!((Local::local(&Other(4), 1).await, Local::local(&Other(4), 1).await), (5, 5));
    });
    assert_eq!(<Db as DbLocalMemo>::local_memo().stats().hits, 1);
    assert_eq!(<Other as OtherLocalMemo>::local_memo().stats().hits, 1);
}
