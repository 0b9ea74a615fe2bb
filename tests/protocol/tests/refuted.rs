//! Each rule, broken, is refuted by a counterexample.
//!
//! `cargo test -p protocol --test refuted -- --nocapture --test-threads 1` prints the counterexamples in words.

use protocol::rules::{
    AsksAgain, Born, Bounds, FactNames, Kind, KnownTag, Message, PublishIf, Rules, Stamp, TagOrder, Thread,
    Versions,
};
use protocol::state::Violation;
use protocol::steps::Model;

/// Two processes, three calls, one invalidation, both tags.
fn two() -> Bounds {
    Bounds::processes(2)
}

/// Entries carry no tag of their result.
fn known_tag_only() -> Bounds {
    Bounds { result_tag: false, kinds: &[Kind::Key, Kind::KnownTag, Kind::Namespace], ..two() }
}

/// Entries carry only a tag of their result.
fn result_tag_only() -> Bounds {
    Bounds { known_tag: false, kinds: &[Kind::ResultTag], ..two() }
}

/// Two processes with local tiers, and one tag.
fn local() -> Bounds {
    Bounds { local: true, ..known_tag_only() }
}

fn refuted(bounds: Bounds, rules: Rules, violation: Violation) {
    Model { rules, bounds }.assert_refuted(violation);
}

fn returns_stale(bounds: Bounds, rules: Rules) {
    refuted(bounds, rules, Violation::StaleReturn);
}

mod invalidating {
    use super::*;

    #[test]
    fn raising_and_removing_at_once_is_refuted() {
        returns_stale(two(), Rules { tag_order: TagOrder::Together, ..Rules::default() });
    }

    #[test]
    fn removing_before_raising_is_refuted() {
        returns_stale(two(), Rules { tag_order: TagOrder::RemoveThenRaise, ..Rules::default() });
    }

    #[test]
    fn removing_before_raising_is_refuted_where_every_tag_is_looked_at() {
        returns_stale(two(), Rules { tag_order: TagOrder::RemoveThenRaise, note: false, ..Rules::default() });
    }

    #[test]
    fn not_raising_is_refuted() {
        returns_stale(two(), Rules { tag_order: TagOrder::RemoveOnly, note: false, ..Rules::default() });
    }

    #[test]
    fn sparing_placeholders_is_refuted() {
        returns_stale(two(), Rules { removes_placeholders: false, ..Rules::default() });
    }
}

mod stamps {
    use super::*;

    fn numbers(stamp: Stamp) -> Rules {
        Rules { stamp, note: false, ..Rules::default() }
    }

    #[test]
    fn numbers_are_refuted() {
        let bounds = Bounds { kinds: &[Kind::KnownTag], invalidations: 2, ..known_tag_only() };
        returns_stale(bounds, numbers(Stamp::Number));
    }

    #[test]
    fn numbers_that_only_grow_are_refuted_by_a_loss() {
        let bounds = Bounds { kinds: &[Kind::KnownTag], losses: 1, ..known_tag_only() };
        returns_stale(bounds, numbers(Stamp::GreatestNumber));
    }

    #[test]
    fn generations_that_are_not_random_are_refuted() {
        returns_stale(known_tag_only(), Rules { random_generations: false, ..Rules::default() });
    }

    #[test]
    fn eras_that_are_not_random_are_refuted() {
        returns_stale(known_tag_only(), Rules { random_eras: false, ..Rules::default() });
    }

    #[test]
    fn ids_that_begin_anew_are_refuted() {
        returns_stale(known_tag_only(), Rules { fresh_ids: false, ..Rules::default() });
    }

    #[test]
    fn not_comparing_eras_is_refuted() {
        returns_stale(known_tag_only(), Rules { compares_eras: false, ..Rules::default() });
    }

    fn sent_twice(kinds: &'static [Kind]) {
        let bounds = Bounds { kinds, failures: 1, ..known_tag_only() };
        returns_stale(bounds, Rules { creates_once: false, ..Rules::default() });
    }

    #[test]
    fn creating_a_tag_twice_with_the_same_generation_is_refuted() {
        sent_twice(&[Kind::KnownTag]);
    }

    #[test]
    fn creating_a_revision_twice_with_the_same_era_is_refuted() {
        sent_twice(&[Kind::Namespace]);
    }

    #[test]
    fn putting_a_placeholder_twice_with_the_same_version_is_refuted() {
        sent_twice(&[Kind::Key]);
    }
}

mod publishing {
    use super::*;

    #[test]
    fn asking_for_tag_and_revision_at_once_is_refuted() {
        returns_stale(result_tag_only(), Rules { asks_again: AsksAgain::WithTag, ..Rules::default() });
    }

    #[test]
    fn not_asking_for_the_revision_again_is_refuted() {
        returns_stale(result_tag_only(), Rules { asks_again: AsksAgain::Never, ..Rules::default() });
    }

    #[test]
    fn not_asking_again_is_refuted_where_later_values_do_not_carry_the_tag() {
        let bounds = Bounds { bare: 0b1100, ..result_tag_only() };
        returns_stale(bounds, Rules { asks_again: AsksAgain::Never, ..Rules::default() });
    }

