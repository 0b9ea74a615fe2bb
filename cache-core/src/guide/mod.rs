// The pages are files of `docs/`, which read well where they lie: they name each other as files. The first
// definition of a link holds, and those of `links.md` lead to the same pages here. Tests of the examples do
// without, so that they are named by the lines of their own file.
#![cfg_attr(not(doctest), doc = include_str!("links.md"))]
#![doc = include_str!("../../docs/README.md")]

macro_rules! pages {
    ($($page:ident)*) => {$(
        #[cfg_attr(not(doctest), doc = include_str!("links.md"))]
        #[doc = include_str!(concat!("../../docs/", stringify!($page), ".md"))]
        pub mod $page {}
    )*};
}

pages! {
    options companions keys freshness invalidation futures pools methods layering testing libraries migrating
    design locks storage
}

#[cfg(all(feature = "disk", feature = "testing"))]
#[cfg_attr(not(doctest), doc = include_str!("links.md"))]
#[doc = include_str!("../../docs/stores.md")]
pub mod stores {}

#[cfg_attr(not(doctest), doc = include_str!("links.md"))]
#[doc = include_str!("../../docs/performance.md")]
#[doc = ""]
#[doc = include_str!("../../docs/performance.svg")]
pub mod performance {}
