//! Changing one's part: everything that is chosen holds from the same moment.

use super::{gave::Gave, mine::whose};
use crate::{
    accounts::Person,
    consent::permits,
    feedback, influence,
    invitations::{
        endings,
        parting::{self, Held},
        places,
    },
    opportunities::{self, tasks},
    platform::{Error, Platform, Result, Tx, text::Check},
    replies, responses, sessions,
};
use chrono::{Months, NaiveDate};
use entity::{GivenChoice, InvitationId, OpportunityId, OpportunityKind, PartState, Purpose, TaskKind, Time, opportunity, part};

/// A pause is no longer than so many months: a longer one is begun anew.
const MONTHS: u32 = 12;

/// What somebody does with their part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Leave it.
    Leave,
    /// Pause until the end of a day, and keep the place.
    Pause(NaiveDate),
    /// Take part in this way instead.
    Lighter(OpportunityId),
}

/// Everything that is chosen with it.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What is done.
    pub step: Step,
    /// Whether word goes out to the meetings that are still to come.
    pub apologies: bool,
    /// What becomes of what was given, as far as it is in no published report.
    pub given: GivenChoice,
    /// Whether words that may be quoted with the person's name keep it.
    pub named: bool,
    /// Whether the person is told what came of it.
    pub results: bool,
}

/// What has happened.
pub struct Changed {
    /// What it was about.
    pub about: opportunity::Model,
    /// What was chosen.
    pub choice: Choice,
    /// Whether the person held a place, which is free now.
    pub freed: bool,
    /// The lighter way, and the invitation that was made for it, if there was none.
    pub lighter: Option<(opportunity::Model, Option<InvitationId>)>,
    /// Meetings to which word goes out.
    pub apologies: u64,
    /// What had been given before.
    pub gave: Gave,
    /// Words that may no longer be quoted with the name.
    pub unnamed: u64,
    /// Whether letters about what came of it come: the person wants them, and has agreed to such letters.
    pub results: bool,
}

/// Changes a person's part.
pub async fn change(tx: &Tx, platform: &Platform, person: &Person, id: OpportunityId, choice: Choice) -> Result<Changed> {
    let held = Held::hold(tx, person, id).await?;
    let (now, took_part) = (platform.clock.now(), held.takes_part());
    let before = check(tx, platform, person, &held, choice.step).await?;
    // After a shorter pause than the last one, the person comes to what lies behind it.
    if choice.apologies && held.paused().is_some() {
        sessions::apologies::take_back(tx, platform, person, id).await?;
    }
    let apologies = match choice.apologies && took_part {
        true => sessions::apologies::send(tx, platform, person, id, before).await?,
        false => 0,
    };
    let gave = settle_given(tx, platform, person, id, choice.given).await?;
    let whose = whose(person, id);
    let unnamed = if choice.named { 0 } else { sessions::withdrawal::without_name(tx, platform, whose).await? };
    let lighter = step(tx, platform, person, &held, choice.step).await?;
    let wanted = choice.results && (took_part || held.left());
    let (state, until) = match choice.step {
        // Whoever chose something lighter has left too, and it stays so.
        Step::Leave => (held.part.as_ref().filter(|_| held.left()).map_or(PartState::Left, |part| part.state), None),
        Step::Pause(until) => (PartState::Paused, Some(until)),
        Step::Lighter(_) => (PartState::Lighter, None),
    };
    let row = part::Model {
        organisation_id: person.organisation,
        opportunity_id: id,
        participant_id: person.participant,
        state,
        paused_until: until,
        asked_at: None,
        results: wanted,
        changed_at: now,
    };
    parting::keep(tx, row).await?;
    let (purpose, scope) = (Purpose::ContactFeedback, person.organisation.0);
    let results = wanted && permits(tx, person.organisation, person.participant, purpose, scope, now).await?;
    let freed = took_part && held.place.is_some() && !matches!(choice.step, Step::Pause(_));
    Ok(Changed { about: held.about, choice, freed, lighter, apologies, gave, unnamed, results })
}