    #[test]
    fn publishing_while_asking_and_withdrawing_is_refuted() {
        returns_stale(result_tag_only(), Rules { asks_again: AsksAgain::WithWrite, ..Rules::default() });
    }

    #[test]
    fn reading_the_revision_first_at_publishing_is_refuted() {
        returns_stale(result_tag_only(), Rules { born: Born::AtPublish, ..Rules::default() });
    }

    #[test]
    fn a_note_taken_at_publishing_is_refuted() {
        returns_stale(known_tag_only(), Rules { born: Born::NoteAtPublish, ..Rules::default() });
    }

    #[test]
    fn publishing_unconditionally_is_refuted() {
        returns_stale(known_tag_only(), Rules { publish_if: PublishIf::Always, ..Rules::default() });
    }

    #[test]
    fn publishing_over_any_placeholder_is_refuted() {
        returns_stale(known_tag_only(), Rules { publish_if: PublishIf::AnyPlaceholder, ..Rules::default() });
    }

    #[test]
    fn refreshing_what_is_present_is_refuted() {
        let bounds = Bounds { refreshes: true, calls: 4, kinds: &[Kind::Key], ..known_tag_only() };
        returns_stale(bounds, Rules { refresh_if: PublishIf::Present, ..Rules::default() });
    }

    #[test]
    fn reading_a_known_tag_after_the_body_is_refuted() {
        returns_stale(known_tag_only(), Rules { known_tag: KnownTag::AfterBody, ..Rules::default() });
    }

    #[test]
    fn a_fact_that_names_the_revision_before_the_body_is_refuted() {
        // Two leaders at once: the store has lost the placeholder of the first.
        let bounds = Bounds { losses: 1, ..result_tag_only() };
        let bounds = Bounds { threads: Bounds::processes(3).threads, ..bounds };
        returns_stale(bounds, Rules { fact: FactNames::Born, ..Rules::default() });
    }

    #[test]
    fn a_fact_about_another_generation_is_refuted() {
        let bounds = Bounds { keys: 2, ..result_tag_only() };
        returns_stale(bounds, Rules { compares_fact: false, ..Rules::default() });
    }
}

mod servers {
    use super::*;

    #[test]
    fn a_server_that_goes_back_in_time_is_refuted() {
        let bounds = Bounds { restores: 1, ..known_tag_only() };
        returns_stale(bounds, Rules { names_run: false, ..Rules::default() });
    }
}

mod versions {
    use super::*;

    #[test]
    fn a_set_of_versions_is_refuted_by_its_loss() {
        let bounds = Bounds {
            threads: vec![Thread { process: 0, version: 0 }, Thread { process: 1, version: 1 }],
            kinds: &[Kind::Key],
            losses: 1,
            ..known_tag_only()
        };
        returns_stale(bounds, Rules { versions: Versions::InSet, ..Rules::default() });
    }
}

mod flights {
    use super::*;

    #[test]
    fn taking_what_a_joined_flight_lands_is_refuted() {
        let flight = Thread { process: 0, version: 0 };
        let threads = vec![flight, flight, Thread { process: 1, version: 0 }];
        let bounds = Bounds { threads, joins: true, ..known_tag_only() };
        returns_stale(bounds, Rules { waiters_fetch: false, ..Rules::default() });
    }
}

mod local_tiers {
    use super::*;

    #[test]
    fn a_message_before_the_removal_is_refuted() {
        let rules = Rules { message: Message::BeforeRemoval, ..Rules::default() };
        refuted(local(), rules, Violation::KeptAfterMessage);
    }

    #[test]
    fn an_acknowledgement_before_the_message_is_refuted() {
        let rules = Rules { message: Message::AfterAcknowledgement, ..Rules::default() };
        refuted(local(), rules, Violation::KeptAfterAcknowledgement);
    }

    #[test]
    fn keeping_a_reply_though_a_message_came_is_refuted() {
        let rules = Rules { message_marks: false, ..Rules::default() };
        refuted(local(), rules, Violation::KeptAfterMessage);
    }

    #[test]
    fn forgetting_messages_about_tags_that_are_not_known_yet_is_refuted() {
        let bounds = Bounds { local: true, ..result_tag_only() };
        let rules = Rules { remembers_messages: false, ..Rules::default() };
        refuted(bounds, rules, Violation::KeptAfterMessage);
    }

    #[test]
    fn keeping_the_tier_over_a_cut_is_refuted() {
        let bounds = Bounds { cuts: 1, ..local() };
        let rules = Rules { empties_on_cut: false, ..Rules::default() };
        refuted(bounds, rules, Violation::KeptAfterAcknowledgement);
    }

    #[test]
    fn keeping_ones_own_entry_at_the_acknowledgement_is_refuted() {
        let thread = Thread { process: 0, version: 0 };
        let bounds = Bounds { threads: vec![thread, thread], ..local() };
        let rules = Rules { drops_at_ack: false, ..Rules::default() };
        refuted(bounds, rules, Violation::KeptAfterAcknowledgement);
    }
}
