//! How what a process keeps in front of a shared store follows the invalidations of others: they tell of them on a
//! channel.
//!
//! A process keeps values only while messages arrive. When one may have been lost, it drops all that it keeps.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use bytes::Bytes;

use super::send;
use crate::handles::{AnyMemoRef, clear_here};
use crate::memo::Runtime;
use crate::store::cache::Shared;
use crate::store::fork;
use crate::store::protocol::{Gone, Message, function_tag, names_of_wire};
use crate::store::{Cache, Listener};
use crate::sync::plain::Mutex;
use crate::sync::{Locked, held_in};
use crate::tags::{Name, Severity, TagName};
use crate::time::{Due, Tick, ticks};

/// How often the channel is made to show life.
const HEARTBEAT: Tick = 1000;

/// How many senders are remembered.
const SENDERS: usize = 1024;

/// What distinguishes the hidden tag of a key from those that are counted.
const OF_A_KEY: u64 = 1 << 63;

/// The tag of the one value that a memo keeps under a key of the store.
pub(super) fn tag_of_key(stored: &[u8]) -> TagName {
    use std::hash::BuildHasher as _;
    // Two keys that share one only go together.
    TagName(Name::Unnamed(foldhash::fast::FixedState::default().hash_one(stored) | OF_A_KEY))
}

/// Follows the channel of a cache.
pub(in crate::store) struct Coherence {
    cache: Weak<Shared>,
    runtime: Weak<Runtime>,
    /// When the channel has shown life last.
    alive: AtomicU64,
    /// When it was last made to.
    beat: AtomicU64,
    timeout: Tick,
    state: Mutex<State>,
}

struct State {
    trust: Trust,
    /// The last number of each sender.
    numbers: HashMap<u64, u64>,
    /// Of those who wait until others are heard of.
    wakers: Vec<Waker>,
    /// Whether what was kept had to go because others were not heard of.
    was_emptied: bool,
}

/// Whether what others do is heard of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The store has said that messages may be lost, and not yet that they arrive again.
    Cut,
    /// No message has arrived for some time.
    Silent,
    Trusted,
}

impl Coherence {
    /// Listens to the channel of a cache, if its store has one.
    pub(in crate::store) fn begin(cache: &Cache, runtime: &Arc<Runtime>) -> Option<Arc<Self>> {
        let shared = cache.shared();
        let channel = shared.protocol.link.store().channel()?;
        let this = Arc::new(Self {
            cache: Arc::downgrade(shared),
            runtime: Arc::downgrade(runtime),
            alive: AtomicU64::new(0),
            beat: AtomicU64::new(0),
            timeout: ticks(shared.channel_timeout),
            state: Mutex::new(State {
                trust: Trust::Cut,
                numbers: HashMap::new(),
                wakers: Vec::new(),
                was_emptied: false,
            }),
        });
        fork::register(&this);
        let listener: Weak<dyn Listener> = Arc::<Self>::downgrade(&this);
        channel.subscribe(shared.protocol.topic(), listener);
        let due: Weak<dyn Due> = Arc::<Self>::downgrade(&this);
        runtime.clock.call_at(runtime.clock.now() + HEARTBEAT, due);
        Some(this)
    }

    /// Whether a memo of this runtime may keep values.
    pub(super) fn is_trusted(&self, runtime: &Arc<Runtime>) -> bool {
        self.runtime.as_ptr() == Arc::as_ptr(runtime) && self.state.lock().trust == Trust::Trusted
    }

