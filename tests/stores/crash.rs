//! A process writes to a disk store and is killed at any moment. What it was told to be done is there afterwards, and
//! nothing is there by half.
//!
//! `STORES_ROUNDS` says how often.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use cache_core::store::{Condition, DiskEvent, DiskStore, Outcome, Store, Write};
use futures::executor::block_on;

use super::Folder;

/// The file that a child writes to.
const FILE: &str = "STORES_CRASH_FILE";
const SEED: &str = "STORES_CRASH_SEED";
const ROUNDS: u64 = 300;
const THREADS: u64 = 3;
const KEYS: u64 = 20;

/// What is put under a key: it is known by its number.
fn value(key: &str, number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(number);
    let len = match random.u8(..40) {
        0 => random.usize(..50_000),
        1..10 => 0,
        _ => random.usize(..1000),
    };
    let mut value = format!("{key} {number} ").into_bytes();
    let from = value.len();
    value.resize(from + len, 0);
    random.fill(&mut value[from..]);
    value
}

/// Says something to the parent, in one piece.
fn say(what: &str) {
    // Without the parent there is nobody to tell.
    let _ = std::io::stdout().lock().write_all(format!("{what}\n").as_bytes());
}

/// Writes without an end, and tells of each write before and after it. It is run in a process of its own.
#[test]
#[ignore = "a part of the next test"]
fn child() {
    let (Ok(path), Ok(seed)) = (std::env::var(FILE), std::env::var(SEED)) else { return };
    let seed: u64 = seed.parse().unwrap();
    // Ends the line that says which test is run.
    say("");
    let store = DiskStore::builder(path)
        .sync_interval(Duration::from_millis(30))
        .on_event(|event| say(&format!("event {event}")))
        .open()
        .unwrap();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let store = &store;
            scope.spawn(move || write_for_ever(store, number, seed * THREADS + number));
        }
    });
}

fn write_for_ever(store: &DiskStore, thread: u64, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    loop {
        let keys: Vec<String> = (0..random.u64(1..4))
            .map(|part| format!("{thread} {}", part * 100 + random.u64(..KEYS)))
            .collect();
        let batch: Vec<(String, u64, Write)> = keys
            .into_iter()
            .map(|key| {
                // A number below this one is a removal, which takes a sync.
                let number = random.u64(1 << 32..1 << 33);
                let (name, number) =
                    (Bytes::from(key.clone()), if random.u8(..40) == 0 { 0 } else { number });
                let write = match number {
                    0 => Write::remove(name),
                    _ => Write::put(name, value(&key, number).into(), Some(Duration::from_hours(24))),
                };
                let write = if random.u8(..8) == 0 { write.on(Condition::IfAbsent) } else { write };
                (key, number, write)
            })
            .collect();
        for (key, number, _) in &batch {
            say(&format!("begun {key}={number}"));
        }
        let writes: Vec<Write> = batch.iter().map(|(_, _, write)| write.clone()).collect();
        let outcomes = block_on(store.write(&writes)).unwrap();
        for ((key, number, _), outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Refused(_) => say(&format!("refused {key}={number}")),
                _ => say(&format!("done {key}={number}")),
            }
        }
    }
}

/// What may be under a key: what was last acknowledged, and what was begun since.
#[derive(Default)]
struct Known {
    acknowledged: u64,
    begun: Vec<u64>,
}

/// Runs a child, kills it a while after so many of its writes were acknowledged, and takes over what it has told.
fn run_and_kill(
    path: &Path,
    seed: u64,
    (writes, life): (usize, Duration),
    known: &mut HashMap<String, Known>,
) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = BufReader::new(child.stdout.take().unwrap());
    let mut told = String::new();
    let mut done = 0;
    while done < writes {
        let from = told.len();
        let more = pipe.read_line(&mut told).unwrap();
        assert!(more > 0, "round {seed}: the child has ended: {told}");
        done += usize::from(told[from..].starts_with("done"));
    }
    let rest = thread::spawn(move || {
        let mut rest = String::new();
        pipe.read_to_string(&mut rest).unwrap();
        rest
    });
    thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
    told += &rest.join().unwrap();
    let mut acknowledged = 0;
    // A line without its end was not told.
    for line in told.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let Some((what, rest)) = line.split_once(' ') else { continue };
        assert_ne!(what, "event", "round {seed}: {line}");
        let Some((key, number)) = rest.split_once('=') else { continue };
        let Ok(number) = number.parse() else { continue };
        let known = known.entry(key.to_owned()).or_default();
        match what {
            "begun" => known.begun.push(number),
            "refused" => known.begun.retain(|begun| *begun != number),
            "done" => {
                *known = Known { acknowledged: number, begun: Vec::new() };
                acknowledged += 1;
            }
            _ => {}
        }
    }
    acknowledged
}

/// Opens the file and looks at each key.
fn look(path: &Path, round: u64, known: &mut HashMap<String, Known>) {
    let (tell, events) = std::sync::mpsc::channel::<DiskEvent>();
    let store = DiskStore::builder(path).on_event(move |event| drop(tell.send(event.clone()))).open();
    let store = store.unwrap_or_else(|error| panic!("round {round}: the file does not open: {error:?}"));
    let keys: Vec<String> = known.keys().cloned().collect();
    let names: Vec<Bytes> = keys.iter().cloned().map(Bytes::from).collect();
    let found = block_on(store.read(&names)).unwrap();
    for (key, found) in keys.iter().zip(found) {
        let allowed = known.get_mut(key).unwrap();
        let is = |number: u64| match &found {
            Some(found) => number != 0 && found.bytes == value(key, number),
            None => number == 0,
        };
        let begun = allowed.begun.iter().copied().find(|begun| is(*begun));
        assert!(
            is(allowed.acknowledged) || begun.is_some(),
            "round {round}: {key} was {} and became {:?}; found {:?} bytes",
            allowed.acknowledged,
            allowed.begun,
            found.map(|found| found.bytes.len()),
        );
        allowed.acknowledged = begun.unwrap_or(allowed.acknowledged);
        allowed.begun.clear();
    }
    let present = known.values().filter(|known| known.acknowledged != 0).count();
    assert_eq!(store.len(), present as u64, "round {round}: nothing else is there");
    block_on(store.close()).unwrap();
    if let Ok(event) = events.try_recv() {
        panic!("round {round}: nothing may be wrong with the file: {event}");
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let rounds = std::env::var("STORES_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = Folder::new();
    let mut random = fastrand::Rng::with_seed(17);
    let (mut acknowledged, mut expected) = (0, 0);
    let (mut path, mut known) = (folder.path("cache.redb"), HashMap::new());
    for round in 0..rounds {
        if round % 100 == 99 {
            std::fs::remove_file(&path).unwrap();
            (path, known) = (folder.path(&format!("cache-{round}.redb")), HashMap::new());
        }
        // Now and then it is killed while it begins.
        let (writes, life) = match random.u8(..5) {
            0 => (0, random.u64(..40_000)),
            _ => (random.usize(1..40), random.u64(..3000)),
        };
        expected += writes;
        acknowledged += run_and_kill(&path, round, (writes, Duration::from_micros(life)), &mut known);
        // In between nobody looks: then the next one is killed while it puts the file in order, or later.
        if round % 4 != 0 || round + 1 == rounds {
            look(&path, round, &mut known);
        }
    }
    assert!(acknowledged >= expected);
}
