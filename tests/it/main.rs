//! The integration suite: one binary, every test on SQLite and on PostgreSQL.

mod crowd;
mod given;
mod harness;
mod story;

mod accounts;
mod asking;
mod opportunities;
mod projects;
mod mail;
mod pages;
mod promises;
mod feedback;
mod sessions;
mod participants;
mod spikes;
