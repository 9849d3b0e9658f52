//! One run of the mailer: letters are taken, written and handed over over as many connections as may be open, and whenever
//! answers have come one transaction writes all of them down and marks the letters that come next.

use super::{
    Mailer, State,
    finish::{Settled, write_down},
    flow::Way,
    lease,
    policy::{Outcome, Sign},
    prepare::{Desk, Prepared, Ready},
};
use crate::platform::{
    Platform, Result,
    mail::transport::{Line, SendFault, Stage},
    tasks::caught,
};
use chrono::Duration as Span;
use entity::{MailMessageId, MailState, RouteKind, Time, mail_message::Model};
use futures_util::future::join_all;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// While letters are under way we look so often whether others have come.
const LOOK: Duration = Duration::from_millis(500);
/// Letters that are under way for long are held on to.
const RENEW: Duration = Duration::from_secs(240);
/// A composer's word that a letter may be sent holds for so long.
const FRESH: Duration = Duration::from_secs(10);
/// Letters under way when the process is asked to stop get so long to arrive.
const FINISH: Duration = Duration::from_secs(8);
/// Letters written at the same time.
const DESKS: usize = 2;

/// What has happened.
enum Event {
    Opened(usize, Result<Box<dyn Line>, SendFault>),
    Prepared(Vec<Prepared>),
    Answered { server: usize, letter: Box<Model>, line: Option<Box<dyn Line>>, result: Result<(), SendFault> },
    Closed,
}

struct Shift<'a> {
    mailer: &'a Mailer,
    platform: &'a Platform,
    state: &'a mut State,
    desk: Desk,
    servers: Vec<String>,
    /// Letters taken at a time.
    hand: usize,
    /// Letters that may still be taken in this run, and those taken and not written yet.
    left: usize,
    taken: VecDeque<Model>,
    /// Written.
    ready: VecDeque<Ready>,
    settled: Vec<Settled>,
    /// Letters under way, by their ids, and when they were last held on to.
    under_way: HashMap<MailMessageId, Model>,
    renewed: Instant,
    opening: HashMap<usize, usize>,
    in_use: HashMap<usize, usize>,
    preparing: usize,
    work: JoinSet<Event>,
    /// Nothing more was due when we looked.
    dry: bool,
    /// When the process was asked to stop.
    stopping: Option<Instant>,
    handled: usize,
}

/// Sends what is due; answers how many letters were handled.
pub async fn run(mailer: &Mailer, platform: &Platform, state: &mut State, most: u64) -> Result<usize> {
    state.memory.routes.refresh(platform).await?;
    lease::recover(platform).await?;
    let mut shift = Shift {
        desk: Desk::of(mailer, platform),
        servers: mailer.transport.servers(),
        hand: (mailer.width * 8).max(64),
        left: usize::try_from(most).unwrap_or(usize::MAX),
        mailer,
        platform,
        state,
        taken: VecDeque::new(),
        ready: VecDeque::new(),
        settled: Vec::new(),
        under_way: HashMap::new(),
        renewed: Instant::now(),
        opening: HashMap::new(),
        in_use: HashMap::new(),
        preparing: 0,
        work: JoinSet::new(),
        dry: false,
        stopping: None,
        handled: 0,
    };
    shift.go_on().await?;
    Ok(shift.handled)
}

