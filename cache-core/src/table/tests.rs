//! Entries of all kinds of keys and values.

mod entries;

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cell::{Cells, LIVE};
use super::hashes::{long, short};
use super::{CellType, Entries, ExtraMetadata, StoredMetadata};
use crate::erased::{Data, Erased};
use crate::policy::{NONE, Policy, Rules};
use crate::sync::guarded;
use crate::time::NEVER;

const RULES: Rules = Rules::new();

fn metadata(weight: usize) -> StoredMetadata {
    StoredMetadata {
        created: 0,
        deadline: NEVER,
        verified: 0,
        is_error: false,
        extra: ExtraMetadata::of(Box::default(), weight, None, None),
    }
}

/// What is stored in a test, made of a number; of no size, there is but one.
trait Kind: Data + PartialEq + Debug {
    fn of(number: u64) -> Self;
}

#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
struct Aligned(u64);

#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
struct AlignedNothing;

/// Counts how many there are, in the first word, and is as large as `N` more.
#[derive(Debug, PartialEq)]
struct Counted<const N: usize>(Box<u64>, [u64; N]);

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl<const N: usize> Clone for Counted<N> {
    fn clone(&self) -> Self {
        Self::of(*self.0)
    }
}

impl<const N: usize> Drop for Counted<N> {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<const N: usize> Kind for Counted<N> {
    fn of(number: u64) -> Self {
        COUNT.fetch_add(1, Ordering::Relaxed);
        Self(Box::new(number), [number; N])
    }
}

macro_rules! kinds {
    ($($kind:ty: $of:expr;)*) => {
        $(impl Kind for $kind {
            fn of(number: u64) -> Self {
                $of(number)
            }
        })*
    };
}

kinds! {
    (): |_| ();
    u64: |number| number;
    String: |number| format!("{number}");
    // With padding.
    Option<u32>: |number: u64| u32::try_from(number).ok().filter(|number| number % 2 > 0);
    (u64, u8): |number| (number, 7);
    [u64; 4]: |number| [number; 4];
    [u64; 5]: |number| [number; 5];
    Aligned: Aligned;
    AlignedNothing: |_| AlignedNothing;
}

/// Runs a test with different kinds of keys and values.
macro_rules! of_all_kinds {
    ($test:ident) => {
        $test::<u64, ()>();
        $test::<String, Option<u32>>();
        $test::<[u64; 4], String>();
        $test::<[u64; 5], Counted<0>>();
        $test::<(u64, u8), Counted<9>>();
        $test::<Aligned, Counted<3>>();
        $test::<u64, Aligned>();
        $test::<Counted<4>, AlignedNothing>();
        $test::<(), [u64; 5]>();
        $test::<AlignedNothing, u64>();
        $test::<(), ()>();
    };
}

fn erased<T: Kind>(number: u64) -> Erased {
    Erased::new(T::of(number))
}

fn hash(number: u64) -> u32 {
    short(number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn push<K: Kind, V: Kind>(cells: &mut Cells, number: u64) {
    cells.push();
    cells.fill(cells.len() - 1, &erased::<K>(number), &erased::<V>(number)).hash = hash(number);
}

fn are<K: Kind, V: Kind>(entry: (Erased, Erased), key: u64, value: u64) {
    assert_eq!((entry.0.into::<K>(), entry.1.into::<V>()), (K::of(key), V::of(value)));
}

fn cells_have<K: Kind, V: Kind>(cells: &Cells, at: usize, key: u64, value: u64) {
    let expected = (hash(at as u64), &K::of(key), &V::of(value));
    let (head, key, value) = cells.get(at).unwrap();
    assert_eq!((head.hash, key.get::<K>(), value.get::<V>()), expected);
    assert_eq!(head.link, LIVE | NONE, "the rest of a link stays");
    // SAFETY: it is live, as was seen, and these are its types.
    let (head, key, value) = unsafe { cells.get_typed::<K, V>(at) };
    assert_eq!((head.hash, key, value), expected);
}

fn cells_keep_what_is_in_them<K: Kind, V: Kind>() {
    let mut capacity = 1;
    let mut cells = Cells::with_capacity(CellType::of::<K, V>(), capacity);
    for number in 0..9 {
        if cells.is_full() {
            capacity *= 2;
            cells.grow(capacity);
        }
        push::<K, V>(&mut cells, number);
    }
    (0..9).for_each(|at| cells_have::<K, V>(&cells, at, at as u64, at as u64));
    are::<K, V>(cells.replace(3, &erased::<K>(3), &erased::<V>(30)).unwrap(), 3, 3);
    are::<K, V>(cells.take(4).unwrap(), 4, 4);
    assert!(cells.get(4).is_none() && cells.take(4).is_none());
    for at in [4, 9] {
        assert!(cells.replace(at, &erased::<K>(7), &erased::<V>(7)).is_none());
    }
    cells.fill(4, &erased::<K>(40), &erased::<V>(40));
    cells.take(5).unwrap();
    cells_have::<K, V>(&cells, 3, 3, 30);
    cells_have::<K, V>(&cells, 4, 40, 40);
    // What is replaced is moved when they grow.
    cells.grow(100);
    cells_have::<K, V>(&cells, 3, 3, 30);
    cells_have::<K, V>(&cells, 4, 40, 40);
    for number in (6..9).rev() {
        let (head, entry) = cells.pop().unwrap();
        assert_eq!((head.hash, head.link), (hash(number), NONE));
        are::<K, V>(entry.unwrap(), number, number);
    }
    assert!(cells.pop().is_some_and(|(_, entry)| entry.is_none()), "it was taken");
    assert_eq!(cells.len(), 5);
    // The rest is dropped with them.
}

/// All entries are there, by each way to find one.
fn entries_have<K: Kind, V: Kind>(entries: &Entries, numbers: &[u64]) {
    assert_eq!(entries.len(), numbers.len());
    for &number in numbers {
        let (key, value) = (K::of(number), V::of(number));
        let entry = entries.find(hash(number), |other| *other.get::<K>() == key).unwrap();
        assert_eq!((entry.hash, entry.value.get::<V>()), (hash(number), &value));
        // SAFETY: these are its types.
        let hit = unsafe { entries.find_hit::<K, V>(long(hash(number)), |other| *other == key) };
        assert_eq!(hit.unwrap().value, &value);
    }
}

fn entries_keep_what_is_put_in<K: Kind, V: Kind>() {
    // More than fit into a chunk; of no size, there is but one key.
    let most = if size_of::<K>() == 0 { 1 } else { 132 };
    let mut entries = Entries::new(Some(Policy::Adaptive), CellType::of::<K, V>());
    let insert = |entries: &mut Entries, number| {
        entries.insert(&erased::<K>(number), &erased::<V>(number), hash(number), metadata(1), &RULES);
    };
    let mut numbers: Vec<u64> = (0..most).collect();
    for number in &numbers {
        insert(&mut entries, *number);
    }
    entries_have::<K, V>(&entries, &numbers);
    // One after the other is taken out or evicted, and another is put in its place.
    for number in most..most + 10 {
        let slot = entries.of_hash(hash(numbers[0])).next().unwrap().slot;
        let taken = if number % 2 == 0 { entries.remove(slot) } else { entries.evict() }.unwrap();
        let at = numbers.iter().position(|number| hash(*number) == taken.metadata().hash).unwrap();
        let left = numbers.swap_remove(at);
        are::<K, V>((taken.key, taken.value), left, left);
        insert(&mut entries, number);
        numbers.push(number);
    }
    entries_have::<K, V>(&entries, &numbers);
    // Those that are left move together.
    for number in numbers.split_off((numbers.len() / 8).max(1)) {
        let slot = entries.of_hash(hash(number)).next().unwrap().slot;
        entries.remove(slot).unwrap();
    }
    entries.settle(&RULES);
    assert_eq!(entries.moves(), u32::from(most > 1));
    entries_have::<K, V>(&entries, &numbers);
    // Some are gone through, and the others dropped.
    let mut emptied = entries.take_all(None);
    drop(emptied.next().unwrap());
    insert(&mut entries, 7);
    drop(emptied);
    entries_have::<K, V>(&entries, &[7]);
}

/// One test: both count.
#[test]
fn entries_of_all_kinds_stay_what_they_are() {
    of_all_kinds!(cells_keep_what_is_in_them);
    of_all_kinds!(entries_keep_what_is_put_in);
    assert_eq!(COUNT.load(Ordering::Relaxed), 0, "each is dropped, and once");
}

#[test]
#[should_panic = "one type of keys"]
fn a_key_of_another_type_is_refused() {
    push::<u64, u64>(&mut Cells::with_capacity(CellType::of::<String, u64>(), 1), 7);
}

#[test]
#[should_panic = "one type of keys and one of values"]
fn a_value_of_another_type_is_refused() {
    let mut cells = Cells::with_capacity(CellType::of::<u64, String>(), 1);
    push::<u64, String>(&mut cells, 7);
    cells.replace(0, &erased::<u64>(7), &erased::<u64>(7));
}

#[test]
fn a_value_is_written_over_another_where_there_is_one() {
    let mut cells = Cells::with_capacity(CellType::of::<String, u64>(), 2);
    push::<String, u64>(&mut cells, 7);
    push::<String, u64>(&mut cells, 8);
    assert!(cells.overwrite(0, &erased::<u64>(70)).is_some());
    cells.take(1).unwrap();
    assert!(
        cells.overwrite(1, &erased::<u64>(80)).is_none() && cells.overwrite(2, &erased::<u64>(90)).is_none()
    );
    let (_, key, value) = cells.get(0).unwrap();
    assert_eq!((key.get::<String>(), value.get::<u64>()), (&String::of(7), &u64::of(70)));
}

#[test]
#[should_panic = "a value that is of no matter"]
fn a_value_that_has_to_be_dropped_is_not_written_over() {
    let mut cells = Cells::with_capacity(CellType::of::<u64, String>(), 1);
    push::<u64, String>(&mut cells, 7);
    cells.overwrite(0, &erased::<String>(8));
}

/// Panics when it is dropped, or when a clone of it is.
struct Panics<const N: usize> {
    when_dropped: bool,
    when_cloned: bool,
    words: [Arc<()>; N],
}

impl<const N: usize> Clone for Panics<N> {
    fn clone(&self) -> Self {
        Self { when_dropped: self.when_cloned, when_cloned: self.when_cloned, words: self.words.clone() }
    }
}

impl<const N: usize> Drop for Panics<N> {
    fn drop(&mut self) {
        assert!(!self.when_dropped, "dropped");
    }
}

fn the_last_panics<const N: usize>() {
    let alive = Arc::new(());
    let words = || [(); N].map(|()| alive.clone());
    let value = |when_cloned| Erased::new(Panics { when_dropped: false, when_cloned, words: words() });
    let key = |number: u64| Erased::new((number, alive.clone()));
    let mut entries = Entries::new(None, CellType::of::<(u64, Arc<()>), Panics<N>>());
    // They are dropped from the end on.
    for number in 0..3 {
        entries.insert(&key(number), &value(number == 0), hash(number), metadata(1), &RULES);
    }
    assert!(guarded(|| drop(entries)).is_none());
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn an_entry_whose_drop_panics_leaves_nothing_behind() {
    the_last_panics::<1>();
    the_last_panics::<9>();
}
