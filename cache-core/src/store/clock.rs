//! The time of stores: milliseconds since the Unix epoch, as other processes know them too.

use crate::memo::runtime::Runtime;
use crate::time::Clock;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = u64;

/// The time at which each test scope begins, in September 2020.
const SCOPE_BEGINS: Millis = 1_600_000_000_000;

/// The clock of a store: the wall clock, or that of the test scope in which it was made.
#[derive(Clone)]
pub(crate) struct StoreClock(Clock);

impl StoreClock {
    /// The clock of the scope that this thread works in, else the wall clock.
    pub(crate) fn current() -> Self {
        Self(Runtime::current().clock.clone())
    }

    pub(crate) fn now(&self) -> Millis {
        match &self.0 {
            Clock::System => wall(),
            manual @ Clock::Manual(_) => SCOPE_BEGINS.saturating_add(manual.now()),
        }
    }
}

/// A clock that was set before 1970 stands at 1970.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn wall() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// There is no wall clock on this target. The clock that the host provides tells how time passes.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn wall() -> Millis {
    SCOPE_BEGINS.saturating_add(Clock::System.now())
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::Scope;

    #[test]
    fn a_store_of_a_scope_has_the_time_of_the_scope() {
        let scope = Scope::new();
        let inside = scope.enter();
        let clock = StoreClock::current();
        drop(inside);
        assert_eq!(clock.now(), SCOPE_BEGINS);
        scope.advance(Duration::from_millis(1234));
        assert_eq!(clock.now(), SCOPE_BEGINS + 1234);
    }

    #[test]
    fn other_stores_have_the_wall_clock() {
        assert!(StoreClock::current().now() > 1_700_000_000_000);
    }
}
