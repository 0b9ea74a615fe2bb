//! User code runs under no lock that another call needs: it may call, read, write and invalidate what
//! it is part of, and while it is stuck others go on.

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{memoize, registry, tag};
use tests::{Count, no_hang};

type Job = Box<dyn Fn() + Send + Sync>;

/// What user code of one test does when it runs: once, from the thread it runs in and from another.
struct Probe {
    job: Mutex<Option<(Scope, Arc<Job>)>>,
    ran: Count,
}

impl Probe {
    const fn new() -> Self {
        Self { job: Mutex::new(None), ran: Count::new() }
    }

    fn arm(&self, scope: &Scope, job: impl Fn() + Send + Sync + 'static) {
        *self.job.lock().unwrap() = Some((scope.clone(), Arc::new(Box::new(job))));
    }

    /// To be called by user code. The job may bring user code to run: only the first counts.
    fn fire(&self) {
        let Some((scope, job)) = self.job.lock().unwrap().take() else { return };
        job();
        let (done, finished) = mpsc::channel();
        let other = thread::spawn(move || {
            let _inside = scope.enter();
            job();
            let _ = done.send(());
        });
        // Were a lock held here, the other thread could not go on.
        finished.recv_timeout(Duration::from_secs(20)).expect("another thread waits for user code to end");
        other.join().unwrap();
        self.ran.add();
    }
}

/// Makes a test for one kind of user code: what it is called from, and everything that is done from
/// within it to its own memo.
macro_rules! free {
    ($($test:ident { $(attr: ($($options:tt)*),)? $(tag: $tag:literal,)? value: $make:expr => $value:ty, act: $act:expr })*) => { $(
        #[test]
        fn $test() {
            static PROBE: Probe = Probe::new();
            #[allow(dead_code)]
            fn probe() {
                PROBE.fire();
            }
            #[memoize($($($options)*,)? tags = ["reentrant", "reentrant:{n}" $(, $tag)?])]
            fn run(n: u32) -> $value {
                let make: fn(u32, &'static Probe) -> $value = $make;
                make(n, &PROBE)
            }
            no_hang(|| {
                let act: fn(&dyn Fn(u32)) = $act;
                // Of its own: the tests share their tags.
                let scope = Scope::new();
                let _inside = scope.enter();
                PROBE.arm(&scope, || {
                    for n in [1, 2] {
                        let _ = run(n);
                        let _ = run::entry(n).get();
                        let _ = run::entry(n).peek();
                        let _ = run::entry(n).refresh();
                        run::entry(n).insert_if_present(run::entry(n).uncached());
                        run::entry(n).invalidate();
                        run::entry(n).insert(run::entry(n).uncached());
                        run::entry(n).set_ttl(Duration::from_secs(1_000));
                    }
                    let memo = run::memo();
                    let _ = (memo.len(), memo.keys(), memo.tags(), memo.stats(), memo.sweep());
                    memo.invalidate_matching("*(1)");
                    memo.invalidate_if(|key, _| key.to_string().ends_with("(2)"));
                    let _ = (tag("reentrant").len(), tag("reentrant:1").invalidate(), registry().memos());
                    memo.clear();
                    let _ = run(1);
                });
                act(&|n| {
                    let _ = run(n);
                });
                // Whatever sets it off that the action has not.
                let _ = (run(1), run(1));
                run::memo().invalidate_matching("*");
                let _ = run(1);
                run::memo().clear();
                assert_eq!(PROBE.ran.get(), 1, "never ran");
            });
        }
    )* };
}

struct Cloned(u32, &'static Probe);

impl Clone for Cloned {
    fn clone(&self) -> Self {
        self.1.fire();
        Self(self.0, self.1)
    }
}

#[derive(Clone)]
struct Dropped(u32, &'static Probe);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.fire();
    }
}

#[derive(Clone)]
struct Shown(u32, &'static Probe);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.fire();
        write!(f, "shown:{}", self.0)
    }
}

