//! Access sequences: which keys a thread asks for, in which order.

use std::sync::Arc;

use super::{Access, Key, RESIDENT, SEED, SEQUENCE, SKEW, mix};

/// Keys and access sequences, one way through for each thread.
pub(crate) struct Workload<K> {
    pub(crate) resident: Vec<K>,
    threads: Vec<Turns<K>>,
    /// Whether misses are a part of it: if not, what misses was not measured right.
    pub(crate) may_miss: bool,
}

/// Keys in the order a thread asks for them, and what their values add up to.
#[derive(Clone)]
pub(crate) struct Sequence<K> {
    pub(crate) keys: Vec<K>,
    pub(crate) sum: u64,
}

/// One thread's way: a sequence, then the next.
#[derive(Clone)]
pub(crate) struct Turns<K> {
    /// After the last comes the first. Shared between those who go the same way, as long as the keys stay.
    sequences: Vec<Arc<Sequence<K>>>,
    next: usize,
    /// The places in each sequence where the key is another one every time.
    new: Vec<usize>,
    /// The rank of the next key that nobody has asked for.
    unseen: usize,
    /// What an entrant answers.
    value: fn(K) -> u64,
}

impl<K: Key> Workload<K> {
    /// All keys are resident, and each turn is the same.
    pub(crate) fn new(threads: usize) -> Self {
        Self::over(threads, RESIDENT, 1)
    }

    /// Zipf over so many keys, with so many sequences that differ.
    fn over(threads: usize, ranks: usize, sequences: usize) -> Self {
        let resident: Vec<K> = (0..ranks).map(K::of_rank).collect();
        let zipf = Zipf::new(ranks, SKEW);
        let turns = |thread| {
            let mut random = Random::of_thread(thread);
            let mut sequence = || {
                let keys: Vec<K> = (0..SEQUENCE).map(|_| resident[zipf.rank(random.unit())]).collect();
                Arc::new(Sequence { sum: sum(&keys, K::value), keys })
            };
            Turns {
                sequences: (0..sequences).map(|_| sequence()).collect(),
                next: 0,
                new: Vec::new(),
                // Above every rank that is resident, and every one of another thread.
                unseen: (thread + 1) << 40,
                value: K::value,
            }
        };
        let threads = (0..threads).map(turns).collect();
        Self { resident, threads, may_miss: false }
    }

    /// Zipf over so many keys, more than an entrant may hold. A sequence comes again only after others, so that
    /// no policy meets a short loop.
    pub(crate) fn missing(threads: usize, ranks: usize) -> Self {
        Self { may_miss: true, ..Self::over(threads, ranks, 16) }
    }

    /// Zipf over so many keys; so many calls of a hundred, at random, ask for a key that nobody ever asked for.
    pub(crate) fn with_new_keys(threads: usize, ranks: usize, percent: u32) -> Self {
        let mut workload = Self { may_miss: true, ..Self::over(threads, ranks, 1) };
        for (thread, turns) in workload.threads.iter_mut().enumerate() {
            turns.new = chosen(percent, !thread);
        }
        workload
    }

    /// The same keys, for entrants whose answers are not the keys' own values.
    pub(crate) fn expecting(mut self, value: fn(K) -> u64) -> Self {
        for turns in &mut self.threads {
            turns.value = value;
            for sequence in &mut turns.sequences {
                let sequence = Arc::make_mut(sequence);
                sequence.sum = sum(&sequence.keys, value);
            }
        }
        self
    }

    /// The first sequence of one thread.
    pub(crate) fn sequence(&self, thread: usize) -> &Sequence<K> {
        &self.threads[thread].sequences[0]
    }

    /// One thread's way, from its beginning.
    pub(crate) fn turns(&self, thread: usize) -> Turns<K> {
        self.threads[thread].clone()
    }
}

fn sum<K: Copy>(keys: &[K], value: fn(K) -> u64) -> u64 {
    keys.iter().fold(0, |sum, key| sum.wrapping_add(value(*key)))
}

