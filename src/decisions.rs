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
//! across organisations by priority, and letters to staff belong to none; so do `mail_hold`, `mail_route` (what is known of mail
//! servers and domains), `mail_fetch` (who reads the mailbox) and `mail_inbound` (whose letter it is about shows only when it is read). Everything else has the key
//! `(organisation_id, id)`, or `organisation_id` with the ids of the two things it joins.
//!
//! # 2026-11-24 · Links are derived, not stored
//! The token of a letter's link is an HMAC of the letter's id under a key outside the database, and its SHA-256 is stored.
//! So a letter sent again is the same letter, byte for byte, and a stolen database holds no usable link. The price: every
//! process needs the same key file; a database refuses to start with another one. Rejected: random tokens kept in the queue
//! (readable there), a new token at each try (the second letter would differ from the first).
//!
//! # 2026-11-24 · A link can read its draft, and never an answer
//! An invitation's link never reads earlier answers; going on later on another device needs
//! the saved draft. So the link reads the draft while it is one. Once handed in, the draft is gone and the answers cannot be
//! read by the link; handing in again replaces them. A draft of changes holds what was handed in, so the link does not read
//! that one either. Whoever is signed in as the person reads what they said on their own page, and goes on from there: that page
//! gives the pages of the invitation a cookie of the person beside the one of the link.
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
//! An open call asks everybody who may be asked. For limited places the whole pool is recorded as numbers with its digest, the
//! seed is recorded before anybody is looked at, and the draw can be run again from the record. The reserve follows in the
//! drawn order; each person is looked at once more before they are asked. Invitations of one organisation are made one run
//! at a time, so that two runs cannot both use the last free hour of somebody's month.
//!
//! # 2026-11-24 · A seat is held until a day, then it is free
//! Whoever is drawn has a seat to themselves until a day that the letter names. Then it goes to whoever waits, or to the next
//! in reserve; the invitation stays open, and a late yes takes a free seat. Rejected: waiting until the closing day (silent
//! people cost seats that others want), ending the invitation (a late yes is still a yes). Consultations have no seats.
//!
//! # 2026-11-24 · A pause remembers
//! A pause keeps the rungs that stood before it, and after it a question is put about those alone. Rejected: going on as
//! before (nobody knows what somebody wants after a pause), a question about anything (a rest is no wish for more).
//!
//! # 2026-11-24 · A lighter way is the person's own act
//! Who steps down to another opportunity of the same project gets an invitation that no preference can take back, because it
//! was their choice. Invitations that we chose (with a run behind them) are taken back as soon as they no
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
//! # 2026-11-24 · Judging answers has a measure of work
//! Whoever writes a form and whoever answers it can be the same hostile person, and all answers pass one writer. So work is
//! counted while conditions and patterns are worked out, and answers beyond the measure are refused as a whole. Rejected: a
//! time limit (the same answers would be taken on one day and refused on another), a limit at publication alone (it would
//! forbid ordinary forms, because the answers decide how much work they are).
//!
//! # 2026-11-24 · Days lie between 1900 and 9998
//! SQLite compares days and times as text, and PostgreSQL knows none before -4712. One check at the edge bounds every day that
//! comes from outside. Rejected: other column types on SQLite (they would sort, and could not be read by people any more).
//!
//! # 2026-11-24 · A key ends with the work of who made it
//! When a member of staff is removed, so are the keys they made: nobody else knows where those lie. Rejected: keeping them
//! with a note in the list, because the one who can read such a note is the one who forgot.
//!
//! # 2026-11-24 · Quiet puts off the end of a letter too
//! A letter that waits for the end of a quiet period keeps the time it has to arrive. Rejected: letting it expire, because
//! who wanted quiet for five days would never hear what came of what they said.
//!
//! # 2026-11-24 · Metrics are for the operator
//! `/metrics` stands on the listener of the API, so it answers callers on the same computer that came through no proxy, or
//! whoever sends the token. Rejected: a second listener (one more port to guard in every installation).
//!
//! # 2026-11-24 · What a withdrawal takes with it
//! The effect that a notice promises is about what is held for that use. For taking part that is everything somebody gave:
//! answers and their draft, contributions, what they said about notes, ratings, what they said about claims, and the record
//! of which theme rests on their words; with `erase_all_identifiable` also whose words they were and who was at a meeting.
//! For facts about oneself it is those facts, for being quoted the leave that was given with words. Being counted leaves
//! nothing behind but published numbers, so there is nothing to erase; the next published number leaves the person out. That somebody
//! was asked, and what they said to a notice, stays: the first so that they are not asked again, the second as the proof.
//! `erase_raw_unpublished` keeps what a report holds that was published while the consent stood. What nothing here can carry
//! out (recordings, data that a recipient has) may not be promised: such a notice is refused by name. So is a use in a
//! notice where nobody looks for it.
//!
//! # 2026-11-24 · A number for everybody rests on two consents, one for staff on one
//! A published number (who answered, who took part, groups, people behind a theme, ratings) counts those who agree now to take
//! part and to be counted in what is published. Staff's own numbers rest on taking part alone, because that is what
//! they were given the answers for. How many were asked rests on neither: it tells what the organisation did. A place or an
//! attendance that stays on record after taking part was taken back counts for neither audience. An opportunity opens
//! with a notice that asks for both, because otherwise its report could count nobody. Rejected: counting everybody in totals
//! and leaving people out of the details (the difference tells how many refused, and who is in a total is counted all the same).
//!
//! # 2026-11-24 · Leaving takes back what was agreed with the organisation
//! Who leaves takes back every consent to the organisation as a whole, so that coming back begins anew. What they gave to
//! particular pieces of work stays, because each of those is an agreement of its own and others build on it; one more word
//! in the same call takes it all back. Rejected: taking all of it back in any case (it erases what many wanted to stand).
//!
//! # 2026-11-24 · Nobody but the person widens
//! Staff can write down what somebody told them, as long as it allows no more than that person's own latest words (for those
//! who have said nothing: to be asked each time) and no more than what counts now. So a limit taken by telephone is not
//! lifted by telephone. Rejected: widening with a note of the channel; nobody can check it, and the person's own page is one
//! link away.
//!
//! # 2026-11-24 · Means of ratings move by whole groups
//! A mean of five and a mean of six give the sixth away. Means begin at twice the organisation's minimum, and count whole
//! groups of it in the order of arrival. Known limit: who changes a rating that is in a mean moves that mean by the difference.
//!
//! # 2026-11-24 · Letters stop by family
//! Whoever stops one letter that asks stops invitations, reminders and "you asked us to ask again" alike. A letter that
//! confirms a place the person took is of another family. The family stands before the point in a letter's kind, so a new
//! letter cannot be left without one.
//!
//! # 2026-11-24 · Pages that cannot hand over a session open none
//! The page behind a link to sign in says what the link is for and leaves it unused; joining from a letter joins and opens
//! no session. Addresses that letters and the console name have a plain page until they have a real one.
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
//! # 2026-11-24 · The closing day is the last day to say yes
//! Where there are places, work begins when they are taken. So `closes_on` ends yeses and answers, and nothing else: whoever
//! holds a place gives contributions until the report is published, and a place given up goes to the next who waits until
//! it begins. The feedback day lies after both. Rejected: a further day on which an activity ends (a group that goes on for a
//! year has none), moving the closing day to the beginning (nobody could plan who comes).
//!
//! # 2026-11-24 · One notice for one opening
//! People are shown the newest published notice of an opportunity, so it opens with that one named or none; a newer one is
//! refused once it has opened. The notice on record is then the one that everybody read.
//!
//! # 2026-11-24 · Forms live by the clock on the wall
//! Forms and answers know no time zones, so "today" in a condition is the day where the organisation is. Rejected: the zone
//! of whoever answers (nobody knows it, and two people would be judged differently).
//!
//! # 2026-11-24 · Mailings are looked after without names
//! Administrators see mailings and their letters by state and can pause, resume, cancel and retry them, and see no address and no
//! recipient: who was asked about what is for nobody's curiosity. Uncertain letters are not sent again by a retry.
//!
//! # 2026-11-28 · Questions are built in versions
//! In the console each question that is added, moved or changed publishes the next version of a draft's questions: nothing is
//! lost when a browser closes, and every version is on record. Once people can answer, questions are replaced as a whole and
//! never step by step, so that half a change is asked of nobody. Rejected: a table of drafts (a second place where questions
//! live), the whole form carried in the page (lost with the window).
//!
//! # 2026-11-28 · A form that is sent twice is one
//! Pages have no `Idempotency-Key` of their own; each form that makes something carries a random number in a hidden field, kept
//! by the same table and in the same transaction. Sent again it leads to what was made; sent again with other words it is told.
//!
//! # 2026-11-28 · A backup is rows in a format of our own
//! One format serves backups, moves between the databases and moves of one organisation, and can be read without us: text in
//! lines, gzip, age. Rejected: the database's own tools (`pg_dump` and a copy of the SQLite file cannot be brought back into the
//! other one, and a file that is copied while it is written is not one moment), a format in each of two ways. The columns are in the file, so a
//! backup of an earlier version is filled into the schema of its day and then migrated like any database.
//!
//! # 2026-11-28 · After a restore letters wait, and nobody is signed in
//! What waits in a backup may have been sent since, and a letter that comes twice, or comes for something that is over, costs
//! more than one that comes a day later. So all letters are held until an operator decides, also those that overdue work
//! writes and those that people ask for now: one rule that can be relied on. Letters that are not sent are `uncertain`, because
//! that is what they are. Sessions, and links that open one, are ended, because they may have been ended since. Links in
//! other letters, keys of systems and invitations of staff stay: they are many, a person holds each of them, and ending them would
//! hurt more people than it protects. Rejected: holding what was queued before the backup alone (reminders that are overdue would
//! be written anew), a switch in the settings (it would be forgotten, in either position).
//!
//! # 2026-11-28 · What hangs on the key is translated when an organisation moves
//! Another installation has another key. Links are looked up by their hash, so old ones work; letters that are still to be sent get the
//! hash of the new key beside the old one. Numbers in draws are public and cannot change, so they travel with the draw. Addresses
//! that must not be written to are hashed under the key, so they travel as addresses, as far as a person here has one; how many do
//! not is told. Rejected: handing over the key (it opens every other organisation too), a key for each organisation (what is
//! hashed already would stay behind all the same). Pseudonyms in exports of answers change.
//!
//! # 2026-11-28 · An account is its e-mail address when an organisation moves
//! Who has an account at the new place keeps it as it is; entries of the audit log that name the old id still do, because
//! they are chained. Passwords of the others come along as hashes: they sign in as before. Rejected: overwriting (a file could
//! take over an account), accounts without a password (everybody would need a letter, while letters are held).
//!
//! # 2026-11-28 · Webhooks name work and never people
//! An event holds a kind, a time and ids of the organisation's own work: opened, closed, report published, feedback overdue. A
//! front end fetches the rest with its key. Rejected: an event for each answer, invitation, joining or leaving (the time
//! alone tells whoever sits beside a person that it was them), counts (a count sent at each change gives away what
//! `statistics` withholds), `mailing.finished` (it tells when the last letter of somebody left, and is the operator's
//! concern, who has metrics). The room stands above all that have news; `app` hands it the jobs of lower rooms.
//!
//! # 2026-11-28 · The secrets of webhooks are derived, and a worker keeps a whole webhook
//! Like links, the secret is an HMAC of the webhook's id and a number under the installation's key; a rotation counts the number
//! up. Nothing is stored that a stolen database could sign with. The price: an organisation that moves to another
//! installation makes new secrets. Rejected: secrets encrypted in the table (a second key to keep, for the same end).
//! A worker leases a webhook and not a delivery, so a receiver has one request at a time and two workers send nothing twice.
//! Webhooks have a loop of their own beside the queue and the outbox: a slow receiver keeps no other work waiting.
//!
//! # 2026-11-28 · Where a webhook may lead is decided when the connection is made
//! Every address of the name is checked, and the connection goes to what was checked; a name that turns between the check and
//! the use has no such moment. All addresses that are not given out as public ones are refused, no redirect is followed, no
//! proxy is asked, and of an answer only the head is read. Who hosts a receiver inside names its network. The client is
//! hyper with the rustls that the mail and the database use. Rejected: `reqwest` (pools, proxies, redirects and a resolver that all had
//! to be switched off).
//!
//! # 2026-11-28 · Connections are served by hyper in a loop of our own
//! The framework's server has no time limit for heads and bodies, no bound on connections and none for one place. So its endpoint
//! is served by hyper here: a head has its time from the first byte on, a body its pace, an answer has to be taken, one
//! place has so many connections, and a full server closes the one that has waited longest without asking. HTTP/1 alone:
//! proxies speak nothing else to us. Rejected: hyper's own head timeout (it counts the pause between two requests as well, and
//! proxies keep connections longer than a head may take).
//!
//! # 2026-11-28 · Numbers are pushed to those who may read them exactly
//! `live` pushes the funnel to those who run an opportunity, who can read it at any time without it. For others, numbers about few
//! are withheld, and the moment at which a withheld number changes would say what it hides. One look at the database serves
//! all who watch an opportunity. To watch is no use of a session: whoever leaves a window open is signed out as if they had
//! gone.
//!
//! # 2026-11-28 · Pages are judged in Chromium, by its own driver
//! The tests speak WebDriver by the HTTP client that is here already: a dozen calls in one file. Rejected: fantoccini (twenty
//! more packages, among them a second `http` and a second set of Unicode tables, for the same calls), Playwright (downloads
//! browsers of its own). axe-core is installed by a lock file with its digest, not kept here: it is under another licence and
//! larger than all pages together. What axe-core cannot see is measured beside it: reflow at 320 pixels, text spacing, targets,
//! each stop of the keyboard and how one sees it, chosen colours, and the same words without styles, scripts and pictures.
//!
//! # 2026-11-28 · Pages of questions are saved one by one, and what was checked is what is handed in
//! A page of questions saves its own answers into the draft in one transaction and leaves every other page's as they are, so of
//! two browsers the later counts for the page that it saves and nothing else is lost. A page says which questions it showed:
//! a box that was never seen cannot have been left empty. Every button saves, back as well. So a draft may hold what is not
//! finished: words where a number goes, "None" beside other options; all of it is refused when it is handed in. What a
//! draft cannot hold (a text beyond its limit) brings the page back with the text in it. The page of answers to check names the
//! version of the draft that it shows, and another version is shown before it is taken. Rejected: refusing the page of the
//! browser that was slower, as the API does (nobody without a script could put the two together); keeping wrong answers in
//! the browser alone (they would be lost on the way to another one).
//!
//! # 2026-11-28 · A page is named by its number in the form, and one comes back to the page after the last answer
//! The address of a page counts all pages, shown or not, so that it stays right whatever is answered; people are told the
//! number among the pages that they see. Whether a question is asked follows from the answers that will be kept, so nobody
//! answers what would be left out. Where one left off is told by the answers: no browser and no column needs to remember it.
//! An order of options by chance comes from the invitation, and is the same in every browser. Easy Read is one more language of
//! a text, with a key that ends in `easy`, which every SurveyJS front end can show by setting its locale.
//!
//! # 2026-11-28 · Traces are made by hand, and a sieve lets four attributes out
//! With the feature `otel`, off by default, a span says what was done, how long it took and how it ended, and never for whom. The
//! places that make spans take an operation, a kind or a word from the source, and nothing else; what leaves is made anew from
//! an allow-list, with events, links, reasons and the state of other systems left out, and names that could be a value replaced.
//! So a slip in one place meets the other. A `traceparent` is believed from named proxies alone, because whoever may choose
//! the ids of our traces may write in them. Spans go to a task of our own by a queue that never waits; hyper and rustls, which are here
//! already, do the rest. A transaction's span hangs on what counts its statements, which the transaction lets go of when it
//! ends. Rejected: `tracing-opentelemetry` (every line of the log and every field in it would be on its way out, and the
//! sieve all that stands before it), `opentelemetry-otlp` (settings of its own from the environment, an HTTP client to be wrapped, for
//! what is one call of `opentelemetry-proto`), the batch processor of the SDK (a thread of its own, which knows nothing of our
//! runtime and does not say what was lost), retries (what is lost is a picture, not work), numbers of requests in
//! spans (the log has them, with the time).
//!
//! # 2026-11-28 · What of ASVS 5.0 is not met, and why
//! `tests/it/asvs/matrix.md` names each item with its test or its exception. Open, and to be mended: a second factor for staff
//! (6.3.3), a list of stolen passwords (6.2.12; at 15 characters or more the lists of common ones, 6.2.4, hold next to nothing),
//! encryption of single columns (11.3.2 to 11.3.4) and classes of data in the schema (14.1.1, 14.1.2). Left as they are: links in
//! letters for people (6.3.3, 6.6.2: many have one device, and open a letter on another than they asked with), no second person
//! for what weighs most (2.3.5: a small charity has one coordinator, so such acts are written down), no letter about a changed
//! address (6.3.7: addresses do not change), cookies without the prefix that forbids a path (3.3.3: ours are bound to one
//! organisation or one invitation, which keeps more apart). Keys are a file and variables, which every store of secrets provides (11.1.1,
//! 13.3.1).
//!
//! # 2026-11-28 · Coordinators say who the organisation is
//! The name, the contact, the privacy page, the look and the log are for coordinators too: a small charity has one, and waits for
//! nobody to put a telephone number right. What links and numbers hang on (the name in addresses, the site of links, the time
//! zone, the smallest group) and who works there stay with administrators, and keys of systems change none of it.
//!
//! # 2026-11-28 · Of two who change the same form, the second is told and decides
//! Whoever saves over a change that they have not seen gets the form back, with what they typed and with words about it; saved
//! once more it counts. The API answers 412, because a program has typed nothing. Rejected: a page that says so without the
//! form (what was typed is gone), putting two texts together (nobody has read the result).
//!
//! # 2026-11-28 · What it is about stands before the answer
//! The page of an invitation shows what is asked, what cannot change, time, pay and support before the buttons, however long that is on a
//! phone. Who has answered already finds first what they can do now.
//!
//! # 2026-11-28 · Whoever comes from their own page is known to an invitation by their session
//! The page of an invitation took a link of its own into a cookie, also for whoever was signed in: after signing out it stayed
//! open on a shared computer. Now the session opens it, and ends it. Whoever comes by a letter has the link in a cookie of that page
//! alone, with a button there that takes it back. Rejected: `Clear-Site-Data: "cookies"` (it takes those of other programs on
//! the same host along), a list of cookies to remove (a person may have a hundred invitations, and a header has an end).
//!
//! # 2026-11-28 · The fairest draw: relaxed, thrown for, weighed; exact where that falls short
//! `sortition` is a crate of its own that knows no database. It works on kinds of people whose features are the same. First
//! the leximin chances of the linear relaxation, level by level, by Newton's steps on the proofs of a bounded simplex: each level
//! carries multipliers that prove it by plain sums. Then whole panels whose mean comes near to those chances: seats thrown for and
//! mended by exchanging people who differ in little, with what is owed carried over from panel to panel. Then weights of the
//! largest entropy, by Newton's method with conjugate gradients: they are positive by themselves, and if the chances can be had they are
//! met to ten digits, so the relaxation's proof is theirs. Where whole panels cannot reach the relaxation, column
//! generation finds the true leximin with prices that prove it. Tickets, whole numbers, make the chances that are published those that
//! are drawn. Only sums, products, comparisons and `libm` are used, so every machine has the same result. Rejected: weights by least
//! squares or a linear programme over thousands of rows (minutes where entropy takes a second), `highs` (cmake and a long build),
//! `microlp` (no multipliers from what is impossible, which the proofs are made of).

pub mod mail;
pub mod matching;
