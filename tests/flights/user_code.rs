//! User code runs under no lock that another call needs. Each piece of it that a key, a value, a tag or an option
//! brings does each thing to its own memo from within each verb, and nothing hangs.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{Tag, inherit, memoize, registry, tag};

/// Longer than anything here takes; only what hangs takes so long.
const HANG: Duration = Duration::from_secs(30);
/// How often a piece runs within one verb, as far as is tried.
const OFTEN: usize = 12;

/// Code of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Body,
    KeyEq,
    KeyHash,
    KeyClone,
    KeyToOwned,
    KeyBorrow,
    KeyDebug,
    KeyDrop,
    ValueClone,
    ValueDrop,
    TagDisplay,
    TagOfValue,
    Weigh,
    CacheIf,
    Ttl,
    OnHit,
    OnMiss,
    OnStore,
    OnEvict,
    Predicate,
    Change,
    BypassIf,
}

const PIECES: [Piece; 22] = [
    Piece::Body,
    Piece::KeyEq,
    Piece::KeyHash,
    Piece::KeyClone,
    Piece::KeyToOwned,
    Piece::KeyBorrow,
    Piece::KeyDebug,
    Piece::KeyDrop,
    Piece::ValueClone,
    Piece::ValueDrop,
    Piece::TagDisplay,
    Piece::TagOfValue,
    Piece::Weigh,
    Piece::CacheIf,
    Piece::Ttl,
    Piece::OnHit,
    Piece::OnMiss,
    Piece::OnStore,
    Piece::OnEvict,
    Piece::Predicate,
    Piece::Change,
    Piece::BypassIf,
];

impl Piece {
    /// Under shared access to a shard: the thread itself may do as it likes, and others that write wait for it.
    fn compares(self) -> bool {
        matches!(self, Self::KeyEq | Self::KeyBorrow)
    }
}

/// What a piece is to do, once, in the scope of its memo.
struct Armed {
    piece: Piece,
    /// How often it is to run without doing it.
    passes: usize,
    act: &'static (dyn Fn() + Sync),
    scope: Scope,
}

static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

/// Called by each piece of user code.
fn ran(piece: Piece) {
    let armed = ARMED.lock().unwrap().take_if(|armed| {
        let passes = armed.passes;
        armed.passes -= usize::from(armed.piece == piece && passes > 0);
        armed.piece == piece && passes == 0
    });
    let Some(Armed { act, scope, .. }) = armed else { return };
    act();
    if !piece.compares() {
        // No lock is held that another thread would need; that it is waited for within a flight, it knows.
        let other = thread::spawn(inherit(move || {
            let _inside = scope.enter();
            act();
        }));
        other.join().unwrap();
    }
}

/// A key that is borrowed, of a type of which the owned form is another.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Id(u32);

/// The owned form.
struct OwnedId(Id);

impl Borrow<Id> for OwnedId {
    fn borrow(&self) -> &Id {
        ran(Piece::KeyBorrow);
        &self.0
    }
}

impl ToOwned for Id {
    type Owned = OwnedId;
    fn to_owned(&self) -> OwnedId {
        ran(Piece::KeyToOwned);
        OwnedId(Self(self.0))
    }
}

/// A key that is taken as it is.
struct Own(u32);

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        ran(Piece::KeyEq);
        self.0 == other.0
    }
}

impl Eq for Own {}

impl Hash for Own {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ran(Piece::KeyHash);
        // Many keys of one hash: look-ups compare with others than their own.
        (self.0 % 2).hash(state);
    }
}

impl Clone for Own {
    fn clone(&self) -> Self {
        ran(Piece::KeyClone);
        Self(self.0)
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ran(Piece::KeyDebug);
        write!(f, "{}", self.0)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        ran(Piece::KeyDrop);
    }
}

struct Value(u32);

impl Clone for Value {
    fn clone(&self) -> Self {
        ran(Piece::ValueClone);
        Self(self.0)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        ran(Piece::ValueDrop);
    }
}

