//! The options of an attribute, as they were given.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::{Expr, ExprStruct, LitStr, Path, Type, Visibility};

use crate::duration::Length;
use crate::model::mention;
use crate::template::{Hole, Template};

/// An option that was given, and where.
#[derive(Clone)]
pub(crate) struct Given<T> {
    pub(crate) span: Span,
    pub(crate) value: T,
}

/// `ttl`.
#[derive(Clone)]
pub(crate) enum Ttl {
    Length(Length),
    /// `|value| …`
    Closure(Expr),
}

/// `refresh_ahead`.
#[derive(Clone)]
pub(crate) enum Ahead {
    /// A part of the ttl.
    Fraction(f64),
    Age(Length),
    /// `xfetch(beta)`
    XFetch(f64),
}

/// `key`.
#[derive(Clone)]
pub(crate) enum KeyOption {
    Template(Template),
    Parts(Vec<Expr>),
    /// A node, whose memo it is.
    Node(ExprStruct),
}

/// An element of a list.
#[derive(Clone)]
pub(crate) enum Listed {
    /// `"cat:{name}"`, a tag.
    Text(Template),
    One(Expr),
    /// `..iterator`
    Spread(Expr),
}

impl Listed {
    /// The text of a tag that every entry carries.
    pub(crate) fn fixed(&self) -> Option<String> {
        match self {
            Self::Text(template) => template.fixed(),
            Self::One(_) | Self::Spread(_) => None,
        }
    }

    /// Its expression, if it is one.
    pub(crate) fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Text(_) => None,
            Self::One(expr) | Self::Spread(expr) => Some(expr),
        }
    }

    /// Whether it can be made only when there is a value.
    pub(crate) fn is_of_value(&self) -> bool {
        match self {
            Self::Text(template) => template.holes().any(Hole::is_of_value),
            Self::One(expr) | Self::Spread(expr) => mention(expr.to_token_stream(), "value").is_some(),
        }
    }
}

/// `capacity`.
#[derive(Clone)]
pub(crate) enum Capacity {
    Bound(Expr),
    Unbounded,
}

/// `companion`.
#[derive(Clone)]
pub(crate) enum Companion {
    Named(Ident),
    None,
}

/// What the attribute says.
#[derive(Default)]
pub(crate) struct Options {
    /// All of it, as it was written.
    pub(crate) tokens: TokenStream,
    /// There was no mistake in reading it: what is not here was not given.
    pub(crate) is_read: bool,
    pub(crate) ttl: Option<Given<Ttl>>,
    pub(crate) err_ttl: Option<Given<Length>>,
    pub(crate) none_ttl: Option<Given<Length>>,
    pub(crate) idle: Option<Given<Length>>,
    pub(crate) jitter: Option<Given<f64>>,
    pub(crate) stale_while_revalidate: Option<Given<Length>>,
    pub(crate) stale_if_error: Option<Given<Length>>,
    pub(crate) refresh_ahead: Option<Given<Ahead>>,
    pub(crate) origin_first: Option<Given<()>>,
    pub(crate) fallback_after: Option<Given<Length>>,
    pub(crate) fallback_if: Option<Given<Expr>>,
    pub(crate) soft_timeout: Option<Given<Length>>,
    pub(crate) timeout: Option<Given<Length>>,
    pub(crate) timeout_error: Option<Given<Expr>>,
    pub(crate) tags: Option<Given<Vec<Listed>>>,
    pub(crate) inherit_tags: Option<Given<()>>,
    pub(crate) key: Option<Given<KeyOption>>,
    pub(crate) skip: Option<Given<Vec<Ident>>>,
    pub(crate) capacity: Option<Given<Capacity>>,
    pub(crate) weigh: Option<Given<Expr>>,
    pub(crate) policy: Option<Given<Path>>,
    pub(crate) cache_if: Option<Given<Expr>>,
    pub(crate) bypass_if: Option<Given<Expr>>,
    pub(crate) refresh_if: Option<Given<Expr>>,
    pub(crate) on_hit: Option<Given<Expr>>,
    pub(crate) on_miss: Option<Given<Expr>>,
    pub(crate) on_store: Option<Given<Expr>>,
    pub(crate) on_evict: Option<Given<Expr>>,
    pub(crate) on_error: Option<Given<Expr>>,
    pub(crate) share_error: Option<Given<Expr>>,
    pub(crate) placeholder: Option<Given<Expr>>,
    pub(crate) memo: Option<Given<Expr>>,
    /// `?Send`
    pub(crate) maybe_send: Option<Given<()>>,
    pub(crate) single_flight: Option<Given<bool>>,
    pub(crate) max_wait: Option<Given<Length>>,
    pub(crate) name: Option<Given<LitStr>>,
    pub(crate) companion: Option<Given<Companion>>,
    pub(crate) companion_vis: Option<Given<Visibility>>,
    pub(crate) krate: Option<Given<Path>>,
    /// Of a node only.
    pub(crate) value: Option<Given<Type>>,
}

