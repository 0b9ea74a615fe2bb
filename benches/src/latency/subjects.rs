//! Caches that something is done to while another thread reads them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use cache_core::{memoize, tag};

use super::{Event, is_read};

/// Room for all that is ever filled in.
const ROOM: usize = 2_000_000;
/// What a cache is to hold that is full all the time.
pub(super) const FULL: usize = 100_000;
/// What is left of its capacity before it is given back.
const REDUCED: usize = 1_000;

/// A cache, and what is done to it at once.
pub(super) struct Subject {
    pub(super) name: &'static str,
    /// Whether an entry is there.
    pub(super) look: Box<dyn Fn(u64) -> bool + Send + Sync>,
    pub(super) insert: Box<dyn Fn(u64) + Send + Sync>,
    /// Nothing, where the event is one of many insertions.
    pub(super) act: Box<dyn Fn()>,
    /// Leaves nothing behind.
    pub(super) end: Box<dyn Fn()>,
}

/// Those that have the like of an event. A peer's cache is made for it.
pub(super) fn of(event: Event) -> Vec<Subject> {
    [Some(ours(event)), quick_cache(event), moka(event)].into_iter().flatten().collect()
}

/// The keys that go when half of them do.
fn goes(key: u64) -> bool {
    !is_read(key) && key.is_multiple_of(2)
}

/// When all entries expire that can, in nanoseconds since `BEGIN`.
static END: AtomicU64 = AtomicU64::new(0);
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Lets all that expire end together.
pub(super) fn expire_after(life: Duration) {
    let end = BEGIN.elapsed() + life;
    END.store(u64::try_from(end.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// Until then.
pub(super) fn time_to_expiry() -> Duration {
    Duration::from_nanos(END.load(Ordering::Relaxed)).saturating_sub(BEGIN.elapsed())
}

fn life_of(key: u64) -> Duration {
    if is_read(key) { Duration::from_hours(1) } else { time_to_expiry().max(Duration::from_millis(1)) }
}

#[memoize(capacity = 2_000_000)]
fn plain(key: u64) -> u64 {
    key
}

#[memoize(capacity = 100_000)]
fn full(key: u64) -> u64 {
    key
}

#[memoize(capacity = 2_000_000, skip(part), tags = ["latency:{part}"])]
fn tagged(key: u64, part: u8) -> u64 {
    let _ = part;
    key
}

#[memoize(capacity = 2_000_000, ttl = |value| life_of(*value))]
fn expiring(key: u64) -> u64 {
    key
}

/// `$entry` is an expression of `$key`.
macro_rules! ours {
    ($function:ident, |$key:ident| $entry:expr, $act:expr) => {
        Subject {
            name: "ours",
            look: Box::new(|$key| $entry.get().is_some()),
            insert: Box::new(|$key| {
                $entry.call();
            }),
            act: Box::new($act),
            end: Box::new(|| {
                // Waits until they are gone.
                let _ = $function::memo().clear().count();
            }),
        }
    };
}

fn ours(event: Event) -> Subject {
    match event {
        Event::Quiet | Event::Fill => ours!(plain, |key| plain::entry(key), || ()),
        Event::Churn => ours!(full, |key| full::entry(key), || ()),
        Event::Clear => ours!(plain, |key| plain::entry(key), || {
            plain::memo().clear();
        }),
        Event::Half => ours!(tagged, |key| tagged::entry(key, u8::from(goes(key))), || {
            tag("latency:1").invalidate();
        }),
        Event::Sweep => ours!(expiring, |key| expiring::entry(key), || {
            expiring::memo().sweep();
        }),
        Event::Resize => ours!(plain, |key| plain::entry(key), || {
            for capacity in [REDUCED, ROOM] {
                plain::memo().set_capacity(capacity).expect("it is not 0");
            }
        }),
    }
}

fn quick_cache(event: Event) -> Option<Subject> {
    type Cache = quick_cache::sync::Cache<u64, u64>;
    let act: fn(&Cache) = match event {
        Event::Quiet | Event::Churn | Event::Fill => |_| (),
        Event::Clear => Cache::clear,
        Event::Half => |cache| cache.retain(|&key, _| !goes(key)),
        // It has no ttl.
        Event::Sweep => return None,
        Event::Resize => |cache| {
            for capacity in [REDUCED, ROOM] {
                cache.set_capacity(capacity as u64);
            }
        },
    };
    let cache = Arc::new(Cache::new(if event == Event::Churn { FULL } else { ROOM }));
    let [reader, writer, actor] = [cache.clone(), cache.clone(), cache];
    Some(Subject {
        name: "quick_cache",
        look: Box::new(move |key| reader.get(&key).is_some()),
        insert: Box::new(move |key| writer.insert(key, key)),
        act: Box::new(move || act(&actor)),
        end: Box::new(|| ()),
    })
}

/// Lets entries end as ours do.
struct Expiring;

impl moka::Expiry<u64, u64> for Expiring {
    fn expire_after_create(&self, key: &u64, _: &u64, _: Instant) -> Option<Duration> {
        Some(life_of(*key))
    }
}

fn moka(event: Event) -> Option<Subject> {
    type Cache = moka::sync::Cache<u64, u64>;
    let act: fn(&Cache) = match event {
        Event::Quiet | Event::Churn | Event::Fill => |_| (),
        Event::Clear => |cache| {
            cache.invalidate_all();
            cache.run_pending_tasks();
        },
        Event::Half => |cache| {
            let condemned = cache.invalidate_entries_if(|&key, _| goes(key));
            condemned.expect("the cache was built for it");
            cache.run_pending_tasks();
        },
        Event::Sweep => Cache::run_pending_tasks,
        // Its capacity is what it was built with.
        Event::Resize => return None,
    };
    let capacity = if event == Event::Churn { FULL } else { ROOM };
    let builder = Cache::builder().max_capacity(capacity as u64);
    let cache = match event {
        Event::Sweep => builder.expire_after(Expiring).build(),
        Event::Half => builder.support_invalidation_closures().build(),
        _ => builder.build(),
    };
    let [reader, writer, actor] = [cache.clone(), cache.clone(), cache];
    Some(Subject {
        name: "moka",
        look: Box::new(move |key| reader.get(&key).is_some()),
        insert: Box::new(move |key| writer.insert(key, key)),
        act: Box::new(move || act(&actor)),
        end: Box::new(|| ()),
    })
}
