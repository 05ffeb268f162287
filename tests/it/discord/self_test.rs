//! The stand-in tested by itself.