impl Workload<Access> {
    /// All keys are resident; so many calls of a hundred, at random, write.
    pub(crate) fn writing(threads: usize, percent: u32) -> Self {
        let mut workload = Self::new(threads);
        for (thread, turns) in workload.threads.iter_mut().enumerate() {
            for place in chosen(percent, !thread) {
                let access = &mut Arc::make_mut(&mut turns.sequences[0]).keys[place];
                *access = access.writing();
            }
        }
        workload
    }
}

impl<K: Key> Turns<K> {
    /// What is asked for next.
    pub(crate) fn next(&mut self) -> &Sequence<K> {
        let turn = self.next;
        self.next = (turn + 1) % self.sequences.len();
        if self.new.is_empty() {
            return &self.sequences[turn];
        }
        let sequence = Arc::make_mut(&mut self.sequences[turn]);
        for &place in &self.new {
            let new = K::of_rank(self.unseen);
            self.unseen += 1;
            let old = std::mem::replace(&mut sequence.keys[place], new);
            sequence.sum = sequence.sum.wrapping_sub((self.value)(old)).wrapping_add((self.value)(new));
        }
        sequence
    }
}

/// So many of a hundred places in a sequence.
fn chosen(percent: u32, seed: usize) -> Vec<usize> {
    let mut random = Random::of_thread(seed);
    (0..SEQUENCE).filter(|_| random.unit() * 100.0 < f64::from(percent)).collect()
}

/// Draws ranks with probability proportional to `1 / (rank + 1)^skew`, from a cumulative table.
pub(crate) struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(ranks: usize, skew: f64) -> Self {
        let mut total = 0.0;
        let mut place = 0.0_f64;
        let cumulative = std::iter::repeat_with(|| {
            place += 1.0;
            total += place.powf(-skew);
            total
        })
        .take(ranks)
        .collect();
        Self { cumulative }
    }

    /// The rank that a number from `0..1` falls on.
    pub(crate) fn rank(&self, unit: f64) -> usize {
        let last = self.cumulative.len() - 1;
        let point = unit * self.cumulative[last];
        self.cumulative.partition_point(|&bound| bound <= point).min(last)
    }
}

/// `SplitMix64`: small, and the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn of_thread(thread: usize) -> Self {
        Self(mix(SEED ^ thread as u64))
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        // 32 random bits: plenty for as many ranks as there are, and exact in an `f64`.
        let bits = u32::try_from(mix(self.0) >> 32).unwrap_or(0);
        f64::from(bits) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{RESIDENT, SEQUENCE, SKEW, Sequence, Workload, Zipf};
    use crate::workload::Key;

    #[test]
    fn sequences_are_the_same_in_every_run_and_differ_by_thread() {
        let (one, other) = (Workload::<u64>::new(2), Workload::<u64>::new(2));
        assert_eq!(one.sequence(1).keys, other.sequence(1).keys);
        assert_ne!(one.sequence(0).keys, one.sequence(1).keys);
    }

    #[test]
    fn every_number_falls_on_a_rank() {
        let zipf = Zipf::new(RESIDENT, SKEW);
        assert_eq!(zipf.rank(0.0), 0);
        assert_eq!(zipf.rank(1.0), RESIDENT - 1);
    }

    #[test]
    fn new_keys_are_new_in_every_pass_and_thread_and_sums_follow() {
        let workload = Workload::<u64>::with_new_keys(2, 100, 10);
        let resident: HashSet<u64> = workload.resident.iter().copied().collect();
        let mut seen = HashSet::new();
        for thread in 0..2 {
            let mut turns = workload.turns(thread);
            for _ in 0..3 {
                let Sequence { keys, sum } = turns.next();
                assert_eq!(keys.iter().fold(0_u64, |sum, key| sum.wrapping_add(key.value())), *sum);
                let new: Vec<u64> = keys.iter().filter(|key| !resident.contains(key)).copied().collect();
                assert!((SEQUENCE * 9 / 100..SEQUENCE * 11 / 100).contains(&new.len()), "{}", new.len());
                assert!(new.into_iter().all(|key| seen.insert(key)));
            }
        }
    }

    #[test]
    fn so_many_calls_write() {
        let workload = Workload::writing(1, 50);
        let writes = workload.sequence(0).keys.iter().filter(|access| access.writes()).count();
        assert!((SEQUENCE * 49 / 100..SEQUENCE * 51 / 100).contains(&writes), "{writes}");
    }
}
