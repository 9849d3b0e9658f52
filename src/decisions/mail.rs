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
//! # 2026-11-29 · A letter is marked before its conversation, not before its final dot
//! `dot` is written in the same transaction as the outcome of the letter before it, and before MAIL. So there is one transaction for each
//! letter and connection, a letter whose sending was stopped is never announced, and no connection has to be thrown away because of
//! that. The price: after a crash a letter that had not come as far as its words is called uncertain too. It is sent once more in
//! either case.
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
//!
//! # 2026-11-30 · Easy Read stands beside the plain words, line by line
//! Whoever wants Easy Read gets every letter in it. Each line of a letter is `both(plain, easy)`: two wordings, each written by hand,
//! side by side in the composer, so that whoever changes one sees the other, and nothing that people need to know can be left out
//! of one form without being seen. Tests read every second wording in the source (15 words, one sentence a line, words of every day)
//! and compare the days, amounts and addresses of both letters. Rejected: one composer for each form (they drift apart), templates in
//! files (no compiler looks at their gaps), and making the one out of the other. There are no pictures: a picture in a letter is
//! loaded from somewhere, or makes it large, and licensed sets may not be handed on.
//!
//! # 2026-11-30 · Every letter in every form is looked at as it is shown
//! Each kind is written by its composer in plain English, Easy Read, large print and with a neutral subject, and axe-core looks at
//! it in a browser by day, by night and turned from right to left; a lint reads both parts of each. A fault is planted in each way,
//! and has to be found: night is looked at because colours that are clear by day can vanish in it.
//!
//! # 2026-11-30 · A letter has the words of the day on which it was made
//! Coordinators' own words are kept as whole versions that are never changed, and a letter takes the version that was in force at its
//! date. So the same row gives the same bytes, before and after a crash, and nothing has to be pinned while letters are under way.
//! The price: who mends a word after the letters were made has to cancel the mailing and ask again. Rejected: the words as they are
//! at the moment of sending (two people in one mailing read different things, and a letter sent again is another), and a column that
//! pins a version when a letter is first written (a write for each letter, and a second truth).
//!
//! # 2026-11-30 · Own words are for two places, and never for what people are owed
//! Behind the greeting and at the end, in four letters. The facts, the promise, the reasons and the ways out are built in: a template
//! for whole letters would let them be left out, by mistake or not. What the letter is about is said even below an opening of one's own,
//! except where that would ask twice. Variables are put in behind the Markdown, so no name becomes markup. Markdown is read by
//! `pulldown-cmark`, and what is not on the list is refused, not cleaned: a cleaned letter is not the one that was looked at.
//!
//! # 2026-11-30 · A gap is looked for by the database, among everybody who has joined
//! What is written in one language or form has to be whole in it. Which language, form and missing name make a gap follows from the
//! texts; one statement finds the people, counts them and pages through them. It looks at everybody who has joined and not at those alone
//! who may be asked: that is decided for each person as letters are made, and most of it may change until then. So a gap may be
//! reported for somebody who would not have been asked; another word beside the name closes it for all. The form stands in the
//! preferences' document, which is searched here and nowhere else, because a second column would be one more thing that can be wrong.
