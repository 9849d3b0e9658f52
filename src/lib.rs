//! Alongside: consultations and co-production that match the level of involvement people want.
//!
//! # The map
//!
//! Rooms in strict order, from the top down. A room uses only rooms below it; `tests/it/house.rs` reads the imports and
//! fails on a breach.
//!
//! | Room | What it promises people |
//! |---|---|
//! | [`commands`] | an operator starts with one word and is told what is wrong and what to do |
//! | [`app`] | puts the rooms together; the only place where news travels up |
//! | [`pages`] | every link in a letter opens, works without scripts, and changes nothing before a button is pressed |
//! | [`webhooks`] | other systems hear of news about work, and never about people |
//! | [`parts`] | you can leave, pause, or do less at any time, without a reason; what is owed stays owed |
//! | [`feedback`] | you see what happened to what you said, by the day that was promised |
//! | [`influence`] | every proposal that follows from what you said gets an answer, with the reason |
//! | [`replies`] | you can answer a letter by e-mail, and see what became of it |
//! | [`sessions`] | meetings whose notes you can put right |
//! | [`responses`] | answers you can save, change and take back; nothing is lost |
//! | [`matching`] | never above what you want, no override by anybody; few places are drawn fairly |
//! | [`invitations`] | you know why you were asked; yes, no, later and lighter are equally good |
//! | [`opportunities`] | nothing opens before it says what can change, what it takes, what is paid |
//! | [`statistics`] | no number about so few people that they could be known |
//! | [`projects`] | a piece of work from a need, with its decisions, open or reserved with the reason |
//! | [`consent`] | each use of your data is a switch of its own; what you agreed to stays what it was |
//! | [`participants`] | you decide how you are involved, at once and without a reason |
//! | [`integrity`] | the ladder in plain words; what is missing before something may open |
//! | [`accounts`] | nobody sees an organisation they do not belong to |
//! | [`questionnaires`] | pure: your answers are checked whole, by the same rules as in the browser |
//! | [`platform`] | knows no capability: database, clock, web edge, mail, queue, audit |
//!
//! Inside a room: `api.rs` (shapes and endpoints; poem lives here and nowhere below), verbs in files named by what they do
//! (each is one use case in one transaction), `rules.rs` (pure: no async, no database, no clock), `jobs.rs` (work of the
//! queue; a payload holds ids), `letters.rs` (what letters say, asked once more when they are sent). Tables, ids, words and
//! documents are in the crate `entity`, the schema in `migration`. Decisions and rejected options: [`decisions`].
//!
//! # Three recipes
//!
//! **Add a field.** Say, a `venue` of an opportunity: the column in `entity/src/tables/opportunities.rs` and in a new file
//! under `migration/src/sql/` (named in `migration/src/lib.rs`); the field, its rule and its row where the compiler then asks
//! for them, in `src/opportunities/`; an example in `src/platform/http/examples.rs`. Then `cargo test`: the schema test compares
//! entity and migration, and the snapshot of the API document shows the change.
//!
//! **Add an endpoint.** A method in the room's `api.rs` with `path`, `method` and `operation_id`, `caller: Caller` first and
//! [`accounts::access::may`] before the body is taken; the verb it calls, in a file of the room, taking `&Tx` if it
//! writes; a test in `tests/it/<room>.rs`. The role table in `tests/golden/` shows who may call it.
//!
//! **Add a letter.** A kind (`family.name`: whoever stops one letter of a family stops all
//! of it; the family is the room, or part of what it writes) as a constant in the room's `mod.rs`; its text in `letters.rs`, which asks again
//! whether it may be sent; [`platform::mail::enqueue`] in the transaction of what it is about; one line in `composers()` of
//! [`app`]. The letter test renders it from a sample.

pub mod commands;

pub mod app;
pub mod decisions;

pub mod pages;

pub mod webhooks;
pub mod parts;
pub mod feedback;
pub mod influence;
pub mod replies;
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
