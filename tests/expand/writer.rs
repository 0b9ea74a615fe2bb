//! Functions that write: what is named before the body, and what of its value.

#[invalidates(entries = [get_cat(name)], tags = ["cats"])]
pub fn rename(name: &str, to: String) -> Result<(), Error> {
    store(name, to)
}

#[invalidates(entries = [self.cat(&to), ..self.known(value.id)], tags = ["cat:{to}:{value.id}"], into = pending)]
pub async fn create(self: Arc<Self>, to: String, pending: &Pending) -> Result<Cat, Error> {
    self.insert(to).await
}

#[invalidates(matching = "*get_cat({name:?}*")]
fn forget(name: &str) -> impl Future<Output = ()> {
    let name = name.to_owned();
    async move { remove(name).await }
}
