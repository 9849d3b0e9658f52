//! Endpoints for meetings, attendance, notes and contributions.

pub mod shapes;

use super::{
    contributions::{self, New},
    dates, expected,
    meetings::{self},
    notes::{self},
};
use crate::{
    accounts::{Power, access, readings},
    platform::{
        Platform, Result,
        http::{Body, Caller, Chapter, Created, Cursor, Done, Fine, NoContent, Once, Page},
    },
};
use entity::{ContributionId, MeetingId, OpportunityId, OrganisationId, ReadingOf};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
};
pub use shapes::{
    AttendanceIn, AttendanceOut, CalendarFile, ContributionIn, ContributionOut, ExpectedOut, GivenOut, MeetingIn, MeetingOut,
    NotesAnswerIn, NotesAnswerOut, NotesIn, OwnContributionIn, OwnMeetingOut,
};

/// Meetings and contributions.
pub struct Api(pub Platform);

#[OpenApi(tag = "Chapter::Sessions")]
impl Api {
    /// Add a meeting
    ///
    /// A dated meeting of an opportunity. People who hold a place and agree to take part find it on their own page, and get a letter
    /// with a file for their calendar, if it lies ahead.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings",
        method = "post",
        operation_id = "createMeeting"
    )]
    async fn create_meeting(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<MeetingIn>,
    ) -> Result<Created<MeetingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let made = meetings::create(once.tx(), &self.0, &actor, opportunity.0, given.into()).await?;
        let at = format!("/api/organisations/{}/opportunities/{}/meetings/{}", actor.organisation, opportunity.0, made.id);
        let (version, long) = (made.version, expected::too_long_for(&self.0, &made).await?);
        let answer = once.commit(Created::new(&MeetingOut::of(made, true).too_long_for(long)).at(at).version(version)).await;
        self.0.wake.notify_one();
        answer
    }

    /// List meetings
    ///
    /// In the order in which they were added.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings",
        method = "get",
        operation_id = "listMeetings"
    )]
    async fn meetings(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<MeetingOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let with_notes = access::may(&self.0, &caller, organisation.0, Power::ReadResponses).await.is_ok();
        let rows = meetings::list(self.0.db.read(), actor.organisation, opportunity.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, |row| MeetingOut::of(row, with_notes))))
    }

    /// Read a meeting
    ///
    /// With its notes, once they are written.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting",
        method = "get",
        operation_id = "getMeeting"
    )]
    async fn meeting(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
    ) -> Result<Fine<MeetingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let with_notes = access::may(&self.0, &caller, organisation.0, Power::ReadResponses).await.is_ok();
        let found = meetings::get(self.0.db.read(), actor.organisation, opportunity.0, meeting.0).await?;
        let (version, long) = (found.version, expected::too_long_for(&self.0, &found).await?);
        Ok(Fine::new(&MeetingOut::of(found, with_notes).too_long_for(long)).version(version))
    }

    /// Change a meeting
    ///
    /// Title, time and place. Where one of them is another one now, and the meeting lies ahead, people who hold a place get a letter
    /// that says what has changed.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting",
        method = "put",
        operation_id = "changeMeeting"
    )]
    async fn change_meeting(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<MeetingIn>,
    ) -> Result<Fine<MeetingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let facts = body.take()?.into();
        let changed = meetings::change(&self.0, &actor, opportunity.0, meeting.0, if_match.0.as_deref(), facts).await?;
        let (version, long) = (changed.version, expected::too_long_for(&self.0, &changed).await?);
        Ok(Fine::new(&MeetingOut::of(changed, true).too_long_for(long)).version(version))
    }

    /// Call a meeting off
    ///
    /// It stays in the list and does not take place. Whoever was told of it by letter gets another one, which takes it out of their
    /// calendar.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/cancel",
        method = "post",
        operation_id = "cancelMeeting"
    )]
    async fn cancel_meeting(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
    ) -> Result<Fine<MeetingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let changed = meetings::cancel(&self.0, &actor, opportunity.0, meeting.0, Some("*")).await?;
        let version = changed.version;
        Ok(Fine::new(&MeetingOut::of(changed, true)).version(version))
    }

    /// Read who was there
    ///
    /// Each person about whom it was recorded whether they were there.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/attendance",
        method = "get",
        operation_id = "getAttendance"
    )]
    async fn attendance(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
    ) -> Result<Fine<Vec<AttendanceOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let found = meetings::get(self.0.db.read(), actor.organisation, opportunity.0, meeting.0).await?;
        readings::note(&self.0, &actor, ReadingOf::Attendance, opportunity.0.0).await?;
        let rows = meetings::attendance(self.0.db.read(), actor.organisation, meeting.0).await?;
        let rows: Vec<_> = rows.into_iter().map(AttendanceOut::from).collect();
        Ok(Fine::new(&rows).version(found.version))
    }

    /// Read who is expected
    ///
    /// Those who hold a place, with what they need as far as whoever leads a meeting may know, and what the venue may be told,
    /// without names. People see on their own page who has looked at this.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/expected",
        method = "get",
        operation_id = "getExpected"
    )]
    async fn expected(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
    ) -> Result<Fine<ExpectedOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        let found = meetings::get(self.0.db.read(), actor.organisation, opportunity.0, meeting.0).await?;
        Ok(Fine::new(&ExpectedOut::from(expected::read(&self.0, &actor, &found).await?)))
    }

    /// Write down who was there
    ///
    /// Replaces the whole list. Everybody on it must hold a place, or have held one when the meeting began.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/attendance",
        method = "put",
        operation_id = "recordAttendance"
    )]
    async fn record_attendance(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<Vec<AttendanceIn>>,
    ) -> Result<Fine<Vec<AttendanceOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let list = body.take()?.into_iter().map(|given| (given.participant, given.attendance)).collect();
        let (changed, rows) = meetings::attend(&self.0, &actor, opportunity.0, meeting.0, if_match.0.as_deref(), list).await?;
        let rows: Vec<_> = rows.into_iter().map(AttendanceOut::from).collect();
        Ok(Fine::new(&rows).version(changed.version))
    }

    /// Write the notes
    ///
    /// Notes that were shared before and change now must be shared, and agreed, again.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/notes",
        method = "put",
        operation_id = "writeNotes"
    )]
    async fn write_notes(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<NotesIn>,
    ) -> Result<Fine<MeetingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let text = body.take()?.text;
        let changed = notes::write(&self.0, &actor, opportunity.0, meeting.0, if_match.0.as_deref(), text).await?;
        let version = changed.version;
        Ok(Fine::new(&MeetingOut::of(changed, true)).version(version))
    }

    /// Share the notes
    ///
    /// Sends a letter to everybody who was present or sent apologies, and still agrees to take part. Notes that are shared
    /// already are not sent again.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/notes/share",
        method = "post",
        operation_id = "shareNotes"
    )]
    async fn share_notes(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
    ) -> Result<Fine<MeetingOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let tx = self.0.db.begin().await?;
        let shared = notes::share(&tx, &self.0, &actor, opportunity.0, meeting.0).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        self.0.wake.notify_one();
        let version = shared.version;
        Ok(Fine::new(&MeetingOut::of(shared, true)).version(version))
    }

    /// Read what people said about the notes
    ///
    /// Whether people agree with the notes, and what they would correct.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/meetings/:meeting/notes/answers",
        method = "get",
        operation_id = "listNotesAnswers"
    )]
    async fn notes_answers(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        meeting: Path<MeetingId>,
    ) -> Result<Fine<Vec<NotesAnswerOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await?;
        meetings::get(self.0.db.read(), actor.organisation, opportunity.0, meeting.0).await?;
        let rows = notes::answers(self.0.db.read(), actor.organisation, meeting.0).await?;
        Ok(Fine::new(&rows.into_iter().map(NotesAnswerOut::from).collect::<Vec<_>>()))
    }

    /// Write down a contribution
    ///
    /// What somebody said or brought beside a questionnaire, with their own word on whether it may be quoted.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/contributions",
        method = "post",
        operation_id = "recordContribution"
    )]
    async fn record_contribution(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<ContributionIn>,
    ) -> Result<Created<GivenOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &actor.by, key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let new = New { participant: given.participant, meeting: given.meeting, text: given.text, quote: given.quote };
        let made = contributions::record(once.tx(), &self.0, &actor, opportunity.0, new).await?;
        let at = format!("/api/organisations/{}/opportunities/{}/contributions", actor.organisation, opportunity.0);
        once.commit(Created::new(&GivenOut::from(made)).at(at)).await
    }

    /// List contributions
    ///
    /// Those of people whose consent to taking part stands now, and those of nobody in particular. Those taken back stay as a
    /// line without words.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/contributions",
        method = "get",
        operation_id = "listContributions"
    )]
    async fn contributions(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ContributionOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadResponses).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let with_people = access::may(&self.0, &caller, organisation.0, Power::ReadPeople).await.is_ok();
        readings::note(&self.0, &actor, ReadingOf::Contributions, opportunity.0.0).await?;
        let rows = contributions::list(self.0.db.read(), actor.organisation, opportunity.0, cursor, self.0.clock.now()).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, |row| ContributionOut::of(row, with_people))))
    }

    /// Own meetings
    ///
    /// The meetings of what you take part in, with the notes that were shared with you.
    #[oai(path = "/me/meetings", method = "get", operation_id = "listOwnMeetings")]
    async fn own_meetings(
        &self,
        caller: Caller,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<OwnMeetingOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = notes::own(self.0.db.read(), &person, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.meeting.id.0, OwnMeetingOut::from)))
    }

    /// A meeting for my calendar
    ///
    /// The meeting as a file that calendars read. For people who want letters that show nothing to others, it tells the time alone.
    #[oai(path = "/me/meetings/:meeting/calendar", method = "get", operation_id = "getOwnMeetingFile")]
    async fn own_meeting_file(&self, caller: Caller, meeting: Path<MeetingId>) -> Result<CalendarFile> {
        let person = access::person(&self.0, &caller).await?;
        let row = notes::own_one(self.0.db.read(), &person, meeting.0).await?.meeting;
        Ok(CalendarFile(dates::own_file(&self.0, &person, &row).await?))
    }

    /// Say whether notes are right
    ///
    /// You can say that the notes of a meeting are right, or what is wrong, and change your mind later. Name the version you
    /// have read; if the meeting or its notes have changed since, you are told, and nothing is noted.
    #[oai(path = "/me/meetings/:meeting/notes", method = "post", operation_id = "answerNotes")]
    async fn answer_notes(&self, caller: Caller, meeting: Path<MeetingId>, body: Body<NotesAnswerIn>) -> Done {
        let person = access::person(&self.0, &caller).await?;
        let given = body.take()?;
        notes::answer(&self.0, &person, meeting.0, given.version, given.agrees, given.comment).await?;
        Ok(NoContent)
    }

    /// Give something
    ///
    /// For those who hold a place, until the report is published, and for those who said yes to a consultation, while it is
    /// open. You can take it back at any time.
    #[oai(path = "/me/opportunities/:opportunity/contributions", method = "post", operation_id = "giveContribution")]
    async fn give(
        &self,
        caller: Caller,
        opportunity: Path<OpportunityId>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<OwnContributionIn>,
    ) -> Result<Created<GivenOut>> {
        let person = access::person(&self.0, &caller).await?;
        let given = body.read()?;
        let once = Once::begin(&self.0, &person.by(), key.0.as_deref(), &body).await?;
        if let Some(reply) = once.reply()? {
            return Ok(reply);
        }
        let new = New { participant: None, meeting: given.meeting, text: given.text, quote: given.quote };
        let made = contributions::give(once.tx(), &self.0, &person, opportunity.0, new).await?;
        let at = format!("/api/me/opportunities/{}/contributions", opportunity.0);
        once.commit(Created::new(&GivenOut::from(made)).at(at)).await
    }

    /// Own contributions
    ///
    /// What I gave to this opportunity beside a questionnaire, with whether it may be quoted.
    #[oai(path = "/me/opportunities/:opportunity/contributions", method = "get", operation_id = "listOwnContributions")]
    async fn own_contributions(
        &self,
        caller: Caller,
        opportunity: Path<OpportunityId>,
        /// Items a page.
        limit: Query<Option<u64>>,
        /// The `next` of an earlier page.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<ContributionOut>>> {
        let person = access::person(&self.0, &caller).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = contributions::own(self.0.db.read(), &person, opportunity.0, cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |row| row.id.0, |row| ContributionOut::of(row, false))))
    }

    /// Take a contribution back
    ///
    /// The words are erased at once, and it counts nowhere any more.
    #[oai(path = "/me/contributions/:contribution/withdraw", method = "post", operation_id = "withdrawContribution")]
    async fn withdraw(&self, caller: Caller, contribution: Path<ContributionId>) -> Result<Fine<ContributionOut>> {
        let person = access::person(&self.0, &caller).await?;
        let tx = self.0.db.begin().await?;
        let row = contributions::withdraw(&tx, &self.0, &person, contribution.0).await?;
        tx.commit().await.map_err(crate::platform::Error::from)?;
        Ok(Fine::new(&ContributionOut::of(row, false)))
    }
}
