//! The same sources in each edition: packages of other editions include them, and so does this program.

#[path = "../editions/all.rs"]
mod all;

/// One after the other, since their tags are of the same text.
#[test]
fn what_is_written_in_each_edition_works() {
    all::check();
    edition_2021::all::check();
    edition_2021::before_2024::check();
    edition_2018::all::check();
    edition_2018::before_2024::check();
}
