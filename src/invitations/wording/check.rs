//! Whose letter would have a hole in it. The database finds them: only those are read, a page at a time.

use super::rules::{self, Gap, Values};
use crate::{
    accounts::{Actor, Power},
    invitations::letters::values,
    platform::{Error, Result, error::Violation, http::Cursor},
};
use entity::{
    LetterFormat, LetterWord, OpportunityId, OrganisationId, OwnForm, OwnLetter, ParticipantId, ParticipantState, opportunity,
    organisation, participant, preference,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select,
    sea_query::{Expr, Func, SimpleExpr},
};
use std::collections::BTreeSet;

/// People whom a refusal names.
const NAMED: u64 = 30;

/// Somebody whose letters would lack something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// Who.
    pub participant: ParticipantId,
    /// Which letter, and what it would lack.
    pub gaps: Vec<(OwnLetter, Gap)>,
}

/// The words of an opportunity's letters, and what is put in for everybody.
pub struct Matter {
    organisation: OrganisationId,
    words: Vec<LetterWord>,
    values: Values,
}

impl Matter {
    /// As it is now.
    pub async fn of(connection: &impl ConnectionTrait, organisation: OrganisationId, id: OpportunityId) -> Result<Self> {
        let about = opportunity::Entity::find_by_id((organisation, id)).one(connection).await?;
        let about = about.ok_or(Error::NotFound("opportunity"))?;
        let home = organisation::Entity::find_by_id(organisation).one(connection).await?;
        let home = home.ok_or(Error::NotFound("organisation"))?;
        let words = super::newest(connection, organisation, id).await?.map(|row| row.words.0).unwrap_or_default();
        let values = values(connection, &home, &about).await?;
        Ok(Self { organisation, words, values })
    }

    /// How many people's letters would lack something.
    pub async fn count(&self, connection: &impl ConnectionTrait) -> Result<u64> {
        match self.concerned() {
            Some(people) => Ok(people.count(connection).await?),
            None => Ok(0),
        }
    }

    /// Those people, in the order of their ids; one more than the cursor allows if there are more.
    pub async fn people(&self, connection: &impl ConnectionTrait, cursor: &Cursor) -> Result<Vec<Lacking>> {
        let Some(mut people) = self.concerned() else { return Ok(Vec::new()) };
        if let Some(after) = cursor.after {
            people = people.filter(participant::Column::Id.gt(ParticipantId(after)));
        }
        let rows: Vec<(ParticipantId, String, Option<String>, Option<String>)> = people
            .select_only()
            .columns([participant::Column::Id, participant::Column::Language, participant::Column::Name])
            .column_as(format(), "format")
            .order_by_asc(participant::Column::Id)
            .limit(cursor.limit + 1)
            .into_tuple()
            .all(connection)
            .await?;
        let lacking = |(id, language, name, format): (ParticipantId, String, Option<String>, Option<String>)| {
            let form = match format.as_deref() == Some(LetterFormat::EasyRead.word().as_str()) {
                true => OwnForm::EasyRead,
                false => OwnForm::Plain,
            };
            let values = self.values.clone().named(name.as_deref());
            let of = |letter: &OwnLetter| {
                rules::take(&self.words, *letter, &language, form, &values).err().map(|gaps| (*letter, gaps))
            };
            let gaps =
                OwnLetter::ALL.iter().filter_map(of).flat_map(|(letter, gaps)| gaps.into_iter().map(move |gap| (letter, gap)));
            Lacking { participant: id, gaps: gaps.collect() }
        };
        Ok(rows.into_iter().map(lacking).collect())
    }

    /// People who have joined and whose letters would lack something; none where nobody's can.
    fn concerned(&self) -> Option<Select<participant::Entity>> {
        let mut any = Condition::any();
        for letter in OwnLetter::ALL {
            for language in rules::languages(&self.words, *letter) {
                for form in rules::forms(&self.words, *letter) {
                    if let Some(lacks) = self.lacks(*letter, language, form) {
                        let readers = Condition::all().add(self.reads(*letter, language)).add(reads_in(form)).add(lacks);
                        any = any.add(readers);
                    }
                }
            }
        }
        if any.is_empty() {
            return None;
        }
        let people = participant::Entity::find()
            .join(JoinType::LeftJoin, to_preference())
            .filter(participant::Column::OrganisationId.eq(self.organisation))
            .filter(participant::Column::State.eq(ParticipantState::Joined))
            .filter(any);
        Some(people)
    }

