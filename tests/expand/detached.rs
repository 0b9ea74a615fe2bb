//! A future that does not borrow: the call is looked up when it is made.
#[memoize(ttl = |value| value.ttl(name))]
fn get_cat(name: &str) -> Pin<Box<dyn Future<Output = Cat> + Send>> {
    let name = name.to_owned();
    Box::pin(async move { load(&name).await })
}
