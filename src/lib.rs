//! Alongside.

pub mod commands;

pub mod app;

pub mod feedback;
pub mod influence;
pub mod sessions;
pub mod responses;
pub mod matching;
pub mod invitations;
pub mod opportunities;
pub mod statistics;
pub mod projects;
pub mod consent;
pub mod participants;
pub mod integrity;
pub mod accounts;
pub mod questionnaires;

pub mod platform;