impl Options {
    /// The options that were given, and where.
    pub(crate) fn given(&self) -> Vec<(&'static str, Span)> {
        fn of<T>(name: &'static str, given: Option<&Given<T>>) -> Option<(&'static str, Span)> {
            given.map(|given| (name, given.span))
        }
        let all = [
            of("ttl", self.ttl.as_ref()),
            of("err_ttl", self.err_ttl.as_ref()),
            of("none_ttl", self.none_ttl.as_ref()),
            of("idle", self.idle.as_ref()),
            of("jitter", self.jitter.as_ref()),
            of("stale_while_revalidate", self.stale_while_revalidate.as_ref()),
            of("stale_if_error", self.stale_if_error.as_ref()),
            of("refresh_ahead", self.refresh_ahead.as_ref()),
            of("origin_first", self.origin_first.as_ref()),
            of("fallback_after", self.fallback_after.as_ref()),
            of("fallback_if", self.fallback_if.as_ref()),
            of("soft_timeout", self.soft_timeout.as_ref()),
            of("timeout", self.timeout.as_ref()),
            of("timeout_error", self.timeout_error.as_ref()),
            of("tags", self.tags.as_ref()),
            of("inherit_tags", self.inherit_tags.as_ref()),
            of("key", self.key.as_ref()),
            of("skip", self.skip.as_ref()),
            of("capacity", self.capacity.as_ref()),
            of("weigh", self.weigh.as_ref()),
            of("policy", self.policy.as_ref()),
            of("cache_if", self.cache_if.as_ref()),
            of("bypass_if", self.bypass_if.as_ref()),
            of("refresh_if", self.refresh_if.as_ref()),
            of("on_hit", self.on_hit.as_ref()),
            of("on_miss", self.on_miss.as_ref()),
            of("on_store", self.on_store.as_ref()),
            of("on_evict", self.on_evict.as_ref()),
            of("on_error", self.on_error.as_ref()),
            of("placeholder", self.placeholder.as_ref()),
            of("memo", self.memo.as_ref()),
            of("?Send", self.maybe_send.as_ref()),
            of("single_flight", self.single_flight.as_ref()),
            of("max_wait", self.max_wait.as_ref()),
            of("share_error", self.share_error.as_ref()),
            of("name", self.name.as_ref()),
            of("companion", self.companion.as_ref()),
            of("companion_vis", self.companion_vis.as_ref()),
            of("crate", self.krate.as_ref()),
        ];
        all.into_iter().flatten().collect()
    }

    /// One of those for which calls are computed in the background; `placeholder` if it is the only one.
    pub(crate) fn in_background(&self) -> Option<(&'static str, Span)> {
        const THEY: [&str; 6] = [
            "placeholder",
            "stale_while_revalidate",
            "refresh_ahead",
            "fallback_after",
            "soft_timeout",
            "timeout",
        ];
        self.given().into_iter().find(|(name, _)| THEY.contains(name))
    }
}

/// Every option there is.
pub(crate) const NAMES: [&str; 39] = [
    "ttl",
    "err_ttl",
    "none_ttl",
    "idle",
    "jitter",
    "stale_while_revalidate",
    "stale_if_error",
    "refresh_ahead",
    "origin_first",
    "fallback_after",
    "fallback_if",
    "soft_timeout",
    "timeout",
    "timeout_error",
    "tag",
    "tags",
    "inherit_tags",
    "key",
    "skip",
    "capacity",
    "weigh",
    "policy",
    "cache_if",
    "bypass_if",
    "refresh_if",
    "on_hit",
    "on_miss",
    "on_store",
    "on_evict",
    "on_error",
    "placeholder",
    "memo",
    "single_flight",
    "max_wait",
    "share_error",
    "name",
    "companion",
    "companion_vis",
    "crate",
];

/// Every option that there is of a node.
pub(crate) const NAMES_OF_NODE: [&str; 23] = [
    "value",
    "ttl",
    "none_ttl",
    "idle",
    "jitter",
    "stale_while_revalidate",
    "stale_if_error",
    "refresh_ahead",
    "tag",
    "tags",
    "inherit_tags",
    "capacity",
    "weigh",
    "policy",
    "cache_if",
    "on_hit",
    "on_miss",
    "on_store",
    "on_evict",
    "single_flight",
    "max_wait",
    "name",
    "crate",
];

/// A value of an option, to be shown where there is none or a wrong one.
pub(crate) fn example(name: &str) -> &'static str {
    match name {
        "ttl" => "300",
        "err_ttl" | "none_ttl" => "5",
        "idle" => "\"10m\"",
        "jitter" => "0.1",
        "stale_while_revalidate" => "\"1m\"",
        "stale_if_error" => "\"1h\"",
        "refresh_ahead" => "0.8",
        "fallback_after" | "timeout" | "max_wait" => "\"2s\"",
        "soft_timeout" => "\"200ms\"",
        "fallback_if" => "|error| matches!(error, ..)",
        "share_error" => "|error| Error::from(error.kind())",
        "cache_if" => "|value| …",
        "weigh" => "|key, value| …",
        "timeout_error" => "Error::Late",
        _ => "..",
    }
}

