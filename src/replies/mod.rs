//! What people answer to letters by e-mail.
//!
//! **What it promises people.** You can answer a letter as you would answer anybody. Staff of the organisation read what you wrote;
//! you see that it came in and what became of it, and can take it back. It counts as something that you gave where you have agreed
//! to take part, and nowhere else. Programs that answer for you are not taken for you. Who has left, or has taken their part back, is
//! not listened to behind their back: then nothing is kept.

pub mod api;
pub mod decide;
pub mod hear;
pub mod own;
pub mod read;
pub mod rules;
pub mod withdrawal;

use crate::{
    accounts::{Actor, Power},
    platform::{Error, Result},
};

/// Goes on with those who may read what people said and who said it: a letter tells both.
pub fn may_read(actor: &Actor) -> Result<()> {
    if actor.may(Power::ReadPeople) && actor.may(Power::ReadResponses) {
        return Ok(());
    }
    Err(Error::Forbidden("Answers to letters are for those who may read who the people are and what they said.".into()))
}
