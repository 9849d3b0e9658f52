//! A consent is withdrawn: what was promised for that is carried out in every room that holds something.

use crate::{
    consent, feedback, influence,
    platform::{
        Platform,
        jobs::{Fault, Next},
    },
    replies, responses, sessions,
};

/// Carries out what a withdrawal promised, in every room that holds something given under that consent: all of it or
/// nothing. Answers come first, because that holds the invitation; what rests on them follows.
pub async fn carry_out(platform: Platform, payload: serde_json::Value) -> Result<Next, Fault> {
    let withdrawal = consent::Withdrawal::read(payload)?;
    let tx = platform.db.begin().await?;
    responses::withdrawal::carry_out(&tx, &platform, &withdrawal).await?;
    sessions::withdrawal::carry_out(&tx, &platform, &withdrawal).await?;
    replies::withdrawal::carry_out(&tx, &withdrawal).await?;
    influence::withdrawal::carry_out(&tx, &withdrawal).await?;
    feedback::withdrawal::carry_out(&tx, &withdrawal).await?;
    consent::withdrawal::erase_facts(&tx, &withdrawal).await?;
    tx.commit().await?;
    platform.wake.notify_one();
    Ok(Next::Done)
}
