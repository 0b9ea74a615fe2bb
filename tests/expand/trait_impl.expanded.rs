//! The implementation of a trait: companions are in a trait of their own.
impl Cats for Db {
    type Cat = String;
    #[allow(clippy::implicit_return)]
    fn cat(&self, name: &str) -> Self::Cat {
        <Self as DbCatsMemo>::cat_entry(self, name).call()
    }
    fn count(&self) -> usize {
        9
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
trait DbCatsMemo: Cats {
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __cat_slot() -> &'static ::cache_core::__private::Slot;
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
    fn __cat_look_up(
        __lookup: ::cache_core::__private::Lookup<
            '_,
            (&Self, &str),
            Self::Cat,
            Self::Cat,
        >,
    ) -> ::cache_core::__private::Answer<Self::Cat, Self::Cat>;
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
    fn __cat_body(&self, name: &str) -> Self::Cat;
    ///The entry of a call of `cat`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[allow(non_snake_case, single_use_lifetimes)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    fn cat_entry(
        &self,
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<
            Output = Self::Cat,
            CompanionValue = Self::Cat,
        >,
    >;
    ///The address of an entry of `cat`, by the arguments that are part of its key.
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
    fn cat_key(&self, name: &str) -> ::cache_core::Key<Self::Cat>;
    ///The cache behind `cat`, as a whole.
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
    fn cat_memo() -> ::cache_core::Memo<Self::Cat>;
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    fn __cat_key(&self, name: &str) -> ::cache_core::Key<Self::Cat>;
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __cat_lead(&self, name: &str, __handle: ::cache_core::__private::FlightHandle);
}
#[allow(
    non_camel_case_types,
    private_interfaces,
    private_bounds,
    drop_bounds,
    async_fn_in_trait,
    clippy::used_underscore_items
)]
impl DbCatsMemo for Db {
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __cat_slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(" as Cats>::cat", &["self.id", "name"]),
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
    fn __cat_look_up(
        __lookup: ::cache_core::__private::Lookup<
            '_,
            (&Self, &str),
            Self::Cat,
            Self::Cat,
        >,
    ) -> ::cache_core::__private::Answer<Self::Cat, Self::Cat> {
        __lookup
            .find_by(
                ::cache_core::__private::id_of_method::<Self, fn()>(),
                <Self as DbCatsMemo>::__cat_slot(),
                ::cache_core::__returns!(Self::Cat, OfReturn),
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
    fn __cat_body(&self, name: &str) -> Self::Cat {
        #[allow(unused_imports)]
        use Cats as _;
        { format!("{name} of {}", self.id) }
    }
    ///The entry of a call of `cat`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
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
    fn cat_entry(
        &self,
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<
            Output = Self::Cat,
            CompanionValue = Self::Cat,
        >,
    > {
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once(<Self as DbCatsMemo>::__cat_look_up)
                .bind(
                    (self, name),
                    (),
                    |(__this, name), ()| <Self as DbCatsMemo>::__cat_body(__this, name),
                )
                .background_call(
                    {
                        enum __Why0 {}
                        impl ::cache_core::__private::Why for __Why0 {
                            const TEXT: &'static ::cache_core::__private::str = "argument `self` cannot be taken to the background: derive `Clone` for its type, which must be `Send + 'static`, or take `self: Arc<Self>`";
                        }
                        (
                            ::cache_core::__own!(Lent, Self, __Why0),
                            ::cache_core::__own!(
                                Lent, str, ::cache_core::__private::NoHook
                            ),
                        )
                    },
                    |__own, (__this, name), ()| (
                        __own.0.keep(__this),
                        __own.1.keep(name),
                    ),
                    |__own, __kept, __handle| <Self as DbCatsMemo>::__cat_lead(
                        __own.0.lend(&__kept.0),
                        __own.1.lend(&__kept.1),
                        __handle,
                    ),
                ),
        )
    }
    ///The address of an entry of `cat`, by the arguments that are part of its key.
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
    fn cat_key(&self, name: &str) -> ::cache_core::Key<Self::Cat> {
        (&<Self as DbCatsMemo>::cat_entry(self, name)).id()
    }
    ///The cache behind `cat`, as a whole.
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
    fn cat_memo() -> ::cache_core::Memo<Self::Cat> {
        (&::cache_core::__private::function_once(<Self as DbCatsMemo>::__cat_look_up))
            .memo()
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    #[must_use]
    #[inline]
    fn __cat_key(&self, name: &str) -> ::cache_core::Key<Self::Cat> {
        <Self as DbCatsMemo>::cat_key(self, name)
    }
    #[doc(hidden)]
    #[allow(non_snake_case, single_use_lifetimes)]
    fn __cat_lead(&self, name: &str, __handle: ::cache_core::__private::FlightHandle) {
        <Self as DbCatsMemo>::cat_entry(self, name).lead(__handle)
    }
}
