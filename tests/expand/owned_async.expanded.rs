//! An asynchronous function that owns all it needs: its flight does.
#[allow(clippy::implicit_return)]
async fn lives(id: u64) -> Result<u32, LoadError> {
    lives::entry(id).call().await
}
///The cache of [`lives`](fn@lives): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
enum lives {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl lives {
    ///The entry of a call of `lives`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    fn entry(
        id: u64,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::AsyncCall<
            Output = Result<u32, LoadError>,
            CompanionValue = u32,
        > + ::core::marker::Send,
        ::cache_core::Async,
    > {
        let _ = lives;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_of(Self::__look_up)
                .bind_async_owned(
                    (id,),
                    (),
                    |(id,), ()| (
                        ::cache_core::__send!(Self::__body(id)),
                        ::cache_core::__private::NoHook,
                    ),
                )
                .by_owner::<Result<u32, LoadError>>(),
        )
    }
    ///The address of an entry of `lives`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    fn key(id: u64) -> ::cache_core::Key<u32, ::cache_core::Async> {
        (&Self::entry(id)).id()
    }
    ///The cache behind `lives`, as a whole.
    #[must_use]
    #[inline]
    fn memo() -> ::cache_core::Memo<u32, ::cache_core::Async> {
        let _ = lives;
        (&::cache_core::__private::function_of(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                ::core::concat!(::core::module_path!(), "::", "lives"),
                &["id"],
            ),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<
            '_,
            (u64,),
            Result<u32, LoadError>,
            u32,
        >,
    ) -> ::cache_core::__private::Answer<Result<u32, LoadError>, u32> {
        __lookup
            .find(
                ::cache_core::__private::only(),
                Self::__slot(),
                (::cache_core::__leaf!(u64),),
                ::cache_core::__returns!(Result < u32, LoadError >, OfValue),
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl lives {
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
    async fn __body(id: u64) -> Result<u32, LoadError> {
        load(id).await
    }
}
