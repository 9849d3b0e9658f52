//! What staff do with people: see them, ask them to join, export.

use super::known::{NeedOut, WorkingWithOut, known};
use crate::{
    accounts::access::{self, Power},
    participants::{import, people},
    platform::{
        Platform, Result,
        http::{Caller, Chapter, CsvFile, Cursor, Fine, Page, Streamed},
    },
};
use entity::{
    ImportId, ImportOutcome, OrganisationId, ParticipantId, ParticipantState, Time, import_line, import_run, participant,
};
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};

/// A person in a list.
#[derive(Object)]
pub struct PersonOut {
    /// Their id.
    id: ParticipantId,
    /// Name, if they gave one.
    name: Option<String>,
    /// Address.
    email: String,
    /// Where they stand.
    state: ParticipantState,
    /// Since when they take part.
    joined_at: Option<Time>,
}

impl PersonOut {
    fn of(row: participant::Model) -> Self {
        Self { id: row.id, name: row.name, email: row.email, state: row.state, joined_at: row.joined_at }
    }
}

/// One person. How they want to be involved is their own and is not here.
#[derive(Object)]
pub struct PersonDetailOut {
    /// Their id.
    id: ParticipantId,
    /// Name, if they gave one.
    name: Option<String>,
    /// Address.
    email: String,
    /// Language tag.
    language: String,
    /// Where they stand.
    state: ParticipantState,
    /// Since when they take part.
    joined_at: Option<Time>,
    /// The version of how they want to be involved, for `If-Match` when you write down what they told you. What it says is
    /// their own.
    preferences_version: i32,
    /// What they need to take part, as far as they share it with coordinators; first what they cannot take part without.
    access_needs: Vec<NeedOut>,
    /// What you keep to when you work with them; absent for people who have not joined, or have left.
    working_with: Option<WorkingWithOut>,
}

/// An import.
#[derive(Object)]
pub struct ImportOut {
    /// Its id.
    id: ImportId,
    /// Begun at.
    created_at: Time,
    /// Finished at; absent while it runs, and when the file broke off.
    finished_at: Option<Time>,
    /// Lines read, without the heading.
    lines: i32,
    /// People who are asked to join.
    invited: i32,
    /// People who were known already; nothing was changed.
    unchanged: i32,
    /// Lines that could not be used.
    refused: i32,
}

impl ImportOut {
    fn of(row: import_run::Model) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            finished_at: row.finished_at,
            lines: row.lines,
            invited: row.invited,
            unchanged: row.unchanged,
            refused: row.refused,
        }
    }
}

/// What became of a line.
#[derive(Object)]
pub struct ImportLineOut {
    /// Its number; the heading is number 1, and empty lines are not counted.
    line: i32,
    /// What became of it.
    outcome: ImportOutcome,
    /// Why it could not be used.
    detail: Option<String>,
    /// The person.
    participant: Option<ParticipantId>,
}

impl ImportLineOut {
    fn of(row: import_line::Model) -> Self {
        Self { line: row.line, outcome: row.outcome, detail: row.detail, participant: row.participant_id }
    }
}

/// Endpoints for staff about people.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Participants")]
impl Api {
    /// List people
    ///
    /// Oldest first, in one state if asked: name, address and state, no preferences.
    #[oai(path = "/organisations/:organisation/people", method = "get", operation_id = "listPeople")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// People in this state; everybody if left out.
        state: Query<Option<ParticipantState>>,
        /// People in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<PersonOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = people::list(&self.0, &actor, state.0, &cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, PersonOut::of)))
    }

    /// Read a person
    ///
    /// What staff need to work with them: their needs as far as they share them, and what is to be kept to. Not how much they want
    /// to be involved, and no reasons.
    #[oai(path = "/organisations/:organisation/people/:participant", method = "get", operation_id = "getPerson")]
    async fn get(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        participant: Path<ParticipantId>,
    ) -> Result<Fine<PersonDetailOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let people::Detail { person: row, version, known: said } = people::get(&self.0, &actor, participant.0).await?;
        let (access_needs, working_with) = said.map(known).unzip();
        let out = PersonDetailOut {
            id: row.id,
            name: row.name,
            email: row.email,
            language: row.language,
            state: row.state,
            joined_at: row.joined_at,
            preferences_version: version,
            access_needs: access_needs.unwrap_or_default(),
            working_with,
        };
        Ok(Fine::new(&out))
    }

    /// Export people
    ///
    /// A CSV file of everybody. Cells that a spreadsheet would compute begin with an apostrophe.
    #[oai(path = "/organisations/:organisation/people/export", method = "get", operation_id = "exportPeople")]
    async fn export(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Streamed> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let rows = people::export(&self.0, &actor).await?;
        Ok(Streamed::new("people.csv", "text/csv; charset=utf-8", rows))
    }

    /// Ask people to join, by file
    ///
    /// A CSV file in UTF-8 with the columns `email` (needed), `name` and `language`, named in the first line. Each new
    /// address gets one letter that asks whether the person wants to join; nobody is signed up. Sending a file again
    /// changes nothing, so no `Idempotency-Key` is needed. If a file is too large or breaks off, what was read before
    /// stays: `instance` in the problem is its address, and the file can be sent again.
    #[oai(path = "/organisations/:organisation/people/import", method = "post", operation_id = "importPeople")]
    async fn import(&self, caller: Caller, organisation: Path<OrganisationId>, file: CsvFile) -> Result<Fine<ImportOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManagePeople).await?;
        let run = import::import(&self.0, &actor, file.open()?).await?;
        Ok(Fine::new(&ImportOut::of(run)))
    }

    /// List imports
    ///
    /// Oldest first, those that broke off too.
    #[oai(path = "/organisations/:organisation/people/imports", method = "get", operation_id = "listImports")]
    async fn imports(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Imports in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ImportOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManagePeople).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = import::list(self.0.db.read(), &actor, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, ImportOut::of)))
    }

    /// Read an import
    ///
    /// How many lines were read, and what became of them.
    #[oai(path = "/organisations/:organisation/people/imports/:import", method = "get", operation_id = "getImport")]
    async fn get_import(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        import: Path<ImportId>,
    ) -> Result<Fine<ImportOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManagePeople).await?;
        Ok(Fine::new(&ImportOut::of(import::get(self.0.db.read(), &actor, import.0).await?)))
    }

    /// List the lines of an import
    ///
    /// What became of each, in the order of the file.
    #[oai(path = "/organisations/:organisation/people/imports/:import/lines", method = "get", operation_id = "listImportLines")]
    async fn lines(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        import: Path<ImportId>,
        /// Lines in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page: read on after this line.
        after: Query<Option<i32>>,
    ) -> Result<Fine<Page<ImportLineOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManagePeople).await?;
        let limit = Cursor::read(limit.0, None)?.limit;
        let after = after.0.unwrap_or(0);
        let mut rows = import::lines(self.0.db.read(), &actor, import.0, after, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(500);
        let more = rows.len() > most;
        rows.truncate(most);
        let next = if more { rows.last().map(|row| row.line.to_string()) } else { None };
        Ok(Fine::new(&Page { items: rows.into_iter().map(ImportLineOut::of).collect(), next }))
    }
}
