//! The library from one end to the other, on the tables of the time zone database.
//!
//! `cargo run --example quickstart`

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use cache_core::{Cause, KeyRef, Peek, memoize, registry, tag};
use serde_json::json;

// ---- Two slow look-ups, memoized ---------------------------------------------------------------

/// Where questions are answered from. Think of a connection to a database.
struct Tables {
    zones: &'static str,
    countries: &'static str,
}

/// A time zone, and the country it is listed under first.
#[derive(Clone, Debug, PartialEq)]
struct Zone {
    name: String,
    country: String,
}

/// The time zone whose principal city is nearest. Slow: it reads the whole table for each question.
///
/// `skip`: the tables are not part of the key, the coordinates are. Each entry is fresh for an hour and
/// carries two tags, one of them filled from the value. 10 000 entries are kept, if nothing else is said.
#[memoize(
    ttl = "1h",
    tags = ["tzdb", "country:{value.country}"],
    skip(tables),
    on_miss = note_miss,
    on_evict = |key, zone, cause| note_evict(key, &zone.name, cause),
)]
fn zone_at(tables: &Tables, latitude: f64, longitude: f64) -> Zone {
    let here = (latitude, longitude);
    let distance = |row: &Row<'_>| great_circle(here, row.at);
    let nearest = rows(tables.zones).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let row = nearest.expect("the table has rows");
    Zone { name: row.zone.to_owned(), country: row.country.to_owned() }
}

/// The English name of a country. `None` is an answer like any other, and kept; had this returned a
/// `Result`, only the `Ok` would be.
#[memoize(tags = ["tzdb", "country:{code}"], skip(tables))]
fn country_name(tables: &Tables, code: &str) -> Option<String> {
    let mut countries = lines(tables.countries).filter_map(|line| line.split_once('\t'));
    countries.find(|(known, _)| *known == code).map(|(_, name)| name.to_owned())
}

/// Hooks see the key as it displays: `quickstart::zone_at(50.85, 4.35)`. This one prints the first few.
fn note_miss(key: &KeyRef<'_>) {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    if SEEN.fetch_add(1, Ordering::Relaxed) < 3 {
        println!("    on_miss: {key}");
    }
}

fn note_evict(key: &KeyRef<'_>, zone: &str, cause: Cause) {
    println!("    on_evict: {key} was {zone}, {cause:?}");
}

// ---- What can be done with them ----------------------------------------------------------------

fn main() {
    let tables =
        &Tables { zones: include_str!("data/zone1970.tab"), countries: include_str!("data/iso3166.tab") };

    println!("The same questions, without and with the cache");
    let questions = questions(tables, 3_000);
    // `uncached` runs the body and touches nothing.
    let slow = timed(&questions, |(lat, lon)| zone_at::entry(tables, lat, lon).uncached());
    let fast = timed(&questions, |(lat, lon)| zone_at(tables, lat, lon));
    assert_eq!(slow.answers, fast.answers);
    let stats = zone_at::memo().stats();
    println!("    without: {:>7.1} ms", slow.millis);
    println!("    with:    {:>7.1} ms, {:.1} times as fast", fast.millis, slow.millis / fast.millis);
    println!(
        "    {} of {} answered from the cache: {:.1} %",
        stats.hits,
        questions.len(),
        stats.hit_ratio() * 100.0
    );

    println!("\nEight threads ask what nobody has asked before");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| zone_at(tables, -77.85, 166.67));
        }
    });
    println!("    the function ran {} time", zone_at::memo().stats().stores - stats.stores);

    println!("\nOne entry, by the function's own arguments");
    let zone = zone_at(tables, 50.85, 4.35);
    let country = country_name(tables, &zone.country).expect("the country is listed");
    println!("    Brussels: {}, {country}", zone.name);
    // `get` and `peek` never run the function.
    let entry = zone_at::entry(tables, 50.85, 4.35);
    println!("    kept: {}", entry.get() == Some(zone));
    if let Peek::Fresh { ttl, .. } = entry.peek() {
        println!("    fresh: {ttl:?}");
    }
    println!("    invalidated: {}", entry.invalidate().count());
    println!("    and again:   {}", entry.invalidate().count());

    println!("\nThe same without the tables: a key needs only what is part of it, and can be kept");
    let key = zone_at::key(50.85, 4.35);
    println!("    {key}: {:?}", key.get());
    zone_at(tables, 50.85, 4.35);
    println!("    {key}: {:?}", key.get().map(|zone| zone.name));

    println!("\nEverything about a country, in all functions");
    println!("    invalidated: {}", tag("country:BE").invalidate().count());
    println!("    invalidated: {}", tag("country:BE").invalidate().count());

    println!("\nAny memoized function by name, as a tool sees it");
    for memo in registry().memos() {
        println!("    {}: {} entries", memo.name(), memo.len());
    }
    zone_at(tables, 50.85, 4.35);
    let arguments = json!({ "latitude": 50.85, "longitude": 4.35 });
    match registry().invalidate("quickstart::zone_at", &arguments) {
        Ok(applied) => println!("    invalidated: {}", applied.count()),
        Err(error) => println!("    {error}"),
    }
    // Arguments that do not fit are told, not guessed at.
    if let Err(error) = registry().invalidate("quickstart::zone_at", &json!(["Brussels", 4.35])) {
        println!("    {error}");
    }
}

