//! Alongside.

pub mod app;

pub mod accounts;
pub mod integrity;
pub mod questionnaires;

pub mod platform;
