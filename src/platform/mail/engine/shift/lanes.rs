//! Letters and the connections that they go over.

use super::{SLOW_DISK, Shift};
use crate::platform::{
    Result,
    mail::{
        engine::{
            finish::{Settled, write_down},
            flow::Way,
            lease::{self, Lease},
            policy::{Outcome, Sign},
            prepare::Ready,
            trip::{Ask, Held, Told, announce, deliver},
        },
        transport::{Line, SendFault, Stage},
    },
};
use chrono::Duration as Span;
use entity::{MailState, RouteKind, Time, mail_message::Model};
use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

impl Shift<'_> {
    /// Pairs letters with connections, writes down what is settled, and lets the letters go that may.
    pub(super) async fn hand_out(&mut self) -> Result<()> {
        for (until, letters) in self.pair() {
            let given = lease::give_back(self.platform, &letters, until).await;
            self.bear(given)?;
        }
        self.drop_stale();
        if self.flushing.is_some_and(|since| since.elapsed() > SLOW_DISK) {
            return Ok(());
        }
        let changed = self.state.memory.routes.has_news();
        if self.settled.is_empty() && self.held.is_empty() && !changed {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        let ready: Vec<(&Model, &str)> =
            held.iter().map(|held| (&held.ready.letter, self.servers.get(held.server).map_or("", String::as_str))).collect();
        let granted = match write_down(self.platform, &mut self.state.memory, &self.settled, &ready).await {
            Ok(granted) => granted,
            Err(error) if self.under_way.is_empty() => return Err(error),
            Err(error) => {
                tracing::error!(error = %error, "answers could not be written; no more letters are taken until they are");
                self.held = held;
                return Ok(());
            }
        };
        self.settled.clear();
        self.flush();
        for held in held {
            if granted.contains(&held.ready.letter.id) {
                self.send(held);
            } else {
                // It was given back, and whoever takes it next sees why it does not go.
                self.dry = false;
                self.handled += 1;
                self.let_go(held);
            }
        }
        Ok(())
    }

    /// A composer's word does not hold for ever: letters that have waited long for their turn are asked about again.
    fn drop_stale(&mut self) {
        let fresh = self.mailer.fresh;
        for held in self.held.extract_if(.., |held| held.ready.asked.elapsed() > fresh).collect::<Vec<_>>() {
            self.taken.push_back(held.ready.letter.clone());
            self.let_go(held);
        }
    }

    /// What was committed goes to the disk while letters go on.
    pub(super) fn flush(&mut self) {
        self.unflushed = true;
        if self.flushing.is_some() {
            return;
        }
        (self.flushing, self.unflushed) = (Some(Instant::now()), false);
        let (db, tell) = (self.platform.db.clone(), self.tell.clone());
        self.work.spawn(async move {
            if let Err(error) = db.flush().await {
                tracing::error!(error = %error, "what was written down is not on the disk yet");
            }
            let _ = tell.send(Told::Flushed);
        });
    }

    /// Letters that cannot go now, with the time when they can. Those that can get a connection, as long as there are some.
    fn pair(&mut self) -> HashMap<Time, Vec<Lease>> {
        let now = self.platform.clock.now();
        let mut later = HashMap::<Time, Vec<Lease>>::new();
        let mut passed = VecDeque::new();
        while self.state.lines.len() > 0
            && let Some(ready) = self.ready.pop_front()
        {
            if ready.asked.elapsed() > self.mailer.fresh {
                self.taken.push_back(ready.letter);
                continue;
            }
            let domain = &ready.letter.domain;
            match self.state.memory.routes.way(RouteKind::Domain, domain, now) {
                Way::Shut(until) => {
                    later.entry(until).or_default().push(Lease::from(&ready.letter));
                    continue;
                }
                Way::One if self.to.contains_key(domain) => {
                    later.entry(now + Span::minutes(1)).or_default().push(Lease::from(&ready.letter));
                    continue;
                }
                Way::One | Way::Free => {}
            }
            match self.fits(domain).then(|| self.state.lines.next()).flatten() {
                Some(idle) => self.begin(idle.server, idle.line, ready),
                None => passed.push_back(ready),
            }
        }
        passed.append(&mut self.ready);
        self.ready = passed;
        later
    }

    /// A letter gets a connection.
    fn begin(&mut self, server: usize, line: Box<dyn Line>, ready: Ready) {
        self.goes_to(&ready.letter.domain);
        *self.in_use.entry(server).or_default() += 1;
        let ready = Box::new(ready);
        if !self.ahead {
            return self.held.push(Held { server, line, ready, announced: false });
        }
        self.asked.insert(ready.letter.id, Lease::from(&ready.letter));
        let tell = self.tell.clone();
        self.work.spawn(async move {
            let _ = tell.send(announce(server, line, ready, false).await);
        });
    }

    /// A letter does not go over its connection after all: the server may wait for it, and nothing else can be said there.
    pub(super) fn let_go(&mut self, held: Held) {
        self.left_for(&held.ready.letter.domain);
        self.no_longer_in_use(held.server);
        if held.announced {
            self.work.spawn(held.line.close());
        } else {
            self.state.lines.keep(held.server, held.line);
        }
    }

    pub(super) fn no_longer_in_use(&mut self, server: usize) {
        if let Some(in_use) = self.in_use.get_mut(&server) {
            *in_use = in_use.saturating_sub(1);
        }
    }

    /// A letter that can be announced together with the one before it.
    fn next(&mut self, server: usize) -> Option<Box<Ready>> {
        let now = self.platform.clock.now();
        let routes = &self.state.memory.routes;
        let name = self.servers.get(server)?;
        let free = |kind, name: &str| matches!(routes.way(kind, name, now), Way::Free);
        if !self.ahead || self.stopping.is_some() || self.state.lines.len() > 0 || !free(RouteKind::Server, name) {
            return None;
        }
        let ready = self.ready.front()?;
        let domain = &ready.letter.domain;
        if ready.asked.elapsed() > self.mailer.fresh || !self.fits(domain) || !free(RouteKind::Domain, domain) {
            return None;
        }
        let ready = self.ready.pop_front()?;
        self.goes_to(&ready.letter.domain);
        self.asked.insert(ready.letter.id, Lease::from(&ready.letter));
        Some(Box::new(ready))
    }

    fn send(&mut self, held: Held) {
        let letter = &held.ready.letter;
        let kind = self.mailer.composers.name(&letter.kind).unwrap_or("unknown");
        let span = self.platform.traces.letter(kind);
        self.under_way.insert(letter.id, Lease::from(letter));
        let next = self.next(held.server);
        let tell = self.tell.clone();
        self.work.spawn(deliver(held, next, span, move |told| drop(tell.send(told))));
    }

    /// A server was told of a letter.
    pub(super) fn announced(&mut self, ask: Ask) {
        let Ask { server, line, ready, ahead, result } = ask;
        self.asked.remove(&ready.letter.id);
        let fault = match (result, line) {
            (Ok(()), Some(line)) => {
                let held = Held { server, line, ready, announced: true };
                let late = held.ready.asked.elapsed() > self.mailer.fresh;
                if late && std::mem::replace(&mut self.ahead, false) {
                    tracing::warn!("a mail server takes long to answer; letters are announced when their turn has come");
                }
                if late || self.stopping.is_some() {
                    self.taken.push_back(held.ready.letter.clone());
                    return self.let_go(held);
                }
                return self.held.push(held);
            }
            (result, line) => {
                if let Some(line) = line {
                    self.state.lines.keep(server, line);
                }
                result.err()
            }
        };
        self.left_for(&ready.letter.domain);
        self.no_longer_in_use(server);
        match fault {
            // The server ended the connection after the letter before it, and has seen nothing of this one.
            Some(fault) if !(ahead && fault.code == Some(421) && fault.stage == Stage::Mail) => {
                self.came_of(server, ready.letter, Err(fault));
            }
            _ => self.put_back(*ready),
        }
    }

    /// What became of a letter is noted, and written down with the next ones.
    pub(super) fn came_of(&mut self, server: usize, letter: Model, result: Result<(), SendFault>) {
        let outcome = match result {
            Ok(()) => Outcome::sent(),
            Err(fault) => Outcome::after(fault, &letter, self.platform.clock.now()),
        };
        self.learn(server, &letter, &outcome);
        let server = self.servers.get(server).cloned();
        self.settle(Settled { letter, outcome, server });
    }

    /// A server that cannot be reached is its own matter: no letter was touched.
    pub(super) fn not_opened(&mut self, server: usize, fault: SendFault, now: Time) {
        let Some(name) = self.servers.get(server) else { return };
        let busy = fault.code.is_some_and(|code| (400..500).contains(&code));
        if busy {
            self.state.lines.fewer(server, self.mailer.width);
        }
        // Others are open: it only wants no more of them.
        if busy && self.in_use.get(&server).is_some_and(|count| *count > 0) {
            return;
        }
        self.state.memory.routes.trouble(name, &fault, now);
    }

    fn learn(&mut self, server: usize, letter: &Model, outcome: &Outcome) {
        match outcome.server {
            Sign::Busy => self.state.lines.fewer(server, self.mailer.width),
            _ => self.state.lines.took(server, self.mailer.width),
        }
        let change = &outcome.change;
        if change.state != MailState::Sent {
            tracing::warn!(
                letter = %letter.id, state = %change.state, stage = change.stage, code = change.code,
                text = change.text, "a letter did not leave",
            );
        }
    }
}
