//! All orders in which the commands and replies of a few requests of one key can come, tried one by one.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use super::*;
use crate::testing::scripted::{Held, Hold};

/// What a process does, one after the other.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Read,
    Put,
    PutIfAbsent,
    Remove,
    Raise,
}

/// What may go wrong in a run, besides the order.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    /// None, but replies of the front may be late too.
    LateFront,
    /// One request to the front fails: it is lost, or its reply is, or it arrives later.
    Front,
    /// One request to the back fails: it is lost, or its reply is.
    Back,
    /// One process is dropped. What it has sent to the back arrives at once, or never.
    Drop,
    /// The back loses the key once.
    Loss,
}

/// Chooses as a run before did, then always the first.
#[derive(Default)]
struct Choices {
    made: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.made.len() {
            self.made.push((0, of));
        }
        let (chosen, known) = self.made[self.at];
        assert_eq!(known, of, "a run is the same each time");
        self.at += 1;
        chosen
    }

    /// Goes on to the next run, if there is one.
    fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, of)) = self.made.pop() {
            if chosen + 1 < of {
                self.made.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

/// A read: what it returned, and between which moments.
struct Seen {
    begin: usize,
    end: usize,
    found: Option<Bytes>,
}

/// What has happened in a run.
#[derive(Default)]
struct History {
    /// What the back held at each moment.
    back: Vec<Option<Bytes>>,
    reads: Vec<Seen>,
    writes: u32,
}

type Process = Pin<Box<dyn Future<Output = ()>>>;

fn process(tiers: Arc<TieredStore>, steps: &'static [Step], history: Rc<RefCell<History>>) -> Process {
    Box::pin(async move {
        let key = Bytes::from_static(b"k");
        for step in steps {
            let number = {
                let mut history = history.borrow_mut();
                history.writes += 1;
                history.writes
            };
            let put = Write::put(key.clone(), number.to_string().into(), None);
            let write = match step {
                Step::Read => {
                    let begin = history.borrow().back.len() - 1;
                    let found = tiers.read(std::slice::from_ref(&key)).await.map(|mut found| found.remove(0));
                    let mut history = history.borrow_mut();
                    let end = history.back.len() - 1;
                    if let Ok(found) = found {
                        history.reads.push(Seen { begin, end, found: found.map(|found| found.bytes) });
                    }
                    continue;
                }
                Step::Raise => {
                    let _ = tiers.raise(&key, 100, None).await;
                    continue;
                }
                Step::Put => put,
                Step::PutIfAbsent => put.on(Condition::IfAbsent),
                Step::Remove => Write::remove(key.clone()),
            };
            let _ = tiers.write(&[write]).await;
        }
    })
}

/// One thing that can happen next.
#[derive(Clone, Copy)]
enum Event {
    Begin(usize),
    Drop(usize, bool),
    Lose,
    /// The command is carried out.
    Arrive(Tier, u64),
    /// The reply arrives. The command is carried out before, if it was not.
    Answer(Tier, u64),
    /// An error arrives. The command was carried out, never is, or is later.
    Fail(Tier, u64, bool),
}

#[derive(Clone, Copy)]
enum Tier {
    Front,
    Back,
}

/// One run.
struct Run {
    tiers: Tiers,
    history: Rc<RefCell<History>>,
    /// Processes that have not begun, those under way, and those that are over.
    processes: Vec<(Option<&'static [Step]>, Option<Process>)>,
    /// What each process has asked the back for last.
    asked: Vec<Option<u64>>,
    trouble: Trouble,
}

impl Run {
    fn new(processes: &[&'static [Step]], is_warm: bool, trouble: Trouble) -> Self {
        let tiers = Tiers::with_stripes(1);
        if is_warm {
            tiers.write(put("k", "0")).unwrap();
        } else {
            tiers.back.put("k", "0");
        }
        tiers.front.hold(Hold::Command);
        tiers.back.hold(Hold::Command);
        let asked = vec![None; processes.len()];
        let processes = processes.iter().map(|steps| (Some(*steps), None)).collect();
        let run = Self { tiers, history: Rc::default(), processes, asked, trouble };
        run.note_back();
        run
    }

    fn store(&self, tier: Tier) -> &ScriptedStore {
        match tier {
            Tier::Front => &self.tiers.front,
            Tier::Back => &self.tiers.back,
        }
    }

    fn note_back(&self) {
        self.history.borrow_mut().back.push(self.tiers.back.bytes(b"k"));
    }

    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for (at, (begins, process)) in self.processes.iter().enumerate() {
            // Of two that do the same, the first begins first.
            let twin = |(begun, _): &(Option<&'static [Step]>, Option<Process>)| *begun == *begins;
            if begins.is_some() && !self.processes[..at].iter().any(twin) {
                events.push(Event::Begin(at));
            }
            if process.is_some() && self.trouble == Trouble::Drop {
                events.extend([Event::Drop(at, false), Event::Drop(at, true)]);
            }
        }
        if self.trouble == Trouble::Loss {
            events.push(Event::Lose);
        }
        for tier in [Tier::Back, Tier::Front] {
            for Held { number, has_arrived, is_answered, .. } in self.store(tier).held() {
                if is_answered {
                    events.push(Event::Arrive(tier, number));
                    continue;
                }
                // Elsewhere the front replies at once, so that there are fewer orders.
                let is_late = matches!(tier, Tier::Back) || self.trouble == Trouble::LateFront;
                let next = if is_late && !has_arrived { Event::Arrive } else { Event::Answer };
                events.push(next(tier, number));
                let may_fail = match tier {
                    Tier::Front => self.trouble == Trouble::Front,
                    Tier::Back => self.trouble == Trouble::Back,
                };
                if may_fail && !has_arrived {
                    events.extend([Event::Fail(tier, number, false), Event::Fail(tier, number, true)]);
                }
            }
        }
        events
    }

    fn happen(&mut self, event: Event, choices: &mut Choices) {
        match event {
            Event::Begin(at) => {
                let steps = self.processes[at].0.take().unwrap();
                let process = process(self.tiers.store.clone(), steps, self.history.clone());
                self.processes[at].1 = Some(process);
            }
            Event::Drop(at, arrives) => {
                self.trouble = Trouble::None;
                self.processes[at].1 = None;
                if let Some(number) = self.asked[at] {
                    let _ = arrives && self.tiers.back.arrive(number);
                    self.tiers.back.forget(number);
                }
            }
            Event::Lose => {
                self.trouble = Trouble::None;
                self.tiers.back.lose(|_| true);
            }
            Event::Arrive(tier, number) => _ = self.store(tier).arrive(number),
            Event::Answer(tier, number) => _ = self.store(tier).answer(number),
            Event::Fail(tier, number, arrives) => {
                self.trouble = Trouble::None;
                let store = self.store(tier);
                if arrives {
                    store.arrive(number);
                }
                store.fail(number, StoreErrorKind::TimedOut);
                // A command to the front may also arrive later.
                if !arrives && (matches!(tier, Tier::Back) || choices.choose(2) == 0) {
                    self.store(tier).forget(number);
                }
            }
        }
        self.note_back();
        for ((_, process), asked) in self.processes.iter_mut().zip(&mut self.asked) {
            let last =
                |is_asked: bool| is_asked.then(|| self.tiers.back.held().last().map(|held| held.number));
            let before = last(self.trouble == Trouble::Drop);
            if let Some(under_way) = process
                && under_way.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
            {
                *process = None;
            }
            let after = last(self.trouble == Trouble::Drop);
            *asked = after.filter(|_| after > before).flatten().or(*asked);
        }
    }

    /// Checks all reads, and what is read in the end.
    fn check(self, is_lossy: bool) {
        self.tiers.front.release();
        self.tiers.back.release();
        let end = self.tiers.back.bytes(b"k");
        let history = self.history.borrow();
        if is_lossy {
            // What was missed once does not come back, whatever is put there afterwards.
            let old = Some(Bytes::from_static(b"0"));
            let misses = history.reads.iter().filter(|seen| seen.found.is_none());
            let first = misses.map(|seen| seen.end).min();
            let late = history.reads.iter().filter(|seen| first.is_some_and(|first| seen.begin > first));
            late.for_each(|seen| assert_ne!(seen.found, old, "it came back"));
            assert!(first.is_none() || self.tiers.bytes("k") != old, "it came back");
            return;
        }
        for Seen { begin, end, found } in &history.reads {
            assert!(history.back[*begin..=*end].contains(found), "{found:?} was not there meanwhile");
        }
        for _ in 0..2 {
            assert_eq!(self.tiers.bytes("k"), end);
        }
    }
}

/// Tries all orders. Returns how many there are.
fn explore(processes: &[&'static [Step]], is_warm: bool, trouble: Trouble) -> usize {
    let (mut choices, mut runs) = (Choices::default(), 0);
    loop {
        let mut run = Run::new(processes, is_warm, trouble);
        loop {
            let events = run.events();
            let event = match events[..] {
                [] => break,
                [event] => event,
                _ => events[choices.choose(events.len())],
            };
            run.happen(event, &mut choices);
        }
        run.check(trouble == Trouble::Loss);
        runs += 1;
        if !choices.next() {
            return runs;
        }
    }
}

fn explore_all(processes: &[&'static [Step]], trouble: Trouble) {
    let runs = [false, true].map(|is_warm| explore(processes, is_warm, trouble));
    assert!(runs.iter().all(|runs| *runs > 1), "{runs:?}");
}

use Step::{Put, PutIfAbsent, Raise, Read, Remove};

#[test]
fn a_read_beside_a_write() {
    for write in [&[Put][..], &[Remove], &[PutIfAbsent], &[Raise]] {
        explore_all(&[write, &[Read, Read]], Trouble::None);
    }
}

#[test]
fn a_read_beside_a_write_while_the_front_replies_late() {
    explore_all(&[&[Put], &[Read]], Trouble::LateFront);
    explore_all(&[&[Remove], &[Read]], Trouble::LateFront);
    explore_all(&[&[Put], &[Remove]], Trouble::LateFront);
    let runs = explore(&[&[Put], &[Read, Read]], true, Trouble::LateFront);
    assert!(runs > 1000, "{runs}");
}

#[test]
fn two_reads_beside_a_write() {
    let runs = explore(&[&[Put], &[Read], &[Read]], false, Trouble::None);
    assert!(runs > 5000, "{runs}");
}

#[test]
fn two_writes() {
    for second in [&[Put][..], &[Remove], &[PutIfAbsent], &[Raise]] {
        explore_all(&[&[Put], second], Trouble::None);
    }
    explore_all(&[&[Put, Remove], &[PutIfAbsent]], Trouble::None);
}

#[test]
fn two_writes_and_a_read() {
    explore_all(&[&[Put], &[Remove], &[Read]], Trouble::None);
}

#[test]
fn a_front_that_fails() {
    explore_all(&[&[Put], &[Read, Read]], Trouble::Front);
    explore_all(&[&[Remove], &[Read]], Trouble::Front);
    explore_all(&[&[Put], &[Remove]], Trouble::Front);
    explore_all(&[&[Put, Put]], Trouble::Front);
}

#[test]
fn a_back_that_fails() {
    explore_all(&[&[Put], &[Read, Read]], Trouble::Back);
    explore_all(&[&[Put], &[Remove]], Trouble::Back);
}

#[test]
fn a_request_that_is_dropped() {
    explore_all(&[&[Put], &[Read]], Trouble::Drop);
    explore_all(&[&[Remove], &[Read]], Trouble::Drop);
    explore_all(&[&[Put, Put]], Trouble::Drop);
}

#[test]
fn a_back_that_loses_the_key() {
    explore_all(&[&[Read], &[Read]], Trouble::Loss);
    explore_all(&[&[Read, Read], &[Read]], Trouble::Loss);
    explore_all(&[&[PutIfAbsent], &[Read, Read]], Trouble::Loss);
}
