//! The decision log: what was decided, why, and what was rejected.
//!
//! # 2026-11-24 · Schema in SQL with type names filled in
//! Migrations are SQL texts that both databases run; `{uuid}`, `{time}`, `{json}` and the like become each database's type.
//! Forty tables with composite foreign keys, partial indexes and triggers read better so than in a builder, and what is
//! run is what is seen. Rejected: the builder (composite keys triple its length), schema-sync (experimental).
//!
//! # 2026-11-24 · Tables without a tenant
//! `organisation`, `account`, `account_session`, `account_link` (a person may work for several organisations),
//! `installation`, `idempotency`, `job`, and `mail_batch`, `mail_message`, `mail_event`. The last three are a queue: claims go
//! across organisations by priority, and letters to staff belong to none. Everything else has the key
//! `(organisation_id, id)`, or `organisation_id` with the ids of the two things it joins.
//!
//! # 2026-11-24 · Links are derived, not stored
//! The token of a letter's link is an HMAC of the letter's id under a key outside the database, and its SHA-256 is stored.
//! So a letter sent again is the same letter, byte for byte, and a stolen database holds no usable link. The price: every
//! process needs the same key file; a database refuses to start with another one. Rejected: random tokens kept in the queue
//! (readable there), a new token at each try (the second letter would differ from the first).
//!
//! # 2026-11-24 · A link can read its draft, and never an answer
//! Requirement A-03 says that an invitation's link never reads earlier answers; going on later on another device needs
//! the saved draft. So the link reads the draft while it is one. Once handed in, the draft is gone and the answers cannot be
//! read by the link; handing in again replaces them.
//!
//! # 2026-11-24 · The caller is looked up by the verb, not by the framework
//! The security scheme only reads the token. `accounts::access` finds out what it opens, so that the permission comes before
//! the body is parsed, and the busiest path (handing in answers) finds out everything about a link in its own query.
//!
//! # 2026-11-24 · Answers are committed in groups
//! Handlers hand answers to one writer, which commits what is waiting in one transaction and answers after the commit. Alone,
//! a caller waits for no one; under load one disk write serves many. If a group fails as a whole, each item is tried alone.
//!
//! # 2026-11-24 · SQLite commits are durable
//! `synchronous=FULL`: who was told "we have your answers" keeps them after a power cut. With group commits the price is small.
//!
//! # 2026-11-24 · Who is asked, in the open and by lot
//! An open call asks everybody who may be asked. For limited places the whole pool is recorded as ids with its digest, the
//! seed is recorded before anybody is looked at, and the draw can be run again from the record. The reserve follows in the
//! drawn order; each person is looked at once more before they are asked. Invitations of one organisation are made one run
//! at a time, so that two runs cannot both use the last free hour of somebody's month.
//!
//! # 2026-11-24 · A lighter way is the person's own act
//! Who steps down to another opportunity of the same project gets an invitation that no preference can take back, because it
//! was their choice (rule M7). Invitations that we chose (with a run behind them) are taken back as soon as they no
//! longer fit.
//!
//! # 2026-11-24 · Letters a person asked for are sent in any case
//! The list of addresses that must not be written to stops every letter to participants except those they have just asked for
//! themselves: confirm an address, sign in.
//!
//! # 2026-11-24 · No `cannot_locate` here
//! A notice that says "your answers cannot be found any more" is refused at publication, because answers here are linked to the
//! person. The effect belongs to anonymous consultations.
//!
//! # 2026-11-24 · What was promised is copied, and held while people are asked
//! On opening, the project's promise, purpose and claimed rung and the decisions that are fed or reserved are copied into the
//! opportunity; letters, public pages and the report quote the copy. While an opportunity that promises them is open they
//! cannot change in the project (409). After it has closed they can: later work may promise something else, and the report
//! still quotes the old words. Rejected: versions of projects (every reader would have to know which one counts).
//!
//! # 2026-11-24 · Early closing says why, and late stays late
//! An opportunity can close before its closing day is over, because buildings burn and surveys go wrong, but with a reason that
//! everybody can read. A feedback day that is moved after it has passed stays on the public list of late promises with the day
//! that was promised first. A proposal that follows from what people said is answered; it cannot be removed or cut loose.
//!
//! # 2026-11-24 · Mailings are looked after without names
//! Administrators see mailings and their letters by state and can pause, resume, cancel and retry them, and see no address and no
//! recipient: who was asked about what is for nobody's curiosity. Uncertain letters are not sent again by a retry.
