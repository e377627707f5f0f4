//! Runs that end at any point.
