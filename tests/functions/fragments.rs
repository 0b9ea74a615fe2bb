//! Options, signatures and bodies that a `macro_rules!` macro passes on as fragments mean what they mean when
//! they are written out.

#![allow(clippy::all, clippy::pedantic, reason = "code as people write it")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{CacheKey, Key, KeyRef, Memo, Tag, TimedOut, Ttl, invalidates, memoize, registry, tag};
use tests::{Count, Gate, millis, now, secs};

/// A memoized function with one option that comes as a fragment of the kind that is named, and others.
macro_rules! with {
    (expr; $option:ident = $value:expr; [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
    (literal; $option:ident = $value:literal; [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
    (path; $option:ident = $value:path; [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
    (block; $option:ident = $value:block; [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
    (ty; $option:ident = $value:ty; [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
    (ident; $option:ident = $value:ident; [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
    (vis; $option:ident = $value:vis, [$($more:tt)*] $($item:tt)*) => {
        #[memoize($option = $value, $($more)*)]
        $($item)*
    };
}

const MINUTE: Duration = secs(60);

#[test]
fn durations() {
    macro_rules! each {
        ($($kind:ident [$($value:tt)*] $length:expr;)*) => {$({
            with! { $kind; ttl = $($value)*; [] fn fresh(n: u32) -> u32 { n } }
            with! { $kind; err_ttl = $($value)*; [] fn failed(n: u32) -> Result<u32, u32> { Err(n) } }
            with! { $kind; none_ttl = $($value)*; [] fn none(n: u32) -> Option<u32> { (n > 5).then_some(n) } }
            with! { $kind; idle = $($value)*; [] fn idle(n: u32) -> u32 { n } }
            with! { $kind; stale_while_revalidate = $($value)*; [ttl = 1] fn old(n: u32) -> u32 { n } }
            with! { $kind; stale_if_error = $($value)*; [ttl = 1]
                fn kept(n: u32) -> Result<u32, u32> { if kept::key(n).get().is_none() { Ok(n) } else { Err(n) } } }
            let scope = Scope::new();
            let _inside = scope.enter();
            assert_eq!(fresh(1), 1);
            assert_eq!(fresh::key(1).ttl(), Some(Ttl::For($length)), "{}", stringify!($($value)*));
            assert_eq!((failed(1), none(1), idle(1), old(1), kept(1)), (Err(1), None, 1, 1, Ok(1)));
            assert_eq!(none::key(1).ttl(), Some(Ttl::For($length)));
            scope.advance($length - millis(1));
            assert_eq!((failed(1), old(1)), (Err(1), 1));
            assert_eq!((failed::memo().stats().misses, idle::key(1).is_live()), (1, true));
            scope.advance(millis(1));
            assert_eq!(failed(1), Err(1));
            assert_eq!((failed::memo().stats().misses, idle::key(1).is_live()), (2, false));
            assert_eq!((old::memo().stats().stale, kept(1)), (1, Ok(1)));
        })*};
    }
    each! {
        expr [60] MINUTE;
        expr [2 * 30] MINUTE;
        expr ["1m"] MINUTE;
        expr [MINUTE] MINUTE;
        expr [Duration::from_secs(60)] MINUTE;
        expr [{ MINUTE }] MINUTE;
        literal [60] MINUTE;
        literal ["1m"] MINUTE;
        path [MINUTE] MINUTE;
        path [self::MINUTE] MINUTE;
        block [{ MINUTE }] MINUTE;
    }
}

#[test]
fn whole_options() {
    macro_rules! given {
        ($option:meta, $more:meta, $alone:meta; $($item:tt)*) => {
            #[memoize($option, $more, $alone)]
            $($item)*
        };
    }
    given! {
        ttl = 2 * 30, tags = ["fragments::whole {n}", Owner(*value)], inherit_tags;
        fn run(n: u64) -> u64 { n }
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    assert_eq!(run::key(1).ttl(), Some(Ttl::For(MINUTE)));
    assert_eq!((tag("fragments::whole 1").len(), tag("fragments::owner 1").len()), (1, 1));
}

#[test]
fn a_ttl_by_the_value() {
    with! { expr; ttl = |value| secs(u64::from(*value)); [] fn run(n: u32) -> u32 { n } }
    let scope = Scope::new();
    let _inside = scope.enter();
    run(7);
    assert_eq!(run::key(7).ttl(), Some(Ttl::For(secs(7))));
}

#[test]
fn parts_of_a_ttl() {
    macro_rules! each {
        ($($kind:ident [$($value:tt)*];)*) => {$({
            static RUNS: Count = Count::new();
            with! { $kind; refresh_ahead = $($value)*; [ttl = 100] fn ahead(_n: u32) -> usize { RUNS.add() } }
            let scope = Scope::new();
            let _inside = scope.enter();
            let jobs = scope.hold_background().unwrap();
            ahead(1);
            scope.advance(secs(49));
            ahead(1);
            assert_eq!(jobs.len(), 0);
            scope.advance(secs(1));
            ahead(1);
            assert_eq!(jobs.run(), 1, "{}", stringify!($($value)*));
        })*};
    }
    each! {
        expr [0.5];
        expr [1.0 - 0.5];
        expr ["50s"];
        expr [secs(50)];
        literal [0.5];
        literal ["50s"];
        block [{ secs(50) }];
    }
    with! { expr; jitter = 0.1 + 0.4; [ttl = 100] fn spread(n: u32) -> u32 { n } }
    with! { literal; jitter = 0.5; [ttl = 100] fn spread_too(n: u32) -> u32 { n } }
    with! { expr; refresh_ahead = xfetch(2.0); [ttl = 100] fn by_chance(n: u32) -> u32 { n } }
    macro_rules! beta {
        ($beta:expr, $path:path) => {
            #[memoize(ttl = 100, refresh_ahead = xfetch($beta))]
            fn by_chance_too(n: u32) -> u32 {
                n
            }
            #[memoize(ttl = 100, refresh_ahead = $path)]
            fn by_some_chance(n: u32) -> u32 {
                n
            }
        };
    }
    beta!(1.5, xfetch);
    for n in 0..50 {
        let all = (spread(n), spread_too(n), by_chance(n), by_chance_too(n), by_some_chance(n));
        assert_eq!(all, (n, n, n, n, n));
    }
    for key in (0..50).map(|n| [spread::key(n), spread_too::key(n)]).flatten() {
        let Some(Ttl::For(left)) = key.ttl() else { panic!("it has a ttl") };
        assert!(left >= secs(49) && left <= secs(100), "{left:?}");
    }
    assert!((0..50).any(|n| spread::key(n).ttl() != Some(Ttl::For(secs(100)))));
}

#[test]
fn limits_of_a_call() {
    macro_rules! each {
        ($($kind:ident [$($value:tt)*];)*) => {$({
            static GATE: Gate = Gate::new();
            with! { $kind; timeout = $($value)*; [] async fn late(n: u32) -> Result<u32, TimedOut> {
                GATE.pass().await;
                Ok(n)
            } }
            with! { $kind; soft_timeout = $($value)*; [ttl = 1, stale_if_error = "1h"]
                async fn soft(n: u32) -> Result<u32, TimedOut> { Ok(n) } }
            with! { $kind; fallback_after = $($value)*; [origin_first]
                async fn origin(n: u32) -> Result<u32, TimedOut> { Ok(n) } }
            with! { $kind; max_wait = $($value)*; [] fn patient(n: u32) -> u32 { n } }
            let scope = Scope::new();
            let _inside = scope.enter();
            assert_eq!((now(soft(1)), now(origin(1)), patient(1)), (Ok(1), Ok(1), 1));
            let mut call = tests::ByHand::new(late(1));
            assert_eq!(call.run(), None);
            scope.advance(millis(1_999));
            assert_eq!(call.run(), None);
            scope.advance(millis(1));
            assert!(matches!(call.run(), Some(Err(_))), "{}", stringify!($($value)*));
            // It does not stay in the background, where others are to be computed.
            GATE.open();
        })*};
    }
    const TWO: Duration = secs(2);
    each! {
        expr ["2s"];
        expr [TWO];
        expr [Duration::from_millis(2 * 1_000)];
        literal ["2s"];
        path [TWO];
        block [{ TWO }];
    }
}

#[test]
fn errors_of_late_calls() {
    static GATE: Gate = Gate::new();
    with! { expr; timeout_error = "late".to_owned(); [timeout = "1s"] async fn late() -> Result<u32, String> {
        GATE.pass().await;
        Ok(1)
    } }
    with! { literal; timeout_error = "late"; [timeout = "1s"] async fn late_too() -> Result<u32, &'static str> {
        GATE.pass().await;
        Ok(1)
    } }
    let scope = Scope::new();
    let _inside = scope.enter();
    let (mut first, mut second) = (tests::ByHand::new(late()), tests::ByHand::new(late_too()));
    assert_eq!((first.run(), second.run()), (None, None));
    scope.advance(secs(1));
    assert_eq!((first.run(), second.run()), (Some(Err("late".to_owned())), Some(Err("late"))));
    GATE.open();
}

#[test]
fn placeholders() {
    with! { expr; placeholder = n + 1; [] fn held(n: u32) -> u32 { n } }
    with! { block; placeholder = { n + 1 }; [] fn held_too(n: u32) -> u32 { n } }
    with! { literal; placeholder = 2; [] fn fixed(n: u32) -> u32 { n } }
    // Of a match and more, which a statement would not be.
    with! { expr; placeholder = match n { 1 => 1, _ => 0 } + 1; [] fn matched(n: u32) -> u32 { n } }
    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!((held(1), held_too(1), fixed(1), matched(1)), (2, 2, 2, 2));
    jobs.run();
    assert_eq!((held(1), held_too(1), fixed(1), matched(1)), (1, 1, 1, 1));
}

#[test]
fn fallbacks_that_are_asked() {
    fn is_soft(error: &u32) -> bool {
        *error < 10
    }
    macro_rules! each {
        ($($kind:ident [$($value:tt)*];)*) => {$({
            static ANSWER: AtomicUsize = AtomicUsize::new(0);
            with! { $kind; fallback_if = $($value)*; [origin_first] fn run() -> Result<u32, u32> {
                match u32::try_from(ANSWER.load(Ordering::SeqCst)).unwrap() {
                    0 => Ok(0),
                    error => Err(error),
                }
            } }
            let mut answers = [0, 5, 50].map(|answer| {
                ANSWER.store(answer, Ordering::SeqCst);
                run()
            });
            assert_eq!(answers, [Ok(0), Ok(0), Err(50)]);
            answers.reverse();
        })*};
    }
    each! {
        expr [is_soft];
        expr [|error| *error < 10];
        path [is_soft];
        block [{ is_soft }];
    }
}

struct Owner(u64);

impl Tag for Owner {
    fn name(&self) -> cache_core::TagName {
        format!("fragments::owner {}", self.0).into()
    }
}

#[test]
fn tags() {
    macro_rules! each {
        ($id:ident, $more:ident: $($kind:ident $option:ident [$($value:tt)*];)*) => {$({
            with! { $kind; $option = $($value)*; [] fn run($id: u64, $more: Vec<u64>) -> u64 { drop($more); $id } }
            let scope = Scope::new();
            let _inside = scope.enter();
            run(7, vec![7]);
            assert_eq!(tag("fragments::owner 7").len(), 1, "{}", stringify!($($value)*));
            assert_eq!(tag("fragments::owner 7").invalidate().count(), 1);
        })*};
    }
    each! {
        id, more:
        expr tag ["fragments::owner 7"];
        expr tag ["fragments::owner {id}"];
        expr tag ["fragments::owner {value}"];
        expr tag [Owner(id)];
        expr tag [Owner(*value)];
        literal tag ["fragments::owner {id}"];
        block tag [{ Owner(id) }];
        expr tags [["fragments::owner {id}"]];
        expr tags [["fragments::others", Owner(*value)]];
        expr tags [[..more.iter().map(|id| Owner(*id))]];
        expr tags [[..[id].map(Owner)]];
    }
    macro_rules! elements {
        ($text:expr, $typed:expr, $all:expr, $literal:literal; $($item:tt)*) => {
            #[memoize(tags = [$text, $typed, ..$all, $literal])]
            $($item)*
        };
    }
    elements! {
        "fragments::a {id}", Owner(*value), more.iter().map(|id| Owner(*id)), "fragments::b";
        fn run(id: u64, more: Vec<u64>) -> u64 {
            drop(more);
            id
        }
    }
    run(1, vec![2, 3]);
    let names = ["fragments::a 1", "fragments::owner 1", "fragments::owner 2", "fragments::owner 3"];
    names.iter().chain(&["fragments::b"]).for_each(|name| assert_eq!(tag(*name).len(), 1, "{name}"));
}

struct User {
    id: u32,
}

#[test]
fn keys() {
    macro_rules! each {
        ($user:ident, $speech:ident: $($kind:ident [$($value:tt)*];)*) => {$({
            static RUNS: Count = Count::new();
            with! { $kind; key = $($value)*; [] fn run($user: &User, $speech: u8) -> usize {
                let _ = ($user.id, $speech);
                RUNS.add()
            } }
            let call = |id, lang| run(&User { id }, lang);
            assert_eq!([call(1, 1), call(1, 1), call(2, 1), call(1, 2)], [0, 0, 1, 2], "{}", stringify!($($value)*));
        })*};
    }
    each! {
        user, speech:
        expr [(user.id, speech)];
        expr [(user.id, ..)];
        expr ["{user.id} {speech}"];
        literal ["{user.id} {speech}"];
        expr [(user.id + 1, speech)];
        expr [u64::from(user.id) << 8 | u64::from(speech)];
        block [{ (user.id, speech) }];
    }
    macro_rules! parts {
        ($one:expr, $two:expr; $($item:tt)*) => {
            #[memoize(key = ($one, $two))]
            $($item)*
        };
    }
    parts! {
        user.id, lang;
        fn run(user: &User, lang: u8) -> u32 {
            user.id + u32::from(lang)
        }
    }
    assert_eq!((run(&User { id: 1 }, 2), run(&User { id: 2 }, 1)), (3, 3));
    assert_eq!(run::memo().len(), 2);
    let written: Key<u32> = run::key(&User { id: 1 }, 2);
    assert!(written.to_string().ends_with("run(1, 2)"), "{written}");
}

#[derive(CacheKey)]
#[cache_key(value = u32, ttl = 60, tags = ["fragments::node {id}"])]
struct Node {
    id: u32,
}

#[test]
fn a_key_that_is_a_node_keeps_its_ttl_and_tags() {
    macro_rules! each {
        ($id:ident: $($kind:ident [$($value:tt)*];)*) => {$({
            with! { $kind; key = $($value)*; [] fn run($id: u32) -> u32 { $id } }
            let scope = Scope::new();
            let _inside = scope.enter();
            run(1);
            assert_eq!(run::key(1).ttl(), Some(Ttl::For(secs(60))));
            assert_eq!(tag("fragments::node 1").len(), 1);
            assert_eq!(Node::memo().len(), 1);
        })*};
    }
    each! {
        id:
        expr [Node { id }];
        expr [Node { id: id }];
        expr [self::Node { id }];
    }
    macro_rules! parts {
        ($node:path, $ty:ty, $name:ident, $id:ident, $value:expr) => {
            #[memoize(key = $node { id: $value })]
            fn by_path($id: u32) -> u32 {
                $id
            }
            #[memoize(key = $name { id: $value })]
            fn by_name($id: u32) -> u32 {
                $id
            }
            #[memoize(key = $ty { id: $value })]
            fn by_type($id: u32) -> u32 {
                $id
            }
        };
    }
    parts!(self::Node, Node, Node, id, id);
    let scope = Scope::new();
    let _inside = scope.enter();
    for run in [by_path, by_name, by_type] {
        run(3);
        assert_eq!(tag("fragments::node 3").invalidate().count(), 1);
    }
}

#[test]
fn arguments_that_are_skipped() {
    macro_rules! skipped {
        ($one:ident, $two:expr; $($item:tt)*) => {
            #[memoize(skip($one, $two))]
            $($item)*
        };
    }
    skipped! {
        pool, trace;
        fn run(id: u32, pool: u32, trace: u32) -> u32 {
            id + pool + trace
        }
    }
    assert_eq!((run(1, 1, 1), run(1, 2, 2)), (3, 3));
}

#[test]
fn bounds() {
    const TWO: usize = 2;
    macro_rules! each {
        ($($kind:ident [$($value:tt)*] $len:expr;)*) => {$({
            with! { $kind; capacity = $($value)*; [] fn run(n: u32) -> u32 { n } }
            (0..9).for_each(|n| assert_eq!(run(n), n));
            assert_eq!(run::memo().len(), $len, "{}", stringify!($($value)*));
        })*};
    }
    each! {
        expr [2] 2;
        expr [1 + 1] 2;
        expr [TWO] 2;
        literal [2] 2;
        path [TWO] 2;
        block [{ TWO }] 2;
        expr [unbounded] 9;
        path [unbounded] 9;
        ident [unbounded] 9;
    }
    macro_rules! times {
        ($n:expr) => {
            #[memoize(capacity = 2 * $n)]
            fn product(n: u32) -> u32 {
                n
            }
        };
    }
    times!(1 + 1);
    (0..9).for_each(|n| assert_eq!(product(n), n));
    assert_eq!(product::memo().len(), 4, "a fragment is one operand");
}

#[test]
fn weights() {
    fn weigh(_key: &KeyRef<'_>, value: &usize) -> usize {
        *value
    }
    macro_rules! each {
        ($($kind:ident [$($value:tt)*];)*) => {$({
            with! { $kind; weigh = $($value)*; [capacity = 100] fn run(n: usize) -> usize { n } }
            run(7);
            run(8);
            assert_eq!(run::memo().weight(), 15, "{}", stringify!($($value)*));
        })*};
    }
    each! {
        expr [|_key, value| *value];
        expr [weigh];
        path [weigh];
        block [{ weigh }];
    }
}

#[test]
fn policies() {
    macro_rules! each {
        ($($kind:ident [$($value:tt)*];)*) => {$({
            with! { $kind; policy = $($value)*; [capacity = 2] fn run(n: u32) -> u32 { n } }
            for n in [1, 2, 1, 3] {
                run(n);
            }
            let live = [1, 2, 3].map(|n| run::key(n).is_live());
            assert_eq!(live, [true, false, true], "{}", stringify!($($value)*));
        })*};
    }
    each! {
        expr [Lru];
        path [Lru];
        ident [Lru];
        expr [cache_core::Policy::Lru];
        path [cache_core::Policy::Lru];
    }
}

#[test]
fn conditions() {
    fn is_even(value: &u32) -> bool {
        value.is_multiple_of(2)
    }
    macro_rules! each {
        ($n:ident: $($kind:ident [$($store:tt)*] [$($bypass:tt)*];)*) => {$({
            with! { $kind; cache_if = $($store)*; [] fn stored($n: u32) -> u32 { $n } }
            with! { $kind; bypass_if = $($bypass)*; [] fn passed($n: u32) -> u32 { $n } }
            with! { $kind; refresh_if = $($bypass)*; [] fn kept($n: u32) -> u32 { $n } }
            for n in [1, 2, 1, 2] {
                assert_eq!((stored(n), passed(n), kept(n)), (n, n, n));
            }
            assert_eq!((stored::memo().len(), passed::memo().len(), kept::memo().len()), (1, 1, 2));
            assert_eq!(kept::memo().stats().hits, 1, "{}", stringify!($($bypass)*));
        })*};
    }
    each! {
        n:
        expr [|value| value % 2 == 0] [n % 2 == 1];
        expr [is_even] [!is_even(&n)];
        expr [is_even] [match n { 1 => 1, _ => 0 } == 1];
        block [{ is_even }] [{ n % 2 == 1 }];
    }
    macro_rules! flag {
        ($flag:expr; $($item:tt)*) => {
            #[memoize(skip(live), bypass_if = !$flag)]
            $($item)*
        };
    }
    flag! {
        live || n > 5;
        fn flagged(n: u32, live: bool) -> u32 {
            if live { n } else { 0 }
        }
    }
    assert_eq!([flagged(1, false), flagged(1, true), flagged(6, false), flagged(6, false)], [0, 1, 0, 0]);
    assert_eq!(flagged::memo().len(), 2, "a fragment is one operand");
}

#[test]
fn hooks() {
    static CALLS: [AtomicUsize; 5] = [const { AtomicUsize::new(0) }; 5];
    fn count(of: usize) {
        CALLS[of].fetch_add(1, Ordering::SeqCst);
    }
    macro_rules! each {
        ($($kind:ident [$($hit:tt)*] [$($miss:tt)*] [$($store:tt)*] [$($evict:tt)*] [$($error:tt)*];)*) => {$({
            with! { $kind; on_hit = $($hit)*; [] fn hit(n: u32) -> u32 { n } }
            with! { $kind; on_miss = $($miss)*; [] fn miss(n: u32) -> u32 { n } }
            with! { $kind; on_store = $($store)*; [] fn store(n: u32) -> u32 { n } }
            with! { $kind; on_evict = $($evict)*; [] fn evict(n: u32) -> u32 { n } }
            with! { $kind; on_error = $($error)*; [] fn error(n: u32) -> Result<u32, u32> { Err(n) } }
            CALLS.iter().for_each(|calls| calls.store(0, Ordering::SeqCst));
            assert_eq!((hit(1), hit(1), miss(1), store(1), evict(1), error(1)), (1, 1, 1, 1, 1, Err(1)));
            evict::key(1).invalidate();
            assert_eq!(CALLS.each_ref().map(|calls| calls.load(Ordering::SeqCst)), [1; 5]);
        })*};
    }
    fn on_hit(_key: &KeyRef<'_>, _value: &u32) {
        count(0);
    }
    fn on_miss(_key: &KeyRef<'_>) {
        count(1);
    }
    fn on_store(_key: &KeyRef<'_>, _value: &u32) {
        count(2);
    }
    fn on_evict(_key: &KeyRef<'_>, _value: &u32, _cause: cache_core::Cause) {
        count(3);
    }
    fn on_error(_key: &KeyRef<'_>, _error: &u32) {
        count(4);
    }
    each! {
        expr [|_, _| count(0)] [|_| count(1)] [|_, _| count(2)] [|_, _, _| count(3)] [|_, _| count(4)];
        expr [on_hit] [on_miss] [on_store] [on_evict] [on_error];
        path [on_hit] [on_miss] [on_store] [on_evict] [on_error];
        block [{ on_hit }] [{ on_miss }] [{ on_store }] [{ on_evict }] [{ on_error }];
    }
}

#[test]
fn who_computes_and_names() {
    macro_rules! each {
        ($($kind:ident [$($flag:tt)*] [$($name:tt)*];)*) => {$({
            with! { $kind; single_flight = $($flag)*; [] fn alone(n: u32) -> u32 { n } }
            with! { $kind; name = $($name)*; [] fn named(n: u32) -> u32 { n } }
            assert_eq!((alone(1), named(1)), (1, 1));
            assert!(named::key(1).to_string().starts_with("fragments::"), "{}", named::key(1));
        })*};
    }
    each! {
        expr [false] ["fragments::by_expr"];
        literal [false] ["fragments::by_literal"];
    }
    assert!(registry().find("fragments::by_expr").is_some());
    with! { ident; companion = other; [] fn run(n: u32) -> u32 { n } }
    with! { literal; companion = false; [] fn alone(n: u32) -> u32 { n } }
    mod inner {
        with! { vis; companion_vis = pub(super), [companion = seen] pub(super) fn run(n: u32) -> u32 { n } }
        with! { vis; companion_vis = , [companion = unseen] pub(super) fn run_too(n: u32) -> u32 { n } }
        pub(super) fn is_live(n: u32) -> bool {
            unseen::key(n).is_live()
        }
        use cache_core::memoize;
    }
    assert_eq!((run(1), alone(1), inner::run(1), inner::run_too(1)), (1, 1, 1, 1));
    assert!(other::key(1).is_live() && inner::seen::key(1).is_live() && inner::is_live(1));
}

#[test]
fn where_the_runtime_is() {
    macro_rules! at {
        ($krate:path) => {
            #[memoize(crate = $krate)]
            fn run(n: u32) -> u32 {
                n
            }
            #[invalidates(crate = $krate, entries = [run(n)])]
            fn write(n: u32) {
                let _ = n;
            }
            #[derive(Tag)]
            #[tag(crate = $krate)]
            struct Named(u32);
            #[derive(CacheKey)]
            #[cache_key(crate = $krate, value = u32)]
            struct Node {
                n: u32,
            }
        };
    }
    at!(::cache_core);
    run(1);
    write(1);
    assert!(!run::key(1).is_live());
    assert!(Named(1).name().to_string().ends_with("Named(1)"), "{}", Named(1).name());
    assert!(!Node { n: 1 }.id().is_live());
}

#[derive(Default)]
struct Home {
    id: u32,
    cats: Memo<u32>,
}

macro_rules! kept_in {
    ($this:ident, $memo:expr) => {
        impl Home {
            #[memoize(memo = $memo)]
            fn cat(&$this, n: u32) -> u32 {
                $this.id + n
            }
        }
    };
}
kept_in!(self, self.cats);

#[test]
fn memos_in_a_field() {
    let (one, two) = (Home { id: 1, ..Home::default() }, Home { id: 2, ..Home::default() });
    assert_eq!((one.cat(1), two.cat(1), one.cats.len()), (2, 3, 1));
}

#[test]
fn options_of_nodes() {
    macro_rules! nodes {
        ($value:ty, $ttl:expr, $idle:literal, $tags:expr, $tag:expr, $capacity:expr, $policy:path, $hook:expr, $name:literal, $field:ty) => {
            #[derive(CacheKey)]
            #[cache_key(
                                                                            value = $value,
                                                                            ttl = $ttl,
                                                                            idle = $idle,
                                                                            tags = [$tag, ..$tags],
                                                                            capacity = 2 * $capacity,
                                                                            policy = $policy,
                                                                            on_store = $hook,
                                                                            name = $name
                                                                        )]
            struct Node {
                id: $field,
            }
        };
    }
    static STORED: Count = Count::new();
    nodes!(
        Vec<u32>,
        2 * 30,
        "10s",
        value.iter().map(|id| Owner(u64::from(*id))),
        "fragments::of_nodes {id}",
        1 + 1,
        Lru,
        |_, _| {
            STORED.add();
        },
        "fragments::node",
        u32
    );
    #[memoize(key = Node { id })]
    fn run(id: u32) -> Vec<u32> {
        vec![id]
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    (0..9).for_each(|id| drop(run(id)));
    assert_eq!((Node::memo().len(), STORED.get()), (4, 9));
    assert_eq!((tag("fragments::of_nodes 8").len(), tag("fragments::owner 8").len()), (1, 1));
    assert_eq!(run::key(8).ttl(), Some(Ttl::For(MINUTE)));
    assert!(registry().find("fragments::node").is_some());
    scope.advance(secs(10));
    assert!(!run::key(8).is_live());
}

#[memoize(tags = ["fragments::written {id}"])]
fn written(id: u32) -> u32 {
    id
}

macro_rules! writer {
    ($option:ident = $value:expr; $($item:tt)*) => {
        #[invalidates($option = $value)]
        $($item)*
    };
}

#[test]
fn options_of_writers() {
    macro_rules! each {
        ($id:ident: $($option:ident [$($value:tt)*];)*) => {$({
            writer! { $option = $($value)*; fn by($id: u32) -> u32 { $id } }
            let scope = Scope::new();
            let _inside = scope.enter();
            written(7);
            by(7);
            assert!(!written::key(7).is_live(), "{}", stringify!($($value)*));
        })*};
    }
    each! {
        id:
        tag ["fragments::written {id}"];
        tag ["fragments::written {value}"];
        tags [["fragments::written {id}"]];
        tags [[..[id].map(|id| format!("fragments::written {id}"))]];
        entries [[written(id)]];
        entries [[written(*value)]];
        memos [[written]];
        matching ["*written*{id}*"];
        matching [["*written*{id}*"]];
    }
    macro_rules! elements {
        ($id:ident, $tag:expr, $entry:expr, $more:expr, $memo:path, $pattern:literal) => {
            #[invalidates(tags = [$tag])]
            fn by_tag($id: u32) {
                let _ = $id;
            }
            #[invalidates(entries = [$entry])]
            fn by_entry($id: u32) {
                let _ = $id;
            }
            #[invalidates(entries = [..$more])]
            fn by_entries($id: u32) {
                let _ = $id;
            }
            #[invalidates(memos = [$memo])]
            fn by_memo($id: u32) {
                let _ = $id;
            }
            #[invalidates(matching = [$pattern])]
            fn by_pattern($id: u32) {
                let _ = $id;
            }
        };
    }
    elements!(id, "fragments::written {id}", written(id), [written::key(id)], written, "*written*{id}*");
    let scope = Scope::new();
    let _inside = scope.enter();
    for by in [by_tag, by_entry, by_entries, by_memo, by_pattern] {
        written(7);
        by(7);
        assert!(!written::key(7).is_live());
    }
    macro_rules! collected {
        ($entry:expr, $pending:expr; $($item:tt)*) => {
            #[invalidates(entries = [$entry], into = $pending)]
            $($item)*
        };
    }
    collected! {
        written(id), pending;
        fn by_collection(id: u32, pending: &mut cache_core::Pending) {
            let _ = (id, pending);
        }
    }
    let mut pending = cache_core::Pending::new();
    written(7);
    by_collection(7, &mut pending);
    assert!(written::key(7).is_live());
    pending.apply();
    assert!(!written::key(7).is_live());
}

#[test]
fn signatures_and_bodies() {
    macro_rules! function {
        ($(#[$meta:meta])* $vis:vis $name:ident($($pat:pat => $arg:ty),*) -> $ret:ty, $body:block) => {
            $(#[$meta])*
            #[memoize]
            $vis fn $name($($pat: $arg),*) -> $ret $body
        };
    }
    function!(
        /// What it says.
        #[must_use]
        pub(crate) plain(n => u32, (a, b) => (u32, u32), text => &str) -> Result<usize, String>,
        { if n == 0 { return Err("none".to_owned()); } Ok((n + a + b) as usize + text.len()) }
    );
    assert_eq!((plain(1, (2, 3), "four"), plain(0, (1, 1), "")), (Ok(10), Err("none".to_owned())));
    let key: Key<usize> = plain::key(1, (2, 3), "four");
    assert!(key.is_live() && !plain::key(0, (1, 1), "").is_live(), "an error is not kept");
    function!(optional(name => Option<&str>, all => &[u64], real => f64) -> Option<usize>, {
        let _ = real;
        name.map(|name| name.len() + all.len())
    });
    assert_eq!(optional(Some("tom"), &[1], 0.5), Some(4));
    assert_eq!(optional::entry(Some("tom"), &[1], 0.5).get(), Some(Some(4)));
    function!(boxed(n => u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>>, { Box::pin(async move { n }) });
    assert_eq!((now(boxed(5)), now(boxed::key(5).get())), (5, Some(5)));

    macro_rules! array {
        ($n:expr, $fn:ident, $write:ident, $item:item) => {
            #[memoize]
            fn $fn(all: [u8; 2 * $n]) -> usize {
                2 * $n + all.len()
            }
            #[invalidates(memos = [$fn])]
            fn $write() -> usize {
                #![allow(unused_mut)]
                2 * $n
            }
            #[memoize]
            $item
        };
    }
    array!(
        1 + 1,
        doubled,
        write,
        fn item(n: u32) -> u32 {
            n
        }
    );
    assert_eq!((doubled([0; 4]), write(), item(1)), (8, 4, 1), "a fragment is one operand");
    assert!(item::key(1).is_live());
}

struct Block;

trait Doubles {
    fn of_trait(&self) -> u32;
}

macro_rules! block {
    ($this:ident, $n:expr, $ty:ty, $tr:path, $ttl:expr, $list:expr, $attr:meta) => {
        #[memoize]
        impl $ty {
            #[memoize(skip(self), ttl = $ttl, tags = $list)]
            fn memoized(&$this, n: u32) -> u32 {
                n + 2 * $n
            }
            #[$attr]
            fn beside(&$this) -> u32 {
                let plain = $n;
                if $n == 2 { plain + 2 * $n } else { vec![2 * $n][0] }
            }
            fn within_a_macro(&$this) -> u32 {
                [2 * $n, 0].into_iter().chain(vec![2 * $n, $n]).sum()
            }
        }
        #[memoize]
        impl $tr for $ty {
            #[memoize(skip(self), ttl = $ttl)]
            fn of_trait(&$this) -> u32 {
                2 * $n
            }
        }
    };
}
block!(self, 1 + 1, Block, Doubles, 2 * 30, ["fragments::block {n}"], must_use);

#[test]
fn blocks() {
    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((Block.memoized(1), Block.beside(), Block.within_a_macro()), (5, 6, 10));
    assert_eq!(Block::memoized_key(1).ttl(), Some(Ttl::For(MINUTE)));
    assert_eq!(tag("fragments::block 1").len(), 1);
    assert_eq!((Block.of_trait(), Block::of_trait_key().ttl()), (4, Some(Ttl::For(MINUTE))));
}

#[test]
fn derived_tags() {
    macro_rules! tags {
        ($ty:ty, $name:ident) => {
            #[derive(Tag)]
            struct $name {
                id: $ty,
            }
            #[derive(Tag)]
            enum OneOf {
                First($ty),
                Other { id: $ty },
            }
        };
    }
    tags!(u32, Cat);
    let names = [Cat { id: 7 }.name(), OneOf::First(7).name(), OneOf::Other { id: 7 }.name()];
    assert_eq!(
        names.map(|name| name.to_string().rsplit("::").next().map(str::len)).map(|len| len.is_some()),
        [true; 3]
    );
}
