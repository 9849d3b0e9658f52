//! What came of it: themes, answers to what was proposed, the report, and the letters about it.

use super::{
    consultation::Asked,
    dice::Dice,
    group::Group,
    letters::Letter,
    people::later,
    questions,
    story::{Story, text},
    work::Work,
};
use crate::platform::{Error, Result};
use serde_json::{Value, json};

/// What was told.
pub struct Told {
    /// Where everybody can read the report.
    pub report_url: String,
    /// Letters that tell what came of it.
    pub letters: usize,
}

/// Heading, summary, whether it is a view of few, and whose answers are behind it.
type Theme = (&'static str, &'static str, bool, fn(&serde_json::Map<String, Value>) -> bool);

const THEMES: [Theme; 4] = [
    (
        "A group, if it is small and safe",
        "People want a group with the same few people each time, where no one has to speak.",
        false,
        |answers| answers.get("form") == Some(&json!("group")),
    ),
    ("One person who stays", "People want one person whom they choose, and who does not change.", false, |answers| {
        matches!(answers.get("form").and_then(Value::as_str), Some("one_to_one" | "both"))
    }),
    (
        "Something else entirely",
        "A garden, a safe place to sleep, doing something together: support need not be talking.",
        true,
        |answers| answers.get("form") == Some(&json!("other")),
    ),
    ("Not telling it again and again", "People do not want to tell everything again to each new person.", false, |answers| {
        answers.contains_key("more")
            || answers.get("matters").and_then(Value::as_array).is_some_and(|list| list.contains(&json!("once")))
    }),
];

impl Story {
    /// Closes the consultation, writes down what was said and what is done about it, publishes, and lets people judge.
    pub async fn tell_what_came_of_it(&mut self, work: &Work, asked: &Asked, group: &Group) -> Result<Told> {
        self.progress.begin("It closes, and its report is written", 0);
        let at = format!("/opportunities/{}", work.consultation);
        let early = json!({"reason": "Everybody who was asked has answered or said no."});
        self.post(&format!("{at}/close"), &early).await?;
        let themes = self.themes(&at, asked).await?;
        self.recommendations(&at, work, &themes).await?;
        let claims = self.claims(work, &themes, group).await?;
        self.act(&format!("{at}/report")).await?;
        self.put(&format!("{at}/report"), &self.report()).await?;
        self.get(&format!("{at}/report/preview")).await?;
        let release = self.post(&format!("{at}/report/publish"), &json!({})).await?;
        let report_url = text(&release, "address")?;
        let letters = self.told(asked, &report_url).await?;
        self.people_judge(work, asked, group, &claims).await?;
        Ok(Told { report_url, letters })
    }

    /// Themes with those behind them: what each person wrote decides.
    async fn themes(&self, at: &str, asked: &Asked) -> Result<Vec<String>> {
        let kept = self.all(&format!("{at}/responses")).await?;
        let stands = |id: &String| kept.iter().any(|row| row["id"].as_str() == Some(id));
        let standing: Vec<(&usize, &String)> = asked.answered.iter().filter(|(_, id)| stands(id)).collect();
        if standing.len() != asked.answered.len() || kept.len() != standing.len() {
            return Err(Error::bug(format!("{} answers were given and {} stand", asked.answered.len(), kept.len())));
        }
        let mut themes = Vec::new();
        for (position, (title, summary, minority, belongs)) in THEMES.into_iter().enumerate() {
            let body = json!({"title": title, "summary": summary, "minority": minority, "position": position});
            let theme = text(&self.post(&format!("{at}/themes"), &body).await?, "id")?;
            let behind = |number: usize| belongs(&questions::answers(self.seed, number));
            let sources: Vec<&String> = standing.iter().filter(|(number, _)| behind(**number)).map(|(_, id)| *id).collect();
            self.put(&format!("{at}/themes/{theme}/sources"), &json!({"responses": sources})).await?;
            themes.push(theme);
        }
        Ok(themes)
    }

    async fn recommendations(&self, at: &str, work: &Work, themes: &[String]) -> Result<()> {
        let proposals = [
            json!({
                "text": "Offer a group and one to one support, and let people change between them.", "theme": themes[1], "decision": work.form,
                "outcome": "done", "owner": "Jo, who leads the service", "due": later(self.today(), 90),
            }),
            json!({
                "text": "Small groups for women, and small groups for everybody.", "theme": themes[0], "decision": work.form, "outcome": "partly",
                "reason": "We begin with one group for women and one for everybody. A third needs a second room, which we do not have yet.",
                "owner": "Jo, who leads the service", "due": later(self.today(), 120),
            }),
            json!({
                "text": "Somebody there day and night.", "theme": themes[2], "outcome": "declined",
                "reason": "The sum for the first year does not pay for nights. The helpline that is there at night is named on every page.",
            }),
            json!({
                "text": "A safe place to sleep comes first.", "theme": themes[2], "outcome": "passed_on",
                "reason": "Housing is the council's to decide. We have handed this to its housing team, which answers by the summer.",
            }),
        ];
        for (position, mut proposal) in proposals.into_iter().enumerate() {
            proposal["position"] = json!(position);
            self.post(&format!("{at}/recommendations"), &proposal).await?;
        }
        Ok(())
    }