// ---- The questions -----------------------------------------------------------------------------

/// Places near the cities of the table, some asked about far more often than others: the one of rank n
/// about 1/n as often as the first. Always the same sequence.
fn questions(tables: &Tables, count: usize) -> Vec<(f64, f64)> {
    let mut random = Random(2024);
    let mut places: Vec<_> = Vec::new();
    for row in rows(tables.zones) {
        let near = |degrees: f64, shift: f64| ((degrees + shift * 2.0 - 1.0) * 100.0).round() / 100.0;
        let place = (near(row.at.0, random.next()), near(row.at.1, random.next()));
        places.push((random.next(), place));
    }
    places.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    (0..count).map(|_| places[random.rank(places.len())].1).collect()
}

struct Timed {
    millis: f64,
    answers: Vec<Zone>,
}

fn timed(questions: &[(f64, f64)], answer: impl Fn((f64, f64)) -> Zone) -> Timed {
    let begin = Instant::now();
    let answers = questions.iter().map(|place| answer(*place)).collect();
    Timed { millis: begin.elapsed().as_secs_f64() * 1e3, answers }
}

/// `SplitMix64`, by Steele, Lea and Flood: enough for an example.
struct Random(u64);

impl Random {
    /// From 0 up to, but not, 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        f64::from((bits >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
    }

    /// From 0 up to, but not, `count`; 0 comes most often.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    fn rank(&mut self, count: usize) -> usize {
        (count as f64).powf(self.next()) as usize - 1
    }
}

// ---- The tables --------------------------------------------------------------------------------

/// A row of `zone1970.tab`.
struct Row<'a> {
    country: &'a str,
    at: (f64, f64),
    zone: &'a str,
}

fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

fn rows(zones: &str) -> impl Iterator<Item = Row<'_>> {
    lines(zones).filter_map(|line| {
        let mut columns = line.split('\t');
        let (countries, at, zone) = (columns.next()?, columns.next()?, columns.next()?);
        let country = countries.split(',').next()?;
        Some(Row { country, at: coordinates(at)?, zone })
    })
}

/// Reads `+5050+00420` or `+404251-0740023`: degrees, minutes and perhaps seconds.
fn coordinates(text: &str) -> Option<(f64, f64)> {
    let longitude = text.rfind(['+', '-'])?;
    Some((degrees(&text[..longitude], 3)?, degrees(&text[longitude..], 4)?))
}

/// Reads one of them, whose sign and degrees take so many characters.
fn degrees(text: &str, head: usize) -> Option<f64> {
    let whole: f64 = text.get(1..head)?.parse().ok()?;
    let minutes: f64 = text.get(head..head + 2)?.parse().ok()?;
    let seconds: f64 =
        text.get(head + 2..).filter(|rest| !rest.is_empty()).map_or(Some(0.0), |rest| rest.parse().ok())?;
    let size = whole + minutes / 60.0 + seconds / 3600.0;
    Some(if text.starts_with('-') { -size } else { size })
}

/// The distance between two places on a sphere, in radians.
fn great_circle(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let (lat, lon) = (lat_b - lat_a, (b.1 - a.1).to_radians());
    let half = (lat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (lon / 2.0).sin().powi(2);
    2.0 * half.sqrt().asin()
}
