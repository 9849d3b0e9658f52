//! One run of the mailer: letters are taken, written and handed over over as many connections as may be open, and whenever
//! answers have come one transaction writes all of them down and marks the letters that come next.

mod lanes;

use super::{
    Mailer, State,
    finish::Settled,
    flow::Way,
    lease::{self, Lease},
    prepare::{Desk, Prepared, Ready},
    trip::{Held, Told},
};
use crate::platform::{Platform, Result, mail::transport::SendFault, tasks::caught};
use chrono::Duration as Span;
use entity::{MailMessageId, MailState, RouteKind, Time, mail_message::Model};
use futures_util::{StreamExt, stream};
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
};

/// While letters are under way we look so often whether others have come.
const LOOK: Duration = Duration::from_millis(500);
/// Letters that are under way for long are held on to.
const RENEW: Duration = Duration::from_secs(240);
/// Answers that come so soon after each other are written down together.
const GATHER: Duration = Duration::from_millis(1);
/// While what was committed so long ago is not on the disk, no more letters begin.
const SLOW_DISK: Duration = Duration::from_millis(200);
/// Letters under way when the process is asked to stop get so long to arrive.
const FINISH: Duration = Duration::from_secs(8);
/// Letters are written in so many places at the same time, in each so many: few enough that whoever asks for something meanwhile has
/// the computer to themselves soon.
const DESKS: usize = 2;
const AT_A_TIME: usize = 2;

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
    /// Letters for which a connection is kept, and that are not marked yet.
    held: Vec<Held>,
    /// Letters under way, by their ids, and when they were last held on to.
    under_way: HashMap<MailMessageId, Lease>,
    renewed: Instant,
    /// Letters that are announced, held or under way, by their domain.
    to: HashMap<String, usize>,
    /// Whether a letter may be announced before it is marked: not where only so many may go in a time.
    ahead: bool,
    /// Letters that a server is being told of, with what is under way the ones that a connection is used for.
    asked: HashMap<MailMessageId, Lease>,
    opening: HashMap<usize, usize>,
    in_use: HashMap<usize, usize>,
    preparing: usize,
    /// Whether something was committed that is not on its way to the disk, and whether something is.
    unflushed: bool,
    flushing: Option<Instant>,
    work: JoinSet<()>,
    tell: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
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
    let (tell, told) = unbounded_channel();
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
        held: Vec::new(),
        under_way: HashMap::new(),
        renewed: Instant::now(),
        to: HashMap::new(),
        ahead: !platform.config.delivery.is_limited(),
        asked: HashMap::new(),
        opening: HashMap::new(),
        in_use: HashMap::new(),
        preparing: 0,
        unflushed: false,
        flushing: None,
        work: JoinSet::new(),
        tell,
        told,
        dry: false,
        stopping: None,
        handled: 0,
    };
    let done = shift.go_on().await;
    // Whatever came of it, what was written down is not to be lost by a power cut from now on.
    let flushed = platform.db.flush().await;
    done.and(flushed)?;
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
            if self.is_idle() {
                if !self.settled.is_empty() || !self.taken.is_empty() || !self.held.is_empty() {
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
                // Those that a server was only told of have not been handed over.
                let asked: Vec<Lease> = self.asked.drain().map(|(_, letter)| letter).collect();
                lease::give_back(self.platform, &asked, self.platform.clock.now()).await?;
                return self.lay_down(self.platform.clock.now()).await;
            }
            self.wait().await;
            let held = self.hold_on().await;
            self.bear(held)?;
        }
    }

    /// Whether nothing goes on of which something will be told.
    fn is_idle(&self) -> bool {
        let opening: usize = self.opening.values().sum();
        let going = self.under_way.len() + self.asked.len() + opening + self.preparing;
        going == 0 && self.flushing.is_none() && self.told.is_empty()
    }

    /// Whether a process that was asked to stop has nothing in its hands any more; connections that open are not waited for.
    fn is_done(&self) -> bool {
        let nothing = self.under_way.is_empty() && self.taken.is_empty() && self.ready.is_empty() && self.settled.is_empty();
        self.stopping.is_some() && nothing && self.held.is_empty() && self.asked.is_empty() && self.preparing == 0
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
        let wanted = self.mailer.width * 2;
        let coming = self.taken.len() + self.preparing * self.mailer.width;
        let held = self.taken.len() + self.ready.len();
        if coming >= wanted || held >= self.hand * 4 {
            return Ok(());
        }
        let fitting = self.ready.iter().filter(|ready| self.fits(&ready.letter.domain)).take(wanted - coming).count();
        if coming + fitting >= wanted {
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
            if *count > share { over.push(Lease::from(&letter)) } else { kept.push(letter) }
        }
        // So that many letters to one domain that takes them slowly leave room for others.
        self.dry |= kept.is_empty();
        self.taken.extend(kept);
        lease::give_back(self.platform, &over, self.platform.clock.now()).await
    }

    /// Whether a letter to a domain may go beside those that are on their way: there is always room for another domain.
    fn fits(&self, domain: &str) -> bool {
        let width = self.mailer.width;
        let most = if width == 1 { 1 } else { width - (width / 4).max(1) };
        self.to.get(domain).is_none_or(|count| *count < most)
    }

    /// A letter is on its way to a domain, or is not any more.
    fn goes_to(&mut self, domain: &str) {
        *self.to.entry(domain.to_owned()).or_default() += 1;
    }

    fn left_for(&mut self, domain: &str) {
        if let Some(count) = self.to.get_mut(domain) {
            *count -= 1;
            if *count == 0 {
                self.to.remove(domain);
            }
        }
    }

    /// Has the letters written that were taken.
    fn write(&mut self) {
        while self.preparing < DESKS && !self.taken.is_empty() {
            let count = self.taken.len().min(self.mailer.width.max(8));
            let letters: Vec<Model> = self.taken.drain(..count).collect();
            let desk = self.desk.clone();
            self.preparing += 1;
            let tell = self.tell.clone();
            self.work.spawn(async move {
                let prepared =
                    caught(stream::iter(letters).map(|letter| desk.prepare(letter)).buffered(AT_A_TIME).collect::<Vec<_>>())
                        .await;
                if prepared.is_none() {
                    tracing::error!("letters could not be written; they are taken again when their leases have ended");
                }
                let _ = tell.send(Told::Prepared(prepared.unwrap_or_default()));
            });
        }
    }

    /// Closes connections that are not to be used any more.
    fn tidy(&mut self) {
        let target = self.target().map(|(server, _)| server);
        let stopping = self.stopping.is_some();
        for idle in self.state.lines.spent(|server| !stopping && target.is_none_or(|target| target == server)) {
            self.work.spawn(idle.line.close());
        }
    }

    /// Opens as many connections as there are letters for.
    fn open(&mut self) {
        let Some((server, allowed)) = self.target().filter(|_| self.stopping.is_none()) else { return };
        let opening = self.opening.get(&server).copied().unwrap_or(0);
        let open = self.state.lines.len() + opening;
        let room = allowed.saturating_sub(open + self.in_use.get(&server).copied().unwrap_or(0));
        let wanted = self.ready.len().saturating_sub(open).min(room);
        for _ in 0..wanted {
            *self.opening.entry(server).or_default() += 1;
            let (transport, tell) = (self.mailer.transport.clone(), self.tell.clone());
            self.work.spawn(async move {
                let opened = caught(async { transport.open(server).await }).await;
                let _ = tell.send(Told::Opened(server, opened.unwrap_or_else(|| Err(SendFault::nowhere()))));
            });
        }
    }

    /// Waits until something has happened, and takes in all that has.
    async fn wait(&mut self) {
        let first = tokio::select! {
            told = self.told.recv() => told,
            () = self.platform.wake.notified() => None,
            () = self.mailer.tasks.stopping(), if self.stopping.is_none() => None,
            () = tokio::time::sleep(LOOK) => None,
        };
        // Tasks that have ended are let go.
        while self.work.try_join_next().is_some() {}
        let Some(first) = first else {
            self.dry = false;
            return;
        };
        self.take_in(first);
        let until = tokio::time::Instant::now() + GATHER;
        loop {
            while let Ok(told) = self.told.try_recv() {
                self.take_in(told);
            }
            let something = !(self.settled.is_empty() && self.held.is_empty());
            let more = !(self.under_way.is_empty() && self.asked.is_empty());
            if !(something && more) {
                return;
            }
            match tokio::time::timeout_at(until, self.told.recv()).await {
                Ok(Some(told)) => self.take_in(told),
                _ => return,
            }
        }
    }

    fn take_in(&mut self, told: Told) {
        let now = self.platform.clock.now();
        match told {
            Told::Flushed => {
                self.flushing = None;
                if self.unflushed {
                    self.flush();
                }
            }
            Told::Prepared(letters) => {
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
            Told::Opened(server, opened) => {
                if let Some(opening) = self.opening.get_mut(&server) {
                    *opening = opening.saturating_sub(1);
                }
                match opened {
                    Ok(line) => self.state.lines.keep(server, line),
                    Err(fault) => self.not_opened(server, fault, now),
                }
            }
            Told::Announced(ask) => self.announced(ask),
            Told::Answered(answer) => {
                self.under_way.remove(&answer.letter.id);
                self.left_for(&answer.letter.domain);
                if let Some(back) = answer.back {
                    self.asked.remove(&back.letter.id);
                    self.left_for(&back.letter.domain);
                    self.put_back(*back);
                }
                if !answer.goes_on {
                    self.no_longer_in_use(answer.server);
                }
                if let Some(line) = answer.line {
                    self.state.lines.keep(answer.server, line);
                }
                self.came_of(answer.server, *answer.letter, answer.result);
            }
        }
    }

    /// A letter that was not begun waits again, or is given back with the others.
    fn put_back(&mut self, ready: Ready) {
        match self.stopping {
            Some(_) => self.taken.push_back(ready.letter),
            None => self.ready.push_front(ready),
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
        let held = self.held.iter().map(|held| &held.ready.letter).chain(self.ready.iter().map(|ready| &ready.letter));
        let held = held.map(Lease::from).chain(self.under_way.values().chain(self.asked.values()).copied());
        let held: Vec<Lease> = held.collect();
        lease::renew(self.platform, &held).await
    }

    /// Gives back what was taken and not begun.
    async fn lay_down(&mut self, until: Time) -> Result<()> {
        for held in std::mem::take(&mut self.held) {
            self.taken.push_back(held.ready.letter.clone());
            self.let_go(held);
        }
        let ready = self.ready.drain(..).map(|ready| Lease::from(&ready.letter));
        let letters: Vec<Lease> = self.taken.drain(..).map(|letter| Lease::from(&letter)).chain(ready).collect();
        lease::give_back(self.platform, &letters, until).await
    }
}
