//! Handles, staged writes and the lock against a real file system.
