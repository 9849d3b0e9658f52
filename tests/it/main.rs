//! The integration suite: one binary, every test on SQLite and on PostgreSQL.

mod given;
mod harness;

mod accounts;
mod demo;
mod jobs;
mod opportunities;
mod projects;
mod mail;
mod feedback;
mod sessions;
mod participants;
mod spikes;
