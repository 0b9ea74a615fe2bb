//! Whatever is in scope where the attribute stands, the expansion means what it means: traits for every type,
//! names of arguments and type parameters, constants and unit structs.

#![allow(clippy::all, clippy::pedantic, reason = "code as people write it")]

use cache_core::memoize;

/// Traits that every type has, with the names of methods of the runtime and of the standard library, by value and by
/// reference.
mod traits_of_every_type {
    #![allow(dead_code, reason = "nothing is to call them")]

    macro_rules! every {
        ($($by_value:ident $by_ref:ident $by_mut:ident $method:ident)*) => { $(
            pub(crate) trait $by_value: Sized {
                fn $method(self) -> Never {
                    panic!("the user's method was called")
                }
            }
            impl<T> $by_value for T {}
            pub(crate) trait $by_ref {
                fn $method(&self) -> Never {
                    panic!("the user's method was called")
                }
            }
            impl<T: ?Sized> $by_ref for T {}
            pub(crate) trait $by_mut {
                fn $method(&mut self) -> Never {
                    panic!("the user's method was called")
                }
            }
            impl<T: ?Sized> $by_mut for T {}
        )* };
    }

    pub(crate) struct Never;

    every! {
        Id1 Id2 Id3 id
        Memo1 Memo2 Memo3 memo
        Key1 Key2 Key3 key
        Tags1 Tags2 Tags3 tags
        Tag1 Tag2 Tag3 tag
        Add1 Add2 Add3 add
        Matching1 Matching2 Matching3 matching
        Into1 Into2 Into3 into
        From1 From2 From3 from
        AsRef1 AsRef2 AsRef3 as_ref
        Clone1 Clone2 Clone3 clone
        ToOwned1 ToOwned2 ToOwned3 to_owned
        Borrow1 Borrow2 Borrow3 borrow
        Map1 Map2 Map3 map
        Name1 Name2 Name3 name
        Text1 Text2 Text3 text
        Ttl1 Ttl2 Ttl3 ttl
        Call1 Call2 Call3 call
        Entry1 Entry2 Entry3 entry
        Bind1 Bind2 Bind3 bind
        Find1 Find2 Find3 find
        Lead1 Lead2 Lead3 lead
        BackgroundCall1 BackgroundCall2 BackgroundCall3 background_call
        NoBackgroundCall1 NoBackgroundCall2 NoBackgroundCall3 no_background_call
        Keep1 Keep2 Keep3 keep
        Lend1 Lend2 Lend3 lend
        Give1 Give2 Give3 give
        Piece1 Piece2 Piece3 piece
        Spread1 Spread2 Spread3 spread
        Settle1 Settle2 Settle3 settle
        Kind1 Kind2 Kind3 kind
        Shown1 Shown2 Shown3 shown
        Json1 Json2 Json3 json
        Inner1 Inner2 Inner3 inner
        Wrap1 Wrap2 Wrap3 wrap
        Outcome1 Outcome2 Outcome3 outcome
        Errors1 Errors2 Errors3 errors
        WithErrors1 WithErrors2 WithErrors3 with_errors
        Hold1 Hold2 Hold3 hold
        Owner1 Owner2 Owner3 owner
        See1 See2 See3 see
        Through1 Through2 Through3 through
        OnHit1 OnHit2 OnHit3 on_hit
        OnMiss1 OnMiss2 OnMiss3 on_miss
        Placeholder1 Placeholder2 Placeholder3 placeholder
        Patience1 Patience2 Patience3 patience
        Hard1 Hard2 Hard3 hard
        Soft1 Soft2 Soft3 soft
        StoreIf1 StoreIf2 StoreIf3 store_if
        TagsBefore1 TagsBefore2 TagsBefore3 tags_before
        KeepPiece1 KeepPiece2 KeepPiece3 keep_piece
        ByFlight1 ByFlight2 ByFlight3 by_flight
        ByCaller1 ByCaller2 ByCaller3 by_caller
        ByClock1 ByClock2 ByClock3 by_clock
        InBackground1 InBackground2 InBackground3 in_background
        KeptIn1 KeptIn2 KeptIn3 kept_in
        New1 New2 New3 new
        Slot1 Slot2 Slot3 slot
        Shape1 Shape2 Shape3 shape
        Returns1 Returns2 Returns3 returns
        Describe1 Describe2 Describe3 describe
        Capacity1 Capacity2 Capacity3 capacity
        Policy1 Policy2 Policy3 policy
    }
}

