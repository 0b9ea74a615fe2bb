//! When an entry is used: stale windows, refresh-ahead, the function first, and how long a call waits.
#[allow(clippy::implicit_return)]
pub fn revalidated(name: &str) -> Cat {
    revalidated::entry(name).call()
}
///The cache of [`revalidated`](fn@revalidated): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
pub enum revalidated {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl revalidated {
    ///The entry of a call of `revalidated`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    pub fn entry(
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<Output = Cat, CompanionValue = Cat>,
    > {
        let _ = revalidated;
        ::cache_core::Entry::new(
            ::cache_core::__private::function(Self::__look_up)
                .bind_args::<
                    (::cache_core::__private::Lent<str>,),
                    _,
                >((name,), Self::__body)
                .in_background(),
        )
    }
    ///The address of an entry of `revalidated`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    pub fn key(name: &str) -> ::cache_core::Key<Cat> {
        (&Self::entry(name)).id()
    }
    ///The cache behind `revalidated`, as a whole.
    #[must_use]
    #[inline]
    pub fn memo() -> ::cache_core::Memo<Cat> {
        let _ = revalidated;
        (&::cache_core::__private::function(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                    ::core::concat!(::core::module_path!(), "::", "revalidated"),
                    &["name"],
                )
                .ttl(::core::time::Duration::new(300u64, 0u32))
                .idle(::core::time::Duration::new(120u64, 0u32))
                .jitter(0.1f64)
                .stale_while_revalidate(::core::time::Duration::new(60u64, 0u32))
                .refresh_ahead(::cache_core::__private::Ahead::XFetch(1f64)),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<'_, (&str,), Cat, Cat>,
    ) -> ::cache_core::__private::Answer<Cat, Cat> {
        __lookup
            .find(
                ::cache_core::__private::only(),
                Self::__slot(),
                (::cache_core::__private::Ref(::cache_core::__leaf!(str)),),
                ::cache_core::__returns!(Cat, OfReturn),
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl revalidated {
    #[doc(hidden)]
    #[allow(
        clippy::boxed_local,
        clippy::fn_params_excessive_bools,
        clippy::needless_pass_by_value,
        clippy::needless_pass_by_ref_mut,
        clippy::ptr_arg,
        clippy::too_many_arguments,
        clippy::trivially_copy_pass_by_ref,
        clippy::unnecessary_wraps,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn __body(name: &str) -> Cat {
        load(name)
    }
}
#[allow(clippy::implicit_return)]
pub fn patient(name: &str) -> Result<Cat, Error> {
    patient::entry(name).call()
}
///The cache of [`patient`](fn@patient): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
pub enum patient {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl patient {
    ///The entry of a call of `patient`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    pub fn entry(
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<
            Output = Result<Cat, Error>,
            CompanionValue = Cat,
        >,
    > {
        let _ = patient;
        ::cache_core::Entry::new(
            ::cache_core::__private::function(Self::__look_up)
                .bind_args::<
                    (::cache_core::__private::Lent<str>,),
                    _,
                >((name,), Self::__body)
                .timeouts(
                    ::cache_core::__private::Limits::NONE
                        .soft(::core::time::Duration::new(0u64, 200000000u32))
                        .hard(::core::time::Duration::new(2u64, 0u32)),
                    |__late| ::cache_core::__private::timed_out(__late),
                )
                .in_background(),
        )
    }
    ///The address of an entry of `patient`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    pub fn key(name: &str) -> ::cache_core::Key<Cat> {
        (&Self::entry(name)).id()
    }
    ///The cache behind `patient`, as a whole.
    #[must_use]
    #[inline]
    pub fn memo() -> ::cache_core::Memo<Cat> {
        let _ = patient;
        (&::cache_core::__private::function(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                    ::core::concat!(::core::module_path!(), "::", "patient"),
                    &["name"],
                )
                .ttl(::core::time::Duration::new(300u64, 0u32))
                .stale_if_error(::core::time::Duration::new(3600u64, 0u32)),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<'_, (&str,), Result<Cat, Error>, Cat>,
    ) -> ::cache_core::__private::Answer<Result<Cat, Error>, Cat> {
        __lookup
            .find_with(
                ::cache_core::__private::only(),
                Self::__slot(),
                (::cache_core::__private::Ref(::cache_core::__leaf!(str)),),
                ::cache_core::__returns!(Result < Cat, Error >, OfValue),
                |__hooks| __hooks.fallback_if(|error| error.is_transient()),
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl patient {
    #[doc(hidden)]
    #[allow(
        clippy::boxed_local,
        clippy::fn_params_excessive_bools,
        clippy::needless_pass_by_value,
        clippy::needless_pass_by_ref_mut,
        clippy::ptr_arg,
        clippy::too_many_arguments,
        clippy::trivially_copy_pass_by_ref,
        clippy::unnecessary_wraps,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn __body(name: &str) -> Result<Cat, Error> {
        load(name)
    }
}
#[allow(clippy::implicit_return)]
pub async fn first(name: String) -> Result<Cat, Error> {
    first::entry(name).call().await
}
///The cache of [`first`](fn@first): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
pub enum first {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl first {
    ///The entry of a call of `first`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    pub fn entry(
        name: String,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::AsyncCall<
            Output = Result<Cat, Error>,
            CompanionValue = Cat,
        > + ::core::marker::Send,
        ::cache_core::Async,
    > {
        let _ = first;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_of(Self::__look_up)
                .bind_async(
                    (name,),
                    (),
                    |(name,), ()| (
                        ::cache_core::__send!(Self::__body(name)),
                        ::cache_core::__private::NoHook,
                    ),
                )
                .background_call(
                    (),
                    |_, (name,), ()| (name,),
                    |_, __kept, __handle| async move {
                        let __kept = __kept;
                        let _ = Self::entry(__kept.0).lead(__handle).await;
                    },
                )
                .origin_first()
                .timeouts(
                    ::cache_core::__private::Limits::NONE
                        .soft(::core::time::Duration::new(2u64, 0u32)),
                    ::cache_core::__private::never_late,
                )
                .in_background()
                .by_clock(),
        )
    }
    ///The address of an entry of `first`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    pub fn key(name: String) -> ::cache_core::Key<Cat, ::cache_core::Async> {
        (&Self::entry(name)).id()
    }
    ///The cache behind `first`, as a whole.
    #[must_use]
    #[inline]
    pub fn memo() -> ::cache_core::Memo<Cat, ::cache_core::Async> {
        let _ = first;
        (&::cache_core::__private::function_of(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                    ::core::concat!(::core::module_path!(), "::", "first"),
                    &["name"],
                )
                .ttl(::core::time::Duration::new(300u64, 0u32)),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<'_, (String,), Result<Cat, Error>, Cat>,
    ) -> ::cache_core::__private::Answer<Result<Cat, Error>, Cat> {
        __lookup
            .find(
                ::cache_core::__private::only(),
                Self::__slot(),
                (::cache_core::__leaf!(String),),
                ::cache_core::__returns!(Result < Cat, Error >, OfValue),
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl first {
    #[doc(hidden)]
    #[allow(
        clippy::boxed_local,
        clippy::fn_params_excessive_bools,
        clippy::needless_pass_by_value,
        clippy::needless_pass_by_ref_mut,
        clippy::ptr_arg,
        clippy::too_many_arguments,
        clippy::trivially_copy_pass_by_ref,
        clippy::unnecessary_wraps,
        clippy::unused_async,
        clippy::unused_self
    )]
    async fn __body(name: String) -> Result<Cat, Error> {
        load(&name).await
    }
}
#[derive(CacheKey)]
#[cache_key(
    value = Cat,
    ttl = 300,
    stale_while_revalidate = "1m",
    stale_if_error = GRACE
)]
struct CatNode<'a> {
    name: &'a str,
}
const _: () = {
    #[allow(clippy::empty_enums, non_camel_case_types, unreachable_pub)]
    enum __EntriesOfCatNode {}
    impl ::cache_core::__private::Node for __EntriesOfCatNode {
        type Value = Cat;
        type View<'__v> = (&'__v str,);
        const IN_BACKGROUND: ::cache_core::__private::bool = true;
        const STALE_IF_ERROR: ::cache_core::__private::bool = true;
        fn slot() -> &'static ::cache_core::__private::Slot {
            ::cache_core::__edition!(dyn);
            static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
                ::cache_core::__private::Spec::new(
                        ::core::concat!(::core::module_path!(), "::", "CatNode"),
                        &["name"],
                    )
                    .ttl(::core::time::Duration::new(300u64, 0u32))
                    .stale_while_revalidate(::core::time::Duration::new(60u64, 0u32))
                    .stale_if_error(GRACE),
            );
            &__SLOT
        }
        fn shape() -> impl ::cache_core::__private::Fields<Self> {
            (::cache_core::__private::Ref(::cache_core::__leaf!(str)),)
        }
        fn returns() -> impl ::cache_core::__private::Returns<
            Output = Cat,
            Value = Cat,
            CompanionValue = Cat,
        > {
            ::cache_core::__returns!(Cat, OfReturn)
        }
        #[allow(unused_variables)]
        #[allow(
            clippy::needless_borrow,
            clippy::pattern_type_mismatch,
            clippy::shadow_reuse,
            clippy::shadow_same,
            clippy::shadow_unrelated,
            clippy::used_underscore_binding
        )]
        fn describe(
            __fields: Self::View<'_>,
            __value: ::core::option::Option<&Cat>,
            __metadata: &mut ::cache_core::__private::EntryMetadata,
        ) {
            #[allow(unused_variables)]
            let name = ::cache_core::__see!(__fields.0);
        }
    }
    impl ::cache_core::CacheKey for CatNode<'_> {
        type Value = Cat;
        type Node = __EntriesOfCatNode;
        fn __fields(
            &self,
        ) -> <__EntriesOfCatNode as ::cache_core::__private::Node>::View<'_> {
            (self.name,)
        }
    }
    impl ::core::convert::From<CatNode<'_>> for ::cache_core::Invalidation {
        fn from(__node: CatNode<'_>) -> Self {
            ::core::convert::From::from(::cache_core::CacheKey::id(&__node))
        }
    }
};
#[allow(clippy::implicit_return)]
fn by_node(name: &str) -> Result<Cat, Error> {
    by_node::entry(name).call()
}
///The cache of [`by_node`](fn@by_node): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
enum by_node {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl by_node {
    ///The entry of a call of `by_node`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[allow(elided_lifetimes_in_paths)]
    #[inline]
    fn entry(
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<
            Output = Result<Cat, Error>,
            CompanionValue = Cat,
        >,
    > {
        let _ = by_node;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once(Self::__look_up)
                .bind((name,), (), |(name,), ()| Self::__body(name))
                .background_call(
                    (::cache_core::__own!(Lent, str),),
                    |__own, (name,), ()| (__own.0.keep(name),),
                    |__own, __kept, __handle| {
                        Self::entry(__own.0.lend(&__kept.0)).lead(__handle)
                    },
                )
                .with_hooks_of_node(
                    ::cache_core::__private::Ty::<
                        <CatNode as ::cache_core::CacheKey>::Node,
                    >::NEW,
                )
                .timeouts(
                    ::cache_core::__private::Limits::NONE
                        .hard(::core::time::Duration::new(2u64, 0u32)),
                    |_| ::cache_core::__private::late(Error::Late),
                )
                .in_background(),
        )
    }
    ///The address of an entry of `by_node`, by the arguments that are part of its key.
    #[must_use]
    #[allow(elided_lifetimes_in_paths)]
    #[inline]
    fn key(name: &str) -> ::cache_core::Key<Cat> {
        (&Self::entry(name)).id()
    }
    ///The cache behind `by_node`, as a whole.
    #[must_use]
    #[allow(elided_lifetimes_in_paths)]
    #[inline]
    fn memo() -> ::cache_core::Memo<Cat> {
        let _ = by_node;
        (&::cache_core::__private::function_once(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    #[allow(elided_lifetimes_in_paths)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        <<CatNode as ::cache_core::CacheKey>::Node as ::cache_core::__private::Node>::slot()
    }
    #[doc(hidden)]
    #[allow(elided_lifetimes_in_paths)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<'_, (&str,), Result<Cat, Error>, Cat>,
    ) -> ::cache_core::__private::Answer<Result<Cat, Error>, Cat> {
        __lookup
            .find_node(
                ::cache_core::__private::Ty::<
                    <CatNode as ::cache_core::CacheKey>::Node,
                >::NEW,
                <<CatNode as ::cache_core::CacheKey>::Node as ::cache_core::__private::Node>::shape(),
                ::cache_core::__returns!(Result < Cat, Error >, OfValue),
                |__keyed, __cx| {
                    #[allow(unused_variables)]
                    let name = ::cache_core::__see!(__keyed.0);
                    ::cache_core::__private::find_node(
                        __cx,
                        ::cache_core::__private::Ty::<
                            <CatNode as ::cache_core::CacheKey>::Node,
                        >::NEW,
                        &<CatNode as ::cache_core::CacheKey>::__fields(&CatNode { name }),
                    )
                },
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl by_node {
    #[doc(hidden)]
    #[allow(
        clippy::boxed_local,
        clippy::fn_params_excessive_bools,
        clippy::needless_pass_by_value,
        clippy::needless_pass_by_ref_mut,
        clippy::ptr_arg,
        clippy::too_many_arguments,
        clippy::trivially_copy_pass_by_ref,
        clippy::unnecessary_wraps,
        clippy::unused_async,
        clippy::unused_self
    )]
    fn __body(#[allow(unused_variables)] name: &str) -> Result<Cat, Error> {
        load(name)
    }
}