impl Shift<'_> {
    async fn go_on(&mut self) -> Result<()> {
        loop {
            if self.mailer.tasks.is_stopping() && self.stopping.is_none() {
                self.stopping = Some(Instant::now());
                self.lay_down(self.platform.clock.now()).await?;
            }
            let taken = self.take().await;
            self.bear(taken)?;
            self.write();
            self.tidy();
            self.open();
            self.hand_out().await?;
            if self.is_done() {
                return Ok(());
            }
            if self.work.is_empty() {
                if !self.settled.is_empty() || !self.taken.is_empty() {
                    continue;
                }
                if self.ready.is_empty() && (self.dry || self.shut().is_some() || self.stopping.is_some()) {
                    return Ok(());
                }
                if let Some(until) = self.shut() {
                    return self.lay_down(until).await;
                }
                if self.dry && !self.ready.is_empty() {
                    // Nothing is under way and no letter could begin: none of them can now.
                    return self.lay_down(self.platform.clock.now() + Span::seconds(1)).await;
                }
                continue;
            }
            if self.stopping.is_some_and(|since| since.elapsed() > FINISH) {
                let letters = self.under_way.len();
                tracing::warn!(
                    letters,
                    "letters are under way whose answer is not waited for; they are looked after by the next worker"
                );
                return Ok(());
            }
            self.wait().await;
            let held = self.hold_on().await;
            self.bear(held)?;
        }
    }

    /// Whether a process that was asked to stop has nothing in its hands any more; connections that open are not waited for.
    fn is_done(&self) -> bool {
        let nothing = self.under_way.is_empty() && self.taken.is_empty() && self.ready.is_empty() && self.settled.is_empty();
        self.stopping.is_some() && nothing && self.preparing == 0
    }

    /// A database that is away for a moment must not cost letters under way their answers: those are waited for.
    fn bear(&mut self, done: Result<()>) -> Result<()> {
        match done {
            Err(error) if !(self.under_way.is_empty() && self.settled.is_empty()) => {
                tracing::warn!(error = %error, "the outbox could not be read; again in a moment");
                self.dry = true;
                Ok(())
            }
            done => done,
        }
    }

    /// Until when no server takes letters, if none does.
    fn shut(&self) -> Option<Time> {
        let now = self.platform.clock.now();
        let mut earliest: Option<Time> = None;
        for server in &self.servers {
            match self.state.memory.routes.way(RouteKind::Server, server, now) {
                Way::Shut(until) => earliest = Some(earliest.map_or(until, |earliest| earliest.min(until))),
                Way::Free | Way::One => return None,
            }
        }
        earliest
    }

    /// The server that letters go to now, and how many connections it may have.
    fn target(&self) -> Option<(usize, usize)> {
        let now = self.platform.clock.now();
        self.servers.iter().enumerate().find_map(|(server, name)| {
            match self.state.memory.routes.way(RouteKind::Server, name, now) {
                Way::Free => Some((server, self.state.lines.allowed(server, self.mailer.width))),
                Way::One => Some((server, 1)),
                Way::Shut(_) => None,
            }
        })
    }

    /// Takes more letters when there will soon be none to hand out.
    async fn take(&mut self) -> Result<()> {
        self.dry |= self.left == 0;
        if self.dry || self.stopping.is_some() || self.shut().is_some() {
            return Ok(());
        }
        let waiting = self.taken.len()
            + self.preparing * self.mailer.width
            + self.ready.iter().filter(|ready| self.fits(&ready.letter.domain, 0)).count();
        let held = self.taken.len() + self.ready.len();
        if waiting >= self.mailer.width * 2 || held >= self.hand * 4 {
            return Ok(());
        }
        let claimed = lease::claim(self.platform, u64::try_from(self.hand.min(self.left)).unwrap_or(u64::MAX)).await?;
        self.left -= claimed.len();
        self.dry = claimed.is_empty();
        let share = self.hand * 2;
        let mut of_domain = HashMap::<String, usize>::new();
        for letter in self.taken.iter().chain(self.ready.iter().map(|ready| &ready.letter)) {
            *of_domain.entry(letter.domain.clone()).or_default() += 1;
        }
        let (mut kept, mut over) = (Vec::new(), Vec::new());
        for letter in claimed {
            let count = of_domain.entry(letter.domain.clone()).or_default();
            *count += 1;
            if *count > share { over.push(letter) } else { kept.push(letter) }
        }
        // So that many letters to one domain that takes them slowly leave room for others.
        self.dry |= kept.is_empty();
        self.taken.extend(kept);
        lease::give_back(self.platform, &over, self.platform.clock.now()).await
    }

    /// Whether a letter to a domain may go beside those under way and these: there is always room for another domain.
    fn fits(&self, domain: &str, beside: usize) -> bool {
        let width = self.mailer.width;
        let most = if width == 1 { 1 } else { width - (width / 4).max(1) };
        self.count_of(domain) + beside < most
    }

    /// Has the letters written that were taken.
    fn write(&mut self) {
        while self.preparing < DESKS && !self.taken.is_empty() {
            let count = self.taken.len().min(self.mailer.width.max(8));
            let letters: Vec<Model> = self.taken.drain(..count).collect();
            let desk = self.desk.clone();
            self.preparing += 1;
            self.work
                .spawn(async move { Event::Prepared(join_all(letters.into_iter().map(|letter| desk.prepare(letter))).await) });
        }
    }

    /// Closes connections that are not to be used any more.
    fn tidy(&mut self) {
        let target = self.target().map(|(server, _)| server);
        let stopping = self.stopping.is_some();
        for idle in self.state.lines.spent(|server| !stopping && target.is_none_or(|target| target == server)) {
            self.work.spawn(async move {
                idle.line.close().await;
                Event::Closed
            });
        }
    }

    /// Opens as many connections as there are letters for.
    fn open(&mut self) {
        let Some((server, allowed)) = self.target() else { return };
        let opening = self.opening.get(&server).copied().unwrap_or(0);
        let open = self.state.lines.len() + opening;
        let room = allowed.saturating_sub(open + self.in_use.get(&server).copied().unwrap_or(0));
        let wanted = self.ready.len().saturating_sub(open).min(room);
        for _ in 0..wanted {
            *self.opening.entry(server).or_default() += 1;
            let transport = self.mailer.transport.clone();
            self.work.spawn(async move {
                let opened = caught(async { transport.open(server).await }).await;
                Event::Opened(server, opened.unwrap_or_else(|| Err(SendFault::nowhere())))
            });
        }
    }

    /// Pairs letters with connections, writes down what is settled, and lets the letters go that may.
    async fn hand_out(&mut self) -> Result<()> {
        let (pairs, later) = self.pair();
        for (until, letters) in later {
            let given = lease::give_back(self.platform, &letters, until).await;
            self.bear(given)?;
        }
        let changed = self.state.memory.routes.has_news();
        if self.settled.is_empty() && pairs.is_empty() && !changed {
            return Ok(());
        }
        let ready: Vec<(&Model, &str)> = pairs
            .iter()
            .map(|(server, _, ready)| (&ready.letter, self.servers.get(*server).map_or("", String::as_str)))
            .collect();
        let granted = match write_down(self.platform, &mut self.state.memory, &self.settled, &ready).await {
            Ok(granted) => granted,
            Err(error) if self.under_way.is_empty() => return Err(error),
            Err(error) => {
                tracing::error!(error = %error, "answers could not be written; no more letters are taken until they are");
                for (server, line, ready) in pairs {
                    self.state.lines.keep(server, line);
                    self.ready.push_front(ready);
                }
                return Ok(());
            }
        };
        self.settled.clear();
        for (server, line, ready) in pairs {
            if granted.contains(&ready.letter.id) {
                self.send(server, line, ready);
            } else {
                self.handled += 1;
                self.state.lines.keep(server, line);
            }
        }
        Ok(())
    }

    /// Letters with the connections they go over; and those that cannot go now, with the time when they can.
    #[allow(clippy::type_complexity)]
    fn pair(&mut self) -> (Vec<(usize, Box<dyn Line>, Ready)>, HashMap<Time, Vec<Model>>) {
        let now = self.platform.clock.now();
        let mut later = HashMap::<Time, Vec<Model>>::new();
        let mut pairs: Vec<(usize, Box<dyn Line>, Ready)> = Vec::new();
        let mut trying = HashSet::<String>::new();
        let mut left = VecDeque::new();
        while let Some(ready) = self.ready.pop_front() {
            if ready.asked.elapsed() > FRESH {
                self.taken.push_back(ready.letter);
                continue;
            }
            let domain = &ready.letter.domain;
            let beside = pairs.iter().filter(|(_, _, other)| other.letter.domain == *domain).count();
            match self.state.memory.routes.way(RouteKind::Domain, domain, now) {
                Way::Shut(until) => {
                    later.entry(until).or_default().push(ready.letter);
                    continue;
                }
                Way::One if beside > 0 || trying.contains(domain) || self.count_of(domain) > 0 => {
                    later.entry(now + Span::minutes(1)).or_default().push(ready.letter);
                    continue;
                }
                Way::One => drop(trying.insert(domain.clone())),
                Way::Free => {}
            }
            match self.fits(domain, beside).then(|| self.state.lines.next()).flatten() {
                Some(idle) => pairs.push((idle.server, idle.line, ready)),
                None => left.push_back(ready),
            }
        }
        self.ready = left;
        (pairs, later)
    }

    /// Letters to a domain that are under way.
    fn count_of(&self, domain: &str) -> usize {
        self.under_way.values().filter(|letter| letter.domain == domain).count()
    }

    fn send(&mut self, server: usize, mut line: Box<dyn Line>, ready: Ready) {
        let kind = self.mailer.composers.name(&ready.letter.kind).unwrap_or("unknown");
        let span = self.platform.traces.letter(kind);
        self.under_way.insert(ready.letter.id, ready.letter.clone());
        *self.in_use.entry(server).or_default() += 1;
        let Ready { letter, outgoing, .. } = ready;
        self.work.spawn(async move {
            let sent = caught(async {
                let result = line.send(&outgoing).await;
                (line, result)
            });
            let (line, result) = match span.within(sent).await {
                Some((line, result)) => (Some(line), result),
                None => {
                    let text = "the sender panicked".to_owned();
                    (None, Err(SendFault { stage: Stage::Dot, code: None, enhanced: None, text }))
                }
            };
            span.ended(result.as_ref().map_or_else(|fault| fault.stage.word(), |()| "sent"), result.is_ok());
            Event::Answered { server, letter: Box::new(letter), line, result }
        });
    }

    /// Waits until something has happened, and takes in all that has.
    async fn wait(&mut self) {
        let event = tokio::select! {
            event = self.work.join_next() => event,
            () = self.platform.wake.notified() => None,
            () = self.mailer.tasks.stopping(), if self.stopping.is_none() => None,
            () = tokio::time::sleep(LOOK) => None,
        };
        let Some(first) = event else {
            self.dry = false;
            return;
        };
        let more: Vec<_> = std::iter::from_fn(|| self.work.try_join_next()).collect();
        for event in std::iter::once(first).chain(more).flatten() {
            self.take_in(event);
        }
    }

    fn take_in(&mut self, event: Event) {
        let now = self.platform.clock.now();
        match event {
            Event::Closed => {}
            Event::Prepared(letters) => {
                self.preparing -= 1;
                for prepared in letters {
                    match prepared {
                        Prepared::Ready(ready) => self.ready.push_back(*ready),
                        Prepared::Settled(settled) => self.settle(*settled),
                    }
                }
                if self.stopping.is_some() {
                    // They are given back with the others.
                    self.taken.extend(self.ready.drain(..).map(|ready| ready.letter));
                }
            }
            Event::Opened(server, opened) => {
                if let Some(opening) = self.opening.get_mut(&server) {
                    *opening = opening.saturating_sub(1);
                }
                match opened {
                    Ok(line) => self.state.lines.keep(server, line),
                    Err(fault) => self.not_opened(server, fault, now),
                }
            }
            Event::Answered { server, letter, line, result } => {
                self.under_way.remove(&letter.id);
                if let Some(in_use) = self.in_use.get_mut(&server) {
                    *in_use = in_use.saturating_sub(1);
                }
                if let Some(line) = line {
                    self.state.lines.keep(server, line);
                }
                let outcome = match result {
                    Ok(()) => Outcome::sent(),
                    Err(fault) => Outcome::after(fault, &letter, now),
                };
                self.learn(server, &letter, &outcome);
                let server = self.servers.get(server).cloned();
                self.settle(Settled { letter: *letter, outcome, server });
            }
        }
    }

    /// A server that cannot be reached is its own matter: no letter was touched.
    fn not_opened(&mut self, server: usize, fault: SendFault, now: Time) {
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

    fn settle(&mut self, settled: Settled) {
        self.handled += 1;
        // It may be due at once.
        self.dry &= settled.outcome.change.state != MailState::Queued;
        self.state.memory.note(std::slice::from_ref(&settled), self.platform.clock.now());
        self.settled.push(settled);
    }

    /// Letters whose answer is waited for long stay ours.
    async fn hold_on(&mut self) -> Result<()> {
        if self.stopping.is_some() && !self.taken.is_empty() {
            return self.lay_down(self.platform.clock.now()).await;
        }
        if self.renewed.elapsed() < RENEW {
            return Ok(());
        }
        self.renewed = Instant::now();
        // A run may go on for hours, and others die meanwhile or find something out.
        self.state.memory.routes.refresh(self.platform).await?;
        lease::recover(self.platform).await?;
        let held: Vec<Model> = self.under_way.values().chain(self.ready.iter().map(|ready| &ready.letter)).cloned().collect();
        lease::renew(self.platform, &held).await
    }

    /// Gives back what was taken and not begun.
    async fn lay_down(&mut self, until: Time) -> Result<()> {
        let letters: Vec<Model> = self.taken.drain(..).chain(self.ready.drain(..).map(|ready| ready.letter)).collect();
        lease::give_back(self.platform, &letters, until).await
    }
}
