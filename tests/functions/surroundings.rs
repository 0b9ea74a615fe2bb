//! What stands around an attribute may look like a mistake, and is none.

#![allow(dead_code, unused_variables, reason = "only that it compiles is of interest")]
#![allow(clippy::pedantic, reason = "functions as people write them")]

mod a_method_of_the_same_name {
    use cache_core::{invalidates, memoize};
    #[memoize]
    pub(super) fn cat(id: u64) -> String {
        format!("cat {id}")
    }
    pub(super) struct Api;
    impl Api {
        pub(super) fn cat(&self, id: u64) -> String {
            cat(id)
        }

        #[invalidates(entries = [cat(id)])]
        pub(super) fn rename(&self, id: u64) {}
    }
}

mod a_trait_that_forwards {
    use cache_core::{invalidates, memoize};
    pub(super) struct Db;
    pub(super) trait Cats {
        fn cat(&self, id: u64) -> String;
        fn rename(&self, id: u64);
    }
    impl Db {
        #[memoize(skip(self))]
        pub(super) fn cat(&self, id: u64) -> String {
            format!("cat {id}")
        }
    }
    impl Cats for Db {
        fn cat(&self, id: u64) -> String {
            self.cat(id)
        }

        #[invalidates(entries = [self.cat(id)])]
        fn rename(&self, id: u64) {}
    }
}

mod a_companion_called_like_a_wrapper {
    use cache_core::{invalidates, memoize};
    #[memoize(companion = user)]
    fn load_user(id: u64) -> String {
        format!("{id}")
    }

    pub(super) fn user(id: u64) -> String {
        load_user(id)
    }

    #[invalidates(entries = [user(id)], memos = [user])]
    pub(super) fn rename(id: u64) {}
}

mod a_comment_in_a_head {
    use cache_core::memoize;
    pub(super) struct Db<T>(pub T);
    impl<T> Db<T>
    where
        // needed for keys in maps
        T: Copy + 'static,
    {
        #[memoize(skip(self))]
        pub(super) fn cat(&self, id: u64) -> u64 {
            id
        }
    }
}

mod a_comment_behind_an_attribute {
    use cache_core::{invalidates, memoize};
    #[memoize(tags = ["cat:{id}"])] // dropped with cat:{id}
    pub(super) fn cat(id: u64) -> u64 {
        id
    }

    #[memoize(ttl = 5)] // short;
    pub(super) fn dog(id: u64) -> u64 {
        id
    }

    #[invalidates(entries = [cat(id)])]
    pub(super) fn w(id: u64) {}
    #[invalidates(entries = [dog(id)])]
    pub(super) fn w2(id: u64) {}
}

mod a_module_in_a_comment {
    use cache_core::memoize;
    /*
    use std::fmt;

    mod cat {
    }
    */

    #[memoize]
    pub(super) fn cat(id: u64) -> u64 {
        id
    }
}

mod a_text_that_looks_like_code {
    use cache_core::memoize;
    pub(super) const HELP: &str = "
    Commands:

    type user to see who you are
    ";

    #[memoize]
    pub(super) fn user(id: u64) -> u64 {
        id
    }
}

mod a_comment_behind_an_impl {
    use cache_core::memoize;
    pub(super) struct Db;
    pub(super) trait Marker {}
    impl Marker for Db {} // it is one
    pub(super) fn outer(x: u64) -> u64 {
        #[memoize]
        fn inner(x: u64) -> u64 {
            x
        }
        inner(x)
    }
}

mod a_wrapper_that_derefs {
    use cache_core::{invalidates, memoize};
    pub(super) struct Inner;
    impl Inner {
        #[memoize(skip(self))]
        pub(super) fn cat(&self, id: u64) -> u64 {
            id
        }
    }
    pub(super) struct Outer(pub Inner);
    impl std::ops::Deref for Outer {
        type Target = Inner;
        fn deref(&self) -> &Inner {
            &self.0
        }
    }
    impl Outer {
        pub(super) fn cat(&self, id: u64) -> u64 {
            self.0.cat(id)
        }

        #[invalidates(entries = [self.cat(id)])]
        pub(super) fn rename(&self, id: u64) {}
    }
}

mod a_trait_behind_a_method {
    use cache_core::{invalidates, memoize};
    pub(super) struct Db;
    pub(super) trait Cats {
        fn cat(&self, id: u64) -> u64;
    }
    #[memoize]
    impl Cats for Db {
        #[memoize(skip(self))]
        fn cat(&self, id: u64) -> u64 {
            id
        }
    }
    impl Db {
        pub(super) fn cat(&self, id: u64) -> u64 {
            Cats::cat(self, id)
        }

        #[invalidates(entries = [self.cat(id)])]
        pub(super) fn rename(&self, id: u64) {}
    }
}
