//! Methods: what tells instances apart, entries that live in the instance, and implementations of
//! traits.
//!
//! `cargo run --example methods`

use cache_core::{Memo, memoize, registry};

/// An edition of the tables of the time zone database. Think of a connection to a database.
struct Tables {
    year: u16,
    countries: String,
    zones: String,
    /// Where `zones_of` keeps its entries.
    cache: Memo<Vec<String>>,
}

/// With the attribute on the `impl` as well, methods can be computed in the background, and functions
/// that name neither `self` nor `Self` be told from those outside.
#[memoize]
impl Tables {
    fn new(year: u16, countries: String, zones: String) -> Self {
        Self { year, countries, zones, cache: Memo::new() }
    }

    /// The English name of a country. The year tells instances apart: two of the same year share
    /// entries.
    #[memoize(key = (self.year, ..), tag = "tables:{self.year}")]
    fn country(&self, code: &str) -> Option<String> {
        let mut countries = self.countries.lines().filter_map(|line| line.split_once('\t'));
        countries.find(|(known, _)| *known == code).map(|(_, name)| name.to_owned())
    }

    /// The zones of a country. The entries are in a field, and go when the instance goes.
    #[memoize(memo = self.cache, ttl = "1h")]
    fn zones_of(&self, code: &str) -> Vec<String> {
        let rows = self.zones.lines().filter(|line| !line.starts_with('#'));
        let rows = rows.filter_map(|line| {
            let mut columns = line.split('\t');
            Some((columns.next()?, columns.nth(1)?))
        });
        let of_it = rows.filter(|(codes, _)| codes.split(',').any(|known| known == code));
        of_it.map(|(_, zone)| zone.to_owned()).collect()
    }

    /// How a code is written. It knows no instance, so there is nothing to tell apart.
    #[memoize]
    fn spelt(code: &str) -> String {
        code.trim().to_uppercase()
    }
}

/// Something that knows countries.
trait Atlas {
    /// The code of a country.
    fn code(&self, name: &str) -> Option<String>;
}

/// A trait's `impl` may hold nothing but what the trait declares. With the attribute on the `impl` as
/// well, companions are in a trait of their own, `TablesAtlasMemo`.
#[memoize]
impl Atlas for Tables {
    #[memoize(key = (self.year, ..))]
    fn code(&self, name: &str) -> Option<String> {
        let mut countries = self.countries.lines().filter_map(|line| line.split_once('\t'));
        countries.find(|(_, known)| *known == name).map(|(code, _)| code.to_owned())
    }
}

fn main() {
    let (countries, zones) = (include_str!("data/iso3166.tab"), include_str!("data/zone1970.tab"));
    let new = Tables::new(2024, countries.to_owned(), zones.to_owned());
    // Before it was renamed, in 2019.
    let old = Tables::new(2018, countries.replace("North Macedonia", "Macedonia"), zones.to_owned());

    println!("The key says what tells instances apart: key = (self.year, ..)");
    for tables in [&new, &old, &new] {
        println!("    {}: {:?}", tables.year, tables.country("MK"));
    }
    println!("    answered from the cache: {} of 3", Tables::country_memo().stats().hits);

    println!("\nCompanions are methods, too");
    println!("    {}: {:?}", new.country_key("MK"), new.country_entry("MK").get().flatten());
    println!("    invalidated: {}", new.country_entry("MK").invalidate().count());
    println!("    2018 is still there: {}", old.country_key("MK").is_live());
    println!("    invalidated by tag: {}", cache_core::tag("tables:2018").invalidate().count());

    println!("\nA cache in the instance: memo = self.cache");
    println!("    {:?}", new.zones_of("CH"));
    println!("    entries: {} in one, {} in the other", new.cache.len(), old.cache.len());
    println!("    the same, through the method: {}", new.zones_of_memo().len());
    let (name, memos) = (new.cache.name().to_owned(), || registry().memos());
    println!("    while it lives: {}", memos().iter().any(|memo| memo.name() == name));
    drop(new);
    println!("    afterwards:     {}", memos().iter().any(|memo| memo.name() == name));

    println!("\nWithout self");
    println!("    {:?}, then from the cache: {:?}", Tables::spelt(" ch"), Tables::spelt_key(" ch").get());

    println!("\nThe implementation of a trait");
    println!("    {:?}", old.code("Peru"));
    let atlas: &dyn Atlas = &old;
    println!("    {:?}", atlas.code("Peru"));
    println!("    answered from the cache: {} of 2", <Tables as TablesAtlasMemo>::code_memo().stats().hits);
    println!("    invalidated: {}", old.code_entry("Peru").invalidate().count());
}
