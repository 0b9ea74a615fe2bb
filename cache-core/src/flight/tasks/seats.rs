//! The seats of the tasks that wait for one flight.

use std::task::Waker;

/// No seat is at this place.
const NONE: u32 = u32::MAX;

/// Which seats are in one list.
#[derive(Clone, Copy)]
enum Which {
    /// Of those who are to be woken.
    Waiting,
    /// Of those who have not been polled since they were woken, or ever.
    Woken,
}

/// Seats, each with the waker of its task if that is to be woken. Whatever is done with one takes constant time,
/// however many there are.
///
/// A seat lies in a place of its own, and is in one of two lists, in the order in which it came there.
#[derive(Default)]
pub(super) struct Seats {
    places: Vec<Place>,
    /// A place that is free, and from there on as the places tell; one more than where it is.
    free: u32,
    /// Counts the seats, so that numbers are not given twice.
    last: u32,
    waiting: List,
    woken: List,
}

struct Place {
    /// The number of the seat; 0 if nobody has it.
    number: u64,
    waker: Option<Waker>,
    before: u32,
    after: u32,
}

struct List {
    first: u32,
    last: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl Seats {
    /// A new seat; its number, which is not 0.
    pub(super) fn add(&mut self) -> u64 {
        self.last = self.last.wrapping_add(1).max(1);
        let at = if let Some(at) = self.free.checked_sub(1) {
            self.free = self.places[at as usize].after;
            at
        } else {
            let at = u32::try_from(self.places.len()).expect("so many tasks do not fit into memory");
            self.places.push(Place { number: 0, waker: None, before: NONE, after: NONE });
            at
        };
        // By its place it is found; with the rest it is another one than whoever had the place before.
        let number = u64::from(self.last) << 32 | u64::from(at);
        self.places[at as usize].number = number;
        self.link(Which::Woken, at);
        number
    }

    /// Takes a seat away. Its waker, if it has one.
    pub(super) fn remove(&mut self, number: u64) -> Option<Waker> {
        let at = self.find(number)?;
        self.unlink(at);
        let place = &mut self.places[at as usize];
        let waker = place.waker.take();
        (place.number, place.after) = (0, self.free);
        self.free = at + 1;
        if self.is_empty() {
            *self = Self { last: self.last, ..Self::default() };
        }
        waker
    }

    /// Notes whom to wake. Hands back who was noted before.
    pub(super) fn register(&mut self, number: u64, waker: Waker) -> Option<Waker> {
        let at = self.find(number)?;
        let known = self.places[at as usize].waker.take();
        if known.is_none() {
            self.unlink(at);
        }
        self.places[at as usize].waker = Some(waker);
        if known.is_none() {
            self.link(Which::Waiting, at);
        }
        known
    }

    /// The waker of one seat.
    pub(super) fn take_of(&mut self, number: u64) -> Option<Waker> {
        let at = self.find(number)?;
        self.take_at(at)
    }

    /// The waker of whoever has waited for the longest time.
    pub(super) fn take_one(&mut self) -> Option<Waker> {
        if self.waiting.first == NONE { None } else { self.take_at(self.waiting.first) }
    }

    /// All wakers.
    pub(super) fn take_all(&mut self) -> Vec<Waker> {
        std::iter::from_fn(|| self.take_one()).collect()
    }

    fn take_at(&mut self, at: u32) -> Option<Waker> {
        self.places[at as usize].waker.as_ref()?;
        self.unlink(at);
        let waker = self.places[at as usize].waker.take();
        self.link(Which::Woken, at);
        waker
    }

    /// A seat, of one who waits if anybody does.
    pub(super) fn any(&self) -> Option<u64> {
        let first = if self.is_nobody_waiting() { self.woken.first } else { self.waiting.first };
        self.places.get(first as usize).map(|place| place.number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_nobody_waiting() && self.woken.first == NONE
    }

    /// Whether nobody is to be woken.
    pub(super) fn is_nobody_waiting(&self) -> bool {
        self.waiting.first == NONE
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.places.iter().filter(|place| place.number != 0).count()
    }

    fn find(&self, number: u64) -> Option<u32> {
        let at = u32::try_from(number & u64::from(u32::MAX)).ok()?;
        self.places.get(at as usize).filter(|place| number != 0 && place.number == number).map(|_| at)
    }

    fn list(&mut self, which: Which) -> &mut List {
        match which {
            Which::Waiting => &mut self.waiting,
            Which::Woken => &mut self.woken,
        }
    }

    /// Puts a seat last in a list.
    fn link(&mut self, which: Which, at: u32) {
        let before = std::mem::replace(&mut self.list(which).last, at);
        let place = &mut self.places[at as usize];
        (place.before, place.after) = (before, NONE);
        match self.places.get_mut(before as usize) {
            Some(before) => before.after = at,
            None => self.list(which).first = at,
        }
    }

    /// Takes a seat out of the list that it is in.
    fn unlink(&mut self, at: u32) {
        let Place { before, after, ref waker, .. } = self.places[at as usize];
        let which = if waker.is_some() { Which::Waiting } else { Which::Woken };
        match self.places.get_mut(before as usize) {
            Some(before) => before.after = after,
            None => self.list(which).first = after,
        }
        match self.places.get_mut(after as usize) {
            Some(after) => after.before = before,
            None => self.list(which).last = before,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    struct Of;

    impl Wake for Of {
        fn wake(self: Arc<Self>) {}
    }

    /// A waker, and what tells it apart.
    fn waker() -> (Waker, *const ()) {
        let waker = Waker::from(Arc::new(Of));
        let data = waker.data();
        (waker, data)
    }

    /// The same as a list that is searched, whatever happens in whatever order.
    #[test]
    fn seats_are_those_that_were_added_and_not_removed() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut seats = Seats::default();
        // In the order in which they began to wait, and whether they do.
        let mut model: Vec<(u64, Option<*const ()>)> = Vec::new();
        let data = |waker: Option<Waker>| waker.map(|waker| waker.data());
        let mut most = 0;
        for step in 0..if cfg!(miri) { 300 } else { 20_000_u64 } {
            let growing = step % 200 < 100;
            let at = random.usize(..=model.len());
            match random.u8(..6) {
                0 if growing || model.is_empty() => {
                    let number = seats.add();
                    assert!(number != 0 && model.iter().all(|(known, _)| *known != number));
                    model.push((number, None));
                }
                2 | 3 if at < model.len() => {
                    let (number, known) = model.remove(at);
                    let (waker, new) = waker();
                    assert_eq!(data(seats.register(number, waker)), known);
                    // Who waits already keeps its turn.
                    let at = if known.is_some() { at } else { model.len() };
                    model.insert(at, (number, Some(new)));
                }
                4 if at < model.len() => {
                    let (number, known) = model[at];
                    model.remove(at);
                    model.push((number, None));
                    assert_eq!(data(seats.take_of(number)), known);
                    assert_eq!(data(seats.take_of(number)), None);
                }
                5 if at < model.len() && (!growing || step % 3 == 0) => {
                    let (number, known) = model.remove(at);
                    assert_eq!(data(seats.remove(number)), known);
                    assert!(seats.remove(number).is_none() && seats.take_of(number).is_none());
                    let (late, _) = waker();
                    assert!(seats.register(number, late).is_none(), "it is not its seat any more");
                }
                _ if step % 50 == 0 => {
                    let first = model.iter().position(|(_, waker)| waker.is_some());
                    let first = first.map(|at| model.remove(at));
                    model.extend(first.map(|(number, _)| (number, None)));
                    assert_eq!(data(seats.take_one()), first.and_then(|(_, waker)| waker));
                }
                _ => {}
            }
            most = most.max(model.len());
            assert!(seats.places.len() <= most, "places are used again");
            let waiting = model.iter().find(|(_, waker)| waker.is_some());
            assert_eq!((seats.is_empty(), seats.is_nobody_waiting()), (model.is_empty(), waiting.is_none()));
            match waiting {
                Some((number, _)) => assert_eq!(seats.any(), Some(*number)),
                None => assert_eq!(seats.any().is_some(), !model.is_empty()),
            }
        }
        let all = model.iter().filter_map(|(_, waker)| *waker);
        let taken: Vec<_> = seats.take_all().iter().map(Waker::data).collect();
        assert_eq!(taken, all.collect::<Vec<_>>());
        for (number, _) in model {
            assert!(seats.remove(number).is_none());
        }
        assert!(seats.is_empty() && seats.places.capacity() == 0);
    }
}
