//! The integration suite: one binary, every test on SQLite and on PostgreSQL.

mod given;
mod harness;

mod accounts;
mod feedback;
mod sessions;
mod spikes;
