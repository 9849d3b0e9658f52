//! Alongside.

pub mod app;

pub mod feedback;
pub mod influence;
pub mod sessions;
pub mod opportunities;
pub mod statistics;
pub mod projects;
pub mod consent;
pub mod integrity;
pub mod accounts;
pub mod questionnaires;

pub mod platform;