    /// What changed because of whom; and the decision that it changed.
    async fn claims(&self, work: &Work, themes: &[String], group: &Group) -> Result<Vec<String>> {
        let note = "The plan was one large group. Now people choose between a small group and one to one.";
        let body = json!({"theme": themes[1], "level": "changed", "note": note});
        let of_theme = self.post(&format!("/decisions/{}/influence", work.form), &body).await?;
        let mut claims = vec![text(&of_theme, "id")?];
        if let Some((contribution, _)) = group.contributions.get(1) {
            let note = "The first talk is now with somebody who has lived through it.";
            let body = json!({"contribution": contribution, "level": "originated", "note": note});
            let of_idea = self.post(&format!("/decisions/{}/influence", work.welcome), &body).await?;
            claims.push(text(&of_idea, "id")?);
        }
        let outcome = json!({
            "outcome": "Both a small group and one to one; people choose after a first talk and can change.",
            "reason": "Most people asked for one of the two, and many for both.",
        });
        self.post(&format!("/projects/{}/decisions/{}/settle", work.project, work.form), &outcome).await?;
        Ok(claims)
    }

    fn report(&self) -> Value {
        json!({
            "in_one_minute": "You told us what support should look like. There will be small groups and one to one support, and you choose. \
                              Somebody there day and night is more than we can pay for. Housing is with the council now.",
            "in_one_minute_easy_read": "You told us what you want.\n\nYou can be in a small group.\n\nYou can talk to one person.\n\nYou choose.",
            "steps_taken": "Letters, a telephone line, and answers by post. Child care was paid for.",
            "learned": "Ask about the evenings first: many could not come by day.",
            "next_steps": [
                {"what": "The first two groups begin", "owner": "Jo, who leads the service", "due": later(self.today(), 90)},
                {"what": "We write about the answer of the housing team", "owner": "Ada, who coordinates involvement", "due": later(self.today(), 150)},
            ],
        })
    }

    /// Waits for the letters to those who took part and want to be told. To nobody else any goes.
    async fn told(&mut self, asked: &Asked, report_url: &str) -> Result<usize> {
        self.progress.begin("Letters tell what came of it", 0);
        let wants = |number: &&usize| self.people.get(**number - 1).is_some_and(|person| person.agrees("contact_feedback"));
        let most = asked.answered.keys().filter(wants).count();
        let about = |letter: &Letter| letter.text.contains(report_url);
        Ok(self.letters.take(most, "about what came of it", about).await?.len())
    }

    /// Some read their ledger and say how it was; those concerned say whether what is claimed is so.
    async fn people_judge(&self, work: &Work, asked: &Asked, group: &Group, claims: &[String]) -> Result<()> {
        let rates = |number: &usize| Dice::of(self.seed, *number, "rates").chance(35);
        let who: Vec<(usize, String)> = asked
            .answered
            .keys()
            .copied()
            .filter(rates)
            .filter_map(|number| Some((number, self.people.get(number - 1)?.session.clone())))
            .collect();
        self.progress.begin("People look at what became of it, and judge", who.len());
        let (seed, rating, claim) =
            (self.seed, format!("/api/me/opportunities/{}/rating", work.consultation), claims.first().cloned());
        let judge = |api: crate::commands::client::Client, (number, session): (usize, String)| {
            let (rating, claim) = (rating.clone(), claim.clone().unwrap_or_default());
            async move {
                let mut dice = Dice::of(seed, number, "marks");
                let mut mark = |low: usize| low + dice.below(6 - low);
                let marks =
                    json!({"heard": mark(2), "ways": mark(2), "matters": mark(3), "change": mark(1), "worth_it": mark(2)});
                api.post(&rating, Some(&session), &marks).await?;
                api.get("/api/me/ledger", Some(&session)).await?;
                let (_, _, _, behind) = THEMES[1];
                if behind(&questions::answers(seed, number)) {
                    let says = if dice.chance(90) { "confirmed" } else { "disputed" };
                    api.post(&format!("/api/me/influence/{claim}"), Some(&session), &json!({"standing": says})).await?;
                }
                Ok(())
            }
        };
        self.each(who, judge).await?;
        if let (Some(claim), Some((_, session))) = (claims.get(1), group.contributions.get(1)) {
            self.api.post(&format!("/api/me/influence/{claim}"), Some(session), &json!({"standing": "confirmed"})).await?;
        }
        Ok(())
    }
}