free! {
    a_body_may_do_anything {
        value: |n, probe| { probe.fire(); n } => u32, act: |run| run(1)
    }
    on_hit_may_do_anything {
        attr: (on_hit = |_key, _value| probe()), value: |n, _| n => u32, act: |run| { run(1); run(1); }
    }
    on_miss_may_do_anything {
        attr: (on_miss = |_key| probe()), value: |n, _| n => u32, act: |run| run(1)
    }
    on_store_may_do_anything {
        attr: (on_store = |_key, _value| probe()), value: |n, _| n => u32, act: |run| run(1)
    }
    on_evict_by_capacity_may_do_anything {
        attr: (capacity = 1, on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |run| { run(1); run(2); }
    }
    on_evict_by_a_tag_of_all_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |run| { run(1); tag("reentrant").invalidate(); }
    }
    on_evict_by_key_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::entry(1).invalidate(); }
    }
    on_evict_by_a_tag_of_some_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); tag("reentrant:1").invalidate(); }
    }
    on_evict_by_clear_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::memo().clear(); }
    }
    on_evict_by_pattern_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::memo().invalidate_matching("*"); }
    }
    on_evict_by_predicate_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::memo().invalidate_if(|_, _| true); }
    }
    on_evict_by_replacement_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::entry(1).insert(run::entry(1).uncached()); }
    }
    on_evict_by_refresh_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::entry(1).refresh(); }
    }
    on_evict_by_sweep_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::entry(1).set_ttl(Duration::ZERO); run::memo().sweep(); }
    }
    on_evict_by_a_smaller_bound_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::memo().set_capacity(1).unwrap(); }
    }
    on_evict_by_a_late_recomputation_may_do_anything {
        attr: (on_evict = |_key, _value, _cause| probe()), value: |n, _| n => u32, act: |_| { run(1); run(2); run::entry(1).set_ttl(Duration::ZERO); run(1); }
    }
    a_weigher_may_do_anything {
        attr: (capacity = 10, weigh = |_key, _value| { probe(); 1 }), value: |n, _| n => u32, act: |run| run(1)
    }
    cache_if_may_do_anything {
        attr: (cache_if = |_value| { probe(); true }), value: |n, _| n => u32, act: |run| run(1)
    }
    a_ttl_may_do_anything {
        attr: (ttl = |_value| { probe(); Duration::from_secs(100) }), value: |n, _| n => u32, act: |run| run(1)
    }
    clone_may_do_anything {
        value: |n, probe| Cloned(n, probe) => Cloned, act: |run| { run(1); run(1); }
    }
    drop_may_do_anything {
        value: |n, probe| Arc::new(Dropped(n, probe)) => Arc<Dropped>, act: |run| { run(1); tag("reentrant").invalidate(); }
    }
    drop_by_capacity_may_do_anything {
        attr: (capacity = 1, policy = Lru), value: |n, probe| Arc::new(Dropped(n, probe)) => Arc<Dropped>, act: |run| { run(1); run(2); }
    }
    display_of_a_value_in_a_tag_may_do_anything {
        attr: (on_store = |_key, value| { let _ = value.0; }), tag: "{value}", value: |n, probe| Shown(n, probe) => Shown, act: |run| run(1)
    }
}

