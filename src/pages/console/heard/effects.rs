//! What people changed: how far a theme went into a decision. Those who said it can say whether that is right.

use super::{Around, Matter};
use crate::{
    accounts::Power,
    influence::links::{self, Claim},
    pages::{
        console::{
            desk::{again, fresh, mistaken, paged},
            entry::Entry,
        },
        kit::{Block, Card, Choice, Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
        report::{level_words, standing_words},
    },
    platform::{Error, Result},
};
use entity::{DecisionId, InfluenceLevel, influence};
use poem::{Route, get};
use std::sync::Arc;

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let at = "/console/:slug/opportunities/:opportunity/effects";
    route.at(at, get(ask(desk, Zone::Console, list)).post(act(desk, Zone::Console, claim)))
}

impl Around {
    fn form(&self) -> Form {
        let first = || std::iter::once(Choice::new("", "Choose one"));
        let of_theme = self.themes.iter().map(|one| Choice::new(one.id.to_string(), &one.title));
        let of_decision = self.decisions.iter().map(|one| Choice::new(one.id.to_string(), &one.title));
        let levels = InfluenceLevel::ALL.iter().map(|one| Choice::new(one.word(), level_words(*one)));
        let note = "What was decided because of it. If nothing was, why not.";
        Form::default()
            .field(Field::select("theme", "What people said", first().chain(of_theme)))
            .field(Field::select("decision", "The decision", first().chain(of_decision)))
            .field(Field::radios("level", "How far did it go?", levels).hint("Claim no more than there was."))
            .field(Field::area("note", "What changed, in words", "").hint(note).rows(3))
            .submit(Submit::new("Write this down"))
    }

    fn card(&self, row: &influence::Model) -> Card {
        let theme = self.themes.iter().find(|one| Some(one.id) == row.theme_id).map(|one| one.title.clone());
        let decision = self.decisions.iter().find(|one| one.id == row.decision_id).map(|one| one.title.clone());
        Card {
            title: theme.unwrap_or_default(),
            facts: vec![
                ("The decision".into(), decision.unwrap_or_default()),
                ("How far it went".into(), level_words(row.level).into()),
                ("What those who said it say".into(), standing_words(row.standing).into()),
            ],
            texts: vec![row.note.clone()],
            ..Card::default()
        }
    }
}

async fn list_page(matter: &Matter<'_>, around: &Around, form: Option<Form>) -> Result<Page> {
    let seat = &matter.seat;
    let rows = links::of_themes(seat.db(), seat.organisation.id, matter.about.id, seat.cursor()?).await?;
    let (rows, next) = paged(rows, |row| row.id.to_string());
    let mut page = matter.page("What people changed");
    page = if rows.is_empty() {
        page.text("Nothing is written down yet.")
    } else {
        page.heading("What is written down").block(Block::Cards(rows.iter().map(|row| around.card(row)).collect()))
    };
    let more = next.map(|next| Block::Links(vec![matter.link("Go on reading", &format!("/effects?after={next}"))]));
    page = page.blocks(more);
    Ok(match form {
        Some(_) if around.themes.is_empty() => page.text("Write down what people said first, as themes."),
        Some(form) => {
            let text = "Those who said it see this on their own page, and can say whether it is right. What they say stands in the report.";
            page.heading("Write down what a theme changed").text(text).form(form)
        }
        None => page,
    })
}

async fn list(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ReadWork).await?;
    let around = Around::read(&matter).await?;
    let form = matter.seat.manages().then(|| fresh(&matter.seat, around.form()));
    Ok(list_page(&matter, &around, form).await?.into())
}

fn read(visit: &Visit) -> Result<(DecisionId, Claim)> {
    let mut entry = Entry::new(&visit.fields);
    let theme = entry.needed("theme", "Choose what people said.");
    let decision: Option<DecisionId> = entry.needed("decision", "Choose the decision.");
    let level = entry.one_of("level", InfluenceLevel::ALL, |one| one.word(), "Choose how far it went.");
    let claim = Claim { theme, contribution: None, level: level.unwrap_or(InfluenceLevel::None), note: entry.text("note") };
    entry.done_with(claim.flaws().done())?;
    decision.map(|decision| (decision, claim)).ok_or(Error::NotFound("decision"))
}

async fn claim(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit, Power::ManageWork).await?;
    let seat = &matter.seat;
    let once = seat.once().await?;
    if let Some(address) = once.seen_at() {
        return Reply::to(address);
    }
    let made = match read(&visit) {
        Ok((decision, claim)) => links::claim(once.tx(), seat.platform(), &seat.actor, decision, claim).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(_) => {
            let address = matter.at("/effects?done=made");
            once.commit_at(&address).await?;
            Reply::to(address)
        }
        Err(error) => {
            drop(once);
            let around = Around::read(&matter).await?;
            let form = again(fresh(seat, around.form()), &visit, error)?;
            Ok(mistaken(list_page(&matter, &around, Some(form)).await?).into())
        }
    }
}
