//! What staff have to do for people who changed their part, or whose work was ended.

use super::shapes::{OpenTasksOut, TaskOut};
use crate::{
    accounts::{Power, access},
    opportunities::tasks::{self, Listed},
    parts::words,
    platform::{
        Platform, Result,
        http::{Caller, Chapter, Cursor, Fine, Page},
    },
};
use entity::{OrganisationId, TaskId};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

/// Endpoints for tasks.
pub struct TasksApi(pub Platform);

impl TaskOut {
    /// A task, with who it is about where that is known here.
    fn of(listed: Listed) -> Self {
        let Listed { row, about, person } = listed;
        Self {
            id: row.id,
            kind: row.kind,
            opportunity: about.id,
            participant: person.as_ref().map(|person| person.id),
            name: person.as_ref().and_then(|person| person.name.clone()),
            email: person.map(|person| person.email),
            paused_until: row.paused_until,
            to_do: words::to_do(row.kind, &about, row.paused_until),
            title: about.title,
            made_at: row.made_at,
            done_at: row.done_at,
            done_by: row.done_by,
        }
    }
}

#[OpenApi(tag = "Chapter::Opportunities")]
impl TasksApi {
    /// List what there is to do
    ///
    /// After people changed their part, and after something was ended: oldest first. Who a task is about is told to those who may
    /// read people, and noted for the person; never why, and nothing about what they are like.
    #[oai(path = "/organisations/:organisation/tasks", method = "get", operation_id = "listTasks")]
    async fn list(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        /// Those that are done, instead of those that are not.
        done: Query<Option<bool>>,
        /// Tasks in one answer, 500 at most.
        limit: Query<Option<u64>>,
        /// Read on after this cursor.
        after: Query<Option<String>>,
    ) -> Result<Fine<Page<TaskOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        let cursor = Cursor::read(limit.0, after.0.as_deref())?;
        let rows = tasks::list(&self.0, &actor, done.0.unwrap_or(false), cursor).await?;
        Ok(Fine::new(&cursor.page(rows, |listed| listed.row.id.0, TaskOut::of)))
    }

    /// Count what there is to do
    ///
    /// Open tasks by what they are about. For those who run the work the numbers are exact; everybody else is not told of those
    /// about few people.
    #[oai(path = "/organisations/:organisation/tasks/open", method = "get", operation_id = "countTasks")]
    async fn open(&self, caller: Caller, organisation: Path<OrganisationId>) -> Result<Fine<Vec<OpenTasksOut>>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ReadWork).await?;
        let open = tasks::open(&self.0, &actor).await?;
        let out = |row: tasks::Open| OpenTasksOut {
            opportunity: row.about.id,
            title: row.about.title,
            kind: row.kind,
            open: row.count,
        };
        Ok(Fine::new(&open.into_iter().map(out).collect::<Vec<_>>()))
    }

    /// Say that something is done
    ///
    /// Saying it twice changes nothing.
    #[oai(path = "/organisations/:organisation/tasks/:task/done", method = "post", operation_id = "finishTask")]
    async fn done(&self, caller: Caller, organisation: Path<OrganisationId>, task: Path<TaskId>) -> Result<Fine<TaskOut>> {
        let actor = access::may(&self.0, &caller, organisation.0, Power::ManageWork).await?;
        Ok(Fine::new(&TaskOut::of(tasks::done(&self.0, &actor, task.0).await?)))
    }
}
