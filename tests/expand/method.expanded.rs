//! A method: its companions stand beside it.
impl Db {
    #[allow(clippy::implicit_return)]
    pub fn cat(&self, name: &str) -> Cat {
        Self::cat_entry(self, name).call()
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __cat_slot__in_the_impl_of_a_trait_write_memoize_on_the_impl_too() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new("::cat", &["self.id", "name"]),
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
    fn __cat_look_up__in_the_impl_of_a_trait_write_memoize_on_the_impl_too(
        __lookup: ::cache_core::__private::Lookup<'_, (&Self, &str), Cat, Cat>,
    ) -> ::cache_core::__private::Answer<Cat, Cat> {
        __lookup
            .find_by(
                ::cache_core::__private::id_of_method::<Self, fn()>(),
                Self::__cat_slot__in_the_impl_of_a_trait_write_memoize_on_the_impl_too(),
                ::cache_core::__returns!(Cat, OfReturn),
                ::cache_core::__private::no_hooks,
                |__keyed, __cx| {
                    #[allow(unused_variables)]
                    let __this = ::cache_core::__see!(__keyed.0);
                    #[allow(unused_variables)]
                    let name = ::cache_core::__see!(__keyed.1);
                    match (&(__this.id), &__keyed.1) {
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
    pub fn cat_entry(
        &self,
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<Output = Cat, CompanionValue = Cat>,
    > {
        let _ = Self::cat;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once(
                    Self::__cat_look_up__in_the_impl_of_a_trait_write_memoize_on_the_impl_too,
                )
                .bind(
                    (self, name),
                    (),
                    |(__this, name), ()| Self::__cat_body(__this, name),
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
    pub fn cat_key(&self, name: &str) -> ::cache_core::Key<Cat> {
        (&Self::cat_entry(self, name)).id()
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
    pub fn cat_memo() -> ::cache_core::Memo<Cat> {
        let _ = Self::cat;
        (&::cache_core::__private::function_once(
            Self::__cat_look_up__in_the_impl_of_a_trait_write_memoize_on_the_impl_too,
        ))
            .memo()
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    #[inline]
    pub fn __cat_key(&self, name: &str) -> ::cache_core::Key<Cat> {
        Self::cat_key(self, name)
    }
    fn load(&self, name: &str) -> Cat {
        self.pool.load(name)
    }
}
