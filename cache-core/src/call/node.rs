//! Nodes: keys that are declared as structs, together with their values and options.
//!
//! The memo belongs to the node, so its types are known from the node alone. Functions that use it add their
//! body, and the part of their return type that goes beyond the node's value.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Address as _, Answer, Call, Callee, Lookup, MissHook, WriteCall as _, function_once};
use crate::engine::{Cx, Found};
use crate::event::Cause;
use crate::handles::{Key, Memo, Peek, Ttl};
use crate::key::{KeyRef, Lend, Part, Shape, Ty};
use crate::memo::slot::{Identity, Slot};
use crate::memo::{Applied, MemoSpec, When};
use crate::metadata::EntryMetadata;
use crate::value::Returns;

/// A key that is declared as a struct, called a *node*. Several functions can keep their values under it.
///
/// Derive this trait; all its verbs are provided. They need the trait in scope, which it is where the derive
/// is imported: `use cache_core::CacheKey` imports both.
///
/// The struct declares everything about its entries once: the type of the value, and any of `ttl`,
/// `none_ttl`, `idle`, `jitter`, `stale_while_revalidate`, `stale_if_error`, `refresh_ahead`, `tag`, `tags`,
/// `inherit_tags`, `cache_if`, `capacity`, `weigh`, `policy`, `on_hit`, `on_miss`, `on_store`, `on_evict`,
/// `single_flight`, `max_wait`, `name` and `crate`, as in [`#[memoize]`](crate::memoize). Expressions and
/// templates use the fields by name. Hooks and `weigh` get
/// the key and the value; `weigh`, `on_store` and `on_evict` can use the fields by name, too.
///
/// A function uses the node by `key = CatNode { .. }`, made from its arguments. It takes the options about
/// its calls: `skip`, `bypass_if`, `refresh_if`, `placeholder`, `origin_first`, `fallback_after`,
/// `soft_timeout`, `timeout` and `timeout_error`. It returns the node's value, or a `Result` of it, whose
/// `Ok` is kept. Functions that use one node share its entries and its running computations: a call waits if
/// another function is computing the same entry.
///
/// ```
/// use cache_core::{CacheKey, memoize, tag};
///
/// #[derive(Clone)]
/// struct Cat {
///     name: String,
///     owner_id: u64,
/// }
///
/// #[derive(CacheKey)]
/// #[cache_key(value = Cat, ttl = 300, tags = ["cats", "owner:{value.owner_id}"])]
/// struct CatNode<'a> {
///     name: &'a str,
/// }
///
/// #[memoize(key = CatNode { name })]
/// fn get_cat(name: &str) -> Cat {
///     Cat { name: name.to_owned(), owner_id: 7 } // think of something slow
/// }
///
/// struct Row {
///     name: String,
/// }
///
/// // The same entries.
/// #[memoize(key = CatNode { name: &row.name })]
/// fn cat_of_row(row: &Row) -> Result<Cat, std::io::Error> {
///     Ok(Cat { name: row.name.clone(), owner_id: 7 })
/// }
///
/// get_cat("tom");
/// assert_eq!(cat_of_row(&Row { name: "tom".to_owned() }).unwrap().name, "tom");
/// assert_eq!(CatNode::memo().stats().hits, 1);
/// assert_eq!(CatNode { name: "tom" }.get().unwrap().owner_id, 7);
///
/// assert_eq!(CatNode { name: "tom" }.invalidate().count(), 1);
/// get_cat("tom");
/// assert_eq!(tag("owner:7").invalidate().count(), 1);
/// get_cat("tom");
/// assert_eq!(CatNode::invalidate_all().count(), 1);
/// ```
///
/// # Fields
///
/// The fields are the parts of the key, in their order, so no key can be made without all of them. A field
/// owns its value, or is `&T`, `Option<&T>` or `Cow<'_, T>`, which are looked up without a copy. A field can
/// have any type that an argument can have: `Hash + Eq + Clone + Send + Sync`, and floats. The struct can
/// have lifetimes, but no other parameters, because there is one node for each type.
///
/// # A node, or a part of a key
///
/// A struct expression that is the whole key is a node. Write any other struct, as a part of a key, in
/// parentheses: `key = (Point { x, y },)`. A node can be such a part, too, if it is `Hash + Eq`. It then
/// stands for its fields only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a node",
    label = "does not derive `CacheKey`",
    note = "derive it: `#[derive(cache_core::CacheKey)]`; or, if it is meant as an ordinary part of the key, write it in parentheses: `key = (Point {{ x, y }},)`"
)]
pub trait CacheKey: Sized {
    /// The type of the values.
    type Value: 'static;
    /// The declaration that all entries share.
    #[doc(hidden)]
    type Node: Node<Value = Self::Value>;

    /// Returns the fields.
    #[doc(hidden)]
    fn __fields(&self) -> <Self::Node as Node>::View<'_>;

    /// Returns the key of the entry, which is its address. It displays as `cats::CatNode("tom")`. It can be
    /// kept, compared and looked up.
    #[must_use]
    fn id(&self) -> Key<Self::Value> {
        at(self).key()
    }

