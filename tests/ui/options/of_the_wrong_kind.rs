//! What is written in the first hour.

use cache_core::memoize;

#[memoize(policy = "lru")]
fn quoted(n: u64) -> u64 {
    n
}

#[memoize(policy = lru)]
fn lower(n: u64) -> u64 {
    n
}

#[memoize(policy = Lfu)]
fn unknown_policy(n: u64) -> u64 {
    n
}

#[memoize(capacity = "100")]
fn quoted_number(n: u64) -> u64 {
    n
}

#[memoize(capcity = 100)]
fn misspelt(n: u64) -> u64 {
    n
}

#[memoize(300)]
fn bare_number(n: u64) -> u64 {
    n
}

#[memoize(ttl: 300)]
fn colon(n: u64) -> u64 {
    n
}

#[memoize(ttl(300))]
fn parentheses(n: u64) -> u64 {
    n
}

#[memoize(key(n))]
fn key_in_parentheses(n: u64) -> u64 {
    n
}

#[memoize(skip = [n])]
fn list_to_skip(n: u64) -> u64 {
    n
}

#[memoize(tags = "cats")]
fn one_of_several(n: u64) -> u64 {
    n
}

#[memoize(tag)]
fn no_tag(n: u64) -> u64 {
    n
}

#[memoize(single_flight)]
fn flag_alone(n: u64) -> u64 {
    n
}

#[memoize(ttl = 300 capacity = 5)]
fn no_comma(n: u64) -> u64 {
    n
}

#[memoize = 300]
fn no_parentheses(n: u64) -> u64 {
    n
}

#[memoize(name = cats)]
fn unquoted(n: u64) -> u64 {
    n
}

#[memoize(cache_if = value > 5)]
fn condition_without_a_closure(n: u64) -> u64 {
    n
}

#[memoize(cache_if = !value.is_empty())]
fn negated_condition(n: u64) -> String {
    n.to_string()
}

#[memoize(bypass_if = |n| n > 5, refresh_if = || true)]
fn condition_in_a_closure(n: u64) -> u64 {
    n
}

#[memoize(ttl = "5 minutes")]
fn long_unit(n: u64) -> u64 {
    n
}

#[memoize(ttl = -5)]
fn negative(n: u64) -> u64 {
    n
}

#[memoize(key = "n")]
fn quoted_key(n: u64) -> u64 {
    n
}

fn main() {}
