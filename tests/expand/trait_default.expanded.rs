//! Default methods of a trait, for all that implement it.
pub trait Cats: Sync {
    fn id(&self) -> u32;
    #[allow(clippy::implicit_return)]
    async fn lives(&self, name: &str) -> u32 {
        <Self as CatsMemo>::lives_entry(self, name).call().await
    }
}
///The caches of methods of [`Cats`]: entries by arguments, keys, and memos.
#[allow(
    non_camel_case_types,
    private_interfaces,
    private_bounds,
    drop_bounds,
    async_fn_in_trait,
    clippy::used_underscore_items
)]
pub trait CatsMemo: Cats {
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __lives_slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                " as Cats>::lives",
                &["self.id()", "name"],
            ),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __lives_look_up(
        __lookup: ::cache_core::__private::Lookup<'_, (&Self, &str), u32, u32>,
    ) -> ::cache_core::__private::Answer<u32, u32> {
        __lookup
            .find_by(
                ::cache_core::__private::id_of_method::<Self, fn()>(),
                <Self as CatsMemo>::__lives_slot(),
                ::cache_core::__returns!(u32, OfReturn),
                ::cache_core::__private::no_hooks,
                |__keyed, __cx| {
                    #[allow(unused_variables)]
                    let __this = ::cache_core::__see!(__keyed.0);
                    #[allow(unused_variables)]
                    let name = ::cache_core::__see!(__keyed.1);
                    match (&(__this.id()), &__keyed.1) {
                        (__part0, __part1) => {
                            __cx.find(
                                (
                                    ::cache_core::__private::Ref(
                                        ::cache_core::__shape_of!(__part0),
                                    ),
                                    ::cache_core::__private::Ref(
                                        ::cache_core::__private::Ref(::cache_core::__leaf!(str)),
                                    ),
                                ),
                                &(__part0, __part1),
                            )
                        }
                    }
                },
            )
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
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
    fn __lives_body(
        &self,
        name: &str,
    ) -> impl ::core::future::Future<Output = u32> + ::core::marker::Send {
        async move {
            let _ = &self;
            let _ = &name;
            { load(self.id(), name).await }
        }
    }
    ///The entry of a call of `lives`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    #[inline]
    fn lives_entry(
        &self,
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::AsyncCall<
            Output = u32,
            CompanionValue = u32,
        > + ::core::marker::Send,
        ::cache_core::Async,
    > {
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once(<Self as CatsMemo>::__lives_look_up)
                .bind_async(
                    (self, name),
                    (),
                    |(__this, name), ()| (
                        ::cache_core::__send!(
                            < Self as CatsMemo > ::__lives_body(__this, name)
                        ),
                        ::cache_core::__private::NoHook,
                    ),
                )
                .no_background_call(
                    ::cache_core::__why!(
                        "its type may borrow, so a method of it cannot be computed in the background: with `#[memoize]` on the `impl` as well it is known whether it does"
                    ),
                )
                .by_caller(),
        )
    }
    ///The address of an entry of `lives`, by the arguments that are part of its key.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    #[inline]
    fn lives_key(&self, name: &str) -> ::cache_core::Key<u32, ::cache_core::Async> {
        (&<Self as CatsMemo>::lives_entry(self, name)).id()
    }
    ///The cache behind `lives`, as a whole.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    #[inline]
    fn lives_memo() -> ::cache_core::Memo<u32, ::cache_core::Async> {
        (&::cache_core::__private::function_once(<Self as CatsMemo>::__lives_look_up))
            .memo()
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    #[inline]
    fn __lives_key(&self, name: &str) -> ::cache_core::Key<u32, ::cache_core::Async> {
        <Self as CatsMemo>::lives_key(self, name)
    }
}
impl<__Self: Cats + ?Sized> CatsMemo for __Self {}