/// Part of a tag.
#[derive(Clone)]
struct Name(u32, Piece);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ran(self.1);
        write!(f, "{}", self.0)
    }
}

#[derive(Tag)]
struct Named(Name);

fn bypasses() -> bool {
    ran(Piece::BypassIf);
    false
}

/// What comes of a verb does not matter.
fn done<T>(_: T) {}

/// A verb, or an act.
type Step = (&'static str, &'static (dyn Fn() + Sync));

/// Does each act from within each piece of user code, while each verb runs. `fill` makes a few entries.
fn from_everywhere(fill: fn(), verbs: &'static [Step], acts: &'static [Step]) {
    // What is armed is the process's.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (says, said) = mpsc::channel();
    let worker = thread::spawn(move || {
        let scope = Scope::new();
        let _inside = scope.enter();
        for piece in PIECES {
            let mut ran = false;
            for (verb, run) in verbs {
                // Each act where the piece runs first, then one after the other where it runs again.
                let again = (0..OFTEN).map(|at| (at + 1, at % acts.len()));
                for (passes, at) in (0..acts.len()).map(|at| (0, at)).chain(again) {
                    let (name, act) = acts[at];
                    says.send((piece, *verb, passes, name)).unwrap();
                    fill();
                    *ARMED.lock().unwrap() = Some(Armed { piece, passes, act, scope: scope.clone() });
                    run();
                    if ARMED.lock().unwrap().take().is_some() {
                        break;
                    }
                    ran = true;
                }
            }
            assert!(ran, "{piece:?} never ran");
        }
    });
    let mut last = None;
    loop {
        match said.recv_timeout(HANG) {
            Ok(step) => last = Some(step),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                panic!("hangs; piece, verb, how often it had run, and act were {last:?}")
            }
        }
    }
    if let Err(panic) = worker.join() {
        eprintln!("piece, verb, how often it had run, and act were {last:?}");
        std::panic::resume_unwind(panic);
    }
}

