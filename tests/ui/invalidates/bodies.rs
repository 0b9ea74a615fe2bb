//! What is wrong with a body is reported as it is without the attribute.

use cache_core::{invalidates, memoize};

#[memoize]
fn get_cat(id: u64) -> u64 {
    id
}

#[invalidates(entries = [get_cat(id)])]
fn wrong_tail(id: u64) -> String {
    id
}

#[invalidates(entries = [get_cat(id)])]
async fn wrong_return(id: u64) -> Result<u64, String> {
    if id > 5 {
        return 5;
    }
    Ok(id)
}

#[invalidates(entries = [get_cat(id)])]
fn no_tail(id: u64) -> u64 {
    id + 1;
}

#[invalidates(entries = [get_cat(id)])]
async fn no_tail_either(id: u64) -> u64 {
    id + 1;
}

#[invalidates(entries = [get_cat(id)])]
fn question_mark(id: u64) -> Result<u64, String> {
    let n: u64 = "5".parse()?;
    Ok(id + n)
}

#[invalidates(entries = [get_cat(id)])]
fn unknown_name(id: u64) -> u64 {
    id + writes + output
}

#[invalidates(entries = [get_cat(*id)])]
fn escapes<'a>(id: &u64, other: &'a u64) -> &'a u64 {
    if *other > 5 { id } else { other }
}

fn main() {}
