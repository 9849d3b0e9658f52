//! The endpoint that pushes numbers.

use super::shapes::{FunnelOut, OpportunityMailingOut};
use crate::{
    accounts::access::{self, Power},
    invitations::{
        live::{self, LOOK, Numbers, Seat, Told, Watched},
        mailings,
    },
    platform::{
        Platform, Result,
        http::{Caller, Chapter, Cursor, Events},
        tasks::Tasks,
    },
    statistics::api::CountOut,
};
use entity::{OpportunityId, OrganisationId};
use futures_util::{Stream, stream};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path},
    types::ToJSON,
};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A line that says nothing is sent so often, so that whoever stands between keeps the connection.
const BEAT: Duration = Duration::from_secs(15);

/// The numbers of an opportunity at a time.
#[derive(Object)]
pub struct LiveOut {
    /// How the invitations stand.
    funnel: FunnelOut,
    /// How many have answered.
    answered: CountOut,
    /// The mailings, the first fifty of them.
    mailings: Vec<OpportunityMailingOut>,
}

/// So many mailings are told with the other numbers.
const MAILINGS: usize = 50;

/// Reads the numbers as they are sent.
pub(in crate::invitations) async fn told(platform: &Platform, key: (OrganisationId, OpportunityId)) -> Result<Told> {
    let numbers = Numbers::read(platform, key.0, key.1).await?;
    let cursor = Cursor { after: None, limit: MAILINGS as u64 };
    let mailings = mailings::about(platform, key.0, key.1, cursor).await?.into_iter().take(MAILINGS).map(Into::into).collect();
    let out = LiveOut { funnel: numbers.funnel.open(), answered: numbers.answered.into(), mailings };
    Ok(live::named(out.to_json_string()))
}

/// Pushed numbers.
pub struct LiveApi {
    /// The platform.
    pub platform: Platform,
    /// Who watches.
    pub watched: Watched,
    /// Where the looking runs.
    pub tasks: Tasks,
}

#[OpenApi(tag = "Chapter::Invitations")]
impl LiveApi {
    /// Watch the numbers
    ///
    /// Server-sent events: the numbers when the stream begins, and again whenever they have changed. It is for those who run the
    /// opportunity; a number of answers about few people is withheld. The stream ends with the session, the role or the key, and
    /// one account or key can have four. Connect again with `Last-Event-ID` to be told what has changed alone.
    #[oai(
        path = "/organisations/:organisation/opportunities/:opportunity/live",
        method = "get",
        operation_id = "watchOpportunity"
    )]
    async fn watch(
        &self,
        caller: Caller,
        organisation: Path<OrganisationId>,
        opportunity: Path<OpportunityId>,
        /// The id of the last event that you have.
        #[oai(name = "Last-Event-ID")]
        last: Header<Option<String>>,
    ) -> Result<Events<LiveOut>> {
        let actor = access::may(&self.platform, &caller, organisation.0, Power::ManageWork).await?;
        let key = (actor.organisation, opportunity.0);
        Numbers::read(&self.platform, key.0, key.1).await?;
        let seat = self.watched.seat(&actor.by)?;
        let listener = Listener {
            platform: self.platform.clone(),
            watched: self.watched.clone(),
            numbers: self.watched.of(&self.platform, &self.tasks, key),
            caller,
            organisation: key.0,
            last: last.0.unwrap_or_default(),
            begun: false,
            beat: Instant::now(),
            _seat: seat,
        };
        Ok(Events::new(listener.lines()))
    }
}

/// One who watches.
struct Listener {
    platform: Platform,
    watched: Watched,
    numbers: watch::Receiver<Option<Told>>,
    caller: Caller,
    organisation: OrganisationId,
    /// The name of the numbers that they have.
    last: String,
    begun: bool,
    beat: Instant,
    _seat: Seat,
}

impl Listener {
    fn lines(self) -> impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
        stream::unfold(self, |mut listener| async move {
            let line = listener.next().await?;
            Some((Ok(line.into_bytes()), listener))
        })
    }

    /// What is sent next; nothing once the stream ends.
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            return Some("retry: 3000\n\n".into());
        }
        loop {
            tokio::select! {
                () = self.watched.ended() => return None,
                changed = self.numbers.changed() => changed.ok()?,
                () = tokio::time::sleep(LOOK) => {}
            }
            // Whether they still may: sessions end, roles are taken away. To watch is not to use a session: it grows no older by it.
            access::still_may(&self.platform, &self.caller, self.organisation, Power::ManageWork).await.ok()?;
            let told = self.numbers.borrow_and_update().clone();
            if let Some(told) = told.filter(|told| told.id != self.last) {
                self.last.clone_from(&told.id);
                self.beat = Instant::now();
                return Some(format!("event: numbers\nid: {}\ndata: {}\n\n", told.id, told.text));
            }
            if self.beat.elapsed() >= BEAT {
                self.beat = Instant::now();
                return Some(":\n\n".into());
            }
        }
    }
}