/// All that the attributes and derives write. The user's own code in it calls no method.
macro_rules! everything {
    () => {
        #[derive(::std::clone::Clone, ::std::fmt::Debug, ::std::cmp::PartialEq, ::std::cmp::Eq, ::std::hash::Hash)]
        pub(crate) struct Cat {
            pub(crate) id: u32,
            pub(crate) owner: ::std::option::Option<u32>,
        }

        #[derive(::cache_core::Tag)]
        pub(crate) enum Tagged {
            Cat(u32),
            #[allow(dead_code)]
            Kind { value: &'static str },
        }

        #[derive(::cache_core::CacheKey)]
        #[cache_key(
            value = Cat,
            ttl = |value| ::std::time::Duration::from_secs(60 + value.id as u64),
            tags = ["every:{id}:{name}", "every-owner:{value.owner}", Tagged::Cat(id), Tagged::Cat(value.id)],
            cache_if = |value| value.id > 0,
            on_store = |_key, _value| (),
            capacity = 100,
        )]
        pub(crate) struct Node<'a> {
            pub(crate) id: u32,
            pub(crate) name: &'a str,
            pub(crate) maybe: ::std::option::Option<&'a str>,
            pub(crate) cow: ::std::borrow::Cow<'a, str>,
        }

        #[::cache_core::memoize(key = Node { id, name, maybe: ::std::option::Option::None, cow: ::std::borrow::Cow::Borrowed(name) })]
        pub(crate) fn of_node(id: u32, name: &str) -> Cat {
            let _ = name;
            Cat { id, owner: ::std::option::Option::Some(id) }
        }

        #[::cache_core::memoize(
            ttl = |value| ::std::time::Duration::from_secs(60 + value.id as u64),
            tags = ["every:{id}", "every:{id}-{value.owner}", Tagged::Cat(id), Tagged::Cat(value.id), ..[Tagged::Cat(7)]],
            skip(flag),
            cache_if = |value| value.id > 0,
            bypass_if = flag,
            refresh_if = flag,
            on_hit = |_key, _value| (),
            on_miss = |_key| (),
            on_store = |_key, _value| (),
            on_evict = |_key, _value, _cause| (),
            capacity = 100,
            weigh = |_key, _value| 1,
            policy = Lru,
            max_wait = "5s",
        )]
        pub(crate) fn sync(id: u32, flag: bool) -> Cat {
            let _ = flag;
            Cat { id, owner: ::std::option::Option::Some(id) }
        }

        #[::cache_core::memoize(stale_while_revalidate = 60, ttl = 60, key = (name, maybe, cow.len(), pair), tags = ["every:{name}"])]
        pub(crate) fn borrowed(
            name: &str,
            maybe: ::std::option::Option<&str>,
            cow: ::std::borrow::Cow<'_, str>,
            pair: (u32, u32),
        ) -> u32 {
            let _ = (name, maybe, cow);
            pair.0
        }

        #[::cache_core::memoize]
        pub(crate) fn plain(name: &str, maybe: ::std::option::Option<&str>, cow: ::std::borrow::Cow<'_, str>) -> u32 {
            let _ = (name, maybe, cow);
            1
        }

        #[::cache_core::memoize(err_ttl = 60, none_ttl = 5, on_error = |_key, _error| (), stale_if_error = 60, ttl = 60)]
        pub(crate) fn fails(
            id: u32,
        ) -> ::std::result::Result<::std::option::Option<Cat>, u8> {
            if id > 0 {
                ::std::result::Result::Ok(::std::option::Option::Some(Cat { id, owner: ::std::option::Option::None }))
            } else {
                ::std::result::Result::Err(1)
            }
        }

        #[::cache_core::memoize(key = (cat.id, ..), timeout = "5s", timeout_error = 1, tags = ["every:{value.id}"])]
        pub(crate) async fn late(cat: &Cat, name: &str) -> ::std::result::Result<Cat, u8> {
            let _ = name;
            ::std::result::Result::Ok(Cat { id: cat.id, owner: ::std::option::Option::None })
        }

        #[::cache_core::memoize(placeholder = 1)]
        pub(crate) async fn stands(id: u32) -> u32 {
            id
        }

        #[::cache_core::memoize]
        pub(crate) async fn owned<T: ::std::marker::Send + ::std::marker::Sync + ::std::hash::Hash + ::std::cmp::Eq + ::std::clone::Clone + 'static>(id: T) -> u32 {
            let _ = id;
            1
        }

        pub(crate) struct Db {
            pub(crate) id: u32,
            pub(crate) cats: ::cache_core::Memo<u32>,
        }

        pub(crate) trait Cats {
            fn of_trait(&self, n: u32) -> u32;
            async fn later(&self, n: u32) -> u32;
        }

        #[::cache_core::memoize]
        impl Db {
            #[::cache_core::memoize(memo = self.cats)]
            pub(crate) fn kept(&self, n: u32) -> u32 {
                self.id + n
            }
            #[::cache_core::memoize(key = (self.id, ..), tag = "every:{self.id}")]
            pub(crate) fn shared(&self, n: u32) -> u32 {
                self.id + n
            }
        }

        #[::cache_core::memoize]
        impl Cats for Db {
            #[::cache_core::memoize(key = (self.id, ..))]
            fn of_trait(&self, n: u32) -> u32 {
                self.id + n
            }
            #[::cache_core::memoize(key = (self.id, ..))]
            async fn later(&self, n: u32) -> u32 {
                self.id + n
            }
        }

        #[::cache_core::invalidates(
            tags = ["every-dropped:{id}", "every-dropped:{id}:{value}", Tagged::Cat(id), Tagged::Cat(*value)],
            entries = [sync(id), sync(*value), of_node(id, "a"), ..[sync::key(id)]],
            memos = [plain],
            matching = ["*every({id:?}*", "*every({value:?}*"],
        )]
        pub(crate) fn write(id: u32, name: ::std::string::String) -> u32 {
            let _ = name;
            id
        }

        #[::cache_core::invalidates(entries = [sync(id)], tags = ["every-dropped:{name}", "every-dropped:{name}:{value}"])]
        pub(crate) async fn write_later(id: u32, name: ::std::string::String) -> ::std::result::Result<u32, ()> {
            let _ = name;
            ::std::result::Result::Ok(id)
        }
    };
}

