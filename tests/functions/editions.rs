//! The same sources in each edition: packages of other editions include them, and so does this program.

#[path = "../editions/all.rs"]
mod all;

#[test]
fn of_2024() {
    all::check();
}

#[test]
fn of_2021() {
    edition_2021::all::check();
    edition_2021::before_2024::check();
}

#[test]
fn of_2018() {
    edition_2018::all::check();
    edition_2018::before_2024::check();
}
