//! `bench mailing`: a consultation that asks very many people, from the coordinator's call to the last letter, as the server does it.
//!
//! Meanwhile others look at what they were asked and answer, so many times a second however long an answer takes; before it they do
//! the same with a server that has nothing else to do. So what sending takes away from those who use the server can be read off.

use super::{
    super::{
        Common, Ground, Row, Show,
        people::{self, Crowd, Place, ROWS, settle},
        rounded,
        server::Server,
        submit::percentile,
    },
    Sink, count, program,
};
use crate::{
    commands::client::Client,
    invitations::INVITE,
    platform::{
        Db, Error, Result, Tx, audit,
        secret::{Token, TokenKind},
    },
};
use chrono::Duration as Span;
use clap::Args;
use entity::*;
use hyper::{Method, StatusCode};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::MissedTickBehavior};

/// Domains that are written to.
const DOMAINS: usize = 100;
/// How often to look whether all letters have left.
const LOOK: Duration = Duration::from_secs(1);
/// What is not counted at the beginning: connections open, statements are prepared.
const WARM_UP: Duration = Duration::from_secs(2);
/// Clients that look and answer.
const CLIENTS: u32 = 4;
/// A mailing that has not ended after so long will not.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    #[command(flatten)]
    common: Common,
    /// People who are asked
    #[arg(long, default_value_t = 100_000)]
    people: usize,
    /// Connections to the mail server
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests a second, half of them reads and half answers
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    requests: u32,
    /// Seconds without a mailing
    #[arg(long, default_value_t = 20)]
    idle: u64,
}

/// Measures.
pub async fn run(wishes: Wishes) -> Result<()> {
    let mut show = Show::new(wishes.common.json);
    let sink = program("smtp-sink")?;
    for ground in Ground::all(&wishes.common).await? {
        eprintln!("{}: putting {} people in place", ground.database, wishes.people);
        let mail = Sink::start(&sink).await?;
        // Some are asked already, and answer while the others are sent their letters.
        let crowd = Arc::new(people::invite(&ground, 60 * 1000).await?);
        let db = Db::connect(&ground.url, 1).await?;
        let staff = join(&db, &crowd.place, wishes.people).await?;
        let server = Server::start_with(
            &ground,
            &[
                ("ALONGSIDE_MAIL", "smtp".to_owned()),
                ("ALONGSIDE_SMTP_URL", format!("smtp://{}", mail.address)),
                ("ALONGSIDE_SMTP_CONNECTIONS", wishes.connections.to_string()),
            ],
        )
        .await?;
        show.row(measure(&ground, &wishes, &server, &crowd, &db, &staff).await?);
        db.close().await?;
        server.stop().await?;
        ground.remove().await?;
    }
    show.end();
    Ok(())
}

async fn measure(ground: &Ground, wishes: &Wishes, server: &Server, crowd: &Arc<Crowd>, db: &Db, staff: &Token) -> Result<Row> {
    let idle = Visits::begin(server, crowd, wishes.requests);
    tokio::time::sleep(WARM_UP + Duration::from_secs(wishes.idle)).await;
    let idle = idle.end().await?;
    let held = server.memory()?;
    server.forget_peak();

    let place = &crowd.place;
    let during = Visits::begin(server, crowd, wishes.requests);
    tokio::time::sleep(WARM_UP).await;
    let path = format!("/api/organisations/{}/opportunities/{}/invitations", place.organisation, place.opportunity);
    let (began, at, cpu) = (Instant::now(), place.clock.now(), server.cpu()?);
    let client = Client::new(format!("http://{}", server.address));
    client.call(Method::POST, &path, Some(staff.reveal()), Some(&json!({}))).await?;
    loop {
        tokio::time::sleep(LOOK).await;
        if is_over(db, wishes.people).await? {
            break;
        }
        if began.elapsed() > PATIENCE {
            return Err(Error::unavailable("the mailing did not end"));
        }
    }
    let cpu = server.cpu()? - cpu;
    let during = during.end().await?;
    let (first, last) = sent(db).await?.ok_or_else(|| Error::bug("no letter was sent"))?;
    let seconds = |time: Time| (time - at).as_seconds_f64();
    let letters = count(wishes.people);
    let ratio = |idle: &[Duration], during: &[Duration]| rounded(percentile(during, 99) / percentile(idle, 99), 2);
    let mut row = vec![
        ("database", ground.database.into()),
        ("people", wishes.people.into()),
        ("connections", wishes.connections.into()),
        ("first_letter_s", rounded(seconds(first), 2)),
        ("last_letter_s", rounded(seconds(last), 1)),
        ("msg_per_s", rounded(letters / seconds(last), 0)),
        ("cpu_us_per_message", rounded(cpu * 1e6 / letters, 0)),
        ("rss_growth_mb", rounded(server.peak()? - held, 1)),
        ("requests_per_s", wishes.requests.into()),
    ];
    let figure = |seen: &[Duration], percent| rounded(percentile(seen, percent), 2);
    row.extend([
        ("read_p50_idle_ms", figure(&idle.reads, 50)),
        ("read_p50_ms", figure(&during.reads, 50)),
        ("read_p99_idle_ms", figure(&idle.reads, 99)),
        ("read_p99_ms", figure(&during.reads, 99)),
        ("read_p99_ratio", ratio(&idle.reads, &during.reads)),
        ("answer_p50_idle_ms", figure(&idle.answers, 50)),
        ("answer_p50_ms", figure(&during.answers, 50)),
        ("answer_p99_idle_ms", figure(&idle.answers, 99)),
        ("answer_p99_ms", figure(&during.answers, 99)),
        ("answer_p99_ratio", ratio(&idle.answers, &during.answers)),
    ]);
    let (idle, during) = (idle.all(), during.all());
    row.extend([
        ("api_p99_idle_ms", figure(&idle, 99)),
        ("api_p99_ms", figure(&during, 99)),
        ("api_p99_ratio", ratio(&idle, &during)),
    ]);
    Ok(Row(row))
}

