//! What is kept of the entries of a shard agrees, whatever happens to them.

use std::collections::HashMap as Map;
use std::sync::Arc;

use super::{RULES, metadata};
use crate::erased::Erased;
use crate::policy::{Policy, SlotId};
use crate::table::{CellType, Entries, EntryId};

type Value = (u64, Arc<()>);

fn hash(key: u64) -> u32 {
    // Few of them, so that keys collide.
    u32::try_from(key % 500).unwrap().wrapping_mul(0x9E37_79B9)
}

fn slot_of(entries: &Entries, key: u64) -> Option<SlotId> {
    entries.find(hash(key), |other| *other.get::<u64>() == key).map(|entry| entry.slot)
}

/// Everything that is kept agrees with a map, whatever happens in whatever order, and each value is
/// dropped once.
#[test]
fn entries_are_what_was_put_in_and_not_taken_out() {
    let (turn, turns, looks) = if cfg!(miri) { (800, 2, 2) } else { (10_000, 6, 20) };
    let policies = [Some(Policy::Adaptive), Some(Policy::Lru), None];
    for policy in policies.into_iter().take(if cfg!(miri) { 1 } else { 3 }) {
        let mut random = fastrand::Rng::with_seed(7);
        let alive = Arc::new(());
        let mut entries = Entries::new(policy, CellType::of::<u64, Value>());
        let mut map: Map<u64, (u64, usize, Option<EntryId>)> = Map::new();
        for step in 0..turns * turn {
            // By turns more comes than leaves, and the other way.
            let growing = step % (2 * turn) < turn;
            let key = random.u64(..turn / 4);
            let slot = slot_of(&entries, key);
            assert_eq!(slot.is_some(), map.contains_key(&key));
            match (slot, random.u8(..10)) {
                (None, 0..=7) if growing => {
                    let weight = random.usize(1..3);
                    let value = Erased::new((step, alive.clone()));
                    entries.insert(&Erased::new(key), &value, hash(key), metadata(weight), &RULES);
                    map.insert(key, (step, weight, None));
                }
                (Some(slot), 0..=1) => {
                    let id = entries.id_of(slot).unwrap();
                    let known = map.get_mut(&key).unwrap().2.replace(id);
                    assert!(known.is_none_or(|known| known == id), "an entry has one name");
                }
                (Some(slot), 2) => entries.read(slot),
                (Some(slot), 3) => drop(entries.renew(slot, metadata(9), &RULES)),
                (Some(slot), 4..=8) if !growing => {
                    assert_eq!(entries.remove(slot).unwrap().key.into::<u64>(), key);
                    map.remove(&key);
                }
                (_, 9) if !growing || step % 5 == 0 => {
                    if let Some(evicted) = entries.evict() {
                        assert!(map.remove(evicted.key.get::<u64>()).is_some());
                    }
                }
                _ => {}
            }
            if step % (turn / 10) == 0 {
                entries.settle(&RULES);
            }
            if step % (turn / looks) == 0 {
                check(&entries, &map);
                assert_eq!(Arc::strong_count(&alive), map.len() + 1);
            }
        }
        assert!(entries.moves() > 0, "nothing was moved together");
        assert_eq!(entries.len(), map.len());
        let mut half = entries.take_all(policy);
        assert_eq!((entries.len(), entries.weight()), (0, 0));
        for entry in half.by_ref().take(map.len() / 2) {
            assert_eq!(map.remove(entry.key.get::<u64>()).unwrap().0, entry.value.get::<Value>().0);
        }
        drop(half);
        assert_eq!(Arc::strong_count(&alive), 1, "what was not gone through is dropped as well");
    }
}

fn check(entries: &Entries, map: &Map<u64, (u64, usize, Option<EntryId>)>) {
    let there: Map<u64, u64> =
        entries.iter().map(|entry| (*entry.key.get(), entry.value.get::<Value>().0)).collect();
    assert_eq!(there, map.iter().map(|(key, (value, ..))| (*key, *value)).collect());
    assert_eq!(entries.len(), map.len());
    assert_eq!(entries.weight(), map.values().map(|(_, weight, _)| *weight).sum::<usize>());
    for (key, (_, weight, id)) in map {
        let entry = entries.at(slot_of(entries, *key).unwrap()).unwrap();
        assert_eq!((entry.weight(), entry.hash), (*weight, hash(*key)));
        if let Some(id) = id {
            assert_eq!(entries.by_id(*id).map(|entry| *entry.key.get()), Some(*key));
        }
    }
}

#[test]
fn a_name_is_that_of_one_entry_for_ever() {
    let mut entries = Entries::new(None, CellType::of::<u64, u64>());
    entries.insert(&Erased::new(1_u64), &Erased::new(1_u64), hash(1), metadata(1), &RULES);
    let slot = slot_of(&entries, 1).unwrap();
    let id = entries.id_of(slot).unwrap();
    entries.remove(slot).unwrap();
    entries.insert(&Erased::new(1_u64), &Erased::new(1_u64), hash(1), metadata(1), &RULES);
    assert_eq!(slot_of(&entries, 1), Some(slot), "slots are used again");
    assert!(entries.by_id(id).is_none());
    assert_ne!(entries.id_of(slot), Some(id));
}
