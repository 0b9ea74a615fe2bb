//! Two writers that have computed their values store them one after the other, and at each point between their commands
//! something happens: all of that, up to three times.

use std::pin::pin;
use std::task::{Context, Waker};

use super::histories::{Asks, publish};
use super::*;
use crate::testing::scripted::Hold;

/// Before each of up to three commands of both writers, and at the end.
const POINTS: usize = 7;

/// What happens. An invalidation may also take longer: then the revision is raised at one point, and the tag removed at a
/// later one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Invalidate,
    Raise,
    LoseTag,
    LoseFact,
    LoseRevision,
}

const EVENTS: [Event; 5] =
    [Event::Invalidate, Event::Raise, Event::LoseTag, Event::LoseFact, Event::LoseRevision];

/// All that may happen with so many events, each at one of the points.
fn all(count: usize) -> Vec<[Option<Event>; POINTS]> {
    let mut all = vec![[None; POINTS]];
    let mut from = 0;
    for _ in 0..count {
        let until = all.len();
        for at in from..until {
            let free = all[at].iter().rposition(Option::is_some).map_or(0, |last| last + 1);
            for point in free..POINTS {
                for event in EVENTS {
                    let mut more = all[at];
                    more[point] = Some(event);
                    all.push(more);
                }
            }
        }
        from = until;
    }
    all
}

struct World {
    other: Process,
    /// What is still to happen, the last first.
    left: Vec<Option<Event>>,
    is_raised: bool,
    is_invalidated: bool,
}

impl World {
    /// Goes on to the next point. Returns whether there was one.
    fn pass(&mut self) -> bool {
        let Some(event) = self.left.pop() else { return false };
        let protocol = &self.other.protocol;
        let lose = |lost: &Bytes| self.other.store.lose(|key| key == lost);
        match event {
            None => (),
            Some(Event::Invalidate) => {
                self.other.invalidate("r");
                self.is_invalidated = true;
            }
            Some(Event::Raise) => {
                self.other.invalidate("unrelated");
                self.is_raised = true;
            }
            Some(Event::LoseTag) => {
                lose(&protocol.tag_key("r"));
                self.is_invalidated |= self.is_raised;
            }
            Some(Event::LoseFact) => _ = lose(&protocol.fact_key("r")),
            Some(Event::LoseRevision) => _ = lose(&protocol.revision_key),
        }
        true
    }
}

/// Which of the two values can be returned in the end, and whether their tag was invalidated.
fn run(events: [Option<Event>; POINTS], asks: Asks) -> ([bool; 2], bool) {
    let writer = Process::new();
    let other = Process::with(writer.store.connect(), None);
    let left = events.iter().rev().copied().collect();
    let mut world = World { other, left, is_raised: false, is_invalidated: false };
    let names = ["x", "y"].map(|key| writer.name(key));
    let tokens = names.each_ref().map(|name| writer.fetch(name, &[]));
    writer.store.hold(Hold::Command);
    for (name, token) in names.iter().zip(tokens) {
        let after = super::names(&["r"]);
        let mut storing = pin!(publish(asks, &writer.protocol, name, token, &after, value("v", FOR_EVER)));
        while storing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            world.pass();
            writer.store.held().iter().for_each(|held| _ = writer.store.answer(held.number));
        }
    }
    while world.pass() {}
    (names.map(|name| world.other.look(&name).is_ok()), world.is_invalidated)
}

fn is_wrong(events: [Option<Event>; POINTS], asks: Asks) -> bool {
    let (found, is_invalidated) = run(events, asks);
    is_invalidated && found.contains(&true)
}

#[test]
fn whatever_happens_at_any_point_nothing_that_was_invalidated_is_returned() {
    let all = all(3);
    assert_eq!(all.len(), 1 + 7 * 5 + 21 * 25 + 35 * 125);
    for events in all {
        assert!(!is_wrong(events, Asks::AfterTags), "{events:?}");
    }
    for events in self::all(1) {
        let (found, _) = run(events, Asks::AfterTags);
        let expected = match events.iter().flatten().next() {
            None | Some(Event::LoseFact) => Some([true; 2]),
            // Nothing says that the tag was there when the two were computed.
            Some(Event::Raise) if events[..2].iter().any(Option::is_some) => Some([false; 2]),
            _ => None,
        };
        assert!(expected.is_none_or(|expected| found == expected), "{events:?}: {found:?}");
    }
}

#[test]
fn that_is_so_only_if_the_revision_is_asked_for_after_the_tags() {
    for asks in [Asks::BeforeTags, Asks::Never] {
        assert!(all(2).iter().any(|events| is_wrong(*events, asks)), "{asks:?}");
    }
}