/// Names that are kept for what is to come: not to be taken for misspelt ones.
pub(crate) const LATER: [&str; 7] = ["secret", "lease", "store", "local", "local_ttl", "version", "batch"];

/// What other libraries call it, and what to write here.
pub(crate) fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "max_size" | "size" | "limit" | "max_capacity" | "max_entries" | "maxsize" => {
            "the bound is `capacity = 10_000`"
        }
        "unbound" | "unbounded" => "write `capacity = unbounded`",
        "ty" | "create" => {
            "there is one kind of cache, and `capacity = 10_000` or `capacity = unbounded` bounds it"
        }
        "SharedCache" | "scope" => "the cache is shared by all threads: leave this out",
        "CustomHasher" | "HasherInit" | "hasher" => "the hash of the cache is its own: leave this out",
        "disk" | "redis" => "entries are kept within the process only, so far",
        "ttl_secs" | "ttl_millis" | "time" | "time_to_live" | "expire" | "expires" | "expiry"
        | "expireTime" | "TimeToLive" | "max_age" => "write `ttl = 300` (seconds) or `ttl = \"250ms\"`",
        "cache_none" | "option" => {
            "`None` is cached by default, since it is an answer; `none_ttl = 0` says otherwise"
        }
        "cache_err" | "result" => "errors are not cached by default; `err_ttl = 5` caches them",
        "time_to_idle" | "tti" | "expire_after_access" | "max_idle" | "refresh" | "time_refresh" => {
            "a read keeps an entry for longer with `idle = \"10m\"`"
        }
        "ttl_jitter" | "ttl_spread" | "spread" => "write `jitter = 0.1`",
        "swr" | "stale" | "stale_ttl" | "max_stale" | "revalidate" => {
            "write `stale_while_revalidate = \"1m\"`, or `stale_if_error = \"1h\"`"
        }
        "grace" | "fail_safe" | "result_fallback" | "keep_stale" => {
            "an old value in the place of an error is `stale_if_error = \"1h\"`"
        }
        "early"
        | "early_refresh"
        | "early_expiration"
        | "eager_refresh"
        | "renew_time"
        | "refresh_after"
        | "refresh_after_write"
        | "xfetch"
        | "beta" => {
            "write `refresh_ahead = 0.8` (of the ttl), `refresh_ahead = \"4m\"` or `refresh_ahead = xfetch(1.0)`"
        }
        "failover" | "network_first" => "write `origin_first`",
        "failover_timeout" | "factory_soft_timeout" => {
            "write `soft_timeout = \"200ms\"` with `stale_if_error`, or `fallback_after = \"2s\"` with `origin_first`"
        }
        "deadline" | "hard_timeout" | "factory_hard_timeout" => "write `timeout = \"2s\"`",
        "on_timeout" => "what is returned after `timeout` is `timeout_error = Error::Late`",
        "negative_ttl" => "`None` is kept for `none_ttl = 5`, and an error for `err_ttl = 5`",
        "retry" | "retries" | "backoff" | "cooldown" | "throttle" => {
            "an entry that fails rests by itself, longer after each failure: leave this out"
        }
        "sync_writes" | "sync_lock" | "herd" | "dedup" => {
            "one computation per key is the default; `single_flight = false` says otherwise"
        }
        "convert" | "key_expr" | "map_key" => "write `key = (user.id, lang)`, an expression without quotes",
        "value" => "a function keeps what it returns; `#[cache_key(value = Cat)]` is an option of nodes",
        "ignore" | "Ignore" | "exclude" | "without" => "write `skip(pool)`",
        "cost" | "weigher" | "weight" | "max_memory" => {
            "write `weigh = |key, value| …` with a `capacity` in its units"
        }
        "inherit" | "dependents" | "depends_on" => "write `inherit_tags`",
        "in_impl" | "in_trait" => "write `#[memoize]` on the `impl` or `trait` as well",
        "lru" | "fifo" | "eviction" => "write `policy = Lru`",
        "condition" | "filter" | "unless" | "when" => "write `cache_if = |value| …`",
        "force_refresh" => "write `refresh_if = reload`, over the arguments",
        "with_cached_flag" => "`on_hit = |key, value| …` and `on_miss = |key| …` tell which it was",
        "eviction_listener" | "on_removal" => "write `on_evict = |key, value, cause| …`",
        "invalidate_on" | "tags_by" | "events" | "dependencies" => {
            "write `tags = [\"cats\", \"cat:{name}\"]`"
        }
        _ => return None,
    })
}
