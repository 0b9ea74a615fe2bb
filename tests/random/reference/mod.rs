//! Any operations on several functions, one after the other, beside a model that knows what must be
//! there, what may be, and what must not. `CACHE_CORE_SEED` draws one run again; `CACHE_CORE_STRESS`
//! multiplies their number.

mod functions;
mod model;

use cache_core::testing::Scope;
use cache_core::{AnyKey, registry, tag};
use functions::{ALL, TAGGED};
use model::Model;
use tests::history::{KEYS, Replay, Row, seeds};
use tests::{Seeded, millis, no_hang, secs, turns};

/// Operations in one run.
const STEPS: u64 = 1_000;

/// One operation, and what must come of it.
fn step(model: &mut Model, scope: &Scope, random: &mut Seeded) {
    let f = usize::try_from(random.below(ALL.len() as u64)).unwrap();
    let function = &ALL[f];
    let key = random.below(KEYS);
    match random.below(100) {
        0..30 => model.call(f, key),
        30..40 => {
            let got = (function.key)(key).get();
            model.found(f, key, got);
        }
        40..44 => model.peeked(f, key, &(function.key)(key).peek()),
        44..50 => drop(model.origin.write(key)),
        50..54 => model.refresh(f, key),
        54..57 => model.insert(f, key, function.insert, |_| true),
        57..59 => model.insert(f, key, function.insert_if_present, |there| there),
        59..61 => model.insert(f, key, function.insert_if_absent, |there| !there),
        61..65 => model.update(f, key),
        65..69 => {
            let by_address: [fn(&AnyKey) -> usize; 2] = [
                |key| key.invalidate().count(),
                |key| key.memo().invalidate_matching(&key.to_string()).count(),
            ];
            let count = by_address[usize::from(random.below(2) == 0)](&(function.key)(key).any());
            model.invalidated(count, |at, other, _| (at, other) == (f, key));
        }
        69..71 => {
            let count = registry().invalidate(function.name, &(key,)).unwrap().count();
            model.invalidated(count, |at, other, _| (at, other) == (f, key));
        }
        71..78 => {
            let names = [
                "rows".to_owned(),
                format!("row:{key}"),
                format!("owner:{}", Row::new(key, random.any()).owner),
            ];
            let name = &names[usize::try_from(random.below(3)).unwrap()];
            let live = tag(name).len();
            let count = tag(name).invalidate().count();
            assert_eq!(count, live, "of {name}");
            model.invalidated(count, |at, _, row| ALL[at].tags(row).contains(name));
            assert!(tag(name).is_empty());
        }
        78..80 => {
            let count = registry().invalidate_matching(&format!("*({key})")).count();
            model.invalidated(count, |_, other, _| other == key);
        }
        80..82 => {
            let count = (function.memo)().invalidate_if(|_, row| row.version % 2 == key % 2).count();
            model.invalidated(count, |at, _, row| at == f && row.version % 2 == key % 2);
        }
        82 => {
            let count = (function.memo)().clear().count();
            model.invalidated(count, |at, _, _| at == f);
        }
        83..85 => {
            let name = format!("row:{key}");
            let keys = tag(&name).keys();
            for one in &keys {
                assert_eq!(one.invalidate().count(), 1, "{one}");
            }
            model.invalidated(keys.len(), |at, _, row| ALL[at].tags(row).contains(&name));
        }
        85..90 => {
            let by = random.below(6_000);
            scope.advance(millis(by));
            model.advance(by);
        }
        90..92 => {
            let ttl = random.below(20);
            let was_there = (function.key)(key).set_ttl(secs(ttl));
            model.set_ttl(f, key, ttl * 1_000, false, was_there);
        }
        92..94 => {
            let ttl = random.below(20);
            let was_there = (function.key)(key).extend_ttl(secs(ttl));
            model.set_ttl(f, key, ttl * 1_000, true, was_there);
        }
        94 => drop((function.memo)().sweep()),
        95 => {
            let capacity = 1 + random.below(2 * KEYS);
            (function.memo)().set_capacity(usize::try_from(capacity).unwrap()).unwrap();
            model.bound(f, capacity);
        }
        96 => model.switch(Some(f), random.below(2) == 0),
        97 => model.switch(None, random.below(2) == 0),
        // Mostly they are on, and of a capacity for all.
        98 => (0..ALL.len()).for_each(|f| model.switch(Some(f), true)),
        _ => model.switch(None, true),
    }
}

fn run(seed: u64) {
    let _replay = Replay(seed);
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut random = Seeded::new(seed);
    let mut model = Model::new();
    for turn in 0..STEPS {
        step(&mut model, &scope, &mut random);
        if turn % 8 == 0 {
            model.look_around();
        }
    }
    model.look_around();
}

#[test]
fn every_operation_does_what_the_model_says() {
    no_hang(|| seeds(turns(60)).into_iter().for_each(run));
}

/// The model itself: without a bound it leaves nothing open.
#[test]
fn the_model_knows_all_of_a_memo_that_is_not_bounded() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut model = Model::new();
    (0..KEYS).for_each(|key| model.call(TAGGED, key));
    assert_eq!(model.live(|f| f == TAGGED), (ALL[TAGGED].memo)().len()..=(ALL[TAGGED].memo)().len());
    assert_eq!(model.live(|f| f == TAGGED).count(), 1);
}
