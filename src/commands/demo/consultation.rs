//! The consultation: who may be asked is asked, and people answer, or do not.

use super::{
    dice::Dice,
    people::{Person, Reply, later},
    questions,
    story::{Story, number, text},
    summary::not_asked,
    work::Work,
};
use crate::{commands::client::Client, platform::Result};
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// What came of asking.
pub struct Asked {
    /// People who could be asked.
    pub eligible: u64,
    /// People who were asked.
    pub asked: u64,
    /// The others, by reason, as the API shows them.
    pub not_asked: BTreeMap<String, Option<u64>>,
    /// Tokens of the invitations, by address.
    pub tokens: HashMap<String, String>,
    /// Who answered, by number, with the id of the response; without those who took it back.
    pub answered: BTreeMap<usize, String>,
}

impl Story {
    /// Looks who may be asked, asks, and lets people do what they do. Then a few take their answers back.
    pub async fn consult(&mut self, work: &Work) -> Result<Asked> {
        self.progress.begin("Who may be asked is looked up and asked", 0);
        let at = format!("/opportunities/{}", work.consultation);
        let preview = self.act(&format!("{at}/match")).await?;
        let run = text(&self.post(&format!("{at}/invitations"), &json!({})).await?, "id")?;
        let done = |run: &Value| run["state"] == json!("done");
        let run = self.wait(&format!("{at}/matches/{run}"), "asking everybody who may be asked", done).await?;
        let asked = number(&run, "asked")?;
        let count = usize::try_from(asked).unwrap_or(0);
        let letters = self.letters.take(count, "invitations", |letter| letter.token("ai_").is_some()).await?;
        let tokens: HashMap<String, String> =
            letters.into_iter().filter_map(|letter| Some((letter.to.clone(), letter.token("ai_")?.to_owned()))).collect();
        let answered = self.replies(&tokens).await?;
        self.progress.begin("Nobody is reminded sooner than three days", 0);
        self.act(&format!("{at}/reminders")).await?;
        let answered = self.some_take_it_back(&tokens, answered).await?;
        let eligible = number(&preview, "eligible")?;
        Ok(Asked { eligible, asked, not_asked: not_asked(&run), tokens, answered })
    }

    async fn replies(&self, tokens: &HashMap<String, String>) -> Result<BTreeMap<usize, String>> {
        self.progress.begin("People answer, say no, later, or nothing", tokens.len());
        let with = |person: &Person| Some((person.clone(), tokens.get(&person.email)?.clone()));
        let (seed, today) = (self.seed, self.today());
        let replies = self
            .each(self.people.iter().filter_map(with).collect(), |api, (person, token)| reply(api, person, token, seed, today));
        Ok(replies.await?.into_iter().flatten().collect())
    }

    /// Two in a hundred take their answers back; they are erased.
    async fn some_take_it_back(
        &self,
        tokens: &HashMap<String, String>,
        mut answered: BTreeMap<usize, String>,
    ) -> Result<BTreeMap<usize, String>> {
        let away = |number: &usize| Dice::of(self.seed, *number, "takes back").chance(2);
        let who: Vec<usize> = answered.keys().copied().filter(away).collect();
        self.progress.begin("A few take their answers back", who.len());
        for number in who {
            answered.remove(&number);
            let token = self.people.get(number - 1).and_then(|person| tokens.get(&person.email)).map(String::as_str);
            self.api.post("/api/invitation/consents/withdraw", token, &json!({"purpose": "participate"})).await?;
            self.progress.tick();
        }
        Ok(answered)
    }
}

/// What one person does with their invitation. Answers with their number and the id of the response, if they gave one.
async fn reply(api: Client, person: Person, token: String, seed: u64, today: NaiveDate) -> Result<Option<(usize, String)>> {
    let token = Some(token.as_str());
    api.get("/api/invitation", token).await?;
    match person.reply {
        Reply::Nothing => return Ok(None),
        Reply::Decline => api.call(hyper::Method::POST, "/api/invitation/decline", token, None).await?,
        Reply::Later => api.post("/api/invitation/ask-later", token, &json!({"on": later(today, 7)})).await?,
        Reply::StepDown => api.post("/api/invitation/step-down", token, &json!({})).await?,
        Reply::Answer => {
            let mut dice = Dice::of(seed, person.number, "answering");
            agree(&api, token, &mut dice).await?;
            let form = text(&api.get("/api/invitation/questionnaire", token).await?, "questionnaire")?;
            let answers = questions::answers(seed, person.number);
            if dice.chance(20) {
                let begun: serde_json::Map<_, _> =
                    answers.iter().take(2).map(|(name, value)| (name.clone(), value.clone())).collect();
                api.put("/api/invitation/draft", token, &json!({"answers": begun, "questionnaire": form})).await?;
            }
            let receipt =
                api.post("/api/invitation/response", token, &json!({"answers": answers, "questionnaire": form})).await?;
            return Ok(Some((person.number, text(&receipt, "response")?)));
        }
    };
    Ok(None)
}

/// Reads the notice of an invitation and agrees to take part, and perhaps to be counted and quoted.
pub async fn agree(api: &Client, token: Option<&str>, dice: &mut Dice) -> Result<()> {
    api.get("/api/invitation/notice", token).await?;
    let read = json!({"language": "en", "format": "plain"});
    let shown = text(&api.post("/api/invitation/notice/shown", token, &read).await?, "shown")?;
    let counted = dice.weighted(&[(92, "give"), (8, "refuse")]);
    let quoted = dice.weighted(&[(65, "give"), (25, "refuse"), (10, "defer")]);
    let consents = json!([
        {"purpose": "participate", "choice": "give"},
        {"purpose": "publish_in_aggregate", "choice": counted},
        {"purpose": "quote_anonymous", "choice": quoted},
    ]);
    api.post("/api/invitation/consents", token, &json!({"shown": shown, "consents": consents})).await?;
    Ok(())
}
