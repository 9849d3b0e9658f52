//! The composition root: the only place that knows every room. It joins endpoints to addresses, jobs to those who run
//! them, letters to those who write them; here, and nowhere else, news travels up the house.

use crate::{
    accounts, consent, feedback, influence, integrity,
    invitations::{self, choices, live::Watched},
    matching, opportunities, pages, participants, parts,
    platform::{
        Clock, Config, CpuPool, Db, Error, Platform, Result, Secret,
        db::sqlite_file,
        http::{
            cors::cors,
            edge::{self, Edge, Traffic},
            inbound,
            limits::Limits,
            once, openapi, problem,
        },
        jobs::{Next, Queue},
        mail::{self, CANCELLED, Composers, Mailer, Transport},
        tasks::Tasks,
        trace::Traces,
    },
    projects, replies,
    responses::{self, submit::Submissions},
    sessions, statistics,
    webhooks::{self, Courier},
};
use entity::installation;
use migration::{Migrations, Migrator};
use poem::{EndpointExt, IntoResponse, Request, Route, endpoint::BoxEndpoint};
use poem_openapi::OpenApiService;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait};
use std::{path::PathBuf, sync::Arc};

/// Kind of the recurring job that forgets old idempotency keys.
const FORGET_KEYS: &str = "platform.forget_keys";

/// The header in which an installation says its name, so that `doctor` knows whether it is this one that answers.
pub const INSTALLATION: &str = "alongside-installation";

/// How long a worker that found nothing waits before it looks again by itself.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(500);
/// How many jobs are taken at a time.
const BATCH: u64 = 100;

/// What a worker's loop works off.
#[derive(Clone, Copy)]
enum Line {
    Queue,
    Outbox,
}

/// A running installation.
#[derive(Clone)]
pub struct App {
    /// What every use case stands on.
    pub platform: Platform,
    /// Work beside requests.
    pub tasks: Tasks,
    /// Compiled questionnaires.
    pub forms: opportunities::Forms,
    submissions: Submissions,
    queue: Arc<Queue>,
    mailer: Arc<Mailer>,
    courier: Arc<Courier>,
    traffic: Traffic,
    watched: Watched,
}

impl App {
    /// Opens the database, brings its schema up to date, and puts the rooms together.
    pub async fn open(config: Config, clock: Clock, transport: Arc<dyn Transport>) -> Result<Self> {
        make_folder(&config)?;
        let db = Db::connect(&config.database_url, config.database_pool).await?;
        let turn = Turn::take(&config.database_url, &db).await?;
        Migrator::up(db.write(), None).await?;
        let secret = Secret::open(&config.secret_file, clock.secret()).map_err(Error::Unavailable)?;
        check_secret(&db, &clock, &secret).await?;
        turn.end().await?;
        Self::assemble(config, clock, db, secret, transport)
    }

    /// Puts the rooms together over an open, migrated database.
    pub fn assemble(config: Config, clock: Clock, db: Db, secret: Secret, transport: Arc<dyn Transport>) -> Result<Self> {
        let (cpu, traces) = (CpuPool::new(config.hashers), Traces::open(&config)?);
        let platform = Platform {
            db,
            clock,
            config: Arc::new(config),
            secret,
            wake: Arc::default(),
            cpu,
            limits: Arc::new(Limits::default()),
            callers: Arc::default(),
            traces,
        };
        let tasks = Tasks::new();
        let mailer = Mailer::new(composers(), transport, &platform.config)?.until(&tasks);
        let forms = opportunities::Forms::default();
        let submissions = Submissions::start(&tasks, &platform, forms.clone());
        let (queue, mailer) = (Arc::new(queue().until(&tasks)), Arc::new(mailer));
        let courier = Arc::new(Courier::new(&platform.config).until(&tasks));
        let (traffic, watched) = (Traffic::default(), Watched::default());
        Ok(Self { queue, mailer, courier, traffic, watched, platform, tasks, forms, submissions })
    }

