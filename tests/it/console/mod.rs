//! The console, driven through its pages alone.

mod doors;
