//! People: joining, importing, preferences, their own page.

mod import;
mod joining;
mod me;
mod preferences;
mod review;
mod topics;
mod trials;
