//! Tags of arguments, of the value, and of both; typed ones, and one that derives it.
#[allow(clippy::implicit_return)]
async fn find(cat: &Cat, tenant: Tenant) -> Option<Found> {
    find::entry(cat, tenant).call().await
}
///The cache of [`find`](fn@find): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
enum find {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl find {
    ///The entry of a call of `find`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    fn entry(
        cat: &Cat,
        tenant: Tenant,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::AsyncCall<
            Output = Option<Found>,
            CompanionValue = Option<Found>,
        > + ::core::marker::Send,
        ::cache_core::Async,
    > {
        #[allow(unused_imports)]
        use ::cache_core::__private::UnsentCalls as _;
        let _ = find;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_of(Self::__look_up)
                .bind_async(
                    (cat,),
                    (tenant,),
                    |(cat,), (tenant,)| {
                        let __made = ::cache_core::__private::TagList::before(|__tags| {
                            #[allow(unused_variables)]
                            let tenant = ::cache_core::__see!(tenant);
                            __tags
                                .text(|| ::core::option::Option::Some(
                                    ::std::format!("cat:{}", ::cache_core::__reach!(cat, id)),
                                ));
                            __tags.add(&Tenant(&tenant));
                            __tags
                                .keep_piece(|| ::core::option::Option::Some(
                                    ::std::format!("{}", ::cache_core::__reach!(tenant, name)),
                                ));
                        });
                        (
                            ::cache_core::__send!(
                                (::cache_core::__sent!(tenant),), Self::__body(cat, tenant)
                            ),
                            ::cache_core::__private::described(
                                ::cache_core::__returns!(Option < Found >, OfReturn),
                                move |
                                    __value: ::core::option::Option<&_>,
                                    __metadata: &mut ::cache_core::__private::EntryMetadata|
                                {
                                    __metadata.tags_before(&__made);
                                    match __value {
                                        ::core::option::Option::Some(__value) => {
                                            __metadata
                                                .tags(|__tags| {
                                                    __tags
                                                        .text(|| ::core::option::Option::Some(
                                                            ::std::format!(
                                                                "{}/owner:{:>4}", ::cache_core::__private::TagList::piece(&
                                                                __made, 0usize) ?, ::cache_core::__reach!(__value, owner,
                                                                id)
                                                            ),
                                                        ));
                                                    #[allow(unused_variables)]
                                                    let value = __value;
                                                    __tags.add(&Owner(value.owner_id));
                                                    #[allow(unused_variables)]
                                                    let value = __value;
                                                    __tags
                                                        .spread(
                                                            value
                                                                .friends
                                                                .iter()
                                                                .map(|friend| CatTag::Friend {
                                                                    of: cat.id,
                                                                    friend,
                                                                }),
                                                        );
                                                });
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
                    {
                        enum __Why1 {}
                        impl ::cache_core::__private::Why for __Why1 {
                            const TEXT: &'static ::cache_core::__private::str = "argument `tenant` cannot be taken to the background: its type must be `Send + 'static`";
                        }
                        (
                            ::cache_core::__own!(
                                Lent, Cat, ::cache_core::__private::NoHook
                            ),
                            ::cache_core::__own!(Given, Tenant, __Why1),
                        )
                    },
                    |__own, (cat,), (tenant,)| (__own.0.keep(cat), __own.1.keep(tenant)),
                    |__own, __kept, __handle| async move {
                        let __kept = __kept;
                        let _ = Self::entry(
                                __own.0.lend(&__kept.0),
                                __own.1.give(__kept.1),
                            )
                            .lead(__handle)
                            .await;
                    },
                )
                .by_caller(),
        )
    }
    ///The address of an entry of `find`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    fn key(cat: &Cat) -> ::cache_core::Key<Option<Found>, ::cache_core::Async> {
        let _ = find;
        (&::cache_core::__private::function_of(Self::__look_up)).key(&(cat,))
    }
    ///The cache behind `find`, as a whole.
    #[must_use]
    #[inline]
    fn memo() -> ::cache_core::Memo<Option<Found>, ::cache_core::Async> {
        let _ = find;
        (&::cache_core::__private::function_of(Self::__look_up)).memo()
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                    ::core::concat!(::core::module_path!(), "::", "find"),
                    &["cat"],
                )
                .tags(&["cats"]),
        );
        &__SLOT
    }
    #[doc(hidden)]
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn __look_up(
        __lookup: ::cache_core::__private::Lookup<
            '_,
            (&Cat,),
            Option<Found>,
            Option<Found>,
        >,
    ) -> ::cache_core::__private::Answer<Option<Found>, Option<Found>> {
        __lookup
            .find(
                ::cache_core::__private::only(),
                Self::__slot(),
                (::cache_core::__private::Ref(::cache_core::__leaf!(Cat)),),
                ::cache_core::__returns!(Option < Found >, OfReturn),
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl find {
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
    async fn __body(
        #[allow(unused_variables)]
        cat: &Cat,
        #[allow(unused_variables)]
        tenant: Tenant,
    ) -> Option<Found> {
        cat.find(tenant).await
    }
}
struct Owner(u64);
#[automatically_derived]
impl ::cache_core::Tag for Owner {
    fn name(&self) -> ::cache_core::TagName {
        ::cache_core::__edition!(dyn);
        match *self {
            Self { 0: ref __field0 } => {
                ::cache_core::__private::typed_tag(
                    ::core::concat!(::core::module_path!(), "::", "Owner"),
                    &[::cache_core::__private::TagField::shown(__field0)],
                )
            }
        }
    }
}
enum CatTag<'a> {
    All,
    Friend { of: u64, friend: &'a Friend },
}
#[automatically_derived]
impl ::cache_core::Tag for CatTag<'_> {
    fn name(&self) -> ::cache_core::TagName {
        ::cache_core::__edition!(dyn);
        match *self {
            Self::All {} => {
                ::cache_core::__private::typed_tag(
                    ::core::concat!(::core::module_path!(), "::", "CatTag::All"),
                    &[],
                )
            }
            Self::Friend { of: ref __field0, friend: ref __field1 } => {
                ::cache_core::__private::typed_tag(
                    ::core::concat!(::core::module_path!(), "::", "CatTag::Friend"),
                    &[
                        ::cache_core::__private::TagField::shown(__field0),
                        ::cache_core::__private::TagField::shown(__field1),
                    ],
                )
            }
        }
    }
}
