//! The integration suite: one binary, every test on SQLite and on PostgreSQL.

mod crowd;
mod document;
mod given;
mod harness;
mod story;

mod accounts;
mod asking;
mod at_once;
mod console;
mod crossing;
mod demo;
mod edge;
mod forms;
mod jobs;
mod killed;
mod opportunities;
mod projects;
mod mail;
mod mailings;
mod pages;
mod paths;
mod promised;
mod questions;
mod promises;
mod feedback;
mod sessions;
mod participants;
mod spikes;
mod wishes;
mod withdrawal;

mod examples;
mod hostile;
mod house;
mod last_moment;
mod ledger;
mod letters;
mod openapi;
mod parity;
mod readme;
mod roles;
mod running;
mod schema;
mod seats;
mod staffed;
