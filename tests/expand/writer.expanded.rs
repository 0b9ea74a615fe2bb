//! Functions that write: what is named before the body, and what of its value.
pub fn rename(name: &str, to: String) -> Result<(), Error> {
    let mut writes = ::cache_core::__private::Writes::new();
    #[allow(unused_variables, clippy::used_underscore_binding)]
    {
        writes.tags(|| ::core::option::Option::Some("cats"));
        writes.add(|| ::core::option::Option::Some(get_cat::key(name)));
    }
    ::cache_core::__private::wrote(
        writes,
        ::cache_core::__private::begin(move || -> Result<(), Error> { store(name, to) }),
        |writes, output| {
            writes.settle(::cache_core::__success!(output), output, |_, _| ())
        },
    )
}
pub async fn create(
    self: Arc<Self>,
    to: String,
    pending: &Pending,
) -> Result<Cat, Error> {
    let mut writes = ::cache_core::__private::Writes::into(&(pending));
    #[allow(unused_variables, clippy::used_underscore_binding)]
    {
        let to = ::cache_core::__see!(to);
        writes.add(|| ::core::option::Option::Some(self.cat_key(&to)));
    }
    let copy_of_self = ::cache_core::__private::keep(|| ::core::clone::Clone::clone(
        &self,
    ));
    let text0_0 = ::cache_core::__private::keep_piece(|| ::core::option::Option::Some(
        ::std::format!("{}", ::cache_core::__reach!(to)),
    ));
    ::cache_core::__private::writing(
            writes,
            async move {
                if let ::core::option::Option::Some(no) = ::cache_core::__private::no::<
                    Result<Cat, Error>,
                >() {
                    return no;
                }
                self.insert(to).await
            },
            move |writes, output| {
                writes
                    .settle(
                        ::cache_core::__success!(output),
                        output,
                        |writes, value| {
                            #[allow(unused_variables, clippy::used_underscore_binding)]
                            {
                                let value = value;
                                writes
                                    .tags(|| ::core::option::Option::Some(
                                        ::std::format!(
                                            "cat:{}:{}", text0_0.as_ref() ?,
                                            ::cache_core::__reach!(value, id)
                                        ),
                                    ));
                            }
                            #[allow(unused_variables, clippy::used_underscore_binding)]
                            {
                                let value = value;
                                if let ::core::option::Option::Some(copy) = &copy_of_self {
                                    let this = ::cache_core::__see!(* copy);
                                    writes.add(|| this.known(value.id));
                                }
                            }
                        },
                    )
            },
        )
        .await
}
fn forget(name: &str) -> impl Future<Output = ()> {
    let mut writes = ::cache_core::__private::Writes::new();
    #[allow(unused_variables, clippy::used_underscore_binding)]
    {
        writes
            .matching(
                ::std::format!(
                    "*get_cat({}*", ::cache_core::__private::hole(||
                    ::std::format!("{:?}", name))
                ),
            );
    }
    ::cache_core::__private::writing(
        writes,
        ::cache_core::__private::begin(move || -> _ {
            let name = name.to_owned();
            async move { remove(name).await }
        }),
        |writes, output| {
            writes.settle(::cache_core::__success!(output), output, |_, _| ())
        },
    )
}