/// Whether everybody has been sent a letter.
async fn is_over(db: &Db, people: usize) -> Result<bool> {
    let due = [MailState::Queued, MailState::Deferred, MailState::Leased, MailState::Dot];
    let letters = mail_message::Entity::find().filter(mail_message::Column::Kind.eq(INVITE));
    if letters.clone().filter(mail_message::Column::State.is_in(due)).limit(1).one(db.read()).await?.is_some() {
        return Ok(false);
    }
    let made = letters.clone().count(db.read()).await?;
    if made < people as u64 {
        return Ok(false);
    }
    let sent = letters.filter(mail_message::Column::State.eq(MailState::Sent)).count(db.read()).await?;
    if sent == people as u64 { Ok(true) } else { Err(Error::bug(format!("of {people} letters {sent} were sent"))) }
}

/// When the first letter was sent, and the last.
async fn sent(db: &Db) -> Result<Option<(Time, Time)>> {
    let times = mail_message::Entity::find()
        .select_only()
        .column_as(mail_message::Column::SentAt.min(), "first")
        .column_as(mail_message::Column::SentAt.max(), "last")
        .filter(mail_message::Column::Kind.eq(INVITE))
        .into_tuple::<(Option<Time>, Option<Time>)>()
        .one(db.read())
        .await?;
    Ok(times.and_then(|(first, last)| first.zip(last)))
}

/// People join who may be asked, and an administrator of theirs signs in; answers with the token of their session.
async fn join(db: &Db, place: &Place, people: usize) -> Result<Token> {
    for from in (0..people).step_by(ROWS) {
        let tx = db.begin().await?;
        some_join(&tx, place, from..people.min(from + ROWS)).await?;
        tx.commit().await?;
    }
    let tx = db.begin().await?;
    audit::begin(&tx, place.organisation).await?;
    let (account, token) = (place.clock.new_id(), Token::new(TokenKind::Staff, place.clock.secret()));
    let row = account::ActiveModel {
        id: Set(account),
        email: Set("bench@localhost.localdomain".into()),
        name: Set("Bench".into()),
        password_hash: Set(None),
        version: Set(1),
        created_at: Set(place.now),
    };
    account::Entity::insert(row).exec_without_returning(&tx).await?;
    let row = membership::ActiveModel {
        organisation_id: Set(place.organisation),
        id: Set(place.clock.new_id()),
        account_id: Set(account),
        role: Set(Role::Administrator),
        version: Set(1),
        created_at: Set(place.now),
    };
    membership::Entity::insert(row).exec_without_returning(&tx).await?;
    let row = account_session::ActiveModel {
        id: Set(place.clock.new_id()),
        account_id: Set(account),
        token_hash: Set(token.hash()),
        label: Set("bench".into()),
        created_at: Set(place.now),
        last_used_at: Set(place.now),
        idle_until: Set(place.now + Span::days(1)),
        expires_at: Set(place.now + Span::days(1)),
        revoked_at: Set(None),
    };
    account_session::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.commit().await?;
    settle(db).await?;
    Ok(token)
}

