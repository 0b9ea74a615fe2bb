//! What can go wrong with a file, and what follows from it.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::record::Damaged;
use crate::store::{StoreError, StoreErrorKind};

/// Why something could not be done with the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The disk has no room. The file can be read.
    Full(String),
    /// The file cannot be written. It can be read.
    ReadOnly(String),
    /// What is in the file makes no sense.
    Damaged(String),
    /// The file must be opened again, or cannot be opened at present.
    Broken(String),
    /// A value is larger than the database takes.
    TooLarge(String),
}

impl Failure {
    pub(super) fn reason(&self) -> &str {
        let (Self::Full(reason)
        | Self::ReadOnly(reason)
        | Self::Damaged(reason)
        | Self::Broken(reason)
        | Self::TooLarge(reason)) = self;
        reason
    }

    /// What a caller is told.
    pub(super) fn error(&self, store: &str) -> StoreError {
        let (kind, what) = match self {
            Self::Full(_) => (StoreErrorKind::Full, "the disk is full"),
            Self::ReadOnly(_) => (StoreErrorKind::Refused, "the file cannot be written"),
            Self::Damaged(_) => (StoreErrorKind::Unavailable, "the file is damaged and is set aside"),
            Self::Broken(_) => (StoreErrorKind::Unavailable, "the file cannot be used"),
            Self::TooLarge(_) => (StoreErrorKind::Refused, "a value is too large"),
        };
        StoreError::new(kind, format!("{store}: {what}: {}", self.reason()))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let reason = error.to_string();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full(reason),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(reason),
            // The file ends too early, or does not begin as a database does.
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Self::Damaged(reason),
            _ => Self::Broken(reason),
        }
    }
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        let reason = error.to_string();
        match error {
            redb::Error::Io(error) => error.into(),
            redb::Error::Corrupted(_)
            | redb::Error::UpgradeRequired(_)
            | redb::Error::RepairAborted
            | redb::Error::LockPoisoned(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TableIsNotMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableDoesNotExist(_) => Self::Damaged(reason),
            redb::Error::ValueTooLarge(_) => Self::TooLarge(reason),
            _ => Self::Broken(reason),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for Failure {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_redb!(StorageError, TableError, TransactionError, CommitError, CompactionError, DatabaseError);

impl From<Damaged> for Failure {
    fn from(_: Damaged) -> Self {
        Self::Damaged("a value is not what was put there".into())
    }
}

/// Works with the database, which may panic where a file is damaged.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Failure::Damaged(format!("the database panicked: {text}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_database_is_damage() {
        let failure = guarded::<()>(|| panic!("page {}", 7)).unwrap_err();
        assert_eq!(failure, Failure::Damaged("the database panicked: page 7".into()));
    }

    #[test]
    fn errors_of_the_system_are_told_apart() {
        let kind = |kind: ErrorKind| Failure::from(io::Error::from(kind)).error("x").kind();
        assert_eq!(kind(ErrorKind::StorageFull), StoreErrorKind::Full);
        assert_eq!(kind(ErrorKind::ReadOnlyFilesystem), StoreErrorKind::Refused);
        assert_eq!(kind(ErrorKind::Other), StoreErrorKind::Unavailable);
        let through = Failure::from(redb::StorageError::Io(ErrorKind::StorageFull.into()));
        assert!(matches!(through, Failure::Full(_)));
        assert!(matches!(Failure::from(redb::StorageError::PreviousIo), Failure::Broken(_)));
    }
}
