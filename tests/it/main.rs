//! The integration suite: one binary, every test on SQLite and on PostgreSQL.

mod harness;

mod accounts;
mod opportunities;
mod projects;
mod mail;
mod spikes;