/// The fields are read, as any user's would be.
#[test]
fn what_was_cloned_is_the_same() {
    static PROBE: Probe = Probe::new();
    assert_eq!(Cloned(1, &PROBE).clone().0, 1);
    assert_eq!(Dropped(2, &PROBE).clone().0, 2);
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A key whose `Eq` does what it is told, from within itself.
#[derive(Clone)]
struct Meddling(u32);

static MEDDLE: LazyLock<Mutex<Option<Arc<Job>>>> = LazyLock::new(|| Mutex::new(None));
static MEDDLED: Count = Count::new();

impl PartialEq for Meddling {
    fn eq(&self, other: &Self) -> bool {
        if DEPTH.get() == 0 {
            let job = MEDDLE.lock().unwrap().clone();
            if let Some(job) = job {
                DEPTH.set(1);
                job();
                MEDDLED.add();
                DEPTH.set(0);
            }
        }
        self.0 == other.0
    }
}

impl Eq for Meddling {}

impl Hash for Meddling {
    fn hash<H: Hasher>(&self, _: &mut H) {
        // All in one place, so that each look-up compares.
    }
}

impl fmt::Debug for Meddling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[memoize(tags = ["meddling"])]
fn meddled(key: Meddling) -> u32 {
    BODIES.add();
    key.0
}

#[memoize(tags = ["meddling"], policy = Lru, capacity = 50)]
fn meddled_lru(key: Meddling) -> u32 {
    key.0
}

#[memoize(tags = ["meddling"])]
fn beside(n: u32) -> u32 {
    n
}

static BODIES: Count = Count::new();

/// One test at a time has the key's `Eq` for itself.
static ONE: Mutex<()> = Mutex::new(());

fn meddle(job: impl Fn() + Send + Sync + 'static, then: impl Fn()) {
    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..3 {
        meddled(Meddling(n));
        meddled_lru(Meddling(n));
        beside(n);
    }
    *MEDDLE.lock().unwrap() = Some(Arc::new(Box::new(job)));
    MEDDLED.set(0);
    for n in 0..4 {
        meddled(Meddling(n));
        meddled_lru(Meddling(n));
        let _ = meddled::entry(Meddling(n)).get();
        let _ = meddled::key(Meddling(n)).peek();
        meddled::entry(Meddling(n)).insert(n);
        meddled::entry(Meddling(n)).refresh();
        meddled::key(Meddling(n)).set_ttl(Duration::from_secs(5));
        meddled::key(Meddling(n)).invalidate();
    }
    assert!(MEDDLED.get() > 0);
    *MEDDLE.lock().unwrap() = None;
    then();
}

#[test]
fn from_within_eq_anything_may_be_called() {
    no_hang(|| {
        let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        meddle(
            || {
                for n in 0..4 {
                    assert_eq!((meddled(Meddling(n)), meddled_lru(Meddling(n)), beside(n)), (n, n, n));
                    let _ = meddled::entry(Meddling(n)).get();
                    let _ = meddled::key(Meddling(n)).peek();
                    meddled::entry(Meddling(n)).insert(n);
                    meddled::entry(Meddling(n)).insert_if_absent(n);
                    meddled::entry(Meddling(n)).refresh();
                    meddled::entry(Meddling(n)).uncached();
                    meddled::key(Meddling(n)).set_ttl(Duration::from_secs(5));
                    meddled::key(Meddling(n)).extend_ttl(Duration::from_secs(5));
                    meddled::key(Meddling(n)).invalidate();
                    meddled_lru::key(Meddling(n)).invalidate();
                    beside::key(n).invalidate();
                }
                for memo in registry().memos() {
                    let _ = (memo.len(), memo.any_keys(), memo.tags(), memo.stats(), memo.sweep());
                    memo.invalidate_matching("*(1)");
                    memo.set_capacity(100).unwrap();
                    memo.clear();
                }
                meddled::memo().invalidate_if(|_, value| *value == 2);
                let _ = (tag("meddling").keys(), tag("meddling").invalidate());
            },
            || {
                for n in 0..4 {
                    assert_eq!((meddled(Meddling(n)), meddled_lru(Meddling(n)), beside(n)), (n, n, n));
                }
            },
        );
    });
}

/// An invalidation from within `Eq` takes effect although the shard's lock cannot be taken.
#[test]
fn an_invalidation_from_within_eq_takes_effect() {
    type Verb = fn();
    const VERBS: [(&str, Verb); 5] = [
        ("key", || {
            meddled::key(Meddling(1)).invalidate();
        }),
        ("tag", || {
            tag("meddling").invalidate();
        }),
        ("clear", || {
            meddled::memo().clear();
        }),
        ("pattern", || {
            meddled::memo().invalidate_matching("*(1)");
        }),
        ("predicate", || {
            meddled::memo().invalidate_if(|_, value| *value == 1);
        }),
    ];
    no_hang(|| {
        let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (name, verb) in VERBS {
            let scope = Scope::new();
            let _inside = scope.enter();
            meddled(Meddling(1));
            *MEDDLE.lock().unwrap() = Some(Arc::new(Box::new(verb)));
            let _ = meddled::entry(Meddling(7)).get();
            *MEDDLE.lock().unwrap() = None;
            assert_eq!(meddled::entry(Meddling(1)).get(), None, "by {name}");
            let before = BODIES.get();
            assert_eq!(meddled(Meddling(1)), 1);
            assert_eq!(BODIES.get(), before + 1, "by {name}");
            assert_eq!(
                meddled::entry(Meddling(1)).get(),
                Some(1),
                "what is stored afterwards lives ({name})"
            );
        }
    });
}

#[test]
fn others_write_while_an_eq_is_under_way() {
    no_hang(|| {
        let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let scope = Scope::new();
        let _inside = scope.enter();
        meddled(Meddling(1));
        let there = scope.clone();
        *MEDDLE.lock().unwrap() = Some(Arc::new(Box::new(move || {
            // Readers get through; writers wait for this comparison only, so nobody may wait for
            // them from within it.
            let scope = there.clone();
            let reader = thread::spawn(move || {
                let _inside = scope.enter();
                DEPTH.set(1);
                meddled::entry(Meddling(1)).get()
            });
            assert_eq!(reader.join().unwrap(), Some(1));
            let scope = there.clone();
            drop(thread::spawn(move || {
                let _inside = scope.enter();
                DEPTH.set(1);
                meddled::entry(Meddling(1)).insert(1)
            }));
            // With a writer in line, this thread still reads.
            thread::sleep(Duration::from_millis(20));
            assert_eq!(meddled::entry(Meddling(1)).get(), Some(1));
        })));
        let got = meddled::entry(Meddling(1)).get();
        *MEDDLE.lock().unwrap() = None;
        assert_eq!(got, Some(1));
    });
}
