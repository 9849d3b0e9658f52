//! Alongside.

pub mod app;

pub mod accounts;
pub mod integrity;
pub mod opportunities;
pub mod projects;
pub mod questionnaires;

pub mod platform;
