//! Functions that write: what is named before the body, and what of its value.
#[allow(clippy::implicit_return)]
pub fn rename(name: &str, to: String) -> Result<(), Error> {
    ::cache_core::__edition!(dyn);
    let mut __writes = ::cache_core::__private::Writes::new();
    #[allow(unused_variables)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    {
        let __writes = &mut __writes;
        __writes.tags(|| ::core::option::Option::Some("cats"));
        __writes.add(|| ::core::option::Option::Some(get_cat::key(name)));
    }
    ::cache_core::__private::wrote(
        __writes,
        ::cache_core::__private::begin(move || -> Result<(), Error> { store(name, to) }),
        |__writes, __output| {
            __writes.settle(::cache_core::__success!(__output), __output, |_, _| ())
        },
    )
}
#[allow(clippy::implicit_return)]
pub async fn create(
    self: Arc<Self>,
    to: String,
    pending: &Pending,
) -> Result<Cat, Error> {
    ::cache_core::__edition!(dyn);
    let mut __writes = ::cache_core::__private::Writes::into(&(pending));
    #[allow(unused_variables)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    {
        let __writes = &mut __writes;
        let to = ::cache_core::__see!(to);
        __writes.add(|| ::core::option::Option::Some(self.__cat_key(&to)));
    }
    let __copy_of_self = ::cache_core::__private::keep(|| ::core::clone::Clone::clone(
        &self,
    ));
    let __text0_0 = ::cache_core::__private::keep_piece(|| ::core::option::Option::Some(
        ::std::format!("{}", ::cache_core::__reach!(to)),
    ));
    ::cache_core::__private::writing(
            __writes,
            async move {
                if let ::core::option::Option::Some(__no) = ::cache_core::__private::no::<
                    Result<Cat, Error>,
                >() {
                    return __no;
                }
                self.insert(to).await
            },
            move |__writes, __output| {
                __writes
                    .settle(
                        ::cache_core::__success!(__output),
                        __output,
                        |__writes, __value| {
                            #[allow(unused_variables)]
                            #[allow(
                                clippy::needless_borrow,
                                clippy::pattern_type_mismatch,
                                clippy::shadow_reuse,
                                clippy::shadow_same,
                                clippy::shadow_unrelated,
                                clippy::used_underscore_binding
                            )]
                            {
                                __writes
                                    .tags(|| ::core::option::Option::Some(
                                        ::std::format!(
                                            "cat:{}:{}", ::core::option::Option::as_ref(& __text0_0) ?,
                                            ::cache_core::__reach!(__value, id)
                                        ),
                                    ));
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
                            {
                                let value = __value;
                                if let ::core::option::Option::Some(__copy) = &__copy_of_self {
                                    let __this = ::cache_core::__see!(* __copy);
                                    __writes.add(|| __this.known(value.id));
                                }
                            }
                        },
                    )
            },
        )
        .await
}
#[allow(clippy::implicit_return)]
fn forget(name: &str) -> impl Future<Output = ()> {
    ::cache_core::__edition!(dyn);
    let mut __writes = ::cache_core::__private::Writes::new();
    #[allow(unused_variables)]
    #[allow(
        clippy::needless_borrow,
        clippy::pattern_type_mismatch,
        clippy::shadow_reuse,
        clippy::shadow_same,
        clippy::shadow_unrelated,
        clippy::used_underscore_binding
    )]
    {
        let __writes = &mut __writes;
        __writes
            .matching(
                ::std::format!(
                    "*get_cat({}*", ::cache_core::__private::hole(||
                    ::std::format!("{:?}", name))
                ),
            );
    }
    ::cache_core::__private::writing(
        __writes,
        ::cache_core::__private::begin(move || -> _ {
            let name = name.to_owned();
            async move { remove(name).await }
        }),
        |__writes, __output| {
            __writes.settle(::cache_core::__success!(__output), __output, |_, _| ())
        },
    )
}
