//! Answers to consultations.
//!
//! **What it promises people.** You can stop and go on later, also on another device, with the link from your letter. What you
//! hand in is checked whole, and if something is missing you are told everything at once and nothing is lost. You can
//! change it until the end, and take it back at any time: what the notice promised then happens.

pub mod api;
pub mod drafts;
pub mod export;
pub mod lookup;
pub mod submit;
pub mod withdrawal;