    /// What must hold of somebody who gets a letter in this language and form for it to lack something; none where it never does.
    fn lacks(&self, letter: OwnLetter, language: &str, form: OwnForm) -> Option<Condition> {
        let named = self.values.clone().named(Some("somebody"));
        // What a letter to somebody with a name lacks, everybody's does.
        if rules::take(&self.words, letter, language, form, &named).is_err() {
            return Some(Condition::all());
        }
        let texts = self.words.iter().filter(|word| word.letter == letter && word.language == language && word.form == form);
        let bare: BTreeSet<String> = texts.flat_map(|word| rules::bare(&word.text)).collect();
        let nameless = Condition::any().add(participant::Column::Name.is_null()).add(participant::Column::Name.eq(""));
        bare.contains("name").then_some(nameless)
    }

    /// Who gets the words in this language: whoever reads it, or one of its kinds that has no words of its own. English goes to
    /// everybody for whom there are no others.
    fn reads(&self, letter: OwnLetter, language: &str) -> Condition {
        let all = rules::languages(&self.words, letter);
        let own = || Func::lower(Expr::col((participant::Entity, participant::Column::Language)));
        let kinds = |of: &str| {
            let exact = Expr::expr(own()).eq(of);
            // Only a language without a kind of its own has kinds.
            match of.contains('-') {
                true => Condition::any().add(exact),
                false => {
                    let others = all.iter().filter(|other| other.starts_with(&format!("{of}-")));
                    let mut kind = Condition::all().add(Expr::expr(own()).like(format!("{of}-%")));
                    for other in others {
                        kind = kind.add(Expr::expr(own()).ne(*other));
                    }
                    Condition::any().add(exact).add(kind)
                }
            }
        };
        match language {
            "en" => {
                let mut rest = Condition::all();
                for other in all.iter().filter(|other| **other != "en") {
                    rest = rest.add(kinds(other).not());
                }
                rest
            }
            other => kinds(other),
        }
    }
}

/// The form in which somebody wants to be written to, in their newest choices.
fn format() -> SimpleExpr {
    Expr::cust(r#""preference"."document" -> 'contact' ->> 'format'"#)
}

fn reads_in(form: OwnForm) -> Condition {
    let easy = LetterFormat::EasyRead.word();
    match form {
        OwnForm::EasyRead => Condition::all().add(format().eq(easy)),
        OwnForm::Plain => Condition::any().add(format().is_null()).add(format().ne(easy)),
    }
}

fn to_preference() -> RelationDef {
    participant::Entity::belongs_to(preference::Entity)
        .from((participant::Column::OrganisationId, participant::Column::PreferenceId))
        .to((preference::Column::OrganisationId, preference::Column::Id))
        .into()
}

/// Refuses to begin where somebody's letter would have a hole in it: now, when it is asked of them, when they are reminded, or when they
/// get a place.
///
/// # Errors
/// A conflict that says how many people that are, and names some of them.
pub async fn must_be_whole(connection: &impl ConnectionTrait, actor: &Actor, id: OpportunityId) -> Result<()> {
    let matter = Matter::of(connection, actor.organisation, id).await?;
    let count = matter.count(connection).await?;
    if count == 0 {
        return Ok(());
    }
    let cursor = Cursor { after: None, limit: NAMED - 1 };
    // Which form or language somebody reads is about them: it is for those who may read that.
    let people = match actor.may(Power::ReadPeople) {
        true => matter.people(connection, &cursor).await?,
        false => Vec::new(),
    };
    let items = people.into_iter().flat_map(|lacking| {
        let pointer = format!("/participants/{}", lacking.participant);
        lacking.gaps.into_iter().map(move |(letter, gap)| {
            Violation::new(pointer.clone(), "letter_gap", format!("The letter {letter}: {}", gap.in_words()))
        })
    });
    let who = if count == 1 { "one person".to_owned() } else { format!("{count} people") };
    let detail = format!(
        "Nobody was asked: the letters of {who} would have a gap. The check of the letters names them to those who may read about people."
    );
    Err(Error::Conflict { code: "letter_gaps", detail, items: items.collect() })
}