async fn some_join(tx: &Tx, place: &Place, numbers: std::ops::Range<usize>) -> Result<()> {
    let agreed = (Purpose::ContactInvite, place.organisation.0);
    let (mut people, mut wishes, mut events, mut standings) = (vec![], vec![], vec![], vec![]);
    for number in numbers {
        let (who, wish, event) = (place.clock.new_id(), place.clock.new_id(), place.clock.new_id());
        let mut row = place.participant_row(who);
        let email = format!("person{number}@place{}.example", number % DOMAINS);
        (row.email, row.email_key, row.preference_id) = (Set(email.clone()), Set(email), Set(Some(wish)));
        // Nobody was asked before.
        row.last_asked_at = Set(None);
        people.push(row);
        wishes.push(preference::ActiveModel {
            organisation_id: Set(place.organisation),
            id: Set(wish),
            participant_id: Set(who),
            n: Set(1),
            document: Set(PreferenceDoc::with_stance(Stance::up_to(Rung::Consultation))),
            recorded_at: Set(place.now),
            recorded_by: Set("system".into()),
        });
        events.push(place.event_row(who, event, agreed));
        standings.push(place.standing_row(who, event, agreed));
    }
    participant::Entity::insert_many(people).exec_without_returning(tx).await?;
    preference::Entity::insert_many(wishes).exec_without_returning(tx).await?;
    consent_event::Entity::insert_many(events).exec_without_returning(tx).await?;
    consent_standing::Entity::insert_many(standings).exec_without_returning(tx).await?;
    Ok(())
}

/// How long requests took, in order of size, from when they were due: who has to wait for the one before waits too.
#[derive(Default)]
struct Seen {
    reads: Vec<Duration>,
    answers: Vec<Duration>,
}

impl Seen {
    /// Whatever was asked for.
    fn all(self) -> Vec<Duration> {
        let mut all = [self.reads, self.answers].concat();
        all.sort_unstable();
        all
    }
}

/// People who look at what they were asked, and answer.
struct Visits {
    clients: JoinSet<Result<Seen>>,
    over: Arc<AtomicBool>,
}

impl Visits {
    fn begin(server: &Server, crowd: &Arc<Crowd>, requests: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        let every = Duration::from_secs(2) * CLIENTS / requests;
        for client in 0..CLIENTS {
            let base = format!("http://{}", server.address);
            clients.spawn(visit(base, crowd.clone(), over.clone(), every / CLIENTS * client, every));
        }
        Self { clients, over }
    }

    async fn end(mut self) -> Result<Seen> {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        while let Some(one) = self.clients.join_next().await {
            let one = one.map_err(|error| Error::bug(format!("a client broke: {error}")))??;
            all.reads.extend(one.reads);
            all.answers.extend(one.answers);
        }
        all.reads.sort_unstable();
        all.answers.sort_unstable();
        Ok(all)
    }
}

/// Somebody looks, and somebody answers, every so often.
async fn visit(base: String, crowd: Arc<Crowd>, over: Arc<AtomicBool>, first: Duration, every: Duration) -> Result<Seen> {
    let (client, began, mut seen) = (Client::new(base), Instant::now(), Seen::default());
    let mut due = tokio::time::interval_at(tokio::time::Instant::now() + first, every);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !over.load(Ordering::Relaxed) {
        let at = due.tick().await.into_std();
        let token = crowd.next().ok_or_else(|| Error::unavailable("nobody was left to answer: ask for fewer requests"))?;
        client.call(Method::GET, "/api/invitation", Some(token.reveal()), None).await?;
        let read = at.elapsed();
        let answering = Instant::now();
        let json = "application/json";
        let path = "/api/invitation/response";
        let answer = client.send(Method::POST, path, Some(token.reveal()), json, &[], crowd.body.clone()).await?;
        if answer.status != StatusCode::CREATED {
            return Err(Error::bug(format!("status {}: {}", answer.status, String::from_utf8_lossy(&answer.body))));
        }
        if began.elapsed() > WARM_UP {
            seen.reads.push(read);
            seen.answers.push(answering.elapsed());
        }
    }
    Ok(seen)
}
