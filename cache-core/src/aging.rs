//! Promise 6, of random policies and random histories: no value is returned past its ttl plus the window
//! that applies. What a memo does is compared with what it has stated, by sums over the moments at which
//! values were stored, marked and read; and what it may return it does return.
//!
//! `CACHE_CORE_SEED` draws one history again, `CACHE_CORE_STRESS` multiplies their number.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::blocking;
use crate::computing::computing;
use crate::draft::Draft;
use crate::engine::{Begin, Cx, Found, Lead, Look, Step};
use crate::fixture::{Failure, Kept, Key, Output, Stage};
use crate::key::Bitwise;
use crate::memo::{MemoSpec, When};
use crate::policy::{Ahead, State};
use crate::spec::Spec;
use crate::time::{Clock, Manual, NEVER, Tick};
use crate::world::World;

/// How many keys there are.
const KEYS: u64 = 3;
/// Of every entry, and of every entry of one key.
const TAGS: [[&str; 2]; 3] = [["all", "0"], ["all", "1"], ["all", "2"]];

/// What is known of the entry of a key.
#[derive(Clone, Copy, Debug)]
struct Life {
    value: u64,
    /// Differs where entries differ, though they may have the same value.
    id: u64,
    created: Tick,
    deadline: Tick,
    read: Tick,
    marked: bool,
    failures: u32,
    rest: Tick,
}

/// What a memo was told of the life of its entries.
#[derive(Clone, Copy, Debug)]
struct Stated {
    ttl: Option<Tick>,
    idle: Option<Tick>,
    jitter: f64,
    while_revalidate: Tick,
    if_error: Tick,
    ahead: Option<Ahead>,
    capacity: Option<usize>,
    single_flight: bool,
}

impl Stated {
    fn draw(random: &mut fastrand::Rng) -> Self {
        let window = |random: &mut fastrand::Rng| match random.u8(0..4) {
            0 | 1 => 0,
            2 => random.u64(1..50),
            _ => random.u64(50..2_000),
        };
        Self {
            ttl: match random.u8(0..5) {
                0 => None,
                1 | 2 => Some(random.u64(1..30)),
                _ => Some(random.u64(30..3_000)),
            },
            idle: random.bool().then(|| random.u64(1..500)).filter(|_| random.bool()),
            jitter: if random.bool() { 0.0 } else { random.f64() * 0.9 },
            while_revalidate: window(random),
            if_error: window(random),
            ahead: match random.u8(0..6) {
                0 => Some(Ahead::Fraction(random.f64())),
                1 => Some(Ahead::Age(Duration::from_millis(random.u64(0..100)))),
                2 => Some(Ahead::XFetch(random.f64() * 10.0)),
                _ => None,
            },
            capacity: (random.u8(0..4) == 0).then(|| random.usize(1..4)),
            single_flight: random.bool(),
        }
    }

    fn spec(&self) -> Spec {
        let mut spec =
            Spec::new("stage", &["key"]).jitter(self.jitter).capacity(self.capacity.unwrap_or(100));
        let millis = Duration::from_millis;
        spec = spec.stale_while_revalidate(millis(self.while_revalidate));
        spec = spec.stale_if_error(millis(self.if_error)).single_flight(self.single_flight);
        spec = self.ttl.map_or(spec, |ttl| spec.ttl(millis(ttl)));
        spec = self.idle.map_or(spec, |idle| spec.idle(millis(idle)));
        self.ahead.map_or(spec, |ahead| spec.refresh_ahead(ahead))
    }

    fn is_alive(&self, life: &Life, now: Tick) -> bool {
        self.idle.is_none_or(|idle| now < life.read.saturating_add(idle))
    }

    fn is_fresh(&self, life: &Life, now: Tick) -> bool {
        self.is_alive(life, now) && now < life.deadline && !life.marked
    }

    /// Whether it is to be computed anew though it is fresh; none if that is left to chance.
    fn is_due(&self, life: &Life, now: Tick) -> Option<bool> {
        match self.ahead {
            None => Some(false),
            Some(Ahead::Age(age)) => Some(u128::from(now - life.created) >= age.as_millis()),
            Some(_) if life.deadline == NEVER => Some(false),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            Some(Ahead::Fraction(part)) => {
                let (age, ttl) = ((now - life.created) as f64, (life.deadline - life.created) as f64);
                Some(age >= (ttl * part).floor())
            }
            Some(Ahead::XFetch(_)) => None,
        }
    }

