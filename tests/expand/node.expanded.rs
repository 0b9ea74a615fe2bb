//! A node, and a function that uses it.
#[derive(CacheKey)]
#[cache_key(
    value = Cat,
    ttl = 300,
    tags = ["cats",
    "cat:{name}",
    "owner:{value.owner_id}"],
    on_miss = |key|println!("miss {key}"),
)]
pub struct CatNode<'a> {
    name: &'a str,
    lang: Option<&'a str>,
    year: u32,
}
const _: () = {
    #[allow(clippy::empty_enums, non_camel_case_types, unreachable_pub)]
    pub enum __EntriesOfCatNode {}
    impl ::cache_core::__private::Node for __EntriesOfCatNode {
        type Value = Cat;
        type View<'__v> = (&'__v str, ::core::option::Option<&'__v str>, &'__v u32);
        const ON_MISS: ::cache_core::__private::OnMiss = ::core::option::Option::Some(|
            key|
        println!("miss {key}"));
        fn slot() -> &'static ::cache_core::__private::Slot {
            ::cache_core::__edition!(dyn);
            static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
                ::cache_core::__private::Spec::new(
                        ::core::concat!(::core::module_path!(), "::", "CatNode"),
                        &["name", "lang", "year"],
                    )
                    .ttl(::core::time::Duration::new(300u64, 0u32))
                    .tags(&["cats"]),
            );
            &__SLOT
        }
        fn shape() -> impl ::cache_core::__private::Fields<Self> {
            (
                ::cache_core::__private::Ref(::cache_core::__leaf!(str)),
                ::cache_core::__private::Opt(
                    ::cache_core::__private::Ref(::cache_core::__leaf!(str)),
                ),
                ::cache_core::__private::Ref(::cache_core::__leaf!(u32)),
            )
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
            #[allow(unused_variables)]
            let lang = ::cache_core::__see!(__fields.1);
            #[allow(unused_variables)]
            let year = ::cache_core::__see!(* __fields.2);
            let __made = ::cache_core::__private::TagList::before(|__tags| {
                __tags
                    .text(|| ::core::option::Option::Some(
                        ::std::format!("cat:{}", ::cache_core::__reach!(name)),
                    ));
            });
            ::cache_core::__private::describe(
                __value,
                __metadata,
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
                                                "owner:{}", ::cache_core::__reach!(__value, owner_id)
                                            ),
                                        ));
                                });
                            let _ = __value;
                        }
                        ::core::option::Option::None => {}
                    }
                },
            );
        }
    }
    impl ::cache_core::CacheKey for CatNode<'_> {
        type Value = Cat;
        type Node = __EntriesOfCatNode;
        fn __fields(
            &self,
        ) -> <__EntriesOfCatNode as ::cache_core::__private::Node>::View<'_> {
            (self.name, self.lang, &self.year)
        }
    }
    impl ::core::convert::From<CatNode<'_>> for ::cache_core::Invalidation {
        fn from(__node: CatNode<'_>) -> Self {
            ::core::convert::From::from(::cache_core::CacheKey::id(&__node))
        }
    }
};
#[allow(clippy::implicit_return)]
async fn cat_of_row(pool: &Pool, row: &Row) -> Result<Cat, DbError> {
    cat_of_row::entry(pool, row).call().await
}
///The cache of [`cat_of_row`](fn@cat_of_row): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
enum cat_of_row {}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl cat_of_row {
    ///The entry of a call of `cat_of_row`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[allow(elided_lifetimes_in_paths)]
    #[inline]
    fn entry(
        pool: &Pool,
        row: &Row,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::AsyncCall<
            Output = Result<Cat, DbError>,
            CompanionValue = Cat,
        > + ::core::marker::Send,
        ::cache_core::Async,
    > {
        #[allow(unused_imports)]
        use ::cache_core::__private::UnsentCalls as _;
        let _ = cat_of_row;
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once(Self::__look_up)
                .bind_async(
                    (row,),
                    (pool,),
                    |(row,), (pool,)| (
                        ::cache_core::__send!(
                            (::cache_core::__sent!(pool), ::cache_core::__sent!(row),),
                            Self::__body(pool, row)
                        ),
                        ::cache_core::__private::NoHook,
                    ),
                )
                .background_call(
                    {
                        enum __Why0 {}
                        impl ::cache_core::__private::Why for __Why0 {
                            const TEXT: &'static ::cache_core::__private::str = "argument `pool` cannot be taken to the background: take it by value or as an `Arc`, or let its type be `Clone + Send + 'static`";
                        }
                        enum __Why1 {}
                        impl ::cache_core::__private::Why for __Why1 {
                            const TEXT: &'static ::cache_core::__private::str = "argument `row` cannot be taken to the background: take it by value or as an `Arc`, or let its type be `Clone + Send + 'static`";
                        }
                        (
                            ::cache_core::__own!(Lent, Pool, __Why0),
                            ::cache_core::__own!(Lent, Row, __Why1),
                        )
                    },
                    |__own, (row,), (pool,)| (__own.0.keep(pool), __own.1.keep(row)),
                    |__own, __kept, __handle| async move {
                        let __kept = __kept;
                        let _ = Self::entry(
                                __own.0.lend(&__kept.0),
                                __own.1.lend(&__kept.1),
                            )
                            .lead(__handle)
                            .await;
                    },
                )
                .with_hooks_of_node(
                    ::cache_core::__private::Ty::<
                        <CatNode as ::cache_core::CacheKey>::Node,
                    >::NEW,
                )
                .by_caller(),
        )
    }
    ///The address of an entry of `cat_of_row`, by the arguments that are part of its key.
    #[must_use]
    #[allow(elided_lifetimes_in_paths)]
    #[inline]
    fn key(row: &Row) -> ::cache_core::Key<Cat, ::cache_core::Async> {
        let _ = cat_of_row;
        (&::cache_core::__private::function_once(Self::__look_up)).key(&(row,))
    }
    ///The cache behind `cat_of_row`, as a whole.
    #[must_use]
    #[allow(elided_lifetimes_in_paths)]
    #[inline]
    fn memo() -> ::cache_core::Memo<Cat, ::cache_core::Async> {
        let _ = cat_of_row;
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
        __lookup: ::cache_core::__private::Lookup<'_, (&Row,), Result<Cat, DbError>, Cat>,
    ) -> ::cache_core::__private::Answer<Result<Cat, DbError>, Cat> {
        __lookup
            .find_node(
                ::cache_core::__private::Ty::<
                    <CatNode as ::cache_core::CacheKey>::Node,
                >::NEW,
                <<CatNode as ::cache_core::CacheKey>::Node as ::cache_core::__private::Node>::shape(),
                ::cache_core::__returns!(Result < Cat, DbError >, OfValue),
                |__keyed, __cx| {
                    #[allow(unused_variables)]
                    let row = ::cache_core::__see!(__keyed.0);
                    ::cache_core::__private::find_node(
                        __cx,
                        ::cache_core::__private::Ty::<
                            <CatNode as ::cache_core::CacheKey>::Node,
                        >::NEW,
                        &<CatNode as ::cache_core::CacheKey>::__fields(
                            &CatNode {
                                name: &row.name,
                                lang: None,
                                year: row.year,
                            },
                        ),
                    )
                },
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl cat_of_row {
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
        pool: &Pool,
        #[allow(unused_variables)]
        row: &Row,
    ) -> Result<Cat, DbError> {
        pool.load(row).await
    }
}
