//! How I want to be involved: one question a page, and a page that sums up. Each answer holds as soon as it is saved, so
//! nothing is lost, and a wish for less is never waiting for the last page.

mod forms;
mod read;
mod review;
mod words;
mod zone;

use super::{Own, at, done, own};
use crate::{
    pages::kit::{Answered, Block, Desk, Form, Link, Page, Reply, Submit, Visit, Zone, act, ask},
    participants::{preferences, topics, trials},
    platform::{
        Error, Result,
        http::{Cursor, etag},
    },
};
use entity::{PreferenceDoc, topic};
use poem::{Route, get, http::StatusCode};
use std::sync::Arc;

/// The questions, in their order.
const QUESTIONS: [Question; 14] = [
    Question::Involvement,
    Question::Topics,
    Question::Activities,
    Question::Formats,
    Question::Groups,
    Question::Time,
    Question::Times,
    Question::Letters,
    Question::Reach,
    Question::Meetings,
    Question::Support,
    Question::Payment,
    Question::Story,
    Question::Quiet,
];

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Involvement,
    /// Asked after the first one by whoever wants to choose exactly.
    Exactly,
    Topics,
    /// Wishes for single topics, kinds of activity and stages; for whoever looks for them on the page that sums up.
    TopicWishes,
    ActivityWishes,
    StageWishes,
    Activities,
    Formats,
    Groups,
    Time,
    Times,
    Letters,
    Reach,
    Meetings,
    Support,
    Payment,
    Story,
    Quiet,
    /// Whether to be shown how to try more; for whoever looks for it on the page that sums up.
    Trying,
    /// When to look at all this again; changed from the page that sums up.
    Review,
}

impl Question {
    const ALL: [(Self, &'static str); 20] = [
        (Self::Involvement, "involvement"),
        (Self::Exactly, "exactly"),
        (Self::Topics, "topics"),
        (Self::TopicWishes, "topic-wishes"),
        (Self::ActivityWishes, "activity-wishes"),
        (Self::StageWishes, "stage-wishes"),
        (Self::Activities, "activities"),
        (Self::Formats, "formats"),
        (Self::Groups, "groups"),
        (Self::Time, "time"),
        (Self::Times, "times"),
        (Self::Letters, "letters"),
        (Self::Reach, "reach"),
        (Self::Meetings, "meetings"),
        (Self::Support, "support"),
        (Self::Payment, "payment"),
        (Self::Story, "story"),
        (Self::Quiet, "quiet"),
        (Self::Trying, "trying"),
        (Self::Review, "review"),
    ];

    fn named(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(question, _)| *question).ok_or(Error::NotFound("page"))
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(question, _)| *question == self).map_or("", |(_, name)| name)
    }

    /// Whether it can be asked at all: without topics there is nothing to say about them.
    fn is_asked(self, topics: &[topic::Model]) -> bool {
        !matches!(self, Self::Topics | Self::TopicWishes) || !topics.is_empty()
    }

    /// The one that follows for somebody who answers them all.
    fn next(self, topics: &[topic::Model]) -> Option<Self> {
        let all = QUESTIONS.into_iter().filter(|one| one.is_asked(topics));
        let place = QUESTIONS.iter().position(|one| *one == self).unwrap_or(0);
        let mut after = all.filter(|one| QUESTIONS.iter().position(|known| known == one).is_some_and(|n| n > place));
        after.next()
    }
}

/// What the questions are asked about.
struct Matter {
    own: Own,
    n: i32,
    doc: PreferenceDoc,
    topics: Vec<topic::Model>,
}

impl Matter {
    async fn read(visit: &Visit) -> Result<Self> {
        let own = own(visit).await?;
        let db = visit.platform().db.read();
        let (n, doc) = preferences::current(db, &own.row).await?;
        let cursor = Cursor { after: None, limit: 200 };
        let mut topics = topics::list(db, own.row.organisation_id, true, &cursor).await?;
        // What has retired since can stay where the person had put it.
        let named = |topic: &topic::Model| {
            let lists = [&doc.topics.yes, &doc.topics.ask_first, &doc.topics.never];
            lists.iter().any(|list| list.contains(&topic.id)) || doc.topic_stances.iter().any(|wish| wish.topic == topic.id)
        };
        topics.retain(|topic| topic.retired_at.is_none() || named(topic));
        Ok(Self { own, n, doc, topics })
    }

    fn at(&self, visit: &Visit, rest: &str) -> String {
        at(visit, &self.own.organisation, &format!("/preferences{rest}"))
    }
}

/// The routes.
pub(super) fn routes(route: Route, desk: &Desk) -> Route {
    route
        .at("/o/:slug/me/review", get(ask(desk, Zone::Own, review::show)).post(act(desk, Zone::Own, review::keep)))
        .at("/o/:slug/me/preferences", get(ask(desk, Zone::Own, summary)))
        .at("/o/:slug/me/preferences/:question", get(ask(desk, Zone::Own, question)).post(act(desk, Zone::Own, answer)))
}

