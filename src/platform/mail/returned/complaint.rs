//! Complaints: somebody pressed the button for spam, and their provider tells (RFC 5965).

use super::{
    decode,
    header::{Headers, bare},
    mime::Part,
    original::Original,
};

/// What a report complains of (RFC 5965, section 7.3; RFC 6430; RFC 6591).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feedback {
    /// Unwanted mail.
    Abuse,
    /// Deceit.
    Fraud,
    /// Harmful programs.
    Virus,
    /// The person wants to be off the list.
    OptOut,
    /// The person wants the mail: it was taken for spam by mistake.
    NotSpam,
    /// Signatures or policies that failed: about servers, not persons.
    AuthFailure,
    /// Anything else.
    Other,
}

impl Feedback {
    fn read(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "abuse" => Self::Abuse,
            "fraud" => Self::Fraud,
            "virus" => Self::Virus,
            "opt-out" | "opt-out-list" => Self::OptOut,
            "not-spam" => Self::NotSpam,
            "auth-failure" | "dmarc" => Self::AuthFailure,
            _ => Self::Other,
        }
    }

    /// Whether a person does not want such letters. Unknown kinds count: writing once too few harms less than once too often.
    pub fn is_unwanted(self) -> bool {
        !matches!(self, Self::NotSpam | Self::AuthFailure)
    }
}

/// A complaint. Anybody can write one: it counts only if the letter in it carries something that we have signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What it complains of.
    pub feedback: Feedback,
    /// The name of the letter, without brackets.
    pub message_id: Option<String>,
    /// Whom the letter went to, where the provider tells it. Most take it out.
    pub recipients: Vec<String>,
    /// The address that the letter's bounces go to: for letters of ours, one with a token.
    pub mail_from: Option<String>,
    /// The envelope's name that we gave with `ENVID`.
    pub envelope_id: Option<String>,
    /// The letter's header: `List-Unsubscribe` and whatever else we have put there.
    pub original: Option<Original>,
}

impl std::fmt::Debug for Complaint {
    /// Tells no address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Complaint").field("feedback", &self.feedback).finish_non_exhaustive()
    }
}

/// Reads a complaint with a part for machines.
pub(super) fn standard(message: &Part<'_>, report: &Part<'_>) -> Complaint {
    let bytes = decode::bytes(report);
    // Some programs put an empty line first.
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
    let (fields, _) = Headers::split(bytes.get(start..).unwrap_or_default());
    let original = Original::within(message);
    let told = fields.all("original-rcpt-to").chain(fields.all("removal-recipient"));
    let mail_from = fields.get("original-mail-from").as_deref().and_then(bare);
    Complaint {
        feedback: Feedback::read(&fields.get("feedback-type").unwrap_or_default()),
        message_id: name(original.as_ref()).or_else(|| fields.ids("original-message-id").pop()),
        recipients: told.filter_map(|value| bare(&value)).filter(|address| !is_redacted(address)).collect(),
        mail_from: mail_from.or_else(|| original.as_ref().and_then(Original::return_path)),
        envelope_id: fields.get("original-envelope-id").map(|id| id.chars().take(200).collect()),
        original,
    }
}

/// Reads a complaint as Microsoft's consumer services send it: the letter, with a field in it that no other server writes.
pub(super) fn microsoft(message: &Part<'_>) -> Option<Complaint> {
    let original = Original::within(message)?;
    let recipient = bare(original.field("x-hmxmroriginalrecipient")?);
    Some(Complaint {
        feedback: Feedback::Abuse,
        message_id: name(Some(&original)),
        recipients: recipient.into_iter().collect(),
        mail_from: original.return_path(),
        envelope_id: None,
        original: Some(original),
    })
}

fn name(original: Option<&Original>) -> Option<String> {
    original.and_then(Original::message_id).map(str::to_owned)
}

/// RFC 6590 lets providers put anything in place of an address; most write the word.
fn is_redacted(address: &str) -> bool {
    address.to_ascii_lowercase().contains("redacted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_wish_stops_letters() {
        let unwanted = |text| Feedback::read(text).is_unwanted();
        assert!(unwanted("abuse") && unwanted(" Opt-Out ") && unwanted("something new"));
        assert!(!unwanted("not-spam") && !unwanted("auth-failure"));
    }
}
