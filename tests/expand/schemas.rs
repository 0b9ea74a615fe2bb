//! Schemas of structs and enums, with what `serde` is told.

#[derive(Schema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(version = 2)]
struct Cat<'a, T, M> {
    /// Its name.
    pub full_name: &'a str,
    #[serde(alias = "of", default, skip_serializing_if = "Option::is_none")]
    owner: Option<T>,
    #[serde(with = "seconds")]
    born: OffsetDateTime,
    #[schema(as = String, version = 1)]
    id: Uuid,
    #[serde(skip)]
    marker: PhantomData<M>,
    kittens: Vec<Cat<'a, T, M>>,
}

#[derive(Schema)]
#[serde(untagged)]
enum Pet<I: Iterator> {
    #[serde(rename = "none")]
    None,
    Dog { #[serde(alias = "title")] name: String },
    Many(Vec<I::Item>),
}

#[derive(Schema)]
#[serde(into = "String", try_from = "String")]
struct Email(Address);
