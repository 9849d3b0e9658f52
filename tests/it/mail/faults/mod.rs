//! The faults that delivery has to survive, by their numbers.

mod answers;
mod back;
mod calendars;
mod mailbox;
mod many;
mod process;
mod server;
mod signed;
mod store;
mod talk;
mod words;

use super::*;
use crate::harness::Backend;
use alongside::platform::mail::smtp::{Limits, Smtp};
use entity::{RouteKind, mail_route};

/// What is known of a server or a domain.
async fn route(app: &TestApp, kind: RouteKind, name: &str) -> Option<mail_route::Model> {
    mail_route::Entity::find_by_id((kind, name.to_owned())).one(app.app.platform.db.read()).await.unwrap()
}

/// What is known of a scripted server.
async fn known(app: &TestApp, server: &Server) -> mail_route::Model {
    route(app, RouteKind::Server, &server.address.to_string()).await.expect("something is known of it")
}

/// The addresses that are not written to any more.
async fn suppressed(app: &TestApp, organisation: OrganisationId) -> usize {
    entity::suppression::Entity::find()
        .filter(entity::suppression::Column::OrganisationId.eq(organisation))
        .all(app.app.platform.db.read())
        .await
        .unwrap()
        .len()
}

/// Letters of a sending of an organisation, to as many people.
async fn sending(app: &TestApp, count: usize) -> (OrganisationId, MailBatchId) {
    let organisation = sunrise(app).await;
    let (batch, _) = queue_as(app, Some(organisation), &vec![KIND; count]).await;
    (organisation, batch)
}

async fn batch(app: &TestApp, id: MailBatchId) -> mail_batch::Model {
    mail_batch::Entity::find_by_id(id).one(app.app.platform.db.read()).await.unwrap().unwrap()
}

fn reply(at: At, words: &'static str) -> (At, Act) {
    (at, Act::Reply(words))
}

/// A mailer with one connection at a time, so that letters go in order.
fn narrow(app: &TestApp, server: &Server) -> Mailer {
    let config = Config { smtp_connections: 1, ..config(app, MailWay::Smtp(server.url())) };
    Mailer::new(composers(), transport::open(&config).unwrap(), &config).unwrap()
}