    /// Whether it is an answer that nobody had to compute.
    fn answers(&self, life: &Life, now: Tick) -> bool {
        let within = |window: Tick| now < life.deadline.saturating_add(window);
        let rests = now < life.rest && within(self.if_error);
        self.is_alive(life, now) && (self.is_fresh(life, now) || within(self.while_revalidate) || rests)
    }

    /// Whether it is an answer where the computation has failed.
    fn stands_in(&self, life: &Life, now: Tick) -> bool {
        let within = now < life.deadline.saturating_add(self.if_error);
        self.is_alive(life, now) && (self.is_fresh(life, now) || within)
    }

    fn state(&self, life: &Life, now: Tick) -> State {
        let window = self.while_revalidate.max(self.if_error);
        if self.is_fresh(life, now) {
            State::Fresh
        } else if self.is_alive(life, now) && now < life.deadline.saturating_add(window) {
            State::Stale
        } else {
            State::Dead
        }
    }
}

/// A computation in the background that has not ended yet.
struct Renewal {
    key: u64,
    lead: Lead<u64, Bitwise<u64>>,
    /// The entry that it is to replace.
    old: Option<u64>,
    /// Whether its value is not to be stored.
    doomed: bool,
    /// Nobody waits for it any more, so another may begin.
    off: bool,
}

/// What a body has done.
#[derive(Clone, Copy, Debug)]
struct Ran {
    /// What it has returned, if it has.
    output: Option<Output>,
    ttl: Option<Tick>,
    /// It has said not to store it, or something came between.
    refused: bool,
    unmodified: bool,
    /// The entry that was there when it began.
    old: Option<u64>,
}

/// A memo, and what is known of it.
struct History {
    seed: u64,
    stage: Stage,
    time: Arc<Manual>,
    stated: Stated,
    random: RefCell<fastrand::Rng>,
    lives: RefCell<Vec<Option<Life>>>,
    renewals: RefCell<Vec<Renewal>>,
    next: Cell<u64>,
    /// Of answers that were stale, that stood in for others, and of failures.
    counts: Cell<(u64, u64, u64)>,
    log: RefCell<Vec<String>>,
}

impl Drop for History {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to draw the same again: CACHE_CORE_SEED={}\n{:?}", self.seed, self.stated);
            self.log.borrow().iter().for_each(|line| eprintln!("{line}"));
        }
        // Before the memo that they are of.
        self.renewals.borrow_mut().clear();
    }
}

impl History {
    fn new(seed: u64) -> Self {
        // What the memo draws is drawn from this thread's.
        fastrand::seed(seed);
        let mut random = fastrand::Rng::with_seed(seed);
        let stated = Stated::draw(&mut random);
        let time = Arc::new(Manual::default());
        let stage = Stage::within(World::new(Clock::Manual(time.clone())), stated.spec(), MemoSpec::new());
        Self {
            seed,
            stage,
            time,
            stated,
            random: RefCell::new(random),
            lives: RefCell::new(vec![None; TAGS.len()]),
            renewals: RefCell::default(),
            next: Cell::new(1),
            counts: Cell::default(),
            log: RefCell::default(),
        }
    }

    fn below(&self, n: u64) -> u64 {
        self.random.borrow_mut().u64(0..n)
    }

    fn note(&self, line: impl std::fmt::Display) {
        self.log.borrow_mut().push(format!("{:>7} {line}", self.time.now()));
    }

