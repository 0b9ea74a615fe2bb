//! Options of methods see `self`.

use super::*;

struct Db {
    id: u32,
    lives: u64,
    off: bool,
    seen: Mutex<Vec<String>>,
}

impl Db {
    const fn new(id: u32) -> Self {
        Self { id, lives: 9, off: false, seen: Mutex::new(Vec::new()) }
    }

    #[memoize(
        key = (self.id, ..),
        ttl = |_value| secs(self.lives),
        tags = ["owner:{self.id}", "cat:{name} of {self.id}"],
        bypass_if = self.off,
        cache_if = |value| value.len() > self.id as usize,
        on_miss = |key| self.seen.lock().unwrap().push(format!("miss {key}")),
        on_hit = |_key, value| self.seen.lock().unwrap().push(format!("hit {value}")),
    )]
    fn cat(&self, name: &str) -> String {
        format!("{name}{}", self.id)
    }

    #[memoize(skip(self), refresh_if = self.off && n > 0)]
    fn dog(&self, n: u32) -> u32 {
        self.id + n
    }
}

#[test]
fn see_self() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let db = Db::new(2);
    assert_eq!((db.cat("tom"), db.cat("tom")), ("tom2".into(), "tom2".into()));
    assert_eq!(*db.seen.lock().unwrap(), [r#"miss methods::options::Db::cat(2, "tom")"#, "hit tom2"]);
    assert_eq!(Db::cat_memo().tags(), ["cat:tom of 2", "owner:2"]);
    scope.advance(secs(8));
    assert!(db.cat_key("tom").is_live());
    scope.advance(secs(2));
    assert!(!db.cat_key("tom").is_live(), "it lived for the instance's nine seconds");

    db.cat("");
    assert!(!db.cat_key("").is_live(), "shorter than the instance asks for");

    Db::new(3).cat("mimi");
    assert_eq!(cache_core::tag("owner:2").invalidate().count(), 0);
    assert_eq!(cache_core::tag("owner:3").invalidate().count(), 1);
}

#[test]
fn flags_see_self() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let off = Db { off: true, ..Db::new(1) };
    off.cat("tom");
    assert_eq!((Db::cat_memo().len(), Db::cat_memo().stats().bypasses), (0, 1));
    assert_eq!((Db::new(2).dog(3), off.dog(3), Db::new(9).dog(3)), (5, 4, 4));
    assert_eq!(Db::dog_memo().stats().refreshes, 1);
}

#[memoize]
impl Db {
    #[memoize(key = (self.id, ..), placeholder = format!("{name} is away from {}", self.id))]
    fn remote(self: Arc<Self>, name: &str) -> String {
        format!("{name} of {}", self.id)
    }
}

#[test]
fn a_placeholder_sees_self() {
    let db = Arc::new(Db::new(4));
    assert_eq!(db.clone().remote("tom"), "tom is away from 4");
    tests::wait_until(|| db.clone().remote_key("tom").is_live());
    assert_eq!(db.remote("tom"), "tom of 4");
}