/// Everything that counts now, each with a way to change it.
async fn summary(visit: Arc<Visit>) -> Result<Reply> {
    let matter = Matter::read(&visit).await?;
    let first = visit.query.has("first");
    let row = |question: Question, what: &str, said: Vec<String>| Answered {
        what: what.into(),
        said,
        change: Some(matter.at(&visit, &format!("/{}", question.name()))),
    };
    let rows = words::rows(&matter.doc, &matter.topics);
    let rows: Vec<Answered> = rows
        .into_iter()
        .filter(|(question, ..)| question.is_asked(&matter.topics))
        .map(|(question, what, said)| row(question, what, said))
        .collect();
    let mut page = Page::new("How I want to be involved").said(done(&visit));
    if first {
        let agree = Link::new("Go on: what we may do", at(&visit, &matter.own.organisation, "/consents/notice?first=yes"));
        page = page.text("Please check your answers. They hold from now on, and you can change each of them at any time.");
        page = page.block(Block::Summary(rows)).block(Block::Go(agree));
    } else {
        let text = match matter.n {
            0 => "You have not said anything yet. Until you do, we ask you first, each time.",
            _ => "This is what you chose. It holds at once when you change it. Nobody can ask you for more.",
        };
        let own = |words: &str, rest: &str| Link::new(words, at(&visit, &matter.own.organisation, rest));
        let mut more = vec![own("Keep my choices for another year", "/review")];
        page = page.text(text).block(Block::Summary(rows));
        let today = preferences::today(&matter.own.organisation, visit.platform().clock.now());
        if trials::in_force(visit.platform().db.read(), &matter.own.row, today).await?.trying.is_some() {
            more.push(own("What I am trying now", "/trial"));
        } else if matter.doc.trial.open_to_trying_higher {
            more.push(own("Try something more for a while", "/trial"));
        } else {
            page = page.text("To see how you can try something more for a while, change “Trying something more”.");
        }
        page = page.block(Block::Links(more));
    }
    Ok(page.into())
}

fn form(visit: &Visit, matter: &Matter, asked: Question) -> Form {
    let mut form = forms::of(asked, &matter.doc, &matter.topics).version(matter.n);
    let first = visit.query.has("first") || visit.fields.has("first");
    if first {
        form = form.hidden("first", "yes");
    }
    if matter.n == 0 && asked == Question::Involvement {
        // Whoever has said nothing yet chooses; nothing is chosen for them.
        form.choose_nothing();
    }
    form.submits.insert(0, Submit::new(if first { "Save and go on" } else { "Save" }));
    form
}

fn page(visit: &Visit, matter: &Matter, asked: Question, form: Form) -> Page {
    let first = visit.query.has("first") || visit.fields.has("first");
    let page = Page::question(forms::title(asked), form);
    let all: Vec<Question> = QUESTIONS.iter().copied().filter(|one| one.is_asked(&matter.topics)).collect();
    let place = all.iter().position(|one| *one == asked);
    let page = match place {
        Some(place) if first => page.caption(format!("Question {} of {}", place + 1, all.len())),
        _ => page.caption("How I want to be involved"),
    };
    page.back("Back to all my choices", matter.at(visit, ""))
}

async fn question(visit: Arc<Visit>) -> Result<Reply> {
    let asked = Question::named(visit.word("question"))?;
    let matter = Matter::read(&visit).await?;
    if !asked.is_asked(&matter.topics) {
        return Reply::to(matter.at(&visit, ""));
    }
    let form = form(&visit, &matter, asked);
    Ok(page(&visit, &matter, asked, form).into())
}

async fn answer(visit: Arc<Visit>) -> Result<Reply> {
    let asked = Question::named(visit.word("question"))?;
    let matter = Matter::read(&visit).await?;
    let first = visit.fields.has("first");
    let suffix = if first { "?first=yes" } else { "" };
    // Whoever wants to choose exactly is asked one question more.
    if asked == Question::Involvement && visit.fields.text("kind") == "exactly" {
        return Reply::to(matter.at(&visit, &format!("/exactly{suffix}")));
    }
    match save(&visit, &matter, asked).await {
        Ok(()) if visit.fields.has("more") => Reply::to(matter.at(&visit, &format!("/{}{suffix}", asked.name()))),
        Ok(()) if first => match asked.next(&matter.topics) {
            Some(next) => Reply::to(matter.at(&visit, &format!("/{}?first=yes", next.name()))),
            None => Reply::to(matter.at(&visit, "?first=yes")),
        },
        Ok(()) => Reply::to(matter.at(&visit, "?done=saved")),
        Err(error) => {
            let form = form(&visit, &matter, asked).again(&visit.fields, error)?;
            Ok(page(&visit, &matter, asked, form).status(StatusCode::UNPROCESSABLE_ENTITY).into())
        }
    }
}

async fn save(visit: &Visit, matter: &Matter, asked: Question) -> Result<()> {
    let based_on = visit.fields.if_match()?;
    let doc = read::answer(asked, &visit.fields, matter.doc.clone(), &matter.topics)?;
    if doc == matter.doc && based_on == etag::of(matter.n) && matter.n > 0 {
        return Ok(());
    }
    preferences::record(visit.platform(), &matter.own.person, Some(&based_on), doc).await?;
    Ok(())
}
