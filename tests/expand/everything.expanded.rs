//! Generics, patterns, a `Result`, tags from the value, a key of its own, and hooks.
#[allow(clippy::implicit_return)]
pub(crate) fn describe<'a, T, P: Pool>(
    cat: &Cat,
    lang: String,
    arg2: (u32, u32),
    pool: &'a P,
) -> Result<T, Error>
where
    T: Clone + Describe + Send + Sync + 'static,
{
    describe::<T>::entry(cat, lang, arg2, pool).call()
}
///The cache of [`describe`](fn@describe): [`entry`](Self::entry) is one call of it, [`key`](Self::key) the address of one, [`memo`](Self::memo) the whole.
#[allow(
    non_camel_case_types,
    non_upper_case_globals,
    clippy::empty_enums,
    clippy::exhaustive_enums
)]
pub(crate) struct describe<T> {
    __uses: ::cache_core::__private::Uses<(*const T,)>,
}
#[allow(
    clippy::needless_borrow,
    clippy::pattern_type_mismatch,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::used_underscore_binding
)]
#[allow(non_snake_case, single_use_lifetimes)]
impl<T> describe<T> {
    ///The entry of a call of `describe`: to look at it, write it, invalidate it, or call. Its type is that of the call, which has no name.
    #[inline]
    pub(crate) fn entry<'a, P>(
        cat: &Cat,
        lang: String,
        arg2: (u32, u32),
        pool: &'a P,
    ) -> ::cache_core::Entry<
        impl ::cache_core::__private::Call<Output = Result<T, Error>, CompanionValue = T>,
    >
    where
        T: Clone + Describe + Send + Sync + 'static,
        P: Pool,
    {
        let _ = describe::<T, P>;
        let __refresh_if_flag: ::cache_core::__private::bool = {
            #[allow(unused_variables)]
            let cat = ::cache_core::__see!(cat);
            #[allow(unused_variables)]
            let lang = ::cache_core::__see!(lang);
            #[allow(unused_variables)]
            let (x, y) = &arg2;
            #[allow(unused_variables)]
            let pool = ::cache_core::__see!(pool);
            lang.is_empty()
        };
        ::cache_core::Entry::new(
            ::cache_core::__private::function_once(Self::__look_up)
                .bind_described(
                    (cat, lang, arg2),
                    (pool,),
                    |(cat, lang, arg2), (pool,)| {
                        let __made = ::cache_core::__private::TagList::before(|__tags| {
                            __tags
                                .text(|| ::core::option::Option::Some(
                                    ::std::format!("cat:{}", ::cache_core::__reach!(cat, id)),
                                ));
                        });
                        let __copy_of_lang = ::core::clone::Clone::clone(&lang);
                        (
                            move || Self::__body::<P>(cat, lang, arg2, pool),
                            ::cache_core::__private::described(
                                ::cache_core::__returns!(Result < T, Error >, OfValue),
                                move |
                                    __value: ::core::option::Option<&_>,
                                    __metadata: &mut ::cache_core::__private::EntryMetadata|
                                {
                                    #[allow(unused_variables)]
                                    let lang = ::core::clone::Clone::clone(&__copy_of_lang);
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
                                            __metadata
                                                .ttl(
                                                    ::cache_core::__private::IntoTtl::into_ttl(
                                                        ::cache_core::__private::ask(
                                                            |value| value.ttl(lang),
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
                .no_background_call(
                    ::cache_core::__why!(
                        "argument `pool` cannot be taken to the background: take it by value or as an `Arc`, or let its type be `Clone + Send + 'static`"
                    ),
                )
                .refresh_if(__refresh_if_flag),
        )
    }
    ///The address of an entry of `describe`, by the arguments that are part of its key.
    #[must_use]
    #[inline]
    pub(crate) fn key(cat: &Cat, lang: String, arg2: (u32, u32)) -> ::cache_core::Key<T>
    where
        T: Clone + Describe + Send + Sync + 'static,
    {
        (&::cache_core::__private::function_once(Self::__look_up))
            .key(&(cat, lang, arg2))
    }
    ///The cache behind `describe`, as a whole.
    #[must_use]
    #[inline]
    pub(crate) fn memo() -> ::cache_core::Memo<T>
    where
        T: Clone + Describe + Send + Sync + 'static,
    {
        (&::cache_core::__private::function_once(Self::__look_up)).memo()
    }
    ///The caches behind all instantiations of `describe`.
    #[must_use]
    pub(crate) fn all() -> ::cache_core::AllMemos {
        ::cache_core::__private::all(Self::__slot())
    }
    #[doc(hidden)]
    fn __slot() -> &'static ::cache_core::__private::Slot {
        ::cache_core::__edition!(dyn);
        static __SLOT: ::cache_core::__private::Slot = ::cache_core::__private::Slot::new(
            ::cache_core::__private::Spec::new(
                    ::core::concat!(::core::module_path!(), "::", "describe"),
                    &["cat.id", "lang", "arg2"],
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
            (&Cat, String, (u32, u32)),
            Result<T, Error>,
            T,
        >,
    ) -> ::cache_core::__private::Answer<Result<T, Error>, T>
    where
        T: Clone + Describe + Send + Sync + 'static,
    {
        __lookup
            .find_by(
                ::cache_core::__private::id::<Self>(),
                Self::__slot(),
                ::cache_core::__returns!(Result < T, Error >, OfValue),
                |__hooks| {
                    __hooks.on_evict(|key, value, cause| println!("{key} {cause:?}"))
                },
                |__keyed, __cx| {
                    #[allow(unused_variables)]
                    let cat = ::cache_core::__see!(__keyed.0);
                    #[allow(unused_variables)]
                    let lang = ::cache_core::__see!(__keyed.1);
                    #[allow(unused_variables)]
                    let (x, y) = &__keyed.2;
                    match (&(cat.id), &__keyed.1, &__keyed.2) {
                        (__part0, __part1, __part2) => {
                            __cx.find(
                                (
                                    ::cache_core::__private::Ref(
                                        ::cache_core::__shape_of!(__part0),
                                    ),
                                    ::cache_core::__private::Ref(::cache_core::__leaf!(String)),
                                    ::cache_core::__private::Ref((
                                        ::cache_core::__leaf!(u32),
                                        ::cache_core::__leaf!(u32),
                                    )),
                                ),
                                &(__part0, __part1, __part2),
                            )
                        }
                    }
                },
            )
    }
}
#[allow(non_snake_case, single_use_lifetimes)]
impl<T> describe<T> {
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
    fn __body<'a, P>(
        #[allow(unused_variables)]
        cat: &Cat,
        #[allow(unused_variables)]
        lang: String,
        (x, mut y): (u32, u32),
        #[allow(unused_variables)]
        pool: &'a P,
    ) -> Result<T, Error>
    where
        T: Clone + Describe + Send + Sync + 'static,
        P: Pool,
    {
        y += x;
        T::describe(cat, &lang, y, pool)
    }
}
