//! Chance, where many would otherwise do the same at the same moment.

/// Any number.
pub(super) fn chance() -> u64 {
    getrandom::u64().unwrap_or_default()
}

/// A share of one, by lot.
pub(super) fn lot() -> f64 {
    f64::from(u32::try_from(chance() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
