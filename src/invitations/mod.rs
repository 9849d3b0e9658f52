//! Asking people, and what they answer: one invitation a person and opportunity.
//!
//! **What it promises people.** You are told why you were asked, what can change and what cannot, what it takes and what is paid,
//! who decides and when you will hear back. Yes, no, later and something lighter are equally good answers, each one step
//! away, and you may change your mind. You are never pressed: a no ends the matter for this project.

pub mod api;
pub mod applications;
pub mod choices;
pub mod endings;
pub mod funnel;
pub mod live;
pub mod guest;
pub mod jobs;
pub mod letters;
pub mod load;
pub mod mailings;
pub mod make;
pub mod own;
pub mod parting;
pub mod places;
pub mod posted;
pub mod replies;
pub mod rules;
pub mod same_day;
pub mod silence;
pub mod waiting;
pub mod wording;

pub use guest::Guest;
pub use letters::compose;
pub use make::{Invitee, make};
pub use own::{link_for, mine, to_opportunity_of};

use entity::{MailState, invitation, mail_message, opportunity};
use sea_orm::{
    EntityTrait, RelationDef,
    sea_query::{Expr, ExprTrait, IntoCondition},
};

/// Kind of the letter that asks.
pub const INVITE: &str = "invitations.invite";
/// Kind of the letter to those who asked to be asked again.
pub const AGAIN: &str = "invitations.again";
/// Kind of the letter that reminds.
pub const REMIND: &str = "invitations.remind";
/// Kind of the letter that says that an invitation was taken back.
pub const TAKEN_BACK: &str = "invitations.taken_back";
/// Kind of the letter that confirms a place: of a family of its own, so that whoever stops invitations still hears of a
/// place they took.
pub const PLACE: &str = "places.confirmed";
/// Kind of the letter that says that no place has become free: of the same family.
pub const NO_PLACE: &str = "places.none_free";
/// Kind of the letter that says that names were drawn, and the reader's was not among them: of the same family.
pub const NOT_DRAWN: &str = "places.not_drawn";
/// Kind of the letter that says that names are drawn on a later day.
pub const DRAW_MOVED: &str = "places.draw_moved";
/// Kind of the letter that says that something was ended by whoever ran it: of a family of its own, because it says what is owed.
pub const ENDED: &str = "endings.told";
/// Kind of the job that writes it.
pub const TELL_ENDED: &str = "invitations.tell_ended";
/// Kind of the job that says a place has become free. `matching` takes it over.
pub const PLACE_FREED: &str = "invitations.place_freed";
/// Kind of the job that says that somebody got a place or gave it up, where meetings lie ahead. `sessions` takes it over.
pub const PLACE_CHANGED: &str = "invitations.place_changed";
/// Kind of the job that enqueues reminders.
pub const REMINDERS: &str = "invitations.reminders";
/// Kind of the recurring job that ends invitations to few places whose letter could not be delivered.
pub const UNDELIVERED: &str = "invitations.undelivered";
/// Kind of the recurring job that lets go of places that were held for people who did not answer.
pub const LET_GO: &str = "invitations.let_go";
/// Kind of the recurring job that reminds those who asked to be asked later.
pub const ASK_AGAIN: &str = "invitations.ask_again";

/// The way from an invitation to the letter that asked; one that was taken back is none, and another may have followed it.
pub fn to_letter() -> RelationDef {
    invitation::Entity::belongs_to(mail_message::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::Id))
        .to((mail_message::Column::OrganisationId, mail_message::Column::SubjectId))
        .on_condition(|_, letter| {
            let stands = Expr::col((letter.clone(), mail_message::Column::State)).ne(MailState::Cancelled.word());
            Expr::col((letter, mail_message::Column::Kind)).eq(INVITE).and(stands).into_condition()
        })
        .into()
}

/// The composite way from an invitation to its opportunity.
pub fn to_opportunity() -> RelationDef {
    invitation::Entity::belongs_to(opportunity::Entity)
        .from((invitation::Column::OrganisationId, invitation::Column::OpportunityId))
        .to((opportunity::Column::OrganisationId, opportunity::Column::Id))
        .into()
}
