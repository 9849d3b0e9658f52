//! Alongside.

pub mod app;

pub mod accounts;
pub mod consent;
pub mod integrity;
pub mod questionnaires;

pub mod platform;
