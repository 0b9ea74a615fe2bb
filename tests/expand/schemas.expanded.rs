//! Schemas of structs and enums, with what `serde` is told.
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
#[automatically_derived]
impl<'a, T, M> ::cache_core::store::Schema for Cat<'a, T, M>
where
    T: ::cache_core::store::Schema,
    M: ::cache_core::store::Schema,
{
    fn describe(description: &mut ::cache_core::store::SchemaDescription) {
        description.raw("version 2 struct \"Cat\"");
        description.reading(" deny_unknown_fields");
        description.raw(" {\"fullName\": ");
        description.of::<&'a str>();
        description.raw(",\"owner\"");
        description.reading(" alias \"of\"");
        description.raw(" if \"Option::is_none\" default: ");
        description.of::<Option<T>>();
        description
            .raw(
                ",\"born\": with \"seconds\" of \"OffsetDateTime\",\"id\": field version 1 ",
            );
        description.of::<String>();
        description.raw(",\"kittens\": ");
        description.of::<Vec<Cat<'a, T, M>>>();
        description.raw(",}");
    }
}
#[serde(untagged)]
enum Pet<I: Iterator> {
    #[serde(rename = "none")]
    None,
    Dog { #[serde(alias = "title")] name: String },
    Many(Vec<I::Item>),
}
#[automatically_derived]
impl<I: Iterator> ::cache_core::store::Schema for Pet<I>
where
    I::Item: ::cache_core::store::Schema,
{
    fn describe(description: &mut ::cache_core::store::SchemaDescription) {
        description
            .tried(|description| {
                description.raw("untagged enum \"Pet\" {, {\"name\"");
                description.reading(" alias \"title\"");
                description.raw(": ");
                description.of::<String>();
                description.raw(",}, = ");
                description.of::<Vec<I::Item>>();
                description.raw(",}");
            });
    }
}
#[serde(into = "String", try_from = "String")]
struct Email(Address);
#[automatically_derived]
impl ::cache_core::store::Schema for Email {
    fn describe(description: &mut ::cache_core::store::SchemaDescription) {
        description.reading("try_from ");
        description.of::<String>();
    }
}
