//! Values in a store: what the attribute says of it stands where the memo is made.
#[allow(clippy::implicit_return)]
fn session(token: &str, user: u64) -> Session {
    session::entry(token, user).call()
}
///The cache of [`session`](fn@session): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
enum session {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl session {
    ///The entry of a call of `session`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    fn entry(
        token: &str,
        user: u64,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<Output = Session, CompanionValue = Session>,
    > {
        let _ = session;
        ::cache_core::Entry::new(
            ::cache_core::__private::function(Self::__look_up)
                .bind_args::<
                    (
                        ::cache_core::__private::Lent<str>,
                        ::cache_core::__private::Given<u64>,
                    ),
                    _,
                >((token, user), Self::__body),
        )
    }
    ///The address of an entry of `session`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    fn key(token: &str, user: u64) -> ::cache_core::Key<Session> {
        (&Self::entry(token, user)).id()
    }
    ///The cache behind `session`, as a whole.
    #[must_use]
    #[inline]
    fn memo() -> ::cache_core::Memo<Session> {
        let _ = session;
        (&::cache_core::__private::function(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                    ::core::concat!(::core::module_path!(), "::", "session"),
                    &["token", "user"],
                )
                .ttl(::core::time::Duration::new(300u64, 0u32)),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<'_, (&str, u64), Session, Session>,
    ) -> ::cache_core::__private::Answer<Session, Session> {
        __lookup
            .find_with(
                ::cache_core::__private::only(),
                Self::__slot(),
                (
                    ::cache_core::__secret_part!(
                        ::cache_core::__private::Ref(::cache_core::__leaf!(str))
                    ),
                    ::cache_core::__leaf!(u64),
                ),
                ::cache_core::__returns!(Session, OfReturn),
                |__hooks| {
                    ::cache_core::__in_store!(
                        (__hooks) "shared".local_ttl(::core::time::Duration::new(2u64,
                        0u32)).version(2u64)
                    )
                },
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl session {
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
    fn __body(#[allow(unused_variables)] token: &str, user: u64) -> Session {
        load(token, user)
    }
}