    /// Waits until others are heard of.
    pub(super) async fn trusted(&self) {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = self.state.lock();
            if state.trust == Trust::Trusted {
                return Poll::Ready(());
            }
            if !state.wakers.iter().any(|known| known.will_wake(&waker)) {
                state.wakers.push(waker);
            }
            Poll::Pending
        })
        .await;
    }

    /// Takes note of whether others are heard of. When they no longer are, all that was kept goes. Before they are, nothing
    /// is.
    fn trust(&self, trust: Trust) {
        let mut state = self.state.lock();
        let before = std::mem::replace(&mut state.trust, trust);
        if before == trust {
            return;
        }
        state.numbers.clear();
        match trust {
            Trust::Trusted => {
                let wakers = std::mem::take(&mut state.wakers);
                let was_emptied = std::mem::take(&mut state.was_emptied);
                drop(state);
                wakers.into_iter().for_each(Waker::wake);
                if was_emptied {
                    self.warm();
                }
            }
            Trust::Cut | Trust::Silent => {
                state.was_emptied |= before == Trust::Trusted;
                drop(state);
                if before == Trust::Trusted {
                    self.empty();
                }
            }
        }
    }

    /// Has the functions take in again what they read most.
    fn warm(&self) {
        if let (Some(shared), Some(runtime)) = (self.cache.upgrade(), self.runtime.upgrade()) {
            Cache::of(shared).begin_warming(&runtime);
        }
    }

    /// Whether messages of this sender have been missed.
    fn misses(&self, message: &Message) -> bool {
        let mut state = self.state.lock();
        if state.numbers.len() >= SENDERS && !state.numbers.contains_key(&message.sender) {
            // This may be a sender that was forgotten, some of whose messages were lost meanwhile.
            state.numbers.clear();
            state.numbers.insert(message.sender, message.number);
            return true;
        }
        let before = state.numbers.get(&message.sender).copied();
        let expected = match (&message.gone, before) {
            (Gone::Nothing, Some(before)) => message.number <= before,
            (_, Some(before)) => message.number <= before.saturating_add(1),
            (_, None) => true,
        };
        let last = before.map_or(message.number, |before| before.max(message.number));
        state.numbers.insert(message.sender, last);
        !expected
    }

    /// The memos in front of the cache.
    fn memos(&self) -> Vec<AnyMemoRef> {
        let (Some(shared), Some(runtime)) = (self.cache.upgrade(), self.runtime.upgrade()) else {
            return Vec::new();
        };
        Cache::of(shared).memos_in_front(&runtime)
    }

    fn empty(&self) {
        clear_here(&self.memos(), Severity::Hard);
    }

    fn apply(&self, gone: Gone) {
        let Some(runtime) = self.runtime.upgrade() else { return };
        match gone {
            Gone::Nothing => {}
            Gone::All => self.empty(),
            Gone::Keys(keys) => {
                for key in keys {
                    runtime.invalidate_tag(&tag_of_key(key.as_bytes()).0, Severity::Hard);
                }
            }
            Gone::Tags(tags) => {
                for TagName(name) in names_of_wire(tags.iter().map(String::as_str)) {
                    runtime.invalidate_tag(&name, Severity::Hard);
                }
                let is_meant = |memo: &AnyMemoRef| tags.contains(&function_tag(memo.name()));
                let memos: Vec<_> = self.memos().into_iter().filter(is_meant).collect();
                clear_here(&memos, Severity::Hard);
            }
        }
    }

    fn now(&self) -> Tick {
        self.runtime.upgrade().map_or(0, |runtime| runtime.clock.now())
    }
}

impl Listener for Coherence {
    fn message(&self, bytes: &Bytes) {
        self.alive.store(self.now(), Ordering::Relaxed);
        let trust = self.state.lock().trust;
        match trust {
            Trust::Cut => return,
            // Nothing was kept meanwhile, and what is read from here on is heard of.
            Trust::Silent => self.trust(Trust::Trusted),
            Trust::Trusted => {}
        }
        let Some(message) = Message::read(bytes) else { return self.empty() };
        if self.cache.upgrade().is_none_or(|shared| shared.protocol.is_own(&message)) {
            return;
        }
        if self.misses(&message) {
            self.empty();
        } else {
            self.apply(message.gone);
        }
    }

    fn subscribed(&self) {
        self.alive.store(self.now(), Ordering::Relaxed);
        self.trust(Trust::Cut);
        self.trust(Trust::Trusted);
    }

    fn lost(&self) {
        self.trust(Trust::Cut);
    }
}

impl Due for Coherence {
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
        let (shared, runtime) = (self.cache.upgrade()?, self.runtime.upgrade()?);
        let (alive, beat) = (self.alive.load(Ordering::Relaxed), self.beat.swap(now, Ordering::Relaxed));
        let is_silent = alive < beat && now.saturating_sub(alive) > self.timeout;
        let trust = self.state.lock().trust;
        if is_silent && trust == Trust::Trusted {
            self.trust(Trust::Silent);
        }
        let by = shared.by();
        // A store that is down says so by its silence.
        drop(send(&runtime, async move { shared.protocol.announce_nothing(by).await }));
        Some(now + HEARTBEAT)
    }
}

impl fork::Locks for Coherence {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        // The child has no connection.
        vec![held_in(self, |this| this.state.lock(), |state| state.trust = Trust::Cut)]
    }
}
