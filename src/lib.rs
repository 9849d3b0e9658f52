//! Alongside.

pub mod app;

pub mod opportunities;
pub mod projects;
pub mod consent;
pub mod integrity;
pub mod accounts;
pub mod questionnaires;

pub mod platform;
