//! A method whose entries are in the instance.
impl Home {
    #[allow(clippy::implicit_return)]
    fn cat(&self, name: &str) -> Cat {
        Self::cat_entry(self, name).call()
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __cat_slot__in_the_impl_of_a_trait_write_memoize_on_the_impl_too() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new("::cat", &["name"]),
        );
        &__SLOT
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
    fn __cat_body(&self, name: &str) -> Cat {
        self.load(name)
    }
    ///The entry of a call of `cat`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[deny(dead_code)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    #[inline]
    fn cat_entry(
        &self,
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<Output = Cat, CompanionValue = Cat>,
    > {
        let _ = Self::cat;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once({
                    let __memo = &(self.cats);
                    move |
                        __lookup: ::cache_core::__private::Lookup<'_, (&str,), Cat, Cat>|
                    {
                        __lookup
                            .find_in(
                                __memo,
                                ::cache_core::__private::id_of_method::<Self, fn()>(),
                                Self::__cat_slot__in_the_impl_of_a_trait_write_memoize_on_the_impl_too(),
                                ::cache_core::__returns!(Cat, OfReturn),
                                ::cache_core::__private::no_hooks,
                                |__keyed, __cx| {
                                    __cx
                                        .find(
                                            (::cache_core::__private::Ref(::cache_core::__leaf!(str)),),
                                            __keyed,
                                        )
                                },
                            )
                    }
                })
                .bind(
                    (name,),
                    (self,),
                    |(name,), (__this,)| Self::__cat_body(__this, name),
                )
                .no_background_call(
                    ::cache_core::__why!(
                        "its type may borrow, so a method of it cannot be computed in the background: with `#[memoize]` on the `impl` as well it is known whether it does"
                    ),
                ),
        )
    }
    ///The address of an entry of `cat`, by the arguments that are part of its key.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[deny(dead_code)]
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
    fn cat_key(&self, name: &str) -> ::cache_core::Key<Cat> {
        let _ = Self::cat;
        (&::cache_core::__private::function_once({
            let __memo = &(self.cats);
            move |__lookup: ::cache_core::__private::Lookup<'_, (&str,), Cat, Cat>| {
                __lookup
                    .find_in(
                        __memo,
                        ::cache_core::__private::id_of_method::<Self, fn()>(),
                        Self::__cat_slot__in_the_impl_of_a_trait_write_memoize_on_the_impl_too(),
                        ::cache_core::__returns!(Cat, OfReturn),
                        ::cache_core::__private::no_hooks,
                        |__keyed, __cx| {
                            __cx
                                .find(
                                    (::cache_core::__private::Ref(::cache_core::__leaf!(str)),),
                                    __keyed,
                                )
                        },
                    )
            }
        }))
            .key(&(name,))
    }
    ///The cache behind `cat`, as a whole.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[deny(dead_code)]
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
    fn cat_memo(&self) -> ::cache_core::Memo<Cat> {
        let _ = Self::cat;
        ::cache_core::Memo::with_mode(&(self.cats))
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    #[inline]
    fn __cat_key(&self, name: &str) -> ::cache_core::Key<Cat> {
        Self::cat_key(self, name)
    }
}
