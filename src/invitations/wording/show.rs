//! Looking at a letter before it is sent: on a page, or in one's own inbox. It is to somebody made up, never to anybody real, and its
//! links do nothing.

use super::{TEST, rules};
use crate::{
    accounts::Actor,
    invitations::letters::sample::{Sample, sample},
    opportunities::ways,
    participants::is_language,
    platform::{
        Error, Platform, Result, Tx,
        error::Violation,
        mail::{self, Composed, NewLetter, priority, render},
        text::Check,
    },
};
use chrono::Duration;
use entity::{
    AccountId, LetterFormat, LetterWord, MailState, OpportunityId, OrganisationId, OwnLetter, ParticipantState, RecipientKind,
    account, mail_message, opportunity, organisation, participant,
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    sea_query::{Expr, Func},
};

/// A test that could not be delivered within this time is given up: whoever waits for it has sent another.
const LASTS: Duration = Duration::hours(2);

/// A letter as somebody would get it.
pub struct Preview {
    /// Subject, text part and HTML part.
    pub shown: render::Shown,
    /// The language of the coordinator's words in it, if there are any in it.
    pub own_language: Option<String>,
    /// People in other languages, for whom no words of their own are written: they get English ones.
    pub others: u64,
}

/// Shows a letter.
///
/// # Errors
/// A conflict that names what it would lack.
pub async fn preview(platform: &Platform, organisation: OrganisationId, id: OpportunityId, wanted: &Sample) -> Result<Preview> {
    let db = platform.db.read();
    let way = ways::find(db, organisation, id).await?;
    let words = super::newest(db, organisation, id).await?.map(|row| row.words.0).unwrap_or_default();
    let letter = made(platform, &way, wanted, words.clone()).await?;
    let own_language = rules::language_for(&words, wanted.letter, &wanted.language)
        .filter(|_| rules::forms(&words, wanted.letter).contains(&wanted.form()))
        .map(str::to_owned);
    let mut others = participant::Entity::find()
        .filter(participant::Column::OrganisationId.eq(organisation))
        .filter(participant::Column::State.eq(ParticipantState::Joined));
    for language in rules::languages(&words, wanted.letter).into_iter().chain(["en"]) {
        let own = || Expr::expr(Func::lower(Expr::col(participant::Column::Language)));
        others = others.filter(own().ne(language)).filter(own().not_like(format!("{language}-%")));
    }
    let others = others.count(db).await?;
    Ok(Preview { shown: render::show(&letter, &platform.config.mail_from)?, own_language, others })
}

async fn made(platform: &Platform, way: &opportunity::Model, wanted: &Sample, words: Vec<LetterWord>) -> Result<mail::Letter> {
    // Languages that people read have two or three letters; what follows them may be anything that a tag allows.
    let short = wanted.language.split('-').next().is_some_and(|first| first.len() <= 3);
    Check::new()
        .that(short && is_language(&wanted.language), "/language", "form", "Use a language tag, such as en or cy.")
        .done()?;
    let letter = sample(platform, way, wanted, words).await?;
    letter.map_err(|gaps| {
        let items = gaps.iter().map(|gap| Violation::new("", "letter_gap", gap.in_words())).collect();
        Error::Conflict { code: "letter_gaps", detail: "This letter would have a gap.".into(), items }
    })
}

/// Sends a letter to the member of staff who asks for it, at their own address.
///
/// # Errors
/// A conflict that names what it would lack, or where nobody is signed in to whom it could go.
pub async fn send_test(tx: &Tx, platform: &Platform, actor: &Actor, id: OpportunityId, wanted: &Sample) -> Result<()> {
    let way = ways::find(tx, actor.organisation, id).await?;
    let staff = match actor.account {
        Some(id) => account::Entity::find_by_id(id).one(tx).await?,
        None => None,
    };
    let staff =
        staff.ok_or_else(|| Error::conflict("no_address", "A test goes to whoever is signed in. A key has no address."))?;
    let words = super::newest(tx, actor.organisation, id).await?.map(|row| row.words.0).unwrap_or_default();
    let n = number(wanted, &words);
    made(platform, &way, wanted, words).await?;
    let batch = mail::open_batch(tx, &platform.clock, Some(actor.organisation), TEST, Some(id.0), &actor.by).await?;
    let letter = NewLetter {
        id: platform.clock.new_id(),
        kind: TEST,
        recipient_kind: RecipientKind::Staff,
        recipient_id: staff.id.0,
        subject_id: Some(id.0),
        address: staff.email,
        n,
        priority: priority::TRANSACTIONAL,
        expires_at: Some(platform.clock.now() + LASTS),
    };
    mail::enqueue(tx, &platform.clock, Some(actor.organisation), batch, &[letter]).await
}

