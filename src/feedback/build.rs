//! Makes the document of a report from the record. Pure: every number comes counted and protected from `statistics`.

use super::{day, gather::Record};
use crate::{
    integrity::ladder,
    projects::presence::in_words,
    statistics::{
        Shown,
        disclosure::{alone, part},
        presence::{Dimension, Group},
    },
};
use chrono::NaiveDate;
use entity::*;
use std::collections::HashMap;

/// Which version of a report is made.
pub struct Edition {
    /// Its number.
    pub version: i32,
    /// Published on; empty in a preview.
    pub published_on: Option<NaiveDate>,
    /// Every version up to this one.
    pub versions: Vec<ReportVersion>,
}

/// The whole document.
pub fn document(record: &Record, edition: Edition) -> ReportDocument {
    let answers = Answers::of(record);
    let all = |outcomes: &[RecommendationOutcome]| {
        let chosen = record.recommendations.iter().filter(|row| outcomes.contains(&row.outcome));
        chosen.map(|row| answers.answer(row)).collect::<Vec<_>>()
    };
    use RecommendationOutcome::{Declined, Done, Partly, PassedOn};
    let changed = record.influence.iter().filter(|row| row.level != InfluenceLevel::None);
    let unchanged = record.influence.iter().filter(|row| row.level == InfluenceLevel::None);
    ReportDocument {
        title: record.opportunity.title.clone(),
        organisation: record.organisation.name.clone(),
        contact: record.organisation.contact.clone(),
        language: "en".into(),
        in_one_minute: ReportInOneMinute {
            text: record.report.in_one_minute.clone(),
            easy_read: record.report.in_one_minute_easy_read.clone(),
        },
        we_asked: we_asked(record),
        who_took_part: who_took_part(record),
        you_said: you_said(record),
        we_did: ReportWeDid {
            recommendations: all(&[Done, Partly]),
            influence: changed.map(|row| answers.influence(row)).collect(),
        },
        we_did_not: all(&[Declined, Partly]).into_iter().chain(unchanged.map(|row| answers.unchanged(row))).collect(),
        passed_on: all(&[PassedOn]),
        rung: rung(record),
        ratings: ratings(record),
        what_next: record.report.next_steps.0.clone(),
        learned: record.report.learned.clone(),
        annex: annex(record, edition),
    }
}

fn count(shown: Shown) -> ReportCount {
    ReportCount { number: shown.number(), withheld: shown == Shown::Few }
}

fn we_asked(record: &Record) -> ReportWeAsked {
    let (project, opportunity) = (&record.project, &record.opportunity);
    let zone = &record.organisation.time_zone;
    // Quoted as people were told on the day it opened; what became of each comes from the record of today.
    let told = opportunity.promised.as_ref();
    let line = |told: &PromisedDecision| {
        let now = record.decisions.iter().find(|row| row.id == told.decision);
        ReportDecision {
            title: told.title.clone(),
            owner: told.owner.clone(),
            reserved_reason: told.reserved_reason.clone(),
            outcome: now.and_then(|row| row.outcome.clone()),
            outcome_reason: now.and_then(|row| row.outcome_reason.clone()),
            settled_on: now.and_then(|row| row.settled_at).map(|at| day(zone, at)),
        }
    };
    let lines =
        |scope: DecisionScope| told.iter().flat_map(|told| &told.decisions).filter(|row| row.scope == scope).map(line).collect();
    ReportWeAsked {
        need: project.need.clone(),
        summary: opportunity.summary.clone(),
        promise: told.map(|told| told.promise.clone()),
        open_to_influence: opportunity.open_to_influence.clone(),
        not_open: opportunity.not_open.clone(),
        who_decides: opportunity.who_decides.clone(),
        decisions_open: lines(DecisionScope::Open),
        decisions_reserved: lines(DecisionScope::Reserved),
        opened_on: opportunity.opened_at.map(|at| day(zone, at)),
        closed_on: opportunity.closed_at.map(|at| day(zone, at)),
    }
}

/// Three numbers that lie inside each other: where one less the next is small, the outer one gives somebody away.
fn who_took_part(record: &Record) -> ReportWhoTookPart {
    let (turnout, least) = (record.turnout, record.minimum);
    let took_part = alone(turnout.took_part, least);
    let answered = if took_part == Shown::Few { Shown::Few } else { part(turnout.answered, turnout.took_part, least) };
    let silent = alone(turnout.asked.saturating_sub(turnout.took_part), least);
    let asked = if silent == Shown::Few { Shown::Few } else { alone(turnout.asked, least) };
    ReportWhoTookPart {
        asked: count(asked),
        answered: count(answered),
        took_part: count(took_part),
        presence: record.presence.iter().map(presence).collect(),
        gaps: record.presence.iter().flat_map(gaps).collect(),
        steps_taken: record.report.steps_taken.clone(),
        formats: record.opportunity.formats.0.clone(),
        support: record.opportunity.support.clone(),
        payment: record.opportunity.payment.clone(),
    }
}

fn presence(dimension: &Dimension) -> ReportPresence {
    let groups = dimension.groups.iter().map(|group| ReportGroup {
        category: group.category.clone(),
        sought: group.sought,
        took_part: count(group.took_part),
    });
    ReportPresence { dimension: dimension.dimension.clone(), counted: count(dimension.counted), groups: groups.collect() }
}

/// Groups of which fewer came than were sought. Of a withheld number nothing is said in words either, and where nobody told
/// anything it is not known who was missing.
fn gaps(dimension: &Dimension) -> Vec<String> {
    let name = in_words(&dimension.dimension);
    if dimension.counted == Shown::Number(0) {
        return vec![format!("For {name}, people were not asked or did not say. So it is not known who was missing.")];
    }
    let gap = |group: &Group| {
        let came = group.took_part.number().filter(|came| *came < group.sought)?;
        let who = in_words(&group.category);
        Some(if came == 0 {
            format!(
                "We sought {} people of the group {who} ({name}). Nobody who told us about it belongs to that group.",
                group.sought
            )
        } else {
            format!("We sought {} people of the group {who} ({name}). {came} took part.", group.sought)
        })
    };
    dimension.groups.iter().filter_map(gap).collect()
}

