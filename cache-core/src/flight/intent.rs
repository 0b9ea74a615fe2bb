//! How a call that was not answered begins.

use super::Kind;

/// How a call may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Whatever is there will do.
    Read,
    /// The call must compute. It replaces the entry, and a computation that is under way.
    Refresh,
    /// Must not wait for others, but may store.
    Alone,
    /// Must compute, or wait for another's computation. The entry is used only if that fails.
    Origin,
    /// The same, and must not wait for others.
    OriginAlone,
    /// The call is answered already. It computes the entry again, unless another call does.
    Ahead,
}

impl Intent {
    /// The same, without waiting for others.
    pub(crate) fn alone(self) -> Self {
        match self {
            Self::Read | Self::Alone => Self::Alone,
            Self::Origin | Self::OriginAlone => Self::OriginAlone,
            Self::Refresh | Self::Ahead => self,
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Read | Self::Origin | Self::Ahead => Kind::Shared,
            Self::Refresh => Kind::Refresh,
            Self::Alone | Self::OriginAlone => Kind::Alone,
        }
    }
}