mod with_prelude {
    #[allow(unused_imports)]
    use super::traits_of_every_type::*;

    everything!();
}

#[no_implicit_prelude]
mod without_prelude {
    #[allow(unused_imports)]
    use super::traits_of_every_type::*;

    everything!();
}

/// What such a module does is what it would do without those traits.
macro_rules! works {
    ($in:ident) => {{
        use std::borrow::Cow;

        use cache_core::{Invalidation, Memo};
        use futures::executor::block_on;
        use $in::Cats as _;

        // The tags are the same wherever this stands.
        let scope = cache_core::testing::Scope::new();
        let _inside = scope.enter();
        let cat = |id| $in::Cat { id, owner: Some(id) };
        assert_eq!([$in::of_node(1, "a"), $in::of_node(1, "a")], [cat(1), cat(1)]);
        let node = |name| $in::Node { id: 1, name, maybe: None, cow: Cow::Borrowed(name) };
        assert_eq!(cache_core::CacheKey::id(&node("a")).get(), Some(cat(1)));
        let _: Invalidation = node("b").into();
        assert_eq!([$in::sync(2, false), $in::sync(2, false), $in::sync(2, true)], [cat(2), cat(2), cat(2)]);
        assert_eq!($in::sync::memo().stats().hits, 1);
        assert_eq!($in::sync::key(2).get(), Some(cat(2)));
        assert_eq!($in::borrowed("a", Some("b"), "c".into(), (1, 4)), 1);
        assert_eq!($in::plain("a", None, "c".into()), 1);
        assert_eq!($in::plain::key("a", None, "c".into()).get(), Some(1));
        assert_eq!(($in::fails(0), $in::fails(1).map(|cat| cat.map(|cat| cat.id))), (Err(1), Ok(Some(1))));
        let db = $in::Db { id: 1, cats: Memo::new() };
        assert_eq!((db.kept(1), db.shared(1), db.of_trait(1)), (2, 2, 2));
        block_on(async {
            assert_eq!($in::late(&cat(1), "a").await.map(|cat| cat.id), Ok(1));
            assert_eq!(($in::owned(1).await, $in::stands(1).await, db.later(1).await), (1, 1, 2));
            assert_eq!($in::sync::key(2).get(), Some(cat(2)));
            assert_eq!($in::write_later(2, "a".to_owned()).await, Ok(2));
            assert_eq!($in::sync::key(2).get(), None);
        });
        $in::sync(3, false);
        assert_eq!($in::write(3, "a".to_owned()), 3);
        assert_eq!(($in::sync::key(3).get(), $in::plain::memo().len()), (None, 0));
        // Of the node it was the entry with this tag.
        assert_eq!($in::of_node(4, "a"), cat(4));
        assert_eq!(cache_core::tag($in::Tagged::Cat(4)).invalidate().count(), 1);
    }};
}

#[test]
fn traits_of_every_type_are_not_taken_for_ours() {
    works!(with_prelude);
    works!(without_prelude);
}

