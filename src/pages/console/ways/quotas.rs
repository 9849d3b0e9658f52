//! How places are shared out among groups.

use super::{at, found, page};
use crate::{
    accounts::Power,
    opportunities::quotas::{self, Sharing, said, warnings},
    pages::{
        console::{
            desk::{Seat, again, mistaken, seat},
            entry::{Entry, day},
            groups,
        },
        kit::{Block, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::Result,
};
use chrono::NaiveDate;
use entity::{SeatQuota, opportunity};
use poem::{Route, get};
use std::sync::Arc;

const HINT: &str = "One a line: a kind of fact, a group, at least, at most. Such as: age band, 16 to 24, 2, 4.";

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route.at("/console/:slug/opportunities/:opportunity/quotas", get(ask(desk, console, show)).post(act(desk, console, save)))
}

fn line(quota: &SeatQuota) -> String {
    let names = format!("{}, {}", quota.dimension, quota.category).replace('_', " ");
    format!("{names}, {}, {}", quota.min, quota.max)
}

fn form(sharing: &Sharing) -> Form {
    let lines = sharing.quotas.iter().map(line).collect::<Vec<_>>().join("\n");
    let field = Field::area("quotas", "Groups", lines).optional().hint(HINT).rows(8);
    let label = "Day on which names are drawn among those who said yes";
    let on = Field::typed("draws_on", label, day(sharing.draws_on), "date").optional().hint(
        "With a day, letters go out first. Whoever says yes before that day is in the draw. Without a day, names are drawn first. \
         Those who were drawn are asked.",
    );
    Form::default().field(field).field(on).version(sharing.version).submit(Submit::new("Save"))
}

fn read(seat: &Seat<'_>) -> Result<(Vec<SeatQuota>, Option<NaiveDate>)> {
    let mut entry = Entry::new(&seat.visit.fields);
    let mut quotas = Vec::new();
    for line in entry.lines("quotas") {
        let parts: Vec<&str> = line.split(',').map(str::trim).collect();
        let read = match parts.as_slice() {
            [dimension, category, min, max] => min.parse().ok().zip(max.parse().ok()).map(|(min, max)| SeatQuota {
                dimension: groups::kind(dimension),
                category: groups::group(category),
                min,
                max,
            }),
            _ => None,
        };
        match read {
            Some(quota) => quotas.push(quota),
            None => entry.wrong("/quotas", HINT),
        }
    }
    let draws_on = entry.day("draws_on");
    entry.done()?;
    Ok((quotas, draws_on))
}

fn quotas_page(seat: &Seat<'_>, way: &opportunity::Model, kept: &[SeatQuota], form: Form) -> Page {
    let page = page(seat, way, "How places are shared out")
        .text("Names are drawn. With quotas they are drawn so that so many of each group have a place.")
        .text("People are counted by facts they gave about themselves for this. Whoever gave none counts for no group.")
        .text("Everybody can read the quotas. Once names were drawn, they stay as they are.");
    let page = if kept.is_empty() { page } else { page.block(Block::List(kept.iter().map(said).collect())) };
    let notes = warnings(way, kept);
    let page = if notes.is_empty() { page } else { page.block(Block::Important("Please look at this".into(), notes)) };
    page.form(form)
}

async fn show(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let sharing = quotas::of(seat.db(), way.organisation_id, way.id).await?;
    Ok(quotas_page(&seat, &way, &sharing.quotas, form(&sharing)).into())
}

async fn save(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let way = found(&seat).await?;
    let saved = async {
        let (given, draws_on) = read(&seat)?;
        quotas::set(seat.platform(), &seat.actor, way.id, Some(&visit.fields.if_match()?), given, draws_on).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, &way, "?done=saved")),
        Err(error) => {
            let sharing = quotas::of(seat.db(), way.organisation_id, way.id).await?;
            Ok(mistaken(quotas_page(&seat, &way, &sharing.quotas, again(form(&sharing), &visit, error)?)).into())
        }
    }
}
