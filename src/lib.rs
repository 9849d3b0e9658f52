//! Alongside.

pub mod app;

pub mod feedback;

pub mod influence;

pub mod sessions;

pub mod statistics;

pub mod accounts;
pub mod integrity;

pub mod platform;
