//! Caches by their names: one configuration says where they are and how long they keep values, and functions ask for
//! them where they need them. One cache is in memory and forgets soon, the other is a file.
//!
//! `cargo run --example aliases`

use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::Duration;

use cache_core::store::{Cache, StoreError, caches};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What an operator may change without the program: `CACHE_CORE_CONFIG` can name such a file.
///
/// `default` has a short ttl. `countries` is compressed from 64 bytes on, and bounded.
const CONFIGURATION: &str = r#"{
    "default": { "url": "memory:", "ttl": "1s" },
    "countries": {
        "url": "disk:./countries.redb",
        "namespace": "iso3166",
        "compression": { "algorithm": "lz4", "threshold": 64 },
        "ttl": "30d",
        "capacity": "16MiB"
    }
}"#;

// ---- Functions that use them -------------------------------------------------------------------

/// The name of a country, from the file if it is there, or else from a table that is read line by line.
fn country(code: &str) -> Result<Option<String>> {
    let cache = caches().get("countries")?;
    if let Some(name) = cache.get(code).wait()? {
        return Ok(name);
    }
    println!("    {code} is looked up in the table");
    let name = table().find(|(known, _)| *known == code).map(|(_, name)| name.to_owned());
    // "There is none" is an answer, and is kept too.
    cache.insert(code, &name).tags(["table"]).wait()?;
    Ok(name)
}

/// Counts the visits of a page, in the cache that forgets soon.
fn visit(page: &str) -> Result<i64> {
    Ok(caches().get("default")?.increment(("visits", page), 1).wait()?)
}

fn visits(page: &str) -> Result<Option<i64>> {
    Ok(caches().get("default")?.get(("visits", page)).wait()?)
}

fn news() -> Result<Option<String>> {
    Ok(caches().get("default")?.get("news").wait()?)
}

/// All countries at once, for a report.
fn all_countries(cache: &Cache, codes: &[&str]) -> std::result::Result<Vec<String>, StoreError> {
    let names: Vec<Option<Option<String>>> = cache.get_many(codes.iter().copied()).wait()?;
    Ok(names.into_iter().flatten().flatten().collect())
}

// ---- What happens ------------------------------------------------------------------------------

fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("cache-core-aliases-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let shown = show(&folder);
    std::fs::remove_dir_all(&folder)?;
    shown
}

fn show(folder: &Path) -> Result<()> {
    let file = folder.join("caches.json");
    std::fs::write(&file, CONFIGURATION)?;
    caches().configure_file(&file)?;
    println!("Two caches are configured: {}", caches().aliases().join(" and "));
    assert_eq!(caches().aliases(), ["countries", "default"]);
    assert!(!folder.join("countries.redb").exists(), "a file is opened when it is needed first");

    println!("\nThe first answers are looked up, the next come from the file");
    for code in ["NO", "BE", "XX", "NO", "BE", "XX"] {
        println!("    {code}: {}", country(code)?.as_deref().unwrap_or("none"));
    }
    let countries = caches().get("countries")?;
    assert_eq!(country("NO")?.as_deref(), Some("Norway"));
    assert_eq!(country("XX")?, None);
    println!("    {:?}", countries.stats());

    println!("\nThe default forgets after a second");
    assert_eq!((visit("home")?, visit("home")?), (1, 2));
    assert_eq!(visits("home")?, Some(2));
    thread::sleep(Duration::from_millis(1100));
    println!("    visits after that: {:?}", visits("home")?);
    assert_eq!(visits("home")?, None);

    println!("\n`get` returns the same cache each time, `create` another one");
    let other = caches().create("default")?;
    other.insert("key", &1).wait()?;
    assert_eq!(other.get("key").wait()?, Some(1));
    assert_eq!(caches().get("default")?.get::<i32>("key").wait()?, None);
    println!("    what is stored in a new cache in memory is not in the old one");

    println!("\nWhen nobody uses the file any more it is closed; its values stay");
    drop((countries, other));
    caches().configure_file(&file)?;
    let countries = caches().get("countries")?;
    let names = all_countries(&countries, &["NO", "BE", "FR"])?;
    println!("    {}", names.join(" and "));
    assert_eq!(names, ["Norway", "Belgium"]);

    println!("\nA new table: its tag is invalidated, and the other cache keeps what it has");
    caches().get("default")?.insert("news", &"a new table").ttl("1h").wait()?;
    countries.tag("table").invalidate().wait()?;
    assert_eq!(all_countries(&countries, &["NO", "BE"])?, [""; 0]);
    assert_eq!(country("NO")?.as_deref(), Some("Norway"));
    assert_eq!(news()?.as_deref(), Some("a new table"));

    println!("\nMistakes are told when they are configured, and change nothing");
    for mistake in [
        r#"{ "default": { "url": "memroy:" } }"#,
        r#"{ "default": { "url": "memory:", "tll": "5m" } }"#,
        r#"{ "default": { "url": "memory:", "codec": "xml" } }"#,
    ] {
        let error = caches().configure(mistake).unwrap_err();
        println!("    {error}");
        assert_eq!(error.alias(), Some("default"));
    }
    println!("    {}", caches().get("country").unwrap_err());
    assert_eq!(news()?.as_deref(), Some("a new table"));
    Ok(())
}

/// Countries by their codes.
fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = include_str!("../data/iso3166.tab").lines();
    lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}
