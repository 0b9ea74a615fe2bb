//! What the test knows of values, and of what they must not outlive.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use fastrand::Rng;

use super::functions::Row;

/// Steps are numbered.
pub(super) type Step = u32;

thread_local! {
    static LEDGER: RefCell<Ledger> = RefCell::new(Ledger::new(0));
}

/// Looks at what is known, or notes more.
pub(super) fn with<T>(run: impl FnOnce(&mut Ledger) -> T) -> T {
    LEDGER.with(|ledger| run(&mut ledger.borrow_mut()))
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
struct Value {
    key: u8,
    owner: u8,
    /// When it was read from the database. One that is written by hand counts as read when the write has ended.
    read: Option<Step>,
    /// What it was computed from.
    parent: Option<u64>,
    /// The call that has computed it.
    call: Option<u64>,
}

/// What an invalidation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    Key(u8),
    Owner(u8),
    All,
}

/// An invalidation; or a write, which takes the place of older values of its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) target: Target,
    pub(super) process: usize,
    pub(super) began: Step,
    /// From when on it holds in its own process.
    pub(super) holds: Option<Step>,
    /// From when on it holds in all, and the time by then.
    pub(super) acknowledged: Option<(Step, Duration)>,
    /// The value that is written.
    pub(super) written: Option<u64>,
}

/// Who reads: a process, and when it began to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    pub(super) process: usize,
    pub(super) began: Step,
    /// The time by then.
    pub(super) at: Duration,
    /// By how much it may lag behind others.
    pub(super) lag: Duration,
}

pub(super) struct Ledger {
    pub(super) step: Step,
    rng: Rng,
    values: HashMap<u64, Value>,
    pub(super) changes: Vec<Change>,
    /// How often the body has run for each call.
    runs: HashMap<u64, u32>,
    /// The value that was computed from another last, until somebody asks.
    pub(super) derived: Option<u64>,
    next: u64,
}

impl Ledger {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            step: 0,
            rng: Rng::with_seed(seed),
            values: HashMap::new(),
            changes: Vec::new(),
            runs: HashMap::new(),
            derived: None,
            next: 0,
        }
    }

    /// Begins a history.
    pub(super) fn begin(seed: u64) {
        with(|ledger| *ledger = Self::new(seed));
    }

    /// A number that was not used.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn new_row(&mut self, key: u8, owner: u8, value: impl FnOnce(Value) -> Value) -> Row {
        let serial = self.number();
        let plain = Value { key, owner, read: None, parent: None, call: None };
        self.values.insert(serial, value(plain));
        Row { serial, key, owner }
    }

    /// A row that is to be written by hand.
    pub(super) fn written_row(&mut self, key: u8) -> Row {
        let owner = self.rng.u8(..2);
        self.new_row(key, owner, |value| value)
    }

    /// The write of a value has ended, or its caller has given up.
    pub(super) fn ended(&mut self, serial: u64) {
        let step = self.step;
        if let Some(value) = self.values.get_mut(&serial) {
            value.read.get_or_insert(step);
        }
    }

    /// Whether a value was computed by a call.
    pub(super) fn is_of(&self, row: Row, call: u64) -> bool {
        self.values[&row.serial].call == Some(call)
    }

    /// Whether the reader may have this row.
    pub(super) fn check(&self, row: Row, key: u8, reader: Reader) -> Result<(), String> {
        let own = self.values.get(&row.serial).ok_or_else(|| format!("nobody has made {row:?}"))?;
        if row.key != key || own.key != key {
            return Err(format!("{row:?} of another key than {key}"));
        }
        let mut root = own;
        while let Some(parent) = root.parent {
            root = &self.values[&parent];
        }
        for change in &self.changes {
            let is_hit = match change.target {
                Target::Key(key) => own.key == key,
                Target::Owner(owner) => own.owner == owner,
                Target::All => true,
            };
            // A value that is computed from another is no younger than that. A write replaces it all the same.
            let read = if change.written.is_some() { own.read } else { root.read };
            let is_older = change.written != Some(row.serial) && read.is_some_and(|read| read < change.began);
            let holds_here =
                change.process == reader.process && change.holds.is_some_and(|holds| holds < reader.began);
            let holds = change.acknowledged.is_some_and(|(step, at)| {
                step < reader.began && (reader.lag.is_zero() || reader.at >= at + reader.lag)
            });
            if is_hit && is_older && (holds_here || holds) {
                return Err(format!("{own:?} for {reader:?} after {change:?}"));
            }
        }
        Ok(())
    }
}

/// The body of all functions: reads the database, and takes its time before and after that.
pub(super) async fn read_row(key: u8, call: u64) -> Row {
    runs(call);
    pause().await;
    let row = read_now(key, call);
    pause().await;
    row
}

/// The body runs for a call.
pub(super) fn runs(call: u64) {
    with(|ledger| {
        let runs = ledger.runs.entry(call).or_default();
        *runs += 1;
        assert_eq!(*runs, 1, "the body has run twice for one call");
    });
}

/// What the database has now.
pub(super) fn read_now(key: u8, call: u64) -> Row {
    with(|ledger| {
        let (step, owner) = (ledger.step, ledger.rng.u8(..2));
        ledger.new_row(key, owner, |value| Value { read: Some(step), call: Some(call), ..value })
    })
}

/// A row that is computed from another.
pub(super) fn changed(old: Row) -> Row {
    with(|ledger| {
        let row = ledger.new_row(old.key, old.owner, |value| Value { parent: Some(old.serial), ..value });
        ledger.derived = Some(row.serial);
        row
    })
}

/// Takes a few polls, or as long as an invalidation takes.
async fn pause() {
    let mut left = with(|ledger| {
        let most = if ledger.rng.bool() { 4 } else { 24 };
        ledger.rng.u8(..most)
    });
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