    fn new_value(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    fn life(&self, key: u64) -> Option<Life> {
        self.lives.borrow()[index(key)]
    }

    fn change(&self, key: u64, change: impl FnOnce(&mut Life)) {
        if let Some(life) = &mut self.lives.borrow_mut()[index(key)] {
            change(life);
        }
    }

    fn see(&self, key: u64) -> Option<(u64, Tick, State)> {
        let (memo, hash) = (&self.stage.memo, self.stage.hash(key));
        let room = memo.shard(hash).read();
        let entry = room.residents.find(hash, |other| *other == key)?;
        let state = memo.state(entry, self.time.now());
        (state != State::Dead).then(|| (entry.value.0, entry.deadline(), state))
    }

    fn is_bounded(&self) -> bool {
        self.stated.capacity.is_some()
    }

    /// The entry of a key is as it must be. One that had to make room for others is gone.
    fn check(&self, key: u64) {
        let (now, seen) = (self.time.now(), self.see(key));
        let life = self.life(key);
        let known = life.map(|life| (life.value, life.deadline, self.stated.state(&life, now)));
        let known = known.filter(|(.., state)| *state != State::Dead);
        if self.is_bounded() && seen.is_none() {
            self.lives.borrow_mut()[index(key)] = None;
            return;
        }
        assert_eq!(seen, known, "the entry of {key} at {now}: {life:?}");
    }

    fn check_all(&self) {
        (0..KEYS).for_each(|key| self.check(key));
    }

    /// What is being computed for a key is not to be stored.
    fn doom(&self, key: u64) {
        self.renewals.borrow_mut().iter_mut().filter(|one| one.key == key).for_each(|one| {
            (one.doomed, one.off) = (true, true);
        });
    }

    fn gone(&self, key: u64) {
        self.doom(key);
        self.lives.borrow_mut()[index(key)] = None;
    }

    fn advance(&self) {
        let longest = [2, 20, 200, 2_000, 60_000][usize::try_from(self.below(5)).unwrap()];
        let by = self.below(longest);
        self.time.advance(by);
        self.note(format_args!("after {by}"));
    }

    /// A value was given or computed: its entry has a life of its own.
    fn stored(&self, key: u64, value: u64, ttl: Option<Tick>) {
        let now = self.time.now();
        let Some((seen, deadline, _)) = self.see(key) else {
            self.lives.borrow_mut()[index(key)] = None;
            assert!(self.is_bounded(), "{value} was stored, and is not there");
            return;
        };
        assert_eq!(seen, value, "another one than was stored");
        match ttl {
            None => assert_eq!(deadline, NEVER),
            Some(ttl) => {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let (shortest, lasts) =
                    (ttl as f64 * (1.0 - self.stated.jitter) - 1.0, (deadline - now) as f64);
                assert!(deadline <= now + ttl && lasts >= shortest, "{ttl} became {lasts}");
            }
        }
        let id = self.new_value();
        let life = Life { value, id, created: now, deadline, read: now, marked: false, failures: 0, rest: 0 };
        self.lives.borrow_mut()[index(key)] = Some(life);
    }

    /// Whether a ttl is long enough to be one, however it is shortened. What is drawn is longer or 0.
    fn is_kept(ttl: Option<Tick>) -> bool {
        ttl != Some(0)
    }

    /// A body: takes its time, meets with what happens meanwhile, says this or that, and returns, or not.
    fn body(&self, key: u64, ran: &RefCell<Option<Ran>>) -> Output {
        let old = self.life(key).map(|life| life.id);
        let value = self.new_value();
        let mut said = Ran { output: None, ttl: self.stated.ttl, refused: false, unmodified: false, old };
        assert!(computing().is_under_way());
        let previous = computing().previous::<u64>();
        if self.below(3) == 0 {
            self.advance();
        }
        match self.below(30) {
            0 => {
                self.note("  is invalidated meanwhile");
                self.stage.invalidate(key);
                self.gone(key);
                said.refused = true;
            }
            1 => {
                self.note("  its tag is invalidated meanwhile");
                self.invalidate_tag(key, 0);
                said.refused = true;
            }
            2 => said.refused = self.insert(key, When::Always),
            _ => {}
        }
        let output = match self.below(12) {
            0..3 => Err(Failure),
            3 => {
                self.note("  panics");
                *ran.borrow_mut() = Some(said);
                resume_unwind(Box::new("a body panics"))
            }
            4 => {
                computing().no_store();
                said.refused = true;
                Ok(value)
            }
            5 => {
                let ttl = [None, Some(0), Some(1_000), Some(40)][usize::try_from(self.below(4)).unwrap()];
                computing().set_ttl(ttl.map(Duration::from_millis));
                said.ttl = ttl;
                Ok(value)
            }
            6 | 7 if previous.is_some() => {
                said.unmodified = computing().not_modified();
                let now = self.time.now();
                let alive = self.life(key).is_some_and(|life| self.stated.state(&life, now) != State::Dead);
                assert!(said.unmodified || !alive || self.life(key).map(|life| life.id) != old);
                Ok(previous.unwrap_or(value))
            }
            _ => Ok(value),
        };
        said.output = Some(output);
        self.note(format_args!("  returns {said:?}"));
        *ran.borrow_mut() = Some(said);
        output
    }

    /// A body has run: what has become of the entry.
    fn has_run(&self, key: u64, ran: &Ran) {
        match ran.output {
            Some(Ok(value)) => {
                if !ran.refused && Self::is_kept(ran.ttl) {
                    self.see_stored(key, value, ran);
                }
            }
            Some(Err(_)) | None => self.failed(key, ran.old),
        }
    }

    fn see_stored(&self, key: u64, value: u64, ran: &Ran) {
        let jittered = ran.ttl.filter(|_| self.stated.jitter > 0.0);
        // So short a ttl may come to nothing.
        if jittered.is_some_and(|ttl| ttl < 10) && self.see(key).is_none_or(|(seen, ..)| seen != value) {
            return;
        }
        let old = self.life(key).filter(|life| Some(life.id) == ran.old);
        let now = self.time.now();
        let renewed = old.filter(|life| ran.unmodified && self.stated.state(life, now) != State::Dead);
        self.stored(key, value, ran.ttl);
        if let Some(renewed) = renewed {
            // The same entry, with another life.
            self.change(key, |life| life.id = renewed.id);
        }
    }

    /// The entry that was to be replaced rests, if it is still there.
    fn failed(&self, key: u64, old: Option<u64>) {
        let (now, stated) = (self.time.now(), &self.stated);
        if stated.while_revalidate == 0 && stated.if_error == 0 && stated.ahead.is_none() {
            return;
        }
        self.change(key, |life| {
            if Some(life.id) == old && stated.state(life, now) != State::Dead {
                life.failures += 1;
                life.rest = now + (100u64 << (life.failures - 1).min(20)).min(30_000);
                self.count(|counts| counts.2 += 1);
            }
        });
    }

    /// Looks a call up; whether what it has found is to be computed anew.
    fn find(&self, key: u64, look: Look) -> (Option<u64>, bool) {
        let look = look.ruled_if(self.stage.memo.flags().is_ruled());
        match Cx::<Key, Kept>::new(&self.stage.memo, look).look_up(&key) {
            Found::Hit(held) => (Some(held.0), false),
            Found::Renew(held, ..) => (Some(held.0), true),
            Found::Miss(..) => (None, false),
        }
    }

    fn count(&self, count: impl FnOnce(&mut (u64, u64, u64))) {
        let mut counts = self.counts.get();
        count(&mut counts);
        self.counts.set(counts);
    }

    /// An entry was an answer.
    fn answered(&self, key: u64, life: &Life) {
        let now = self.time.now();
        self.change(key, |life| life.read = now);
        if !self.stated.is_fresh(life, now) {
            self.count(|counts| counts.0 += 1);
        }
    }

    fn get(&self, key: u64) {
        let (now, life) = (self.time.now(), self.life(key));
        let fresh = life.filter(|life| self.stated.is_fresh(life, now)).map(|life| life.value);
        let rules = &self.stage.memo.spec.rules;
        let plain = !rules.has_window() && !self.stage.memo.flags().is_ruled();
        let look = if plain { Look::default() } else { Look::default().only_fresh() };
        let (got, renew) = self.find(key, look);
        self.note(format_args!("get {key}: {got:?}"));
        assert_eq!(got, fresh, "`get` returns what is fresh: {life:?}");
        assert!(!renew, "`get` computes nothing");
        if got.is_some() {
            self.change(key, |life| life.read = now);
        }
    }

    fn call(&self, key: u64) {
        let (now, life) = (self.time.now(), self.life(key));
        let (found, renew) = self.find(key, Look::default());
        self.note(format_args!("call {key}: {found:?}, {renew}"));
        let answer = life.filter(|life| self.stated.answers(life, now)).map(|life| life.value);
        assert_eq!(found, answer, "answered with what the windows allow: {life:?}");
        let Some(life) = life.filter(|_| found.is_some()) else { return self.compute(key, Begin::Read) };
        self.answered(key, &life);
        let rests = now < life.rest;
        assert!(!(renew && rests), "what rests is left alone");
        let under_way = self.renewals.borrow().iter().any(|one| one.key == key && one.old == Some(life.id));
        assert!(!(renew && under_way), "one computation is enough");
        if !self.stated.is_fresh(&life, now) && !rests && !under_way {
            assert!(renew, "what is stale is computed anew");
        }
        if self.stated.is_fresh(&life, now) && !rests && !under_way {
            let due = self.stated.is_due(&life, now);
            assert!(due.is_none_or(|due| due == renew), "due at its time: {life:?}");
        }
        if renew {
            self.renew(key, &life);
        }
    }

    fn renew(&self, key: u64, life: &Life) {
        let under_way = self.renewals.borrow().iter().any(|one| one.key == key && !one.off);
        match self.stage.memo.begin(&key, self.stage.hash(key), Begin::Ahead) {
            Step::Lead(lead) => {
                assert!(!under_way, "one computation at most");
                let renewal = Renewal { key, lead, old: Some(life.id), doomed: false, off: false };
                self.renewals.borrow_mut().push(renewal);
                // Where calls wait for others this one must not be there when they come.
                if self.stated.single_flight || self.below(3) == 0 {
                    self.end_renewal();
                }
            }
            Step::Join(..) => assert!(under_way, "there is nobody to wait for"),
            Step::Hit(_) | Step::InPlace => unreachable!("nothing has changed since it was found to be due"),
        }
    }

    /// The last computation that was begun in the background ends.
    fn end_renewal(&self) {
        let Some(renewal) = self.renewals.borrow_mut().pop() else { return };
        let Renewal { key, lead, old, doomed, .. } = renewal;
        self.note(format_args!("{key} is computed in the background, doomed: {doomed}"));
        if self.below(6) == 0 {
            self.note("  is dropped");
            drop(lead);
            return self.failed(key, old);
        }
        let ran = RefCell::new(None);
        let tags = TAGS[index(key)];
        let describe = |_: Option<&u64>, draft: &mut Draft| draft.tags.extend(tags.map(Into::into));
        let fly = || blocking::fly::<Kept, _, _, _, _>(lead, || (|| self.body(key, &ran), describe));
        let _ = catch_unwind(AssertUnwindSafe(fly));
        let ran = ran.take().expect("it has run");
        self.has_run(key, &Ran { old, refused: ran.refused || doomed, ..ran });
    }

    fn compute(&self, key: u64, how: Begin) {
        let ran = RefCell::new(None);
        let compute = || self.stage.compute(key, how, &TAGS[index(key)], || self.body(key, &ran));
        if how == Begin::Refresh {
            self.doom(key);
        }
        let returned = catch_unwind(AssertUnwindSafe(compute));
        let ran = ran.take().expect("it has found nothing, so it computes");
        self.has_run(key, &ran);
        let now = self.time.now();
        let life = self.life(key);
        let falls_back = match how {
            Begin::Refresh => false,
            Begin::Origin => true,
            _ => self.stated.if_error > 0,
        };
        let older = life.filter(|life| falls_back && self.stated.stands_in(life, now));
        self.note(format_args!("  so the call returns {:?}", returned.as_ref().ok()));
        match (ran.output, returned) {
            (None, returned) => assert!(returned.is_err(), "a panic is the caller's"),
            (Some(Ok(value)), Ok(returned)) => assert_eq!(returned, Ok(value)),
            (Some(Err(_)), Ok(Ok(value))) => {
                let older = older.expect("there was an older value");
                assert_eq!(value, older.value, "the older value: {life:?}");
                self.answered(key, &older);
                self.count(|counts| counts.1 += 1);
            }
            (Some(Err(_)), Ok(Err(_))) => {
                let evicted = self.is_bounded() && self.see(key).is_none();
                assert!(older.is_none() || evicted, "there was an older value: {life:?}");
            }
            (Some(_), Err(_)) => unreachable!("it has not panicked"),
        }
    }

    fn insert(&self, key: u64, when: When) -> bool {
        let (now, life) = (self.time.now(), self.life(key));
        let present = life.is_some_and(|life| self.stated.is_fresh(&life, now));
        let value = self.new_value();
        let wanted = match when {
            When::Always => true,
            When::IfPresent => present,
            When::IfAbsent => !present,
        };
        let draft = Draft { tags: TAGS[index(key)].map(Into::into).into(), ..Draft::default() };
        let stored = self.stage.memo.put(&key, self.stage.hash(key), Bitwise(value), draft, when);
        self.note(format_args!("insert {value} for {key}, if wanted: {wanted}, {stored}"));
        assert!(stored <= wanted, "{life:?}");
        if stored {
            self.doom(key);
            self.stored(key, value, self.stated.ttl);
        } else if wanted {
            let short = self.stated.jitter > 0.0 && self.stated.ttl.is_some_and(|ttl| ttl < 10);
            assert!(short, "{life:?}");
        }
        stored
    }

    fn update(&self, key: u64) {
        let (now, life) = (self.time.now(), self.life(key));
        let fresh = life.filter(|life| self.stated.is_fresh(life, now)).map(|life| life.value);
        let mut seen = None;
        let value = self.new_value();
        let updated = self.stage.memo.update(&key, self.stage.hash(key), |held| {
            seen = Some(held.0);
            let draft = Draft { tags: TAGS[index(key)].map(Into::into).into(), ..Draft::default() };
            Some((Bitwise(value), draft))
        });
        self.note(format_args!("update {key}: {seen:?} changed: {}", updated.is_some()));
        assert_eq!(seen, fresh, "what is not fresh is not changed: {life:?}");
        if updated.is_some() {
            self.doom(key);
            self.stored(key, value, self.stated.ttl);
        }
    }

    fn set_ttl(&self, key: u64, only_later: bool) {
        let (now, ttl) = (self.time.now(), self.below(100));
        let fresh = self.life(key).is_some_and(|life| self.stated.is_fresh(&life, now));
        let ttl_is = Duration::from_millis(ttl);
        let set = self.stage.memo.set_deadline(&key, self.stage.hash(key), ttl_is, only_later);
        self.note(format_args!("set the ttl of {key} to {ttl}, only later: {only_later}, {set}"));
        assert_eq!(set, fresh, "the life of what is fresh is changed");
        if set {
            self.change(key, |life| {
                life.deadline = if only_later { life.deadline.max(now + ttl) } else { now + ttl };
            });
        }
    }

    fn invalidate_tag(&self, key: u64, which: usize) {
        self.stage.invalidate_tag(TAGS[index(key)][which]);
        let all = which == 0;
        let is_hit = |other: u64| all || other == key;
        // Which tags a value will carry is not known before it is there: others go on waiting for it.
        self.renewals.borrow_mut().iter_mut().filter(|one| is_hit(one.key)).for_each(|one| one.doomed = true);
        (0..KEYS).filter(|key| is_hit(*key)).for_each(|key| self.lives.borrow_mut()[index(key)] = None);
    }

    fn step(&self) {
        let key = self.below(KEYS);
        match self.below(40) {
            0..14 => self.call(key),
            14..18 => self.get(key),
            18..26 => self.advance(),
            26 | 27 => {
                self.note(format_args!("refresh {key}"));
                self.compute(key, Begin::Refresh);
            }
            28 | 29 => {
                self.note(format_args!("call {key}, the origin first"));
                self.compute(key, Begin::Origin);
            }
            30 => drop(self.insert(key, When::Always)),
            31 => drop(self.insert(key, When::IfAbsent)),
            32 => drop(self.insert(key, When::IfPresent)),
            33 => self.update(key),
            34 => self.set_ttl(key, false),
            35 => self.set_ttl(key, true),
            36 => {
                self.note(format_args!("invalidate {key}"));
                self.stage.invalidate(key);
                self.gone(key);
            }
            37 => {
                self.note(format_args!("invalidate a tag of {key}"));
                self.invalidate_tag(key, usize::from(self.below(3) > 0));
            }
            38 => {
                self.note("reclaim");
                if false {
                    self.stage.memo.reclaim();
                }
            }
            _ => self.end_renewal(),
        }
        self.check_all();
    }

    fn check_counts(&self) {
        let stats = self.stage.memo.counters.read();
        assert_eq!((stats.stale, stats.fallbacks, stats.backoffs), self.counts.get());
    }
}

fn index(key: u64) -> usize {
    usize::try_from(key).expect("a small one")
}

/// A number that is set from outside.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().expect("a number"))
}

#[test]
fn no_value_is_returned_past_what_was_stated() {
    let seeds = match given("CACHE_CORE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..4_000 * given("CACHE_CORE_STRESS").unwrap_or(1),
    };
    for seed in seeds {
        let history = History::new(seed);
        for _ in 0..60 {
            history.step();
        }
        history.check_counts();
    }
}
