//! One use of data in a draft: what for, which data, how long, and what taking it back does.

use super::{at, findings, found_draft};
use crate::{
    accounts::Power,
    consent::notices,
    pages::{
        console::{
            desk::{Seat, again, mistaken, seat},
            entry::Entry,
            words::{self, Word, choices},
        },
        kit::{Desk, Field, Form, Page, Reply, Submit, Visit, Zone, act, ask},
    },
    platform::{Error, Result},
};
use entity::{LegalBasis, NoticePurpose, Purpose, WithdrawalEffect, notice};
use poem::{Route, get};
use std::sync::Arc;

pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    let console = Zone::Console;
    route.at("/console/:slug/notices/:notice/uses/:purpose", get(ask(desk, console, ask_use)).post(act(desk, console, save)))
}

/// The use that the address names, with its place in the draft.
fn named(visit: &Visit, notice: &notice::Model) -> Result<(usize, NoticePurpose)> {
    let purpose: Purpose = words::read(visit.word("purpose")).ok_or(Error::NotFound("use"))?;
    let found = notice.content.purposes.iter().position(|one| one.purpose == purpose);
    let index = found.ok_or(Error::NotFound("use"))?;
    Ok((index, notice.content.purposes[index].clone()))
}

fn form(index: usize, given: &NoticePurpose) -> Form {
    let at = |field: &str| format!("/purposes/{index}/{field}");
    let bases = |chosen: LegalBasis| choices::<LegalBasis>(move |one| one == chosen);
    Form::default()
        .field(Field::area("text", "What it means, in plain English", &given.text).rows(3).pointer(at("text")))
        .field(Field::area("data", "Which data is used?", given.data.join("\n")).rows(3).hint("One a line.").pointer(at("data")))
        .field(
            Field::area("recipients", "Who receives it?", given.recipients.join("\n"))
                .rows(3)
                .optional()
                .hint("One a line. Leave it empty when it stays with you.")
                .pointer(at("recipients")),
        )
        .field(Field::line("retention", "How long is it kept?", &given.retention).pointer(at("retention")))
        .field(Field::select("legal_basis", "On what ground is it used?", bases(given.legal_basis)).pointer(at("legal_basis")))
        .field(
            Field::radios(
                "withdrawal_effect",
                "What happens when somebody takes this back?",
                choices::<WithdrawalEffect>(|one| one == given.withdrawal_effect),
            )
            .hint("People read this before they agree. It is carried out by itself.")
            .pointer(at("withdrawal_effect")),
        )
        .field(
            Field::select("legal_basis_after", "On what ground is kept what stays after that?", bases(given.legal_basis_after))
                .pointer(at("legal_basis_after")),
        )
        .field(
            Field::typed(
                "valid_months",
                "For how many months does the agreement hold?",
                given.valid_months.to_string(),
                "number",
            )
            .hint("1 to 24. After that you ask again.")
            .pointer(at("valid_months")),
        )
        .submit(Submit::new("Save"))
}

fn read(mut entry: Entry<'_>, before: &NoticePurpose) -> Result<NoticePurpose> {
    let given = NoticePurpose {
        purpose: before.purpose,
        text: entry.text("text"),
        necessary: before.necessary,
        data: entry.lines("data"),
        recipients: entry.lines("recipients"),
        retention: entry.text("retention"),
        legal_basis: entry.word("legal_basis"),
        withdrawal_effect: entry.word("withdrawal_effect"),
        legal_basis_after: entry.word("legal_basis_after"),
        valid_months: entry.number("valid_months").unwrap_or(0),
    };
    entry.done()?;
    Ok(given)
}

fn page(seat: &Seat<'_>, notice: &notice::Model, given: &NoticePurpose, form: Form) -> Page {
    Page::new(given.purpose.said()).caption("A use of data").back("Back to the draft", at(seat, notice.id, "")).form(form)
}

async fn ask_use(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let notice = found_draft(&seat).await?;
    let (index, given) = named(&visit, &notice)?;
    let mut form = form(index, &given).version(notice.version);
    let own = format!("/purposes/{index}/");
    form.point_out(findings(&seat, &notice).into_iter().filter(|one| one.pointer.starts_with(&own)).collect());
    Ok(page(&seat, &notice, &given, form).into())
}

async fn save(visit: Arc<Visit>) -> Result<Reply> {
    let seat = seat(&visit, Power::ManageWork).await?;
    let notice = found_draft(&seat).await?;
    let (index, before) = named(&visit, &notice)?;
    let saved = async {
        let mut content = notice.content.clone();
        content.purposes[index] = read(Entry::new(&visit.fields), &before)?;
        notices::change(seat.platform(), &seat.actor, notice.id, Some(&visit.fields.if_match()?), content).await
    };
    match saved.await {
        Ok(_) => Reply::to(at(&seat, notice.id, "?done=saved")),
        Err(error) => {
            let form = form(index, &before).hidden("version", visit.fields.text("version"));
            Ok(mistaken(page(&seat, &notice, &before, again(form, &visit, error)?)).into())
        }
    }
}
