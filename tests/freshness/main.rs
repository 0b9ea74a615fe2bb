//! Freshness: how long a value is an answer, for whom, and what stands in for it afterwards.

mod ahead;
mod clocks;
mod computing;
mod ends;
mod fallback;
mod fresh_nodes;
mod idle_jitter;
mod limits;
mod longest;
mod marks;
mod negative;
mod origin;
mod stale;
mod stays;
mod ttl;
