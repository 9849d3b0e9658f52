//! The integration suite: one binary, every test on SQLite and on PostgreSQL.

mod harness;

mod accounts;
mod participants;
mod spikes;