/// Unit structs, constants and statics with the names of locals that are generated, as `use schema::cats::dsl::*`
/// brings them: patterns would mean these.
mod names_that_patterns_would_mean {
    #![allow(dead_code, non_camel_case_types, non_upper_case_globals, reason = "names are what is tested")]

    macro_rules! units {
        ($($name:ident)*) => { $( pub(crate) struct $name; )* };
    }

    units! {
        keyed skipped cx own kept ticket draft tags made list key memo this writes output copy no late one part0 part1
        arg0 arg1 bypass_if_flag refresh_if_flag copy_of_cat copy_of_name copy_of_id text0_0 text0_1 field0 field1 entry
        fields place outer inner ty node hook error
    }

    pub(crate) const SLOT: usize = 100;
    pub(crate) struct Why0(pub(crate) u32);

    pub(crate) mod written {
        #[allow(unused_imports, reason = "names are what is tested")]
        use super::*;

        everything!();

        #[::cache_core::memoize(capacity = SLOT)]
        pub(crate) fn capacity(n: u32) -> u32 {
            n
        }

        #[::cache_core::memoize(skip(why))]
        pub(crate) fn why(why: &Why0, n: u32) -> u32 {
            why.0 + n
        }
    }
}

#[test]
fn names_that_patterns_would_mean_are_not_taken_for_locals() {
    use names_that_patterns_would_mean::{Why0, written};

    works!(written);
    assert_eq!((written::capacity(1), written::why(&Why0(1), 1)), (1, 2));
    assert_eq!(written::capacity::memo().capacity(), Some(100));
}

#[test]
fn an_argument_may_be_called_as_a_pattern_would_be() {
    #[memoize(tags = ["names-arg0:{arg0}", "names-arg0-a:{a}"])]
    fn first((a, b): (u32, u32), arg0: u32) -> u32 {
        a * 100 + b * 10 + arg0
    }
    #[memoize(skip(arg1))]
    async fn second(arg1: u32, (a, b): (u32, u32), [c, arg2]: [u32; 2]) -> u32 {
        let _ = arg1;
        a * 1000 + b * 100 + c * 10 + arg2
    }
    #[memoize]
    fn of_closure((a, b): (u32, u32), (arg0, arg1): (u32, u32)) -> u32 {
        a * 1000 + b * 100 + arg0 * 10 + arg1
    }

    assert_eq!([first((1, 2), 3), first((1, 2), 3), first((1, 3), 2)], [123, 123, 132]);
    assert_eq!((first::memo().stats().hits, first::key((1, 2), 3).get()), (1, Some(123)));
    assert_eq!(futures::executor::block_on(second(9, (1, 2), [3, 4])), 1234);
    assert_eq!(futures::executor::block_on(second::key((1, 2), [3, 4]).get()), Some(1234));
    assert_eq!(of_closure((1, 2), (3, 4)), 1234);
}

/// A method `fn f(&self, (a, b): .., arg1: ..)`, in a trait too.
#[test]
fn arguments_of_methods_may_be_called_so_too() {
    struct Db;
    trait Reads {
        fn read(&self, pair: (u32, u32), arg1: u32) -> u32;
    }
    #[memoize]
    impl Reads for Db {
        #[memoize(skip(self))]
        fn read(&self, (a, b): (u32, u32), arg1: u32) -> u32 {
            a * 100 + b * 10 + arg1
        }
    }
    impl Db {
        #[memoize(skip(self))]
        fn direct(&self, (a, b): (u32, u32), arg1: u32) -> u32 {
            a * 100 + b * 10 + arg1
        }
    }

    assert_eq!((Db.read((1, 2), 3), Db.direct((1, 2), 3)), (123, 123));
}

/// A type parameter, a constant one, a type and a trait with names that stand for `impl Trait`.
#[test]
fn names_that_stand_for_an_impl_trait() {
    struct Impl2(u32);
    trait Impl1 {
        fn one(&self) -> u32;
    }
    impl Impl1 for Impl2 {
        fn one(&self) -> u32 {
            self.0
        }
    }

    #[memoize(skip(more, last))]
    fn named<Impl0: Into<u64> + Copy + std::hash::Hash + Eq + std::fmt::Debug + Send + Sync + 'static>(
        first: Impl0,
        more: impl Into<u64>,
        last: &impl Impl1,
        of: u32,
    ) -> u64 {
        first.into() + more.into() + u64::from(last.one() + of)
    }
    #[allow(non_upper_case_globals, reason = "names are what is tested")]
    #[memoize]
    fn counted<const Impl0: usize>(
        text: impl AsRef<str> + std::hash::Hash + Eq + Clone + Send + Sync + 'static,
    ) -> usize {
        text.as_ref().len() + Impl0
    }
    #[memoize(skip(of))]
    fn of_type(
        of: &Impl2,
        text: impl AsRef<str> + std::hash::Hash + Eq + Clone + Send + Sync + 'static,
    ) -> u32 {
        of.0 + u32::try_from(text.as_ref().len()).unwrap()
    }

    assert_eq!([named(1_u32, 2_u8, &Impl2(3), 4), named(1_u32, 2_u8, &Impl2(3), 4)], [10, 10]);
    assert_eq!(counted::<2>("abc"), 5);
    assert_eq!(of_type(&Impl2(1), "abc"), 4);
}

