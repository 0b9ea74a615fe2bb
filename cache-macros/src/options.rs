//! The options of `#[memoize]` and of nodes: one table of them all, and what was given. A new option is a row of the
//! table, and what it means in `expand`; rules that concern other options as well are in `valid`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::{Expr, ExprStruct, LitStr, Path, Type, Visibility};

use crate::attr::{
    alias, alone, capacity, companion, companion_vis, flag, jitter, key, krate, policy, refresh_ahead,
    seconds, secret, skip, store_version, tags, text, ttl, value, with_unit,
};
use crate::diagnostics::Errors;
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
pub(crate) enum ListItem {
    /// `"cat:{name}"`, a tag.
    Text(Template),
    One(Expr),
    /// `..iterator`
    Spread(Expr),
}

impl ListItem {
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

/// `version`.
#[derive(Clone)]
pub(crate) enum StoreVersion {
    Number(u64),
    /// By the tokens of the function and the schema of its value.
    Auto,
}

/// What an option is about, which says where it can be given.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Subject {
    /// The entries, of a function or of a node.
    Entry,
    /// The calls of a function.
    Call,
    /// What identifies a call.
    Key,
    /// Where the entries are.
    Memo,
    /// The errors of a function.
    Error,
    /// The companions of a function, or of all functions of a block.
    Companion,
    /// Where the runtime is.
    Crate,
    /// The type of a node's values.
    Value,
    /// The store behind a function.
    Store,
}

/// The table of options. A row says of an option
/// - its field, which has the name of the option unless `as` gives another; `or` gives a second name;
/// - the type of its value, and how that is read from what follows the name;
/// - what it is about, and whether it lets calls be computed `in background`;
/// - an example of its value, for messages; `""` if it is not written as `name = value`.
macro_rules! options {
    (
        ($input:ident, $name:ident, $span:ident, $errors:ident)
        $(
            $field:ident $(as $as:literal)? $(or $or:literal)?: $type:ty, $read:expr,
            $about:ident $(in $background:ident)?, $example:literal;
        )*
    ) => {
        /// What the attribute says.
        #[derive(Default)]
        pub(crate) struct Options {
            /// All of it, as it was written.
            pub(crate) tokens: TokenStream,
            /// There was no mistake in reading it: what is not here was not given.
            pub(crate) is_read: bool,
            $(pub(crate) $field: Option<Given<$type>>,)*
        }

        /// Every option there is.
        const OPTIONS: &[Known] = &[$(Known {
            name: name!($field $($as)?),
            also: &[$($or)?],
            about: Subject::$about,
            in_background: is_in!($($background)?),
            example: $example,
        }),*];

        impl Options {
            /// Reads what follows the name of an option.
            pub(crate) fn read(
                &mut self,
                $name: &str,
                $span: Span,
                $input: ParseStream<'_>,
                $errors: &mut Errors,
            ) -> syn::Result<()> {
                $(if $name == name!($field $($as)?) $(|| $name == $or)? {
                    let read: syn::Result<$type> = $read;
                    let given = Given { span: $span, value: read? };
                    match self.$field {
                        Some(_) => $errors.at($span, twice($name)),
                        None => self.$field = Some(given),
                    }
                })*
                Ok(())
            }

            /// The options that were given, and where.
            pub(crate) fn given(&self) -> Vec<(&'static Known, Span)> {
                let spans = [$(self.$field.as_ref().map(|given| given.span)),*];
                OPTIONS.iter().zip(spans).filter_map(|(option, span)| Some((option, span?))).collect()
            }
        }
    };
}

macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $as:literal) => {
        $as
    };
}

macro_rules! is_in {
    () => {
        false
    };
    (background) => {
        true
    };
}

