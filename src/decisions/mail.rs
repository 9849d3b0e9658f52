//! Delivering letters, and what comes back.
//!
//! # 2026-11-29 · The conversation with a mail server is ours, its words are lettre's
//! lettre 0.11 waits for a round trip at each command, has no limits once a connection is open, closes it after any refused
//! recipient, does not say at which step something was refused, and gives up where EHLO is not known. Its futures, dropped
//! half-way, leave connections on which every later answer is off by one. So the socket, the limits, the group of commands and the
//! reading of answers are in `platform::mail::smtp`; commands, addresses, sign-in and messages are lettre's. Rejected: its
//! `AsyncSmtpConnection` over our own socket (greeting and EHLO are one call there, without HELO and without knowing PIPELINING),
//! and another client (each brings a second TLS stack, a resolver, or a pool of its own).
//!
//! # 2026-11-30 · A letter is announced, then marked, then delivered
//! A server is told who a letter is from and for whom in the same write as the words of the letter before it (RFC 2920, 3.1), so a
//! letter costs one round trip. `dot` is written in the same transaction as the outcome of the letter before it, after the server
//! has said that it waits, and before the words go: so only letters whose words may be on their way are ever in doubt, and there is one
//! transaction for each letter and connection. A letter that may not go after all (its mailing was stopped, its address is
//! suppressed) costs its connection, because nothing but a letter can be said there; that is rare. Where only so many letters
//! may go in a time, a letter is announced when its turn has come. Before, `dot` was written ahead of MAIL.
//!
//! # 2026-11-30 · The outbox does not wait for the disk
//! Answers are committed with `synchronous=NORMAL` (PostgreSQL: `synchronous_commit=off`) on a connection of their own, and whatever
//! was committed is taken to the disk at once, beside the next letters. A commit survives the end of the process either way, so after
//! a crash everything said of duplicates holds. After a power cut the letters of the last few milliseconds before it may go out once
//! more without a mark in their history; none is lost. The alternative, waiting for the disk before each next letter, halves
//! what a connection can send and protects nobody from being forgotten. Everything else that is written waits for the disk as ever.
//! Answers that come within a millisecond of each other are written down together.
//!
//! # 2026-11-29 · Servers are opened before letters are touched
//! A connection is greeted, encrypted and signed in before a letter is marked for it. What a server says until then is noted of the
//! server, in `mail_route`, and of no letter: no attempt is charged and nothing stands in a letter's history. After five faults in
//! a row nothing is tried for a minute, then for longer, and then with one connection. Several servers can be named; each is used
//! while those before it are shut.
//!
//! # 2026-11-29 · Turns instead of a scan by domain
//! Each letter has a turn: how many letters to the same domain were made with it and go before it. Letters are taken by priority,
//! turn and age, so a mailing to thousands at one domain stands in nobody's way, and a small mailing comes between the letters of a
//! large one; a partial index holds just what may be taken now. What stands still (a paused mailing, a hold) is put aside when a
//! worker first comes upon it. Rejected: looking for the domains that have letters (a scan), and leaving out those that are
//! slow (a scan past all their letters).
//!
//! # 2026-11-29 · What is said of us is held against nobody
//! The table of answers is in `platform::mail::engine::policy`. Only that there is no such address ends letters to an address at once;
//! "disabled" does when it is said again after seven days, and a refusal without a reason when it is said again after a day. A refusal
//! for reasons of policy fails the letter and shuts the domain for a while; a letter that is refused three times in a row for what it
//! holds stops its mailing. 421 costs a letter nothing, five times over. A letter that was tried until its time had passed has failed,
//! and says why; only one that was never tried has expired.
//!
//! # 2026-11-29 · DKIM is our own signer
//! lettre's canonicaliser recurses for each character, its default form does not verify, and its RSA takes three times as long;
//! `mail-auth` brings 190 crates. Ours is 320 lines over `ring`, signs twice where two keys are set, counts what must not be added
//! once more than it is there, and is looked at by mailauth and dkimpy in the tests. It signs with the time of the letter, so a letter
//! that is sent again is the same to the byte.
//!
//! # 2026-11-29 · What comes back is taken first and read afterwards
//! `POST /inbound` writes the message down and answers; a job reads it. It counts if the address that it came to, or the return path of
//! the letter inside it, holds the letter's id and ten bytes that prove that we wrote it (80 bits: each guess costs a message). What
//! is understood is thrown away at once, because it holds what people wrote; what is not is kept for a month for an operator. The walk
//! over the parts of a message is our own over `mail-parser`'s words: its own grows with the square of the size where boundaries are
//! missing. One piece reads what a refusal is about, for answers and for reports.
