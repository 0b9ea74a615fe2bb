//! What is written within a transaction is collected, and dropped when that is committed.

use super::*;

struct Tx {
    pending: Pending,
}

impl Tx {
    fn pending(&self) -> &Pending {
        &self.pending
    }

    #[invalidates(entries = [get_cat(name)], into = self.pending)]
    fn write(&self, name: &str) {}

    #[invalidates(entries = [get_lives(name, *value)], into = self.pending())]
    fn create(&mut self, name: &str, fails: bool) -> Result<u64, ()> {
        if fails { Err(()) } else { Ok(1) }
    }
}

#[test]
fn what_is_written_within_a_transaction() {
    #[invalidates(tag = "cat:kit", into = pending)]
    fn write(pending: &Pending) {}
    #[invalidates(tag = "cat:kit", into = pending)]
    fn panic(pending: &mut Pending) {
        assert!(pending.is_empty(), "outcome unknown");
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    let mut tx = Tx { pending: Pending::new() };
    tx.write("tom");
    assert_eq!((tx.pending.len(), left()), (1, ALL));
    tx.create("tom", true).unwrap_err();
    assert_eq!(tx.pending.len(), 1);
    tx.create("tom", false).unwrap();
    write(&tx.pending);
    assert_eq!((tx.pending.len(), left()), (3, ALL));
    assert!(panics(|| panic(&mut tx.pending)));
    assert_eq!((tx.pending.len(), left()), (4, ALL));
    assert_eq!(tx.pending.apply().count(), 3);
    assert_eq!(left(), [false, false, false, true]);
    assert!(tx.pending.is_empty());
}