fn you_said(record: &Record) -> Vec<ReportTheme> {
    let ids: Vec<ThemeId> = record.themes.iter().map(|theme| theme.id).collect();
    let shown = record.theme_people.shown(&ids, record.turnout, record.minimum);
    let line = |(theme, shown): (&theme::Model, Shown)| {
        // A theme stands because somebody said it, so a 0 would say that nobody may be counted, not that nobody said it.
        let people = shown.number().filter(|people| *people > 0);
        let people_in_words = match people {
            Some(people) => format!("{people} people"),
            None if theme.minority => "a few people".into(),
            None => String::new(),
        };
        ReportTheme {
            id: theme.id,
            title: theme.title.clone(),
            summary: theme.summary.clone(),
            minority: theme.minority,
            people,
            people_in_words,
        }
    };
    record.themes.iter().zip(shown).map(line).collect()
}

/// Answers, with headings and decisions at hand.
struct Answers<'a> {
    themes: HashMap<ThemeId, &'a str>,
    decisions: HashMap<DecisionId, &'a decision::Model>,
}

impl<'a> Answers<'a> {
    fn of(record: &'a Record) -> Self {
        Self {
            themes: record.themes.iter().map(|row| (row.id, row.title.as_str())).collect(),
            decisions: record.decisions.iter().map(|row| (row.id, row)).collect(),
        }
    }

    fn theme(&self, id: Option<ThemeId>) -> Option<String> {
        id.and_then(|id| self.themes.get(&id)).map(|title| (*title).to_owned())
    }

    fn answer(&self, row: &recommendation::Model) -> ReportAnswer {
        ReportAnswer {
            text: row.text.clone(),
            theme: self.theme(row.theme_id),
            theme_id: row.theme_id,
            decision: row.decision_id.and_then(|id| self.decisions.get(&id)).map(|row| row.title.clone()),
            outcome: row.outcome,
            reason: row.reason.clone(),
            owner: row.owner.clone(),
            due: row.due,
        }
    }

    /// What was said about a decision and did not change it; the note says why.
    fn unchanged(&self, row: &influence::Model) -> ReportAnswer {
        let decision = self.decisions.get(&row.decision_id);
        ReportAnswer {
            text: self.theme(row.theme_id).unwrap_or_else(|| "Something that one person gave".into()),
            theme: self.theme(row.theme_id),
            // It answers no proposal: those whose theme it is are told of it as influence.
            theme_id: None,
            decision: decision.map(|row| row.title.clone()),
            outcome: RecommendationOutcome::Declined,
            reason: Some(row.note.clone()),
            owner: decision.map(|row| row.owner.clone()),
            due: None,
        }
    }

    fn influence(&self, row: &influence::Model) -> ReportInfluence {
        let decision = self.decisions.get(&row.decision_id);
        ReportInfluence {
            decision: decision.map(|row| row.title.clone()).unwrap_or_default(),
            owner: decision.map(|row| row.owner.clone()).unwrap_or_default(),
            due: decision.and_then(|row| row.settles_on),
            theme: self.theme(row.theme_id),
            level: row.level,
            note: row.note.clone(),
            standing: row.standing,
        }
    }
}

fn rung(record: &Record) -> ReportRung {
    let step = ladder::step(record.opportunity.rung);
    ReportRung {
        claimed: step.rung,
        title: step.title.into(),
        plain_text: step.plain.into(),
        easy_read_text: step.easy_read.into(),
        supported: "Not assessed yet.".into(),
        attribution: ladder::ATTRIBUTION.into(),
        source_url: ladder::SOURCE.into(),
    }
}

fn ratings(record: &Record) -> ReportRatings {
    let means = |[heard, ways, matters, change, worth_it]: [f64; 5]| ReportMeans { heard, ways, matters, change, worth_it };
    ReportRatings { people: count(record.ratings.people), means: record.ratings.means.map(means) }
}

fn annex(record: &Record, edition: Edition) -> ReportAnnex {
    let numbers = format!(
        "Numbers about fewer than {} people are withheld, and so are others from which they could be worked out. Beside \
         how many were asked, every number counts those people alone who allow it. What was taken back is not counted.",
        record.minimum
    );
    ReportAnnex {
        kind: record.opportunity.kind,
        how_chosen: record.opportunity.how_chosen.clone(),
        numbers,
        minimum_group: record.minimum,
        version: edition.version,
        published_on: edition.published_on,
        versions: edition.versions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_told_it_is_not_known_who_was_missing() {
        let group = |category: &str, took_part| Group { category: category.into(), sought: 10, took_part };
        let kind = |counted, groups| Dimension { dimension: "age_band".into(), counted, groups };
        let (none, few) = (Shown::Number(0), Shown::Few);
        let nobody = gaps(&kind(none, vec![group("18_24", none), group("over_65", none)]));
        assert_eq!(nobody, ["For age band, people were not asked or did not say. So it is not known who was missing."]);
        let some =
            gaps(&kind(Shown::Number(12), vec![group("18_24", none), group("over_65", few), group("north", Shown::Number(12))]));
        assert_eq!(some.len(), 1, "{some:?}");
        assert!(some[0].starts_with("We sought 10 people of the group 18 to 24 (age band). Nobody who told us"), "{some:?}");
        assert!(gaps(&kind(few, vec![group("18_24", few)])).is_empty());
    }
}
