//! A hit allocates nothing, whatever options are set.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::Count;

use crate::{allocations, alone};

/// Calls once to store, once for what a thread makes on its first hit, then counts.
#[track_caller]
fn no_allocation_on_a_hit<T>(call: impl Fn() -> T) {
    call();
    call();
    let count = allocations(|| {
        for _ in 0..100 {
            call();
        }
    });
    assert_eq!(count, 0, "allocations in a hundred hits");
}

#[test]
fn the_counting_counts() {
    let _alone = alone();
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn text() {
    let _alone = alone();
    #[memoize]
    fn run(name: &str) -> usize {
        name.len()
    }
    no_allocation_on_a_hit(|| run("a name longer than what fits in place"));
    assert_eq!(run::memo().stats().misses, 1);
}

#[test]
fn all_borrowed_arguments() {
    let _alone = alone();
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Cat {
        name: String,
    }
    #[memoize]
    #[allow(clippy::too_many_arguments, reason = "one of each kind")]
    fn run(
        a: &str,
        b: &[&str],
        c: Option<&str>,
        d: &Path,
        e: &Cat,
        f: &[u8],
        g: f64,
        h: (&str, u32),
        i: &[String],
        j: Option<&Cat>,
    ) -> usize {
        let _ = (c, d, e, g, h, j);
        a.len() + b.len() + f.len() + i.len()
    }
    let cat = Cat { name: "tom".to_owned() };
    let words = ["x".to_owned()];
    no_allocation_on_a_hit(|| {
        run("a", &["b", "c"], Some("d"), Path::new("e"), &cat, b"f", 0.5, ("g", 1), &words, Some(&cat))
    });
    assert_eq!(run::memo().stats().misses, 1);
    assert_eq!(cat.name, "tom");
}

#[test]
fn cows() {
    let _alone = alone();
    #[memoize]
    fn run(text: Cow<'_, str>) -> usize {
        text.len()
    }
    no_allocation_on_a_hit(|| run(Cow::Borrowed("some text")));
}

#[test]
fn every_option() {
    let _alone = alone();
    static SEEN: Count = Count::new();
    #[memoize(
        ttl = |_value| std::time::Duration::from_hours(1),
        tags = ["cats", "cat:{name}", "value:{value}"],
        key = (name.trim(), lang, ..),
        skip(live),
        capacity = 100,
        weigh = |_key, _value| 1,
        cache_if = |value| *value < 1_000,
        bypass_if = live && name.is_empty(),
        refresh_if = live,
        on_hit = |_key, value| SEEN.set(*value + lang.len()),
        on_miss = |_key| SEEN.set(0),
        on_store = |_key, _value| SEEN.set(1),
        on_evict = |_key, _value, _cause| SEEN.set(2),
        max_wait = "2s",
    )]
    fn run(name: &str, lang: &str, more: &[u32], live: bool) -> usize {
        let _ = live;
        name.len() + lang.len() + more.len()
    }
    no_allocation_on_a_hit(|| run(" tom ", "en", &[1, 2, 3], false));
    assert_eq!(run::memo().stats().misses, 1);
    assert_eq!(SEEN.get(), 12);
}

#[test]
fn key_templates() {
    let _alone = alone();
    struct Cat {
        name: String,
        id: u64,
    }
    #[memoize(key = "cat:{cat.name}/{cat.id}/{lang}")]
    fn run(cat: &Cat, lang: &str) -> usize {
        lang.len() + cat.name.len()
    }
    let cat = Cat { name: "tom".to_owned(), id: 7 };
    no_allocation_on_a_hit(|| run(&cat, "en"));
    assert_eq!(run::memo().stats().misses, 1);
}

#[test]
fn tags_after_unrelated_invalidations() {
    let _alone = alone();
    #[memoize(tags = ["mine", "mine:{n}", "value:{value}"])]
    fn run(n: u32) -> u32 {
        n
    }
    run(1);
    run(2);
    let count = |n: u32| {
        cache_core::tag(format!("mine:{n}")).invalidate();
        // The revision has moved on: the entry's tags are looked at again.
        allocations(|| {
            run(1);
        })
    };
    count(7);
    assert_eq!((count(2), count(8)), (0, 0));
    assert_eq!(run::memo().stats().misses, 2);
}

#[test]
fn lru() {
    let _alone = alone();
    #[memoize(policy = Lru, capacity = 10)]
    fn run(name: &str) -> usize {
        name.len()
    }
    no_allocation_on_a_hit(|| run("tom"));
}

#[test]
fn results_options_and_shared_values() {
    let _alone = alone();
    #[memoize]
    fn result(name: &str) -> Result<u32, String> {
        Ok(u32::try_from(name.len()).unwrap())
    }
    #[memoize(none_ttl = 5)]
    fn option(name: &str) -> Option<u32> {
        name.parse().ok()
    }
    #[memoize]
    fn shared(name: &str) -> Arc<Vec<String>> {
        Arc::new(vec![name.to_owned()])
    }
    #[memoize(err_ttl = 5)]
    fn errors(name: &str) -> Result<u32, u8> {
        if name.is_empty() { Ok(1) } else { Err(1) }
    }
    no_allocation_on_a_hit(|| result("tom"));
    no_allocation_on_a_hit(|| option("tom"));
    no_allocation_on_a_hit(|| option("7"));
    no_allocation_on_a_hit(|| shared("tom"));
    no_allocation_on_a_hit(|| errors("tom"));
}

#[test]
fn get_on_an_entry() {
    let _alone = alone();
    #[memoize(ttl = 300, tag = "cats", on_hit = |_key, _value| ())]
    fn run(name: &str) -> usize {
        name.len()
    }
    run("tom");
    no_allocation_on_a_hit(|| run::entry("tom").get());
    let key = run::key("tom");
    no_allocation_on_a_hit(|| key.get());
}

