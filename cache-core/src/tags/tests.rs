//! Tags, groups of them, and who carries them.

use super::group::FEW;
use super::table::SMALL_TABLE;
use super::*;

struct Memo(Revision);

impl Carrier for Memo {
    fn revision(&self) -> &Revision {
        &self.0
    }
}

fn name(name: u32) -> Name {
    Name::Text(name.to_string().into())
}

fn names(names: impl IntoIterator<Item = u32>) -> Vec<Name> {
    names.into_iter().map(name).collect()
}

#[test]
fn tags_that_nothing_carries_take_no_memory() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let many = tags.attach(&names(0..10_000), &[], &Arc::downgrade(&memo), false);
    let again = tags.attach(&names(0..10), &[], &Arc::downgrade(&memo), false);
    assert_eq!(tags.len(), 10_000);
    tags.release(many);
    assert_eq!(tags.len(), 10);
    tags.release(again);
    assert_eq!(tags.len(), 0);
    assert!(tags.state.lock().records.capacity() <= SMALL_TABLE);
}

#[test]
fn a_tag_that_comes_back_remembers_when_it_was_invalidated() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let attach = || tags.attach(&names([1]), &[], &Arc::downgrade(&memo), false);
    tags.bump(|_| {});
    let before = tags.now();
    let carried = attach();
    assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_some());
    tags.release(carried);
    assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_none());
    let carried = attach();
    assert_eq!(carried[0].stamps.last(), tags.now());
    assert_eq!(memo.0.validity_since(before, &carried), Validity::Invalid);
    assert_eq!(memo.0.validity_since(tags.now(), &carried), Validity::Valid);
}

/// Those that are taken for it have their values refused for nothing.
#[test]
fn what_is_forgotten_is_seldom_taken_for_another() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    assert!(tags.invalidate(&name(0), Severity::Hard, 0).1.is_none());
    let others = tags.attach(&names(1..=1_000), &[], &Arc::downgrade(&memo), false);
    let taken = others.iter().filter(|tag| tag.stamps.last() > 0).count();
    assert!(taken < 50, "{taken}");
}

#[test]
fn a_name_given_twice_is_one_tag() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let set = tags.attach(&names([1, 1, 2]), &[], &Arc::downgrade(&memo), false);
    assert_eq!(set.len(), 2);
}

#[test]
fn memos_that_have_ended_are_not_told() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let set = tags.attach(&names([1]), &[], &Arc::downgrade(&memo), false);
    drop(memo);
    assert!(
        tags.invalidate(&name(1), Severity::Hard, 0).1.is_some_and(|pending| pending.carriers.is_empty())
    );
    tags.release(set);
}

#[test]
fn memos_that_have_ended_take_no_memory() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let carried = tags.attach(&names([1]), &[], &Arc::downgrade(&memo), false);
    let carriers = || tags.state.lock().records[&name(1)].carriers.len();
    for _ in 0..1_000 {
        let passing = Arc::new(Memo(Revision::new()));
        tags.release(tags.attach(&names([1]), &[], &Arc::downgrade(&passing), false));
    }
    assert!(carriers() < 10, "{}", carriers());
    assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_some());
    assert_eq!(carriers(), 1);
    tags.release(carried);
}

#[test]
fn what_all_entries_of_a_memo_carry_they_all_carry_from_then_on() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let attach = |all| tags.attach(&names([1]), &[], &Arc::downgrade(&memo), all);
    let all = || tags.carriers(&name(1)).is_some_and(|(_, carriers)| carriers[0].1);
    let held = attach(false);
    assert!(!all());
    tags.release(attach(true));
    assert!(all());
    tags.release(attach(false));
    assert!(all());
    let before = tags.now();
    assert!(tags.invalidate(&name(1), Severity::Hard, 0).1.is_some());
    assert_eq!(memo.0.validity_since(before, &[]), Validity::Invalid);
    tags.release(held);
}

#[test]
fn a_source_is_held_while_something_carries_it() {
    let tags: Tags<Memo> = Tags::new();
    let dependency = tags.dependency();
    let known = Arc::downgrade(&dependency);
    let again = tags.hold(&known).unwrap();
    assert!(Arc::ptr_eq(&again, &dependency));
    tags.release(Box::new([dependency]));
    tags.release(Box::new([again]));
    assert!(tags.hold(&known).is_none());
    assert_eq!(tags.len(), 0);
}