/// A test of one memo, with everything that user code can be a part of. It has one shard, and makes room from
/// time to time.
macro_rules! memos {
    ($($test:ident: $name:ident($($options:tt)*);)*) => { $(
        mod $name {
            use super::*;

            #[memoize(
                capacity = 6,
                bypass_if = bypasses(),
                tags = [
                    "user_code",
                    Named(Name(id.0, Piece::TagDisplay)),
                    Named(Name(value.0, Piece::TagOfValue)),
                ],
                weigh = |_key, _value| { ran(Piece::Weigh); 1 },
                cache_if = |_value| { ran(Piece::CacheIf); true },
                ttl = |_value| { ran(Piece::Ttl); Duration::from_secs(100) },
                on_hit = |_key, _value| ran(Piece::OnHit),
                on_miss = |_key| ran(Piece::OnMiss),
                on_store = |_key, _value| ran(Piece::OnStore),
                on_evict = |_key, _value, _cause| ran(Piece::OnEvict),
                $($options)*
            )]
            fn run(id: &Id, own: Own, cow: Cow<'_, Id>) -> Value {
                ran(Piece::Body);
                Value(id.0 + own.0 + cow.0)
            }

            fn call(n: u32) {
                done(run(&Id(n), Own(n), Cow::Borrowed(&Id(n))));
            }

            /// What is done to one entry.
            macro_rules! entry {
                ($n:expr) => {
                    run::entry(&Id($n), Own($n), Cow::Owned(OwnedId(Id($n))))
                };
            }

            fn key(n: u32) -> cache_core::Key<Value> {
                entry!(n).id()
            }

            fn fill() {
                (0..5).for_each(call);
            }

            const VERBS: &[Step] = &[
                ("a hit", &|| call(0)),
                ("a hit by an owned key", &|| done(entry!(0).call())),
                ("a miss", &|| call(9)),
                ("misses that make room", &|| (10..20).for_each(call)),
                ("get", &|| done(entry!(0).get())),
                ("peek", &|| done(entry!(0).peek())),
                ("refresh", &|| done(entry!(0).refresh())),
                ("uncached", &|| done(entry!(0).uncached())),
                ("insert", &|| done(entry!(0).insert(Value(7)))),
                ("insert_if_absent", &|| done(entry!(9).insert_if_absent(Value(7)))),
                ("insert_if_present", &|| done(entry!(0).insert_if_present(Value(7)))),
                ("update", &|| {
                    done(entry!(0).update(|value| {
                        ran(Piece::Change);
                        value
                    }));
                }),
                ("set_ttl", &|| done(entry!(0).set_ttl(Duration::from_secs(5)))),
                ("invalidate", &|| done(entry!(0).invalidate().count())),
                ("mark_stale", &|| {
                    entry!(0).mark_stale();
                    call(0);
                }),
                ("keys as values", &|| {
                    let keys = run::memo().keys();
                    assert!(keys.iter().all(|key| keys.contains(key) && !key.to_string().is_empty()));
                    let _ = keys.iter().map(|key| key.get()).count();
                    assert!(std::collections::HashSet::from([key(0)]).contains(&key(0)));
                }),
                ("tags", &|| done((run::memo().tags(), tag("user_code").keys(), tag("user_code").len()))),
                ("a tag", &|| done(tag("user_code").invalidate().count())),
                ("a tag of some", &|| done(tag(Named(Name(0, Piece::TagDisplay))).invalidate().count())),
                ("a tag of some, marked", &|| done(tag(Named(Name(0, Piece::TagOfValue))).mark_stale().count())),
                ("a pattern", &|| done(run::memo().invalidate_matching("*(Id(1), *"))),
                ("a pattern of all", &|| done(registry().invalidate_matching("*"))),
                ("a predicate", &|| {
                    run::memo().invalidate_if(|key, value| {
                        ran(Piece::Predicate);
                        !key.to_string().is_empty() && value.0 == 3
                    });
                }),
                ("clear", &|| done(run::memo().clear().count())),
                ("a sweep", &|| {
                    entry!(0).set_ttl(Duration::ZERO);
                    run::memo().sweep();
                }),
                ("a smaller bound", &|| {
                    run::memo().set_capacity(1).unwrap();
                    run::memo().set_capacity(6).unwrap();
                }),
            ];

            const ACTS: &[Step] = &[
                ("calls", &|| (0..12).for_each(call)),
                ("writes", &|| {
                    for n in 0..12 {
                        entry!(n).insert(Value(1));
                        entry!(n).set_ttl(Duration::from_secs(5));
                    }
                    done((entry!(0).refresh(), entry!(0).update(|value| value)));
                }),
                ("invalidations", &|| {
                    (0..12).for_each(|n| done(entry!(n).invalidate().count()));
                    done((entry!(0).mark_stale(), tag("user_code").mark_stale()));
                    tag(Named(Name(1, Piece::TagDisplay))).invalidate();
                    tag("user_code").invalidate();
                }),
                ("judgements", &|| {
                    run::memo().invalidate_matching("*(Id(1), *");
                    run::memo().invalidate_if(|_, value| value.0 == 2);
                    run::memo().clear();
                }),
                ("looks", &|| {
                    let memo = run::memo();
                    done((memo.keys(), memo.tags(), memo.len(), memo.stats(), memo.sweep(), tag("user_code").keys()));
                    done((entry!(0).get(), entry!(1).peek(), registry().memos()));
                }),
            ];

            #[test]
            fn $test() {
                from_everywhere(fill, VERBS, ACTS);
            }
        }
    )* };
}

memos! {
    user_code_may_do_anything: plain();
    user_code_may_do_anything_where_a_hit_moves_entries: by_use(policy = Lru);
    user_code_may_do_anything_where_old_values_answer: stale(stale_while_revalidate = 10);
    user_code_may_do_anything_where_tags_are_inherited: inheriting(inherit_tags);
}
