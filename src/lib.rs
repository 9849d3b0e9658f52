//! Alongside.

pub mod app;

pub mod accounts;
pub mod integrity;
pub mod participants;

pub mod platform;