    /// Everything the server answers.
    pub fn endpoint(&self) -> BoxEndpoint<'static> {
        let document = self.clone();
        let document = move || openapi::complete(&service(&document).spec()).unwrap_or_default().to_string();
        let (browser, metrics, ready) = (self.clone(), self.clone(), self.platform.clone());
        let config = &self.platform.config;
        let routes = pages::routes(&self.desk())
            .nest("/api", cors(config, service(self).boxed()))
            .at("/api/openapi.json", cors(config, edge::lazy("application/json", document).boxed()))
            .at("/docs", pages::docs::page(config))
            .nest("/docs/api", Route::new().at("/", pages::docs::browser(move || service(&browser).swagger_ui_html())))
            .at("/healthz", health(&self.platform))
            .at("/readyz", poem::get(poem::endpoint::make(move |_| readiness(ready.clone()))))
            .at("/inbound", inbound::route(self.platform.clone()))
            .at("/metrics", poem::get(poem::endpoint::make(move |request| metrics.clone().metrics(request))));
        let routes = edge::admitting(routes, &self.platform).catch_all_error(problem::from_poem);
        let routes = pages::kit::Told::around(routes, &self.platform);
        routes.with(Edge { traffic: self.traffic.clone(), platform: self.platform.clone() }).boxed()
    }

    /// What the pages work with.
    fn desk(&self) -> pages::kit::Desk {
        pages::kit::Desk { platform: self.platform.clone(), forms: self.forms.clone(), submissions: self.submissions.clone() }
    }

    /// Ends the answers that go on by themselves, so that a server that stops need not wait for them.
    pub fn end_streams(&self) {
        self.watched.end();
    }

    /// Does everything in the queue and the outbox that is due, until nothing is. Answers how much that was.
    pub async fn run_due(&self) -> Result<usize> {
        let mut total = 0;
        loop {
            let done = self.queue.run_due(&self.platform, BATCH).await? + self.mailer.run_due(&self.platform, u64::MAX).await?;
            let done = done + self.courier.run_due(&self.platform).await?;
            total += done;
            if done == 0 || self.tasks.is_stopping() {
                return Ok(total);
            }
        }
    }

    /// Runs the jobs that are due, and no letter: between the two a person may change their mind.
    pub async fn run_queue(&self) -> Result<usize> {
        let mut total = 0;
        loop {
            match self.queue.run_due(&self.platform, BATCH).await? {
                0 => return Ok(total),
                done => total += done,
            }
        }
    }

    /// The same application, which finds the hosts of webhooks in another way.
    pub fn resolving(self, resolver: Arc<dyn webhooks::send::Resolve>) -> Self {
        let courier = Courier::with(&self.platform.config, resolver).until(&self.tasks);
        Self { courier: Arc::new(courier), ..self }
    }

    /// Works off the queue, the outbox and the webhooks until the process is asked to stop. Each has a loop of its own, so
    /// that somebody else's server that keeps us waiting holds up no other work.
    pub async fn work(&self) {
        tokio::join!(
            self.tasks.keep_up("the queue", || self.work_off(Line::Queue)),
            self.tasks.keep_up("the outbox", || self.work_off(Line::Outbox)),
            self.tasks.keep_up("the webhooks", || self.courier.work(&self.platform)),
            self.tasks.keep_up("the mailbox", || mail::poll::fetch_if_set(&self.platform, &self.tasks)),
            self.tasks.keep_up("mail that comes back", || mail::lmtp::serve_if_set(&self.platform, &self.tasks)),
        );
    }

    async fn work_off(&self, line: Line) {
        while !self.tasks.is_stopping() {
            let done = match line {
                Line::Queue => self.queue.run_due(&self.platform, BATCH).await,
                Line::Outbox => self.mailer.run_due(&self.platform, u64::MAX).await,
            };
            match done {
                Ok(0) => {}
                Ok(_) => {
                    // What was done may have made work for the other loop.
                    self.platform.wake.notify_waiters();
                    continue;
                }
                Err(error) => tracing::error!(error = %error, "the worker could not go on; it tries again"),
            }
            // Work that another process enqueued, and work whose time comes, is found by looking.
            let look = tokio::time::timeout(LOOK_AGAIN, self.platform.wake.notified());
            tokio::select! {
                () = self.tasks.stopping() => return,
                _ = look => {}
            }
        }
    }

    /// The counters, for whoever may see them.
    async fn metrics(self, request: Request) -> Result<String> {
        edge::may_measure(&self.platform.config, &request)?;
        self.render_metrics().await
    }

    /// The counters in Prometheus's text form.
    async fn render_metrics(&self) -> Result<String> {
        let mut text = self.traffic.render();
        text.push_str(
            "# HELP alongside_database_statements_total Statements run.\n# TYPE alongside_database_statements_total counter\n",
        );
        text.push_str(&format!("alongside_database_statements_total {}\n", self.platform.db.statements()));
        text.push_str(&crate::platform::jobs::metrics(&self.platform).await?);
        text.push_str(&crate::platform::mail::metrics(&self.platform).await?);
        text.push_str(&mail::poll::metrics(&self.platform).await?);
        text.push_str(&webhooks::deliver::metrics(&self.platform).await?);
        Ok(text)
    }
}

