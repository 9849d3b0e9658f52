//! The group that designs together: names are drawn, and the reserve moves up until every place is filled.
//!
//! Whose names are drawn differs from run to run, because the pool of ids does. So what happens here follows from the order
//! in which people are asked, and never from who they are: every number is the same again.

use super::{
    consultation::{Asked, agree},
    dice::Dice,
    letters::Letter,
    people::{Reply, later},
    story::{Story, number, text},
    work::{BEGINS, Work},
};
use crate::platform::{Error, Result};
use hyper::Method;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The public seed of the draw: anybody could have read these numbers in the newspaper.
const DRAW: &str = "Saturday's lottery: 3 11 19 24 40 47";

/// What came of it.
pub struct Group {
    /// People who could be asked.
    pub eligible: u64,
    /// What people in the group gave, by id, with the session of who gave it.
    pub contributions: Vec<(String, String)>,
}

/// The group while it fills.
struct Filling {
    at: String,
    run: String,
    /// Invitations that were not looked at yet, in the order in which they were made.
    waiting: VecDeque<Turn>,
    /// People who were asked so far.
    asked: u64,
}

/// Somebody whose turn it is to answer.
struct Turn {
    token: String,
    /// Whether the consultation asked them as well.
    also_asked: bool,
}

impl Story {
    /// Draws names, fills the places, and meets once.
    pub async fn design_together(&mut self, work: &Work, consulted: &Asked) -> Result<Group> {
        self.progress.begin("Names are drawn for the group", 0);
        let at = format!("/opportunities/{}", work.group);
        let preview = self.act(&format!("{at}/match")).await?;
        let run = text(&self.post(&format!("{at}/invitations"), &json!({"seed": DRAW})).await?, "id")?;
        let run = format!("{at}/matches/{run}");
        let drawn = self.wait(&run, "the draw", |run| run["state"] == json!("done")).await?;
        let draw = self.get(&format!("{run}/draw")).await?;
        if draw["verified"] != json!(true) {
            return Err(Error::bug("running the draw again did not give the same names"));
        }
        let asked = number(&drawn, "asked")?;
        let mut filling = Filling { at, run, waiting: VecDeque::new(), asked };
        self.take_invitations(&mut filling, consulted, asked).await?;
        self.fill(&mut filling, work, consulted).await?;
        let contributions = self.meet(&filling.at, work).await?;
        Ok(Group { eligible: number(&preview, "eligible")?, contributions })
    }

    async fn take_invitations(&mut self, filling: &mut Filling, consulted: &Asked, most: u64) -> Result<()> {
        let most = usize::try_from(most).unwrap_or(0);
        let letters = self.letters.take(most, "invitations to the group", is_invitation).await?;
        let turn = |letter: &Letter| {
            let token = letter.token("ai_")?.to_owned();
            Some(Turn { token, also_asked: consulted.tokens.contains_key(&letter.to) })
        };
        filling.waiting.extend(letters.iter().filter_map(turn));
        Ok(())
    }

    /// One after the other, because each answer decides who is asked next. Those who said later say yes in the end, and one
    /// gives their place up again.
    async fn fill(&mut self, filling: &mut Filling, work: &Work, consulted: &Asked) -> Result<()> {
        self.progress.begin("People say yes or no, and the reserve moves up", 0);
        let (mut turn, mut later_on, mut first) = (0, Vec::new(), None);
        while let Some(asked) = filling.waiting.pop_front() {
            turn += 1;
            match self.group_reply(&asked, turn, work).await? {
                Reply::Answer => first = first.or(Some(asked.token)),
                Reply::Later => later_on.push(asked.token),
                _ => self.reserve_moves_up(filling, consulted).await?,
            }
        }
        for token in later_on {
            turn += 1;
            self.take_place(&token, turn).await?;
        }
        if let Some(token) = first {
            self.api.call(Method::POST, "/api/invitation/decline", Some(&token), None).await?;
            self.reserve_moves_up(filling, consulted).await?;
            while let Some(asked) = filling.waiting.pop_front() {
                turn += 1;
                self.take_place(&asked.token, turn).await?;
            }
        }
        Ok(())
    }

    /// What whoever is asked in this turn says.
    async fn group_reply(&self, asked: &Turn, turn: usize, work: &Work) -> Result<Reply> {
        let mut dice = Dice::of(self.seed, turn, "group");
        let replies = [(66, Reply::Answer), (16, Reply::Decline), (8, Reply::Later), (10, Reply::StepDown)];
        let reply = dice.weighted(&replies).unwrap_or(Reply::Answer);
        let token = asked.token.as_str();
        self.api.get("/api/invitation", Some(token)).await?;
        match reply {
            Reply::Decline => self.api.call(Method::POST, "/api/invitation/decline", Some(token), None).await?,
            Reply::Later => {
                self.api.post("/api/invitation/ask-later", Some(token), &json!({"on": later(self.today(), 5)})).await?
            }
            Reply::StepDown => self.api.post("/api/invitation/step-down", Some(token), &self.lighter(asked, work)).await?,
            _ => return self.take_place(token, turn).await.map(|()| reply),
        };
        Ok(reply)
    }

    /// Stepping down to the consultation, for somebody who was asked for it as well: that adds no letter, so no number depends
    /// on who was drawn. Otherwise to staying informed.
    fn lighter(&self, letter: &Turn, work: &Work) -> Value {
        if letter.also_asked { json!({"to": work.consultation}) } else { json!({}) }
    }