/// The languages of all words, English first.
fn tongues(words: &[LetterWord]) -> Vec<&str> {
    let mut all: Vec<&str> = words.iter().map(|word| word.language.as_str()).filter(|language| *language != "en").collect();
    all.sort_unstable();
    all.dedup();
    all.insert(0, "en");
    all
}

/// Which letter a test is, as the number of its row: it stands for a letter, a form, and one of the languages of the words that are
/// in force when it is made. A language without words counts as English: so the letter would be.
fn number(wanted: &Sample, words: &[LetterWord]) -> i32 {
    let spoken = rules::language_for(words, wanted.letter, &wanted.language).unwrap_or("en");
    let place = |at: Option<usize>| at.unwrap_or(0);
    let language = place(tongues(words).iter().position(|known| *known == spoken));
    let format = place(LetterFormat::ALL.iter().position(|known| *known == wanted.format));
    let letter = place(OwnLetter::ALL.iter().position(|known| *known == wanted.letter));
    i32::try_from((language * LetterFormat::ALL.len() + format) * OwnLetter::ALL.len() + letter).unwrap_or(0)
}

/// The letter that a number stands for.
fn numbered(n: i32, words: &[LetterWord]) -> Option<Sample> {
    let n = usize::try_from(n).ok()?;
    let (rest, letter) = (n / OwnLetter::ALL.len(), n % OwnLetter::ALL.len());
    let (language, format) = (rest / LetterFormat::ALL.len(), rest % LetterFormat::ALL.len());
    let language = (*tongues(words).get(language)?).to_owned();
    Some(Sample { letter: OwnLetter::ALL[letter], format: LetterFormat::ALL[format], language })
}

/// Writes a test.
pub async fn compose(platform: Platform, message: mail_message::Model) -> Result<Composed> {
    let missing = || Error::bug("a test of no letter");
    let (organisation, id) = message.organisation_id.zip(message.subject_id).ok_or_else(missing)?;
    let db = platform.db.read();
    if account::Entity::find_by_id(AccountId(message.recipient_id)).one(db).await?.is_none() {
        return Ok(Composed::Drop(MailState::Cancelled, "whoever asked for it is gone"));
    }
    let way = ways::find(db, organisation, OpportunityId(id)).await?;
    let words = super::at(db, organisation, way.id, message.date).await?;
    let wanted = numbered(message.n, &words).ok_or_else(missing)?;
    let Ok(mut letter) = sample(&platform, &way, &wanted, words).await? else {
        return Ok(Composed::Drop(MailState::Cancelled, "it would have a gap"));
    };
    letter.subject = format!("Test: {}", letter.subject);
    letter.reason =
        "This is a test, to somebody made up. You get it because you sent it to yourself. Its links do nothing.".into();
    Ok(Composed::Letter(Box::new(letter)))
}

/// The organisation of an opportunity.
pub async fn home(platform: &Platform, way: &opportunity::Model) -> Result<organisation::Model> {
    let found = organisation::Entity::find_by_id(way.organisation_id).one(platform.db.read()).await?;
    found.ok_or(Error::NotFound("organisation"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{OwnForm, OwnSlot};

    #[test]
    fn a_number_stands_for_one_letter() {
        let word = |language: &str| LetterWord {
            letter: OwnLetter::Remind,
            slot: OwnSlot::Opening,
            language: language.into(),
            form: OwnForm::Plain,
            text: "x".into(),
        };
        let words = [word("cy"), word("en"), word("ar")];
        for language in ["en", "cy", "ar"] {
            for format in LetterFormat::ALL {
                let wanted = Sample { letter: OwnLetter::Remind, format: *format, language: language.into() };
                let found = numbered(number(&wanted, &words), &words).unwrap();
                assert_eq!((found.letter, found.format, found.language.as_str()), (OwnLetter::Remind, *format, language));
            }
        }
        assert!(numbered(-1, &words).is_none() && numbered(9999, &words).is_none());
    }
}