/// The API. One handler struct a room; the tuple's groups keep it within what the framework can nest.
pub fn service(app: &App) -> OpenApiService<impl poem_openapi::OpenApi + use<>, ()> {
    let (platform, forms) = (&app.platform, &app.forms);
    let work = (
        projects::api::Api(platform.clone()),
        projects::api::decisions::DecisionsApi(platform.clone()),
        opportunities::api::Api(platform.clone()),
        opportunities::api::questions::QuestionsApi(platform.clone(), forms.clone()),
        opportunities::api::quotas::QuotasApi(platform.clone()),
        opportunities::api::public::PublicApi(platform.clone()),
    );
    let asking = (
        consent::api::Api(platform.clone()),
        consent::api::facts::Api(platform.clone()),
        matching::api::Api(platform.clone()),
        matching::api::inviting::InvitingApi(platform.clone()),
        matching::api::together::TogetherApi(platform.clone()),
        matching::api::public::PublicApi(platform.clone()),
        matching::api::mine::MineApi(platform.clone()),
        matching::api::groups::GroupsApi(platform.clone()),
        invitations::api::Api(platform.clone()),
        invitations::wording::api::LetterWordsApi(platform.clone()),
        invitations::api::hearing::HearingApi(platform.clone()),
        invitations::api::live::LiveApi { platform: platform.clone(), watched: app.watched.clone(), tasks: app.tasks.clone() },
        responses::api::Api { platform: platform.clone(), forms: forms.clone(), submissions: app.submissions.clone() },
    );
    let stepping = (
        parts::api::Api(platform.clone()),
        parts::api::tasks::TasksApi(platform.clone()),
        parts::api::ending::EndingApi(platform.clone()),
    );
    let back = (
        sessions::api::Api(platform.clone()),
        replies::api::Api(platform.clone()),
        influence::api::Api(platform.clone()),
        statistics::api::Api(platform.clone()),
        feedback::api::Api(platform.clone()),
    );
    let people = (
        accounts::api::Api(platform.clone()),
        accounts::api::mailings::Api(platform.clone()),
        accounts::api::look::LookApi(platform.clone()),
        participants::api::all(platform),
    );
    let telling = webhooks::api::Api(platform.clone());
    let all = edge::Counted((integrity::api::Api, people, work, asking, back, stepping, telling));
    OpenApiService::new(all, "Alongside", env!("CARGO_PKG_VERSION"))
        .description(include_str!("platform/http/about.md"))
        .server("/api")
}

