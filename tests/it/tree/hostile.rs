//! What stands in the way, and what must never be touched.
