//! Threads that read and write a few keys, while replies and commands come in an order drawn at random.

use std::sync::atomic::AtomicBool;
use std::thread;

use fastrand::Rng;

use super::*;
use crate::testing::scripted::Hold;

const KEYS: usize = 3;
const THREADS: u64 = 4;

/// The number of the back's last put of each key that was acknowledged.
type Acknowledged = [AtomicU64; KEYS];

fn number(version: &Version) -> u64 {
    u64::from_be_bytes(version.as_bytes().try_into().unwrap())
}

fn name(key: usize) -> Bytes {
    format!("key {key}").into()
}

/// A put, under some condition. The number is that of the put if it was carried out.
fn write(tiers: &TieredStore, keys: &[usize], rng: &mut Rng) -> Vec<Option<u64>> {
    let condition = |rng: &mut Rng, key| match rng.u8(..4) {
        0 => Condition::IfPresent,
        1 => block_on(tiers.read(&[name(key)])).map_or(Condition::Always, |found| {
            found[0].as_ref().map_or(Condition::IfAbsent, |stored| Condition::IfVersion(stored.version))
        }),
        _ => Condition::Always,
    };
    let batch: Vec<Write> =
        keys.iter().map(|key| Write::put(name(*key), "v".into(), None).on(condition(rng, *key))).collect();
    let outcomes = block_on(tiers.write(&batch)).unwrap();
    let number = |outcome| match outcome {
        Outcome::Put(version) => Some(number(&version)),
        _ => None,
    };
    outcomes.into_iter().map(number).collect()
}

/// Reads and checks that nothing is older than what was acknowledged before, or than what this thread has seen.
fn read(tiers: &TieredStore, keys: &[usize], acknowledged: &Acknowledged, seen: &mut [u64; KEYS]) {
    let before: Vec<u64> =
        keys.iter().map(|key| acknowledged[*key].load(Ordering::SeqCst).max(seen[*key])).collect();
    let names: Vec<Bytes> = keys.iter().map(|key| name(*key)).collect();
    let found = block_on(tiers.read(&names)).unwrap();
    for ((key, before), stored) in keys.iter().zip(before).zip(found) {
        let number = number(&stored.expect("nothing is ever removed").version);
        assert!(number >= before, "{number} was read after {before}");
        seen[*key] = number;
    }
}

fn work(tiers: &TieredStore, acknowledged: &Acknowledged, seed: u64, rounds: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut newest = [0; KEYS];
    for _ in 0..rounds {
        let count = rng.usize(1..=KEYS);
        let keys = rng.choose_multiple(0..KEYS, count);
        if rng.u8(..4) > 0 {
            read(tiers, &keys, acknowledged, &mut newest);
            continue;
        }
        for (key, number) in keys.iter().zip(write(tiers, &keys, &mut rng)) {
            if let Some(number) = number {
                acknowledged[*key].fetch_max(number, Ordering::SeqCst);
            }
        }
    }
}

/// Answers what is held, in an order drawn at random, until all threads are done.
fn answer_at_random(tiers: &Tiers, rng: &mut Rng, failures: u8, is_done: &AtomicBool) {
    while !is_done.load(Ordering::SeqCst) {
        let store = if rng.bool() { &tiers.front } else { &tiers.back };
        let Some(held) = rng.choice(store.held()) else {
            thread::yield_now();
            continue;
        };
        if std::ptr::eq(store, &raw const tiers.front) && rng.u8(..) < failures && !held.is_answered {
            // The command may have arrived, or arrives later: it stays held until it is drawn again.
            let _ = rng.bool() && store.arrive(held.number);
            store.fail(held.number, StoreErrorKind::TimedOut);
        } else if rng.bool() {
            store.arrive(held.number);
        } else {
            store.arrive(held.number);
            store.answer(held.number);
        }
    }
}

fn run(stripes: usize, failures: u8, seed: u64) {
    let tiers = Tiers::with_stripes(stripes);
    (0..KEYS).for_each(|key| tiers.back.put(name(key), "v"));
    tiers.front.hold(Hold::Command);
    tiers.back.hold(Hold::Command);
    let (acknowledged, is_done) = (Acknowledged::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| answer_at_random(&tiers, &mut Rng::with_seed(seed), failures, &is_done));
        let works: Vec<_> = (1..=THREADS)
            .map(|thread| (&*tiers.store, &acknowledged, seed + thread))
            .map(|(store, acknowledged, seed)| scope.spawn(move || work(store, acknowledged, seed, 60)))
            .collect();
        let panics: Vec<_> = works.into_iter().filter_map(|work| work.join().err()).collect();
        is_done.store(true, Ordering::SeqCst);
        assert!(panics.is_empty(), "a thread has read what it must not");
    });
    tiers.front.release();
    tiers.back.release();
    let names: Vec<Bytes> = (0..KEYS).map(name).collect();
    let in_back = tiers.back.read(&names).now().unwrap().unwrap();
    assert_eq!(block_on(tiers.store.read(&names)).unwrap(), in_back);
    assert!(tiers.store.front_hits() > 0 && tiers.store.promotions() > 0);
}

#[test]
fn the_last_acknowledged_write_wins() {
    (0..8).for_each(|seed| run(64, 0, seed * 100));
}

#[test]
fn the_last_acknowledged_write_wins_though_the_front_fails() {
    (0..8).for_each(|seed| run(64, 30, seed * 100));
}