/// Who runs which job.
pub fn queue() -> Queue {
    let mut queue = Queue::default();
    queue.on(FORGET_KEYS, |platform, _| async move {
        once::forget(&platform).await?;
        mail::forget(&platform).await?;
        Ok(Next::At(platform.clock.now() + chrono::Duration::hours(1)))
    });
    queue.on(mail::inbound::READ, mail::inbound::handle);
    queue.on(mail::answered::ANSWERED, replies::hear::answered);
    queue.on(accounts::RESET_ASKED, accounts::write_reset);
    queue.on(participants::SIGN_IN_ASKED, participants::write_sign_in);
    queue.on(participants::trials::LOOK_AFTER, |platform, _| participants::trials::look_after(platform));
    queue.on(participants::PREFERENCE_CHANGED, matching::preference::changed);
    queue.on(participants::LEFT, |platform, payload| async move {
        replies::withdrawal::left(&platform, &payload).await?;
        matching::preference::changed(platform, payload).await
    });
    queue.on(consent::WITHDRAWN, parts::withdrawal::carry_out);
    queue.on(opportunities::CLOSE_DUE, |platform, _| opportunities::opening::close_due(platform));
    queue.on(opportunities::OPENED, |platform, payload| async move {
        webhooks::news::opened(&platform, &payload).await?;
        matching::told::opened(platform, payload).await
    });
    queue.on(opportunities::CLOSED, |platform, payload| async move {
        webhooks::news::closed(&platform, &payload).await?;
        invitations::jobs::closed(platform, payload).await
    });
    queue.on(invitations::REMINDERS, invitations::jobs::remind);
    queue.on(invitations::ASK_AGAIN, invitations::jobs::ask_again);
    queue.on(invitations::UNDELIVERED, invitations::jobs::undelivered);
    queue.on(CANCELLED, |platform, payload| async move {
        matching::runs::mailing_cancelled(&platform, &payload).await?;
        invitations::jobs::mailing_cancelled(platform, payload).await
    });
    queue.on(invitations::TELL_ENDED, invitations::endings::tell);
    queue.on(parts::LOOK_AFTER, |platform, _| parts::pauses::look_after(platform));
    queue.on(invitations::LET_GO, invitations::jobs::let_go);
    queue.on(invitations::PLACE_FREED, matching::runs::place_freed);
    queue.on(invitations::PLACE_CHANGED, sessions::telling::place_changed);
    queue.on(choices::REVIEW_DUE, |platform, _| choices::review::look(platform));
    queue.on(choices::SILENCE_DUE, |platform, _| choices::going_on::look(platform));
    queue.on(matching::INVITE, matching::runs::invite);
    queue.on(opportunities::quotas::DRAW_MOVED, invitations::jobs::draw_moved);
    queue.on(matching::DRAW_DUE, |platform, _| matching::runs::draw_due(platform));
    queue.on(matching::together::WORK, matching::together::work);
    queue.on(matching::outlook::OUTLOOK, matching::outlook::work_out);
    queue.on(feedback::SEND, |platform, payload| async move {
        webhooks::news::published(&platform, &payload).await?;
        feedback::send(platform, payload).await
    });
    queue.on(webhooks::LOOK, |platform, _| webhooks::news::look(platform));
    queue
}

/// The kinds of jobs that belong to one organisation, and move with it.
pub const ORGANISATION_JOBS: [&str; 16] = [
    participants::SIGN_IN_ASKED,
    participants::PREFERENCE_CHANGED,
    participants::LEFT,
    consent::WITHDRAWN,
    opportunities::OPENED,
    opportunities::CLOSED,
    opportunities::quotas::DRAW_MOVED,
    invitations::REMINDERS,
    invitations::PLACE_FREED,
    invitations::PLACE_CHANGED,
    invitations::TELL_ENDED,
    matching::INVITE,
    matching::together::WORK,
    matching::outlook::OUTLOOK,
    feedback::SEND,
    CANCELLED,
];

/// Who writes which letter.
fn composers() -> Composers {
    let mut composers = Composers::default();
    for kind in [accounts::STAFF_INVITATION, accounts::PASSWORD_RESET] {
        composers.on(kind, accounts::compose);
    }
    for kind in [participants::JOIN, participants::SIGN_IN, participants::JOIN_INVITATION] {
        composers.on(kind, participants::compose);
    }
    let about_places = [invitations::PLACE, invitations::NO_PLACE, invitations::NOT_DRAWN, invitations::DRAW_MOVED];
    for kind in [participants::trials::HALF_WAY, participants::trials::OVER] {
        composers.on(kind, participants::trials::compose);
    }
    for kind in [choices::REVIEW, choices::GOING_ON] {
        composers.on(kind, choices::compose);
    }
    composers.on(parts::PAUSE_OVER, parts::compose);
    composers.on(invitations::ENDED, invitations::compose);
    let asking = [invitations::INVITE, invitations::AGAIN, invitations::REMIND, invitations::TAKEN_BACK];
    for kind in asking.into_iter().chain(about_places).chain([invitations::wording::TEST]) {
        composers.on(kind, invitations::compose);
    }
    composers.on(sessions::NOTES, sessions::letters::compose);
    for kind in [sessions::ARRANGED, sessions::CHANGED, sessions::CANCELLED, sessions::AHEAD, sessions::GONE] {
        composers.on(kind, sessions::dates::compose);
    }
    composers.on(feedback::REPORT, feedback::compose);
    composers.on(participants::news::DIGEST, feedback::compose_digest);
    composers
}