/// A chain of entries, each of which was computed from the one before, and so from all before.
fn chain(tags: &Tags<Memo>, memo: &Arc<Memo>, length: usize) -> Vec<TagSet> {
    let mut chain: Vec<TagSet> = vec![Box::default()];
    for _ in 0..length {
        let dependency = tags.dependency();
        let mut inherited = chain.last().unwrap().to_vec();
        inherited.push(dependency);
        chain.push(tags.attach(&[], &inherited, &Arc::downgrade(memo), false));
    }
    chain
}

const LENGTH: usize = if cfg!(miri) { 100 } else { 5_000 };

#[test]
fn what_a_long_chain_carries_takes_memory_as_its_length() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let chain = chain(&tags, &memo, LENGTH);
    let carried: usize = chain.iter().map(|set| set.len()).sum();
    let parts = |tag: &Arc<TagState>| tag.parts().len();
    let shared: usize = chain.iter().flat_map(|set| set.iter().map(parts)).max().unwrap();
    assert!(carried <= LENGTH * FEW && shared <= FEW + 1, "{carried}, {shared}");
    assert!(tags.len() < LENGTH * 2);
    // Whoever goes last takes all along, one by one.
    for set in chain {
        tags.release(set);
    }
    assert_eq!(tags.len(), 0);
    let again = self::chain(&tags, &memo, LENGTH);
    for set in again.into_iter().rev() {
        tags.release(set);
    }
    assert_eq!(tags.len(), 0);
    assert!(tags.state.lock().records.capacity() <= SMALL_TABLE);
    // A runtime may end before what is in it.
    drop((self::chain(&tags, &memo, LENGTH), tags));
}

#[test]
fn a_group_is_invalid_when_a_part_is_at_any_depth() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let chain = chain(&tags, &memo, LENGTH);
    let touch = |at: usize, since| {
        tags.catch_up(&chain[at], &memo.0);
        memo.0.validity_since(since, &chain[at])
    };
    let last = chain.len() - 1;
    assert_eq!(touch(last, 0), Validity::Valid);
    let mut before = 0;
    for at in [last / 2, 1, last] {
        let name = chain[at]
            .last()
            .map(|tag| if tag.group.is_none() { tag.name.clone() } else { tag.parts()[FEW].name.clone() });
        assert!(
            tags.invalidate(&name.unwrap(), Severity::Hard, 0)
                .1
                .is_some_and(|pending| pending.carriers.len() == 1)
        );
        assert_eq!((touch(at - 1, before), touch(at, before)), (Validity::Valid, Validity::Invalid));
        assert_eq!(touch(last, before), Validity::Invalid);
        before = tags.now();
        assert_eq!(touch(last, before), Validity::Valid);
    }
}

/// There are more ways through them than could ever be gone.
#[test]
fn a_group_is_looked_at_once_however_many_lead_to_it() {
    let (tags, memo) = (Tags::new(), Arc::new(Memo(Revision::new())));
    let memo_ref = Arc::downgrade(&memo);
    let dependencies: Vec<_> = (0..=FEW).map(|_| tags.dependency()).collect();
    let first = dependencies[0].clone();
    let mut pair = [dependencies.clone(), dependencies].map(|each| tags.attach(&[], &each, &memo_ref, false));
    let mut held = Vec::new();
    for _ in 0..100 {
        let both: Vec<_> =
            pair.iter().flatten().cloned().chain((0..FEW).map(|_| tags.dependency())).collect();
        held.push(std::mem::replace(&mut pair, [0, 1].map(|_| tags.attach(&[], &both, &memo_ref, false))));
    }
    let pending = tags.invalidate(&first.name, Severity::Hard, 0).1.unwrap();
    assert_eq!(tags.ids(&pending.tag).len(), 1 + 2 * 101);
    tags.catch_up(&pair[0], &memo.0);
    assert_eq!(memo.0.validity_since(0, &pair[0]), Validity::Invalid);
}
