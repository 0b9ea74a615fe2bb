use cache_core::memoize;
use serde_derive::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Hash)]
struct Id(u64);

#[derive(Clone, Serialize)]
struct Page(String);

#[derive(Clone, Serialize, Deserialize)]
struct Cat(String);

#[derive(Clone)]
struct Failure;

#[memoize(store = "shared")]
fn of_a_key(id: Id, lang: &str) -> Cat {
    let _ = id;
    Cat(lang.to_owned())
}

#[memoize(store = "shared")]
fn of_a_value(lang: &str) -> Page {
    Page(lang.to_owned())
}

#[memoize(store = "shared")]
fn of_a_result(lang: &str) -> Result<Cat, Failure> {
    Ok(Cat(lang.to_owned()))
}

#[memoize(store = "shared", err_ttl = 5)]
fn of_an_error(lang: &str) -> Result<Cat, Failure> {
    Ok(Cat(lang.to_owned()))
}

#[memoize(store = "shared", key = (id.0 as f32, lang))]
async fn of_an_expression(id: Id, lang: String) -> Page {
    let _ = id;
    Page(lang)
}

fn main() {}
