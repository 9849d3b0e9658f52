//! `serve`, `worker`, `migrate`.

use super::{log, open};
use crate::{
    accounts::organisations,
    app::{self, App},
    platform::{
        Config, Db, Error, Result,
        http::listen::{self as connections, Bounds},
        mail::hold,
        tasks::Tasks,
    },
};
use migration::{Migrations, Migrator};
use std::{net::SocketAddr, process::ExitCode, time::Duration};
use tokio::{net::TcpListener, sync::oneshot};

/// Requests under way get so long to finish.
const GRACE: Duration = Duration::from_secs(20);

/// Serves, and works off the queue unless told not to, until the process is asked to stop.
pub async fn serve(config: Config) -> Result<ExitCode> {
    log(&config);
    let listener = listen(config.listen).await?;
    let app = open(config).await?;
    app::schedule(&app.platform).await?;
    greet(&app).await?;
    remind(&app).await?;
    // Listened for before the first request is taken: none that is under way is cut off.
    let asked = stop_signal();
    let mut running = start(app, listener)?;
    let code = outcome(asked, &mut running.ended).await;
    running.stop().await;
    Ok(code)
}

/// How the process ends: well if it was asked to, badly if nobody can reach it any more. Then whoever watches over it can
/// start it again.
async fn outcome(asked: impl Future<Output = ()>, ended: &mut oneshot::Receiver<()>) -> ExitCode {
    tokio::select! {
        () = asked => ExitCode::SUCCESS,
        _ = ended => {
            tracing::error!("the server has ended without being asked to");
            ExitCode::FAILURE
        }
    }
}

/// Takes an address; with the port 0, a free one. A port that is taken is told before anything else is done.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| Error::unavailable(format!("cannot listen on {address}: {error}")))
}

/// A server under way.
pub struct Running {
    /// The application that it serves.
    pub app: App,
    /// The server's own task. It ends before the application's tasks do, so that requests under way still find those.
    front: Tasks,
    /// Resolves when that task has ended, in whatever way.
    ended: oneshot::Receiver<()>,
}

/// Serves an application, and works off its queue unless told not to.
pub fn start(app: App, listener: TcpListener) -> Result<Running> {
    if app.platform.config.worker {
        let worker = app.clone();
        app.tasks.spawn(async move { worker.work().await });
    }
    let front = Tasks::new();
    let (signal, endpoint, bounds) = (front.clone(), app.endpoint(), Bounds::of(&app.platform.config));
    let (end, ended) = oneshot::channel::<()>();
    front.spawn(async move {
        // Dropped with the task, also if it panics.
        let _end = end;
        connections::serve(listener, endpoint, bounds, &signal, GRACE).await;
    });
    Ok(Running { app, front, ended })
}

impl Running {
    /// Lets requests and work under way finish, then closes the database.
    pub async fn stop(self) {
        self.front.stop();
        self.app.end_streams();
        tracing::info!("stopping: requests under way are answered, no new ones are taken");
        self.front.finished().await;
        end(self.app).await;
    }
}

/// Says it when letters wait for a word: otherwise nobody would miss them before the people do.
async fn remind(app: &App) -> Result<()> {
    for held in hold::holds(app.platform.db.read()).await? {
        let organisation = held.organisation_id.map(|id| id.to_string());
        tracing::warn!(organisation, why = %held.why, "no letter leaves before you say so: see `alongside letters`");
    }
    Ok(())
}

/// Says where the server is and, on the first start, how to set it up.
async fn greet(app: &App) -> Result<()> {
    let config = &app.platform.config;
    tracing::info!(listen = %config.listen, public_url = config.public_url, "alongside is starting");
    if let Some(token) = organisations::first_start(&app.platform).await? {
        // The only secret that is ever printed: without it nobody could begin. It works once.
        println!(
            "Nobody is set up yet. Make the first administrator and organisation with this link (it works once, for 7 days):"
        );
        println!("  {}/set-up/{}", config.public_url, token.reveal());
        println!("or by POST {}/api/set-up with the token at its end.", config.public_url);
    }
    Ok(())
}

/// Works off the queue until the process is asked to stop.
pub async fn worker(config: Config) -> Result<ExitCode> {
    log(&config);
    let app = open(config).await?;
    app::schedule(&app.platform).await?;
    tracing::info!("the worker is starting");
    remind(&app).await?;
    let asked = stop_signal();
    let worker = app.clone();
    app.tasks.spawn(async move { worker.work().await });
    asked.await;
    end(app).await;
    Ok(ExitCode::SUCCESS)
}

/// Brings the schema up to date.
pub async fn migrate(config: Config) -> Result<ExitCode> {
    log(&config);
    app::make_folder(&config)?;
    let db = Db::connect(&config.database_url, 1).await?;
    let turn = app::Turn::take(&config.database_url, &db).await?;
    Migrator::up(db.write(), None).await?;
    turn.end().await?;
    let applied = Migrator::get_applied_migrations(db.write()).await?.len();
    println!("The schema is up to date ({applied} migrations).");
    db.close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Lets what was begun finish, then closes the database and sends what was traced.
pub async fn end(app: App) {
    tracing::info!("stopping: work under way is brought to an end");
    app.tasks.stop();
    if tokio::time::timeout(GRACE, app.tasks.finished()).await.is_err() {
        tracing::warn!("some work did not finish in time; it stays in the queue");
    }
    if let Err(error) = app.platform.db.clone().close().await {
        tracing::warn!(error = %error, "the database did not close");
    }
    app.platform.traces.close().await;
}

/// Resolves when the process is asked to stop. From this call on the request ends nothing by itself.
#[cfg(unix)]
pub fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| {
        let listening = signal(kind);
        async move {
            match listening {
                Ok(mut asked) => drop(asked.recv().await),
                Err(_) => std::future::pending().await,
            }
        }
    };
    let (interrupt, terminate) = (wait(SignalKind::interrupt()), wait(SignalKind::terminate()));
    async move {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}

/// Resolves when the process is asked to stop.
#[cfg(not(unix))]
pub async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_by_itself_is_a_failure() {
        let (end, mut ended) = oneshot::channel();
        assert_eq!(outcome(std::future::ready(()), &mut ended).await, ExitCode::SUCCESS);
        drop(end);
        assert_eq!(outcome(std::future::pending(), &mut ended).await, ExitCode::FAILURE);
    }
}
