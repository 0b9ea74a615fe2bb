//! A slow computation whose values survive the program: run it twice.
//!
//! For each continent it looks for a short round trip through the principal places of all time zones. The trips are in a
//! file, by `store = "trips"`. A value says how long it took to compute, so the second run can say what it was spared.
//!
//! `cargo run --example disk`, and once more. `cargo run --example disk -- --forget` drops what is in the file.

use std::error::Error;
use std::time::{Duration, Instant};

use cache_core::memoize;
use cache_core::store::{Schema, caches};
use serde_derive::{Deserialize, Serialize};

/// The places of all time zones: where they are, and what they are called.
const ZONES: &str = include_str!("../data/zone1970.tab");

/// A round trip.
#[derive(Clone, Serialize, Deserialize, Schema)]
struct Trip {
    places: Vec<String>,
    kilometers: f64,
    /// How long it took to find.
    took: Duration,
}

/// A short round trip through the places of a continent. If its code or the form of a `Trip` changes, so does the version, and
/// the trips in the file are computed anew.
#[memoize(store = "trips", version = auto, tags = ["trips"])]
fn trip(continent: &str) -> Trip {
    let begin = Instant::now();
    let mut places = places_of(continent);
    shorten(&mut places);
    let kilometers = length(&places);
    let places = places.into_iter().map(|place| place.name).collect();
    Trip { places, kilometers, took: begin.elapsed() }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join("cache-core-example-trips.redb");
    caches().configure_value(&serde_json::json!({
        "trips": { "url": format!("disk:{}", path.display()), "capacity": "16MiB" }
    }))?;
    if std::env::args().any(|argument| argument == "--forget") {
        // Not only here: no process reads them from the file any more.
        trip::memo().clear().wait()?;
        caches().get("trips")?.close().wait()?;
        println!("forgotten: {}", path.display());
        return Ok(());
    }
    let begin = Instant::now();
    // What earlier runs have read is in memory before anybody asks for it.
    let _ = trip::memo();
    let warm = caches().get("trips")?.warm(100).wait()?;
    let mut computed = Duration::ZERO;
    for continent in ["Africa", "America", "Asia", "Australia", "Europe", "Pacific"] {
        let Trip { places, kilometers, took } = trip(continent);
        println!("{continent:>9}: {:3} places, {kilometers:6.0} km", places.len());
        computed += took;
    }
    let took = begin.elapsed();
    println!("{warm} trips were in {}", path.display());
    if let Some(error) = trip::memo().store_error() {
        println!("the file could not be used: {error}");
    }
    if warm > 0 {
        println!("they took {took:.1?} now, and {computed:.1?} to compute");
    } else {
        println!("they took {took:.1?}; run this again");
    }
    // It is noted what was read most, and a file that was closed is opened quickly.
    caches().get("trips")?.close().wait()?;
    Ok(())
}

struct Place {
    name: String,
    /// In radians.
    latitude: f64,
    longitude: f64,
}

/// Reads the table.
fn places_of(continent: &str) -> Vec<Place> {
    let rows = ZONES.lines().filter(|line| !line.starts_with('#'));
    let place = |row: &str| {
        let mut columns = row.split('\t').skip(1);
        let (position, zone) = (columns.next()?, columns.next()?);
        let name = zone.strip_prefix(continent)?.strip_prefix('/')?.to_owned();
        // The longitude begins at the second sign.
        let (latitude, longitude) = position.split_at(1 + position[1..].find(['+', '-'])?);
        Some(Place { name, latitude: radians(latitude, 2)?, longitude: radians(longitude, 3)? })
    };
    rows.filter_map(place).collect()
}

/// An angle as sign, degrees and minutes: `+4230`.
fn radians(text: &str, degrees: usize) -> Option<f64> {
    let (sign, digits) = text.split_at(1);
    let (degrees, rest) = digits.split_at_checked(degrees)?;
    let minutes: f64 = rest.get(..2)?.parse().ok()?;
    let angle = (degrees.parse::<f64>().ok()? + minutes / 60.0).to_radians();
    Some(if sign == "-" { -angle } else { angle })
}

/// The way between two places on a ball as large as the earth.
fn distance(a: &Place, b: &Place) -> f64 {
    let (latitude, longitude) = (b.latitude - a.latitude, b.longitude - a.longitude);
    let square = |angle: f64| (angle / 2.0).sin().powi(2);
    let part = square(latitude) + a.latitude.cos() * b.latitude.cos() * square(longitude);
    2.0 * 6371.0 * part.sqrt().asin()
}

fn length(places: &[Place]) -> f64 {
    let next = places.iter().skip(1).chain(places.first());
    places.iter().zip(next).map(|(a, b)| distance(a, b)).sum()
}

/// Turns parts of the trip round as long as that makes it shorter.
fn shorten(places: &mut [Place]) {
    let mut best = length(places);
    loop {
        let before = best;
        for from in 0..places.len() {
            for to in from + 2..=places.len() {
                places[from..to].reverse();
                let now = length(places);
                if now + 1e-9 < best {
                    best = now;
                } else {
                    places[from..to].reverse();
                }
            }
        }
        if best >= before {
            return;
        }
    }
}