options! {
    (input, name, span, errors)
    // field and type               how it is read             about                example
    value: Type,                    value(input),              Value,               "";
    ttl: Ttl,                       ttl(input),                Entry,               "300";
    err_ttl: Length,                seconds(name, input),      Error,               "5";
    none_ttl: Length,               seconds(name, input),      Entry,               "5";
    idle: Length,                   seconds(name, input),      Entry,               "\"10m\"";
    jitter: f64,                    jitter(input),             Entry,               "0.1";
    stale_while_revalidate: Length, seconds(name, input),      Entry in background, "\"1m\"";
    stale_if_error: Length,         seconds(name, input),      Entry,               "\"1h\"";
    refresh_ahead: Ahead,           refresh_ahead(input),      Entry in background, "0.8";
    origin_first: (),               alone(name, span, input),  Call,                "";
    fallback_after: Length,         with_unit(name, input),    Call in background,  "\"2s\"";
    fallback_if: Expr,              value(input),              Error,               "|error| matches!(error, ..)";
    soft_timeout: Length,           with_unit(name, input),    Call in background,  "\"200ms\"";
    timeout: Length,                with_unit(name, input),    Call in background,  "\"2s\"";
    timeout_error: Expr,            value(input),              Call,                "Error::Late";
    tags or "tag": Vec<ListItem>,     tags(name, input, errors), Entry,               "[\"cats\", \"cat:{name}\"]";
    inherit_tags: (),               alone(name, span, input),  Entry,               "";
    key: KeyOption,                 key(input),                Key,                 "(user.id, lang)";
    skip: Vec<Ident>,               skip(input),               Key,                 "";
    capacity: Capacity,             capacity(input),           Entry,               "10_000";
    weigh: Expr,                    value(input),              Entry,               "|key, value| …";
    policy: Path,                   policy(input),             Entry,               "Lru";
    cache_if: Expr,                 value(input),              Entry,               "|value| …";
    bypass_if: Expr,                value(input),              Call,                "name.is_empty()";
    refresh_if: Expr,               value(input),              Call,                "reload";
    on_hit: Expr,                   value(input),              Entry,               "|key, value| …";
    on_miss: Expr,                  value(input),              Entry,               "|key| …";
    on_store: Expr,                 value(input),              Entry,               "|key, value| …";
    on_evict: Expr,                 value(input),              Entry,               "|key, value, cause| …";
    on_error: Expr,                 value(input),              Error,               "|key, error| …";
    placeholder: Expr,              value(input),              Call in background,  "Cat::unknown(name)";
    memo: Expr,                     value(input),              Memo,                "self.cats";
    maybe_send as "?Send": (),      Ok(()),                    Call,                "";
    single_flight: bool,            flag(input),               Entry,               "false";
    max_wait: Length,               with_unit(name, input),    Entry,               "\"2s\"";
    share_error: Expr,              value(input),              Error,               "|error| Error::from(error.kind())";
    store: LitStr,                  alias(input),              Store,               "\"shared\"";
    local: bool,                    flag(input),               Store,               "false";
    local_ttl: Length,              seconds(name, input),      Store,               "\"30s\"";
    version: StoreVersion,          store_version(input),      Store,               "2";
    secret: Vec<Ident>,             secret(input),             Store,               "";
    name: LitStr,                   text(input),               Entry,               "\"cats::get\"";
    companion: Companion,           companion(input),          Companion,           "cat_cache";
    companion_vis: Visibility,      companion_vis(input),      Companion,           "pub(crate)";
    krate as "crate": Path,         krate(input),              Crate,               "toolkit::cache_core";
}

fn twice(name: &str) -> String {
    match name {
        "tag" | "tags" => "tags are given twice: put them all into `tags = [..]`".to_owned(),
        name => format!("`{name}` is given twice"),
    }
}

impl Options {
    /// Where an option was given.
    pub(crate) fn span_of(&self, name: &str) -> Option<Span> {
        self.given().into_iter().find(|(option, _)| option.name == name).map(|(_, span)| span)
    }

    /// One of those for which calls are computed in the background; `placeholder` if it is the only one.
    pub(crate) fn in_background(&self) -> Option<(&'static str, Span)> {
        let mut given = self.given().into_iter();
        given.find(|(option, _)| option.in_background).map(|(option, span)| (option.name, span))
    }
}