/// Distinct types have companion traits of distinct names.
mod companions_of_traits {
    #![allow(dead_code, reason = "types are what is tested")]

    use cache_core::memoize;

    pub(crate) struct Of<const N: usize>;
    pub(crate) struct Signed<const N: i8>;
    pub(crate) struct Flag<const B: bool>;
    pub(crate) struct Letter<const C: char>;
    pub(crate) struct Pair<A, B = u8>(A, B);
    pub(crate) struct One<A, B = u8>(A, B);

    pub(crate) trait Numbered {
        const NUMBER: u32;
        fn number(&self, n: u32) -> u32;
    }

    macro_rules! numbered {
        ($($number:literal $of:ty;)*) => { $(
            #[memoize]
            impl Numbered for $of {
                const NUMBER: u32 = $number;
                #[memoize(skip(self))]
                fn number(&self, n: u32) -> u32 {
                    Self::NUMBER + n
                }
            }
        )* };
    }

    numbered! {
        1 [u8; 2];
        2 [u8; 3];
        3 [u8];
        4 Of<1>;
        5 Of<2>;
        6 Of<12>;
        7 Signed<1>;
        8 Signed<-1>;
        9 Flag<true>;
        10 Flag<false>;
        11 Letter<'a'>;
        12 Letter<'b'>;
        13 Letter<' '>;
        14 Letter<'-'>;
        15 (u8,);
        16 u8;
        17 (u8, u8);
        18 (u8, (u8,));
        19 ((u8,), u8);
        20 *const u8;
        21 *mut u8;
        22 Pair<u8, u16>;
        23 Pair<One<u8, u16>>;
        24 Pair<One<u8>, u16>;
        25 fn(u8) -> u16;
        26 fn(u8, u16);
        27 [[u8; 2]; 3];
        28 [[u8; 3]; 2];
        29 [(u8, u16); 2];
        30 Of<{ 1 + 2 }>;
        31 u16;
        32 [u8; 1 + 3];
        33 &u8;
        34 &mut u8;
        35 &[u8];
    }

    pub(crate) mod of_arguments {
        use cache_core::memoize;

        pub(crate) trait Get<T> {
            fn get(&self, n: u32) -> u32;
        }
        pub(crate) struct Db;

        macro_rules! get {
            ($($number:literal $of:ty;)*) => { $(
                #[memoize]
                impl Get<$of> for Db {
                    #[memoize(skip(self))]
                    fn get(&self, n: u32) -> u32 {
                        $number + n
                    }
                }
            )* };
        }

        get! {
            1 [u8; 2];
            2 [u8; 3];
            3 (u8,);
            4 u8;
        }
    }

    /// What is usual is called by its words alone.
    pub(crate) fn usual() -> usize {
        [
            <[u8; 2] as ArrayU8x2NumberedMemo>::number_memo(),
            <Of<1> as Of1NumberedMemo>::number_memo(),
            <Of<12> as Of12NumberedMemo>::number_memo(),
            <[u8] as SliceU8NumberedMemo>::number_memo(),
            <u16 as U16NumberedMemo>::number_memo(),
            <Pair<u8, u16> as PairU8U16NumberedMemo>::number_memo(),
            <&u8 as RefU8NumberedMemo>::number_memo(),
        ]
        .iter()
        .map(cache_core::Memo::len)
        .sum()
    }
}

#[test]
fn companion_traits_of_distinct_types() {
    use companions_of_traits::of_arguments::{Db, Get};
    use companions_of_traits::{Numbered, Of};

    assert_eq!(
        ([0_u8; 2].number(0), [0_u8; 3].number(0), Of::<1>.number(0), Of::<2>.number(0)),
        (1, 2, 4, 5)
    );
    assert_eq!((Get::<[u8; 2]>::get(&Db, 0), Get::<[u8; 3]>::get(&Db, 0)), (1, 2));
    assert_eq!(companions_of_traits::usual(), 2);
}