#[test]
fn generic_functions() {
    let _alone = alone();
    #[memoize]
    fn run<T: std::hash::Hash + Eq + Clone + Send + Sync + 'static>(n: T, name: &str) -> usize {
        let _ = n;
        name.len()
    }
    run(1_u8, "tom");
    run(1_u16, "tom");
    no_allocation_on_a_hit(|| run(1_u32, "tom"));
}

#[test]
fn inside_a_scope() {
    let _alone = alone();
    #[memoize(ttl = 300, tag = "cats")]
    fn run(name: &str) -> usize {
        name.len()
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    no_allocation_on_a_hit(|| run("tom"));
}

#[test]
fn the_headline() {
    let _alone = alone();
    #[derive(Clone)]
    struct Cat {
        lives: u32,
    }
    #[memoize(ttl = 300, tag = "cats")]
    fn get_cat(name: &str) -> Cat {
        Cat { lives: u32::try_from(name.len()).unwrap() }
    }
    no_allocation_on_a_hit(|| get_cat("tom").lives);
}

/// A call that awaits nothing is ready at the first poll.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it awaits something"),
    }
}

#[test]
fn asynchronous_functions() {
    let _alone = alone();
    #[memoize(ttl = 300, tag = "cats")]
    async fn borrowing(name: &str) -> usize {
        name.len()
    }
    #[memoize(ttl = 300, tag = "cats")]
    async fn owning(n: u64) -> u64 {
        n + 1
    }
    no_allocation_on_a_hit(|| ready(borrowing("a name longer than what fits in place")));
    no_allocation_on_a_hit(|| ready(owning(7)));
    assert_eq!((borrowing::memo().stats().misses, owning::memo().stats().misses), (1, 1));
}

#[test]
fn methods_and_memos_in_fields() {
    let _alone = alone();
    #[derive(Default)]
    struct Home {
        id: u32,
        cats: cache_core::Memo<usize>,
    }
    impl Home {
        #[memoize(key = (self.id, ..))]
        fn by_id(&self, name: &str) -> usize {
            name.len()
        }
        #[memoize(memo = self.cats)]
        fn here(&self, name: &str) -> usize {
            name.len()
        }
        #[memoize(memo = self.cats)]
        async fn later(&self, name: &str) -> usize {
            name.len()
        }
    }
    let home = Home::default();
    no_allocation_on_a_hit(|| home.by_id("a name longer than what fits in place"));
    no_allocation_on_a_hit(|| home.here("a name longer than what fits in place"));
    no_allocation_on_a_hit(|| ready(home.later("a name longer than what fits in place")));
}

#[test]
fn nodes() {
    let _alone = alone();
    use cache_core::CacheKey;
    #[derive(CacheKey)]
    #[cache_key(value = usize, ttl = 300, tags = ["cats", "cat:{name}"], on_hit = |_key, _value| ())]
    struct CatNode<'a> {
        name: &'a str,
        breed: Option<&'a str>,
        text: Cow<'a, str>,
        id: u64,
    }
    #[memoize(key = CatNode { name, breed, text: Cow::Borrowed(name), id: 7 })]
    fn run(name: &str, breed: Option<&str>) -> usize {
        name.len() + breed.map_or(0, str::len)
    }
    #[memoize(key = CatNode { name, breed: None, text: Cow::Borrowed(name), id: 7 })]
    async fn later(name: &str) -> Result<usize, String> {
        Ok(name.len())
    }
    let name = "a name longer than what fits in place";
    no_allocation_on_a_hit(|| run(name, Some("manx")));
    no_allocation_on_a_hit(|| ready(later(name)));
    no_allocation_on_a_hit(|| CatNode { name, breed: None, text: Cow::Borrowed(name), id: 7 }.get());
    assert_eq!(CatNode::memo().stats().misses, 2);
}

#[test]
fn with_stale_windows() {
    let _alone = alone();
    #[memoize(ttl = 60, stale_while_revalidate = "1h", stale_if_error = "1h")]
    fn run(name: &str) -> Result<usize, ()> {
        Ok(name.len())
    }
    #[memoize(ttl = 60, idle = "50s", refresh_ahead = 0.9, jitter = 0.1)]
    fn ruled(name: &str) -> usize {
        name.len()
    }
    #[memoize(ttl = 60, stale_if_error = "1h", soft_timeout = "1s", timeout = "2s", timeout_error = ())]
    fn timed(name: &str) -> Result<usize, ()> {
        Ok(name.len())
    }
    no_allocation_on_a_hit(|| run("a name longer than what fits in place"));
    no_allocation_on_a_hit(|| ruled("a name longer than what fits in place"));
    no_allocation_on_a_hit(|| timed("a name longer than what fits in place"));
}

/// One is computed anew, and those who find it meanwhile have nothing to begin.
#[test]
fn stale_answers() {
    let _alone = alone();
    #[memoize(ttl = 60, stale_while_revalidate = "1h")]
    fn run(name: &str) -> usize {
        name.len()
    }
    #[memoize(ttl = 60, refresh_ahead = 0.5)]
    fn ahead(name: &str) -> usize {
        name.len()
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let call =
        || (run("a name longer than what fits in place"), ahead("a name longer than what fits in place"));
    call();
    scope.advance(tests::secs(30));
    call();
    scope.advance(tests::secs(30));
    ahead::entry("a name longer than what fits in place").insert(1);
    scope.advance(tests::secs(30));
    no_allocation_on_a_hit(call);
    assert_eq!((jobs.len(), run::memo().stats().misses, ahead::memo().stats().misses), (3, 1, 1));
}
