//! Chance, where many would otherwise do the same at the same moment.

use std::hash::{BuildHasher, RandomState};

/// A share of one, by lot.
pub(super) fn lot() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