/// Says that the process is there, and which installation it belongs to.
fn health(platform: &Platform) -> BoxEndpoint<'static> {
    let name = platform.secret.name();
    let named = move |response: poem::Response| response.with_header(INSTALLATION, name.as_str()).into_response();
    edge::lazy("text/plain; charset=utf-8", || "ok".into())
        .map_to_response()
        .after(move |answer| {
            let answer = answer.map(&named);
            async move { answer }
        })
        .boxed()
}

/// Whether the server can do its work: the database answers.
async fn readiness(platform: Platform) -> Result<&'static str> {
    platform.db.ping().await.map(|()| "ready")
}

/// Makes the folder of an SQLite file.
pub fn make_folder(config: &Config) -> Result<()> {
    if let Some(folder) = sqlite_folder(&config.database_url) {
        let cannot = |error| Error::unavailable(format!("cannot make {}: {error}", folder.display()));
        let mut maker = std::fs::DirBuilder::new();
        maker.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
        maker.create(&folder).map_err(cannot)?;
    }
    Ok(())
}

/// The folder of an SQLite file.
fn sqlite_folder(url: &str) -> Option<PathBuf> {
    sqlite_file(url)?.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Into::into)
}

/// Whether the key file that is there is the one that the database was made with. A database or a key that is yet to be made
/// fits.
pub async fn key_fits(config: &Config, db: &Db) -> Result<bool> {
    let found = installation::Entity::find_by_id(1).one(db.read()).await?;
    let Some(found) = found.filter(|_| config.secret_file.exists()) else { return Ok(true) };
    let secret = Secret::open(&config.secret_file, Clock::system().secret()).map_err(Error::Unavailable)?;
    Ok(found.secret_check == secret.check())
}

/// The turn of one process among several that start at the same time: two that migrate one PostgreSQL database at once
/// would trip over each other. SQLite's one writer is turn enough.
pub struct Turn(Option<Db>);

/// Any number that other programs do not use for a lock in our database.
const TURN: i64 = 0x616c_6f6e_6773_6964;

impl Turn {
    /// Waits for the turn.
    pub async fn take(url: &str, db: &Db) -> Result<Self> {
        if !db.is_postgres() {
            return Ok(Self(None));
        }
        // A connection of its own: the lock is the connection's, and ends with it however this process ends.
        let own = Db::connect(url, 1).await?;
        own.write().execute_unprepared(&format!("SELECT pg_advisory_lock({TURN})")).await?;
        Ok(Self(Some(own)))
    }

    /// Lets the next one have its turn.
    pub async fn end(self) -> Result<()> {
        match self.0 {
            Some(own) => own.close().await,
            None => Ok(()),
        }
    }
}

/// Refuses to work on a database with another key: its links would all be dead.
async fn check_secret(db: &Db, clock: &Clock, secret: &Secret) -> Result<()> {
    match installation::Entity::find_by_id(1).one(db.write()).await? {
        Some(found) if found.secret_check == secret.check() => Ok(()),
        Some(_) => Err(Error::unavailable(
            "this database belongs to another secret key: set ALONGSIDE_SECRET_FILE to the key file that was made with it",
        )),
        None => {
            let row = installation::ActiveModel { id: Set(1), secret_check: Set(secret.check()), created_at: Set(clock.now()) };
            row.insert(db.write()).await?;
            Ok(())
        }
    }
}

/// Jobs that come again by themselves; adding them twice changes nothing.
pub async fn schedule(platform: &Platform) -> Result<()> {
    use crate::platform::jobs::{NewJob, enqueue};
    let invitations = [invitations::ASK_AGAIN, invitations::UNDELIVERED, invitations::LET_GO];
    let people = [participants::trials::LOOK_AFTER, choices::REVIEW_DUE, choices::SILENCE_DUE, parts::LOOK_AFTER];
    let others = [FORGET_KEYS, opportunities::CLOSE_DUE, matching::DRAW_DUE, webhooks::LOOK];
    for kind in others.into_iter().chain(people).chain(invitations) {
        let job =
            NewJob { kind, payload: serde_json::json!({}), run_at: None, unique: Some(kind.to_owned()), organisation: None };
        enqueue(platform.db.write(), &platform.clock, job).await?;
    }
    Ok(())
}