/// Checks that a step can be taken. Answers before when meetings are missed, if not all of them are.
async fn check(tx: &Tx, platform: &Platform, person: &Person, held: &Held, step: Step) -> Result<Option<Time>> {
    if held.left() && step != Step::Leave {
        return Err(Error::conflict("left", "You have no part in this any more, so there is nothing to pause or to lighten."));
    }
    let Step::Pause(until) = step else { return Ok(None) };
    if endings::of(tx, person.organisation, held.about.id).await?.is_some() {
        return Err(Error::conflict("ended", "This has ended, so there is nothing to pause."));
    }
    let zone = opportunities::zone(tx, person.organisation).await?;
    let today = opportunities::today(platform.clock.now(), zone);
    let last = today.checked_add_months(Months::new(MONTHS)).unwrap_or(today);
    let mut check = Check::new();
    check.day("/until", until).done()?;
    let fits = until >= today && until <= last;
    check.that(fits, "/until", "out_of_range", "Choose today or a day to come, within a year.").done()?;
    Ok(parting::after(until, zone))
}

/// Does with what was given as the person wants, as far as it is in no published report. Answers what there was.
async fn settle_given(tx: &Tx, platform: &Platform, person: &Person, id: OpportunityId, choice: GivenChoice) -> Result<Gave> {
    let whose = whose(person, id);
    let erasure = whose.unpublished(tx, platform.clock.now()).await?;
    let gave = Gave::read(tx, whose, erasure).await?;
    match choice {
        GivenChoice::Keep => {}
        GivenChoice::Anonymise => {
            let words = sessions::withdrawal::anonymise(tx, platform, whose, erasure).await?;
            replies::withdrawal::anonymise(tx, whose, &words).await?;
            influence::withdrawal::anonymise(tx, whose, &words, erasure).await?;
        }
        GivenChoice::Withdraw => {
            // Answers come first; what rests on them follows.
            responses::withdrawal::erase(tx, platform, whose, erasure).await?;
            sessions::withdrawal::erase(tx, platform, whose, erasure).await?;
            replies::withdrawal::erase(tx, whose, erasure).await?;
            influence::withdrawal::erase(tx, whose, erasure).await?;
            feedback::withdrawal::erase(tx, whose, erasure).await?;
        }
    }
    Ok(gave)
}

/// Takes the step itself, and lets staff know what it leaves to do.
async fn step(
    tx: &Tx,
    platform: &Platform,
    person: &Person,
    held: &Held,
    step: Step,
) -> Result<Option<(opportunity::Model, Option<InvitationId>)>> {
    if held.left() {
        return Ok(None);
    }
    let (organisation, about) = (person.organisation, &held.about);
    if let Step::Pause(until) = step {
        if held.takes_part() && about.kind != OpportunityKind::Consultation {
            let step = tasks::Step { participant: person.participant, kind: TaskKind::Paused, until: Some(until) };
            tasks::part_changed(tx, platform, about, step).await?;
        }
        return Ok(None);
    }
    // What was begun and not handed in does not stay behind.
    if let Some(invitation) = &held.invitation {
        responses::withdrawal::forget_draft(tx, organisation, invitation.id).await?;
    }
    let Step::Lighter(to) = step else {
        parting::leave(tx, platform, person, held).await?;
        return Ok(None);
    };
    let made = parting::take(tx, platform, person, held, to).await?;
    let way = opportunities::ways::find(tx, organisation, to).await?;
    Ok(Some((way, made)))
}

/// Goes on after a pause, or before it is over. Whoever is not pausing goes on as they are.
pub async fn go_on(tx: &Tx, platform: &Platform, person: &Person, id: OpportunityId) -> Result<()> {
    let held = Held::hold(tx, person, id).await?;
    if held.left() {
        return Err(Error::conflict("left", "You have no part in this any more. While it is open, you can say yes to it again."));
    }
    if held.paused().is_some() {
        parting::forget(tx, person.organisation, id, person.participant).await?;
        if held.waits() {
            // Their turn may have come meanwhile.
            places::back_in_line(tx, platform, &held.about).await?;
        }
        sessions::apologies::take_back(tx, platform, person, id).await?;
        // Meetings may have changed meanwhile.
        places::changed(tx, platform, person.organisation, id, person.participant).await?;
        tasks::give_way(tx, platform, person.organisation, id, person.participant).await?;
    }
    Ok(())
}
