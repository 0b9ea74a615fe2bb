//! A future that does not borrow: the call is looked up when it is made.
#[allow(clippy::implicit_return)]
fn get_cat(name: &str) -> Pin<Box<dyn Future<Output = Cat> + Send>> {
    get_cat::__detached(name)
}
///The cache of [`get_cat`](fn@get_cat): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
enum get_cat {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl get_cat {
    ///The entry of a call of `get_cat`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    fn entry(
        name: &str,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::AsyncCall<
            Output = Cat,
            CompanionValue = Cat,
        > + ::core::marker::Send,
        ::cache_core::Async,
    > {
        let _ = get_cat;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_of(Self::__look_up)
                .bind_async(
                    (name,),
                    (),
                    |(name,), ()| (
                        ::cache_core::__send!(Self::__body(name)),
                        ::cache_core::__private::described(
                            ::cache_core::__returns!(Cat, OfReturn),
                            move |
                                __value: ::core::option::Option<&_>,
                                __metadata: &mut ::cache_core::__private::EntryMetadata|
                            {
                                match __value {
                                    ::core::option::Option::Some(__value) => {
                                        __metadata
                                            .ttl(
                                                ::cache_core::__private::IntoTtl::into_ttl(
                                                    ::cache_core::__private::ask(
                                                        |value| value.ttl(name),
                                                        __value,
                                                    ),
                                                ),
                                            );
                                        let _ = __value;
                                    }
                                    ::core::option::Option::None => {}
                                }
                            },
                        ),
                    ),
                )
                .background_call(
                    (),
                    |_, (name,), ()| (::std::borrow::ToOwned::to_owned(name),),
                    |_, __kept, __handle| async move {
                        let __kept = __kept;
                        let _ = Self::entry(
                                <<str as ::std::borrow::ToOwned>::Owned as ::std::borrow::Borrow<
                                    str,
                                >>::borrow(&__kept.0),
                            )
                            .lead(__handle)
                            .await;
                    },
                )
                .by_caller(),
        )
    }
    ///The address of an entry of `get_cat`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    fn key(name: &str) -> ::cache_core::Key<Cat, ::cache_core::Async> {
        (&Self::entry(name)).id()
    }
    ///The cache behind `get_cat`, as a whole.
    #[must_use]
    #[inline]
    fn memo() -> ::cache_core::Memo<Cat, ::cache_core::Async> {
        let _ = get_cat;
        (&::cache_core::__private::function_of(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                ::core::concat!(::core::module_path!(), "::", "get_cat"),
                &["name"],
            ),
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
    #[doc(hidden)]
    fn __detached(name: &str) -> Pin<Box<dyn Future<Output = Cat> + Send>> {
        ::std::boxed::Box::pin({
            ::cache_core::__private::function_of(Self::__look_up)
                .bind_async(
                    (name,),
                    (),
                    |(name,), ()| {
                        let __copy_of_name = ::std::borrow::ToOwned::to_owned(name);
                        (
                            ::cache_core::__send!(Self::__body(name)),
                            ::cache_core::__private::described(
                                ::cache_core::__returns!(Cat, OfReturn),
                                move |
                                    __value: ::core::option::Option<&_>,
                                    __metadata: &mut ::cache_core::__private::EntryMetadata|
                                {
                                    #[allow(unused_variables)]
                                    let name = <<str as ::std::borrow::ToOwned>::Owned as ::std::borrow::Borrow<
                                        str,
                                    >>::borrow(&__copy_of_name);
                                    match __value {
                                        ::core::option::Option::Some(__value) => {
                                            __metadata
                                                .ttl(
                                                    ::cache_core::__private::IntoTtl::into_ttl(
                                                        ::cache_core::__private::ask(
                                                            |value| value.ttl(name),
                                                            __value,
                                                        ),
                                                    ),
                                                );
                                            let _ = __value;
                                        }
                                        ::core::option::Option::None => {}
                                    }
                                },
                            ),
                        )
                    },
                )
                .background_call(
                    (),
                    |_, (name,), ()| (::std::borrow::ToOwned::to_owned(name),),
                    |_, __kept, __handle| async move {
                        let __kept = __kept;
                        let _ = Self::entry(
                                <<str as ::std::borrow::ToOwned>::Owned as ::std::borrow::Borrow<
                                    str,
                                >>::borrow(&__kept.0),
                            )
                            .lead(__handle)
                            .await;
                    },
                )
                .detached(::cache_core::__private::go_on)
        })
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl get_cat {
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
    fn __body(
        #[allow(unused_variables)]
        name: &str,
    ) -> Pin<Box<dyn Future<Output = Cat> + Send>> {
        let name = name.to_owned();
        Box::pin(async move { load(&name).await })
    }
}