    /// Returns the fresh value, if there is one. It counts as a read and never computes.
    #[must_use]
    fn get(&self) -> Option<Self::Value> {
        at(self).get().wait()
    }

    /// Returns the value of the entry, fresh or stale, and its times. It does not count as a read and changes
    /// nothing.
    #[must_use]
    fn peek(&self) -> Peek<Self::Value> {
        self.id().peek()
    }

    /// Returns whether there is a fresh value.
    #[must_use]
    fn is_live(&self) -> bool {
        self.id().is_live()
    }

    /// Returns how long the entry is still fresh, or `None` if there is no fresh entry.
    #[must_use]
    fn ttl(&self) -> Option<Ttl> {
        self.id().ttl()
    }

    /// Writes a value with the tags and the ttl of the node, and returns whether it was stored. If so, the
    /// value of a computation that is under way is not stored.
    ///
    /// The value is not stored if caching is switched off, if `cache_if` or a ttl of 0 refuses it, if it
    /// weighs more than the memo may hold, or if an invalidation comes between.
    fn insert(&self, value: Self::Value) -> bool {
        at(self).insert(value, When::Always).wait()
    }

    /// Writes a value as [`insert`](Self::insert) does, but only if there is a fresh value.
    fn insert_if_present(&self, value: Self::Value) -> bool {
        at(self).insert(value, When::IfPresent).wait()
    }

    /// Writes a value as [`insert`](Self::insert) does, but only if there is no fresh value.
    fn insert_if_absent(&self, value: Self::Value) -> bool {
        at(self).insert(value, When::IfAbsent).wait()
    }

    /// Changes the fresh value atomically: see [`Entry::update`](crate::Entry::update).
    ///
    /// # Panics
    ///
    /// If `change` does. The old value then stays.
    fn update(&self, change: impl FnMut(Self::Value) -> Self::Value) -> Option<Self::Value> {
        at(self).update(None, change).wait()
    }

    /// Drops the entry, whichever function has computed it: see [`Key::invalidate`].
    fn invalidate(&self) -> Applied {
        self.id().invalidate()
    }

    /// Marks the entry stale, which is the soft form of [`invalidate`](Self::invalidate): see
    /// [`Key::mark_stale`].
    fn mark_stale(&self) -> Applied {
        self.id().mark_stale()
    }

    /// Drops every entry of the node: see [`Memo::clear`].
    fn invalidate_all() -> Applied {
        Self::memo().clear()
    }

    /// Marks every entry of the node stale, which is the soft form of
    /// [`invalidate_all`](Self::invalidate_all).
    fn mark_all_stale() -> Applied {
        Self::memo().mark_all_stale()
    }

    /// Returns the cache of the node.
    #[must_use]
    fn memo() -> Memo<Self::Value> {
        callee::<Self::Node>().memo()
    }
}

/// The declaration that all entries of a node share. The derive implements it for a type without lifetimes.
pub trait Node: Sized + 'static {
    /// The type of the values.
    type Value: 'static;
    /// The fields, borrowed from a node or from a stored key.
    type View<'v>;
    /// Called when a call of any of its functions is answered from the cache.
    const ON_HIT: OnValue<Self::Value> = None;
    /// Called when a call is not answered from the cache.
    const ON_MISS: OnMiss = None;
    /// Called after a value was stored.
    const ON_STORE: Option<fn(&KeyRef<'_>, Self::View<'_>, &Self::Value)> = None;
    /// Called after an entry was removed.
    const ON_EVICT: Option<fn(&KeyRef<'_>, Self::View<'_>, &Self::Value, Cause)> = None;
    /// Returns the weight of an entry.
    const WEIGH: Option<fn(&KeyRef<'_>, Self::View<'_>, &Self::Value) -> usize> = None;
    /// Whether its functions may be computed in the background.
    const IN_BACKGROUND: bool = false;
    /// Whether an old value is kept, to be returned if a new one is late.
    const STALE_IF_ERROR: bool = false;

    /// Returns the place of its memo.
    fn slot() -> &'static Slot;
    /// Returns the shape of its key.
    fn shape() -> impl Fields<Self>;
    /// Returns how its value is kept.
    fn returns() -> impl Returns<Output = Self::Value, Value = Self::Value, CompanionValue = Self::Value>;
    /// Sets the tags, the ttl and the like of an entry.
    fn describe(fields: Self::View<'_>, value: Option<&Self::Value>, metadata: &mut EntryMetadata);
}

/// The shape of a node's key. It looks nodes up by their fields, and lends the fields of a stored key.
pub trait Fields<N: Node>: Shape {
    /// Looks a node up.
    fn find<R: Returns>(cx: Cx<'_, Self, R>, fields: &N::View<'_>) -> Found<R::StoredValue>;
    /// Lends the fields of a stored key.
    fn lend_fields(owned: &Self::Owned) -> N::View<'_>;
}

