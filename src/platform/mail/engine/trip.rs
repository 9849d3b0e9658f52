//! What goes on over one connection: a letter is announced; once it is marked it is delivered, and the next one announced with it.

use super::prepare::{Prepared, Ready};
use crate::platform::{
    mail::transport::{Line, SendFault, Stage},
    tasks::caught,
    trace::Span,
};
use entity::mail_message::Model;
use futures_util::FutureExt;

/// A letter that a connection is kept for.
pub struct Held {
    /// The server's place among all.
    pub server: usize,
    /// The connection.
    pub line: Box<dyn Line>,
    /// The letter.
    pub ready: Box<Ready>,
    /// The server waits for its words; else it has heard nothing of it yet.
    pub announced: bool,
}

/// What came of a connection and a letter.
pub enum Told {
    /// A connection was opened, or was not.
    Opened(usize, Result<Box<dyn Line>, SendFault>),
    /// Letters were written.
    Prepared(Vec<Prepared>),
    /// What the server said to a letter that was announced. Without a connection, it has broken.
    Announced(Ask),
    /// What the server said to a letter that was delivered.
    Answered(Answer),
    /// What was committed is on disk.
    Flushed,
}

/// A letter that was announced.
pub struct Ask {
    pub server: usize,
    pub line: Option<Box<dyn Line>>,
    pub ready: Box<Ready>,
    /// With the letter before it.
    pub ahead: bool,
    pub result: Result<(), SendFault>,
}

/// A letter that was delivered.
pub struct Answer {
    pub server: usize,
    pub letter: Box<Model>,
    pub result: Result<(), SendFault>,
    /// The connection, if nothing else goes on over it.
    pub line: Option<Box<dyn Line>>,
    /// Whether another letter is being announced over it.
    pub goes_on: bool,
    /// The next letter, if it could not be announced.
    pub back: Option<Box<Ready>>,
}

/// Tells the server of a letter.
pub async fn announce(server: usize, mut line: Box<dyn Line>, ready: Box<Ready>, ahead: bool) -> Told {
    let asked = caught(async {
        let result = line.announce(&ready.outgoing).await;
        (line, result)
    });
    let (line, result) = match asked.await {
        Some((line, result)) => (Some(line), result),
        None => (None, Err(panicked(Stage::Mail))),
    };
    Told::Announced(Ask { server, line, ready, ahead, result })
}

/// Hands a letter over that is marked, and announces the next one. What became of the letter is told as soon as it is known.
pub async fn deliver(held: Held, next: Option<Box<Ready>>, span: Span, tell: impl Fn(Told)) {
    let Held { server, mut line, ready, announced } = held;
    let Ready { letter, outgoing, .. } = *ready;
    let sent = caught(async {
        let announced = if announced { Ok(()) } else { line.announce(&outgoing).await };
        let result = match announced {
            Ok(()) => line.deliver(&outgoing, next.as_ref().map(|next| &next.outgoing)).await,
            refused => refused,
        };
        (line, result)
    });
    let (line, result) = match span.within(sent).await {
        Some((line, result)) => (Some(line), result),
        None => (None, Err(panicked(Stage::Dot))),
    };
    span.ended(result.as_ref().map_or_else(|fault| fault.stage.word(), |()| "sent"), result.is_ok());
    let answer = Answer { server, letter: Box::new(letter), result, line: None, goes_on: false, back: None };
    match (line, next) {
        (Some(line), Some(next)) if line.is_good() => {
            let mut asked = Box::pin(announce(server, line, next, true));
            // As a rule both answers come together.
            let told = (&mut asked).now_or_never();
            tell(Told::Answered(Answer { goes_on: true, ..answer }));
            let told = match told {
                Some(told) => told,
                None => asked.await,
            };
            tell(told);
        }
        (line, back) => tell(Told::Answered(Answer { line, back, ..answer })),
    }
}

fn panicked(stage: Stage) -> SendFault {
    SendFault { stage, code: None, enhanced: None, text: "the sender panicked".to_owned() }
}