    async fn take_place(&self, token: &str, turn: usize) -> Result<()> {
        agree(&self.api, Some(token), &mut Dice::of(self.seed, turn, "group consents")).await?;
        self.api.call(Method::POST, "/api/invitation/accept", Some(token), None).await?;
        Ok(())
    }

    /// Waits until the next of the reserve is asked, if anybody is left, and for the letter.
    async fn reserve_moves_up(&mut self, filling: &mut Filling, consulted: &Asked) -> Result<()> {
        let before = filling.asked;
        let moved = |run: &Value| run["reserve"] == json!(0) || run["asked"].as_u64() > Some(before);
        let run = self.wait(&filling.run, "asking the next of the reserve", moved).await?;
        filling.asked = number(&run, "asked")?;
        let new = filling.asked - before;
        self.take_invitations(filling, consulted, new).await
    }

    /// A first meeting, on the day the group begins: the story does not wait for it. Who was there, its notes, what people gave;
    /// the last day to say yes is over by then.
    async fn meet(&mut self, at: &str, work: &Work) -> Result<Vec<(String, String)>> {
        self.progress.begin("The group meets, and agrees on its notes", 0);
        let holders = self.holders(at).await?;
        let body = json!({"title": "First meeting", "starts_at": self.at(BEGINS), "ends_at": self.at(BEGINS + 2), "location": "Community house, and online"});
        let meeting = text(&self.post(&format!("{at}/meetings"), &body).await?, "id")?;
        let place = format!("{at}/meetings/{meeting}");
        let there = |index: usize| match index {
            1 => "apologies",
            5 => "absent",
            _ => "present",
        };
        let list: Vec<Value> =
            holders.iter().enumerate().map(|(index, (id, _))| json!({"participant": id, "attendance": there(index)})).collect();
        self.put(&format!("{place}/attendance"), &json!(list)).await?;
        let notes = "We met for two hours. We agreed how we want to work: breaks when anybody asks, no one has to speak, and what is said stays here. \
                     First ideas: people choose their form of support after a first talk, and can change it.";
        self.put(&format!("{place}/notes"), &json!({"text": notes})).await?;
        self.act(&format!("{place}/notes/share")).await?;
        let sent = (0..holders.len()).filter(|index| there(*index) != "absent").count();
        self.letters.take(sent, "notes of the meeting", |letter| letter.token("ai_").is_none()).await?;
        let present = || holders.iter().enumerate().filter(|(index, _)| there(*index) == "present").map(|(_, holder)| holder);
        for (index, (_, session)) in present().enumerate().filter(|(index, _)| index % 4 != 3) {
            let own = self.api.get("/api/me/meetings?limit=500", Some(session)).await?;
            let read = own["items"].as_array().into_iter().flatten().find(|own| own["id"] == json!(meeting));
            let version = read.map(|own| own["version"].clone());
            let says = match index {
                2 => {
                    let comment = "We also said that child care is needed at every meeting.";
                    json!({"version": version, "agrees": false, "comment": comment})
                }
                _ => json!({"version": version, "agrees": true}),
            };
            self.api.post(&format!("/api/me/meetings/{meeting}/notes"), Some(session), &says).await?;
        }
        let ideas = [
            "Let people try a group once before they choose.",
            "The first talk should be with somebody who has been there.",
            "Keep one to one for those who cannot be in a room with others.",
            "A place where one can be without talking.",
        ];
        let mut given = Vec::new();
        for (index, ((_, session), idea)) in present().zip(ideas).enumerate() {
            let quotable = index % 2 == 0 && self.lets_be_quoted(session, work).await?;
            let quote = if quotable { "anonymous" } else { "no" };
            let body = json!({"meeting": meeting, "text": idea, "quote": quote});
            let made =
                self.api.post(&format!("/api/me/opportunities/{}/contributions", work.group), Some(session), &body).await?;
            given.push((text(&made, "id")?, session.clone()));
        }
        Ok(given)
    }

    /// Whether somebody in the group lets their words be quoted without their name.
    async fn lets_be_quoted(&self, session: &str, work: &Work) -> Result<bool> {
        let consents = self.api.get("/api/me/consents", Some(session)).await?;
        let says = |one: &Value| {
            one["purpose"] == json!("quote_anonymous") && one["opportunity"] == json!(work.group) && one["permits"] == json!(true)
        };
        Ok(consents.as_array().is_some_and(|consents| consents.iter().any(says)))
    }

    /// Who holds a place, with their session, in the order in which they took it.
    async fn holders(&self, at: &str) -> Result<Vec<(String, String)>> {
        let mut holders = Vec::new();
        for place in self.all(&format!("{at}/places")).await? {
            if place["state"] == json!("held") {
                let id = text(&place, "participant")?;
                let person = self.people.iter().find(|person| person.id == id);
                let session = person.map(|person| person.session.clone());
                holders.push((id, session.ok_or_else(|| Error::bug("a place is held by somebody who never joined"))?));
            }
        }
        Ok(holders)
    }

    /// How the group stands.
    pub async fn group_counts(&self, work: &Work) -> Result<(Value, Value)> {
        let at = format!("/opportunities/{}", work.group);
        let runs = self.get(&format!("{at}/matches")).await?;
        let funnel = self.get(&format!("{at}/invitations")).await?;
        Ok((runs[0].clone(), funnel))
    }
}

/// An invitation, as against the letter that confirms a place.
fn is_invitation(letter: &Letter) -> bool {
    letter.token("ai_").is_some() && letter.text.contains("Read more and answer")
}
