//! Endpoints for coordinators' own words in letters.

use super::{check::Matter, rules::VARIABLES, show};
use crate::{
    accounts::{Power, access, api::MessageOut},
    invitations::letters::sample::Sample,
    opportunities::ways,
    platform::{
        Platform, Result,
        http::{Accepted, Body, Caller, Chapter, Cursor, Fine, Once, Page},
    },
};
use entity::{LetterFormat, LetterWord, OpportunityId, OrganisationId, OwnLetter, ParticipantId, Time, letter_words};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
};
use serde::Deserialize;

/// All words of the letters about an opportunity.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterWordsIn {
    /// One text for each place of a letter, language and form, 200 at most. What is left out has its usual words.
    words: Vec<LetterWord>,
}

/// Something that a text may name.
#[derive(Object)]
pub struct LetterVariableOut {
    /// As it is written between `{{` and `}}`.
    name: String,
    /// What is put in its place.
    what: String,
    /// Whether somebody may have none: then write another word beside it, such as `{{ name | there }}`.
    may_be_missing: bool,
}

/// All words of the letters about an opportunity.
#[derive(Object)]
pub struct LetterWordsOut {
    /// One text for each place of a letter, language and form.
    words: Vec<LetterWord>,
    /// What the texts may name.
    variables: Vec<LetterVariableOut>,
    /// Who wrote this version.
    #[oai(skip_serializing_if_is_none)]
    written_by: Option<String>,
    /// When this version was written. Letters that were made before say what the words were then.
    #[oai(skip_serializing_if_is_none)]
    written_at: Option<Time>,
}

impl LetterWordsOut {
    fn of(row: Option<letter_words::Model>) -> Fine<Self> {
        let version = row.as_ref().map_or(0, |row| row.n);
        let variable = |known: &super::rules::Variable| LetterVariableOut {
            name: known.name.into(),
            what: known.what.into(),
            may_be_missing: known.may_be_missing,
        };
        let variables = VARIABLES.iter().map(variable).collect();
        let out = match row {
            Some(row) => {
                Self { words: row.words.0, variables, written_by: Some(row.written_by), written_at: Some(row.written_at) }
            }
            None => Self { words: Vec::new(), variables, written_by: None, written_at: None },
        };
        Fine::new(&out).version(version)
    }
}

/// A letter to somebody made up.
#[derive(Object)]
pub struct LetterPreviewOut {
    /// Subject line.
    subject: String,
    /// The part in plain text.
    text: String,
    /// The part in HTML. It loads nothing and runs nothing; show it in a frame of its own.
    html: String,
    /// The language of the coordinator's words in it; absent where it has its usual words alone.
    #[oai(skip_serializing_if_is_none)]
    own_language: Option<String>,
    /// People whose language has no words here, and who get the English ones.
    other_languages: u64,
}

/// Which letter to send.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterTestIn {
    /// As somebody gets it who wants it in this form.
    #[serde(default = "plain")]
    #[oai(default = "plain")]
    format: LetterFormat,
    /// As somebody gets it who reads this language.
    #[serde(default = "english")]
    #[oai(default = "english")]
    language: String,
}

fn plain() -> LetterFormat {
    LetterFormat::Plain
}

fn english() -> String {
    "en".into()
}

/// What one letter to somebody would lack.
#[derive(Object)]
pub struct LetterGapOut {
    /// Which letter.
    letter: OwnLetter,
    /// What it would lack, in plain words.
    what: String,
}

/// Somebody whose letters would lack something.
#[derive(Object)]
pub struct LetterLackingOut {
    /// Who.
    participant: ParticipantId,
    /// What their letters would lack.
    gaps: Vec<LetterGapOut>,
}

/// Own words in letters.
pub struct LetterWordsApi(pub Platform);

#[OpenApi(tag = "Chapter::Opportunities")]
impl LetterWordsApi {
    /// Read the words of its letters
    ///
    /// What coordinators wrote for the letters about an opportunity, and what such words may name. Facts, promises, reasons and the
    /// ways to say no are not among them: they are what people are owed.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/letters",
        method = "get",
        operation_id = "getLetterWords"
    )]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
    ) -> Result<Fine<LetterWordsOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let db = self.0.db.read();
        ways::find(db, actor.organisation, opportunity.0).await?;
        Ok(LetterWordsOut::of(super::newest(db, actor.organisation, opportunity.0).await?))
    }

    /// Write the words of its letters
    ///
    /// In Markdown: paragraphs, lines, lists, bold, italics and links. They replace all that was written before; every version is
    /// kept. Letters that are made from now on have them; those that wait already stay as they are.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/letters",
        method = "put",
        operation_id = "setLetterWords"
    )]
    async fn set(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<LetterWordsIn>,
    ) -> Result<Fine<LetterWordsOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.take()?;
        let row = super::set(&self.0, &actor, opportunity.0, if_match.0.as_deref(), given.words).await?;
        Ok(LetterWordsOut::of(Some(row)))
    }

    /// See whose letters would have a gap
    ///
    /// People for whom there is nothing to put in, or no words in their language or form where others have them. While there are any,
    /// nobody can be asked. Empty where all is well.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/letters/check",
        method = "get",
        operation_id = "checkLetters"
    )]
    async fn check(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// People in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<LetterLackingOut>>> {
        access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let db = self.0.db.read();
        let matter = Matter::of(db, actor.organisation, opportunity.0).await?;
        let rows = matter.people(db, &cursor).await?;
        let out = |row: super::check::Lacking| LetterLackingOut {
            participant: row.participant,
            gaps: row.gaps.iter().map(|(letter, gap)| LetterGapOut { letter: *letter, what: gap.in_words() }).collect(),
        };
        Ok(Fine::new(&cursor.page(rows, |row| row.participant.0, out)))
    }

    /// Look at a letter
    ///
    /// As somebody made up would get it. Its links do nothing.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/letters/:letter/preview",
        method = "get",
        operation_id = "previewLetter"
    )]
    async fn preview(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        letter: Path<OwnLetter>,
        /// As somebody gets it who wants it in this form; plain English if left out.
        format: Query<Option<LetterFormat>>,
        /// As somebody gets it who reads this language; English if left out.
        language: Query<Option<String>>,
    ) -> Result<Fine<LetterPreviewOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let format = format.0.unwrap_or(LetterFormat::Plain);
        let wanted = Sample { letter: letter.0, format, language: language.0.unwrap_or_else(english) };
        let found = show::preview(&self.0, actor.organisation, opportunity.0, &wanted).await?;
        let (shown, own_language) = (found.shown, found.own_language);
        Ok(Fine::new(&LetterPreviewOut {
            subject: shown.subject,
            text: shown.text,
            html: shown.html,
            own_language,
            other_languages: found.others,
        }))
    }

    /// Send yourself a letter
    ///
    /// To the address of whoever is signed in, marked as a test, and to nobody else. Its links do nothing.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/letters/:letter/test",
        method = "post",
        operation_id = "testLetter"
    )]
    async fn test(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        letter: Path<OwnLetter>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<LetterTestIn>,
    ) -> Result<Accepted<MessageOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let wanted = Sample { letter: letter.0, format: given.format, language: given.language };
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        show::send_test(once.tx(), &self.0, &actor, opportunity.0, &wanted).await?;
        let told = MessageOut { message: "The test is on its way to your own address.".into() };
        let reply = once.commit(Accepted::new(&told)).await?;
        self.0.wake.notify_one();
        Ok(reply)
    }
}