/// An option as the table has it.
pub(crate) struct Known {
    name: &'static str,
    also: &'static [&'static str],
    about: Subject,
    in_background: bool,
    pub(crate) example: &'static str,
}

impl Known {
    /// The option of this name, of a node or of a function.
    pub(crate) fn find(name: &str, of_node: bool) -> Option<&'static Self> {
        let is_it = |option: &&Self| option.name == name || option.also.contains(&name);
        OPTIONS.iter().find(is_it).filter(|option| of_node || option.about != Subject::Value)
    }

    /// What is wrong with it on a node.
    pub(crate) fn on_node(&self) -> Option<String> {
        let name = self.name;
        Some(match self.about {
            Subject::Entry | Subject::Crate | Subject::Value => return None,
            Subject::Call | Subject::Companion => {
                format!("`{name}` is about the calls of a function: write it there")
            }
            Subject::Key => format!("the fields are the key, all of them: leave `{name}` out"),
            Subject::Memo => "a node has a memo of its own: leave `memo` out".to_owned(),
            Subject::Store => format!("a node keeps its values in this process only: leave `{name}` out"),
            Subject::Error if name == "err_ttl" => {
                "a node keeps values, not errors: leave `err_ttl` out".to_owned()
            }
            Subject::Error => {
                format!("a node keeps values; its functions may fail each in its own way: leave `{name}` out")
            }
        })
    }

    /// What is wrong with it on a function whose key is a node.
    pub(crate) fn on_function_of(&self, node: &str) -> Option<String> {
        let name = self.name;
        Some(match self.about {
            Subject::Call | Subject::Companion | Subject::Crate | Subject::Key | Subject::Value => {
                return None;
            }
            Subject::Memo => format!("the memo is that of `{node}`: leave `memo` out"),
            Subject::Store => {
                format!(
                    "`{node}` keeps its values in this process only: leave `{name}` out, or write a key without a node"
                )
            }
            Subject::Error if name == "err_ttl" => {
                format!("`{node}` keeps values, not errors: leave `err_ttl` out")
            }
            Subject::Error => format!(
                "`{node}` keeps values, and its functions may fail each in its own way: leave `{name}` out, and look at the error where it is made"
            ),
            Subject::Entry => {
                let value = if self.example.is_empty() { "" } else { " = .." };
                format!("`{name}` is declared on `{node}`: write it there, `#[cache_key({name}{value})]`")
            }
        })
    }

    /// What is wrong with it on an `impl` or `trait`, which has companions of its own or not.
    pub(crate) fn on_block(&self, companions: bool) -> Option<String> {
        let here = match self.about {
            Subject::Crate => return None,
            Subject::Companion if companions => return None,
            _ if companions => "`companion`, `companion_vis` and `crate`",
            _ => "`crate`",
        };
        Some(format!("`{}` belongs on a method: here only {here} can be said", self.name))
    }
}

/// The names of all options of a node, or of a function.
pub(crate) fn names(of_node: bool) -> Vec<&'static str> {
    let options = OPTIONS.iter().filter(|option| {
        if of_node {
            option.on_node().is_none()
        } else {
            option.about != Subject::Value && option.name != "?Send"
        }
    });
    options.flat_map(|option| option.also.iter().chain([&option.name])).copied().collect()
}

/// A value of an option, to be shown where there is none or a wrong one.
pub(crate) fn example(name: &str) -> &'static str {
    Known::find(name, false).map_or("..", |option| option.example)
}

/// Names that are kept for what is to come: not to be taken for misspelt ones.
pub(crate) const LATER: [&str; 2] = ["lease", "batch"];

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
        "disk" | "redis" => "a store is configured under an alias, and named here: `store = \"shared\"`",
        "ttl_secs" | "ttl_millis" | "time" | "time_to_live" | "expire" | "expiry" | "expireTime"
        | "TimeToLive" | "max_age" => "write `ttl = 300` (seconds) or `ttl = \"250ms\"`",
        "expires" => "a ttl of each value is `ttl = |value| ..`",
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
