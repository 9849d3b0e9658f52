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
//! # 2026-11-30 · Who answers a letter is known by the address that it came to
//! `Reply-To` holds the letter's id and ten bytes of proof, made with another label than those of the return address, so neither can be
//! made of the other. It proves that the writer has had the letter, not who they are: whoever got it from the person can answer it, and
//! `From` can be forged. So an answer from another address than the letter went to says so to staff, and none is taken without a person
//! who reads it. Rejected: to refuse such answers (people write from a second address, or let somebody write for them).
//!
//! # 2026-11-30 · A Message-ID is a name and no proof
//! Some mail programs answer to the sender. If such an answer comes in by the same door, it names our letter by its Message-ID: a UUIDv7
//! with 62 bits of chance, which nobody guesses, but which staff see as the id of a letter, logs hold, and every mail of the thread
//! carries. It is taken if it also says that it is from whom the letter went to; it is marked as not proved for whoever reads it, and
//! stops no letters. Rejected: to drop it (what people said would be lost to a fault of their mail program), and to trust it.
//!
//! # 2026-11-30 · An answer is a candidate, and its words are kept once
//! People answer letters that ask nothing, and letters about work in which they have no part. So an answer counts for nothing until
//! somebody who may read both people and words has looked. Taking it makes a contribution under the same conditions as any other that
//! staff write down, and moves the words there: what the person takes back there is gone everywhere. The whole text waits beside what was
//! told to be new until then, so that nothing is lost to a wrong guess. Links and codes are taken out of both, because the quoted letter
//! holds the person's own. Rejected: answers as contributions at once (nobody agreed to that by pressing "reply"), and a room for
//! conversations (another product, and one more place to be watched).
//!
//! # 2026-11-30 · Of whom is not heard any more, nothing is kept
//! Who has left, or has taken back their part in what a letter was about, may still press "reply" on an old letter. The message is thrown
//! away, and its row says that and nothing of the person. Answers that nobody took go with the part that they were about, whatever the
//! notice promised about what was given: nothing was agreed for them.
//!
//! # 2026-11-30 · Mailboxes are not read yet, and `async-imap` would do it
//! Who cannot make their mail server hand over messages has no way yet. `async-imap` 0.12 is kept, free to use, and runs on tokio over any
//! stream, so over the TLS that is there. It reads a message into memory whole, so its size is to be asked for first; it tells the log
//! all that it reads, so it is to be silenced; a message may go from the mailbox only after the transaction that holds it. Rejected: POP3
//! (no client on tokio that is kept; it locks the mailbox), and IDLE (a connection that stands for hours, to win a minute).