impl<N, S> Fields<N> for S
where
    N: Node,
    S: for<'v> Lend<Lent<'v> = N::View<'v>>,
    for<'v> N::View<'v>: Part<S>,
{
    #[inline]
    fn find<R: Returns>(cx: Cx<'_, S, R>, fields: &N::View<'_>) -> Found<R::StoredValue> {
        cx.look_up(fields)
    }
    fn lend_fields(owned: &S::Owned) -> N::View<'_> {
        S::lend(owned)
    }
}

/// Marks the value of a node's function, which has the same type as the node's value.
#[diagnostic::on_unimplemented(
    message = "the node keeps `{V}`, and this function's value is `{Self}`",
    label = "not the `value` of the node",
    note = "a function whose key is a node returns the node's `value`, or a `Result` of it"
)]
pub trait IsValueOf<V> {
    /// Returns the same value, by the type that the node names.
    fn of_node(&self) -> &V;
}

#[diagnostic::do_not_recommend]
impl<V> IsValueOf<V> for V {
    #[inline]
    fn of_node(&self) -> &V {
        self
    }
}

/// A hook that sees a value.
pub type OnValue<V> = Option<fn(&KeyRef<'_>, &V)>;
/// A hook for misses.
pub type OnMiss = Option<fn(&KeyRef<'_>)>;

/// Identifies the memo of a node.
pub(crate) struct OfNode<N>(PhantomData<fn(&N)>);

impl<N: Node> Identity for OfNode<N> {
    fn name(base: &str) -> Arc<str> {
        base.into()
    }
}

/// Calls the hook of a node for a hit.
pub(crate) fn tell_of_hit<N: Node, R: Returns<Value: IsValueOf<N::Value>>>(
    key: &KeyRef<'_>,
    stored: &dyn Any,
) {
    if let Some(hook) = N::ON_HIT
        && let Some(value) = stored.downcast_ref().and_then(R::value)
    {
        hook(key, value.of_node());
    }
}

/// The hook of a node for misses.
pub struct NodeHook<N>(PhantomData<fn(&N)>);

impl<N> NodeHook<N> {
    pub(crate) const NEW: Self = Self(PhantomData);
}

impl<N: Node, KA, SA> MissHook<KA, SA> for NodeHook<N> {
    const SET: bool = N::ON_MISS.is_some();
    const IN_BACKGROUND: bool = N::IN_BACKGROUND;
    fn miss(&self, _: &KA, _: &SA, key: &KeyRef<'_>) {
        if let Some(hook) = N::ON_MISS {
            hook(key);
        }
    }
}

impl<R: Returns, S> MemoSpec<R, S> {
    /// Makes the specification of a node's memo. `R` belongs to the function that is called first.
    #[inline]
    pub(crate) fn of_node<N: Node>() -> Self
    where
        S: Fields<N>,
        R::Value: IsValueOf<N::Value>,
    {
        let mut spec = Self::new().describe(|key, value, metadata| {
            N::describe(S::lend_fields(key.get()), value.map(IsValueOf::of_node), metadata);
        });
        if let Some(hook) = N::ON_STORE {
            spec = spec.on_stored_entry(move |entry, value| {
                hook(entry.shown, S::lend_fields(entry.key.get()), value.of_node());
            });
        }
        if let Some(hook) = N::ON_EVICT {
            spec = spec.on_evicted_entry(move |entry, value, cause| {
                hook(entry.shown, S::lend_fields(entry.key.get()), value.of_node(), cause);
            });
        }
        if let Some(weigh) = N::WEIGH {
            spec = spec.weigh_entry(move |entry, value| {
                weigh(entry.shown, S::lend_fields(entry.key.get()), value.of_node())
            });
        }
        spec
    }
}

/// Looks a node up by its fields, for a function that uses it.
#[inline]
pub fn find_node<N, S, R>(cx: Cx<'_, S, R>, _: Ty<N>, fields: &N::View<'_>) -> Found<R::StoredValue>
where
    N: Node,
    S: Fields<N>,
    R: Returns,
{
    S::find(cx, fields)
}

/// Makes a callee that looks up the entries of a node, without a function.
fn callee<'v, N: Node>()
-> Callee<impl Fn(Lookup<'_, N::View<'v>, N::Value, N::Value>) -> AnswerOf<N>, N::Value, N::Value, false> {
    function_once(|lookup: Lookup<'_, N::View<'v>, N::Value, N::Value>| {
        lookup.find_node(Ty::<N>::NEW, N::shape(), N::returns(), |fields, cx| Fields::<N>::find(cx, fields))
    })
}

/// The answer of a look-up of a node.
type AnswerOf<N> = Answer<<N as Node>::Value, <N as Node>::Value>;

/// Makes a call for the entry of a node. It only serves verbs that run no function.
fn at<K: CacheKey>(node: &K) -> impl Call<CompanionValue = K::Value> {
    callee::<K::Node>().bind(node.__fields(), (), |_, ()| -> K::Value {
        unreachable!("only verbs that run no function are offered")
    })
}
