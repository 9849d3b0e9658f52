//! Words by which mail programs of many languages mark what is not new in a letter, and what they wrote themselves.

// Lists are texts with a bar between their entries: formatted, each entry of an array would take a line.

/// Verbs in the line above a quotation, such as «On Monday Ann wrote:».
const WROTE: &str = "\
    wrote|writes|schrieb|schrieben|a écrit|ecrit|escribió|escribio|ha scritto|scrisse|schreef|escreveu|skrev|\
    kirjoitti|napisał|napisał(a)|napisała|pisze|napsal|napsal(a)|napísal|написал|написала|пишет|пише|написав|yazdı|\
    yazdi|şunları yazdı|a scris|έγραψε|كتب|כתב|写道|寫道|さんは書きました|님이 작성|viết";

/// How the line above a quotation begins.
const OPENERS: &str = "\
    on |am |le |el |il |il giorno |op |em |den |ons. |w dniu |dnia |dne |в |у |pe |la |στις |vào |at |in data |\
    quoting |ma |בתאריך |في ";

/// Between hyphens, above the letter that is answered.
const ORIGINAL: &str = "\
    original message|original-nachricht|originalnachricht|ursprüngliche nachricht|urspr. nachricht|\
    message d'origine|message original|mensaje original|mensagem original|messaggio originale|\
    oorspronkelijk bericht|oorspronkelijke bericht|ursprungligt meddelande|oprindelig meddelelse|\
    opprinnelig melding|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|původní zpráva|pôvodná správa|\
    исходное сообщение|оригинальное сообщение|оригінальне повідомлення|orijinal mesaj|mesaj original|\
    الرسالة الأصلية|原始邮件|原始郵件|reply message|antwort nachricht";

/// First, and last or nearly last, field of the block that Outlook puts above the letter that is answered.
const FROM: &str = "\
    from|von|de|da|van|från|fra|lähettäjä|od|от|від|kimden|gönderen|من|发件人|寄件者|差出人|보낸 사람|από|expéditeur|feladó|\
    de la";
const SENT: &str = "\
    sent|date|gesendet|datum|envoyé|enviado|enviado el|enviado em|fecha|data|inviato|verzonden|skickat|sendt|dato|\
    lähetetty|wysłano|wysłane|odesláno|odoslané|отправлено|дата|надіслано|gönderildi|gönderilme tarihi|tarih|\
    تاريخ الإرسال|التاريخ|发送时间|寄件日期|日期|送信日時|보낸 날짜|ημερομηνία|trimis|elküldve";
const SUBJECT: &str = "\
    subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|тема|konu|الموضوع|\
    主题|主旨|件名|제목|θέμα|subiect|tárgy";

/// How programs on telephones sign. The whole line, or its beginning.
const SENT_FROM: &str = "\
    sent from my |sent from outlook|sent from mail for |sent from yahoo mail|sent from proton mail|sent with proton|\
    get outlook for |von meinem |gesendet von |gesendet mit |diese nachricht wurde von meinem|\
    holen sie sich outlook|envoyé de mon |envoyé depuis |télécharger outlook|obtenez outlook|enviado desde mi |\
    enviado do meu |obtener outlook|obter o outlook|inviato da |verzonden vanaf |verstuurd vanaf |skickat från min |\
    sendt fra min |wysłane z |отправлено из |отправлено с |надіслано з |أرسلت من |iphone'umdan gönderildi|发自我的|从我的|\
    iphoneから送信|나의 iphone에서";

/// How subjects of automatic answers begin.
const AWAY: &str = "\
    automatic reply|auto reply|auto-reply|autoreply|auto response|auto-response|autoresponse|auto:|\
    automatic response|out of office|out of the office|out-of-office|ooo:|vacation|away from|on vacation|\
    automatische antwort|automatische antwoord|automatisch antwoord|abwesenheit|abwesend|nicht im büro|urlaub|\
    réponse automatique|reponse automatique|absence|absent du bureau|message d'absence|respuesta automática|\
    respuesta automatica|fuera de la oficina|fuera de oficina|risposta automatica|fuori ufficio|resposta automática|\
    resposta automatica|ausência|afwezig|afwezigheid|autosvar|automatiskt svar|automatisk svar|frånvaro|\
    fraværsmelding|automaattinen vastaus|poissaolo|autoodpowiedź|odpowiedź automatyczna|automatyczna odpowiedź|\
    automatická odpověď|automatická odpoveď|автоответ|автоматический ответ|автоматична відповідь|otomatik yanıt|\
    otomatik cevap|αυτόματη απάντηση|răspuns automat|automatikus válasz|رد تلقائي|自动回复|自動回覆|自動返信|不在|자동 회신|\
    câu trả lời tự động";

/// Lower case, without marks of direction and the stars of bold text: as the lists are written.
fn low(text: &str) -> String {
    let marks = |c: &char| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '*');
    text.trim()
        .chars()
        .filter(marks)
        .collect::<String>()
        .to_lowercase()
        .replace('’', "'")
        .replace('\u{a0}', " ")
        .trim()
        .to_owned()
}

/// Whether a line is the one above a quotation: it ends with a colon, has a digit or an address, and says that somebody
/// wrote, or when and who.
pub(super) fn is_attribution(line: &str) -> bool {
    let line = low(line);
    let Some(body) = line.strip_suffix([':', '：']) else { return wrote_and_address(&line) };
    let digit = body.contains(|c: char| c.is_numeric());
    let address = body.contains('@');
    let wrote = WROTE.split('|').any(|verb| has_word(body, verb));
    line.chars().count() <= 400 && ((wrote && (digit || address)) || (address && digit))
}

/// Without a colon only where all else is there: somebody, who has an address, wrote, at a time.
fn wrote_and_address(line: &str) -> bool {
    let wrote = WROTE.split('|').any(|verb| line.ends_with(verb));
    wrote && line.contains('@') && line.contains(|c: char| c.is_numeric()) && line.chars().count() <= 400
}

/// Whether a line may be the first of the lines above a quotation.
pub(super) fn opens_attribution(line: &str) -> bool {
    let line = low(line);
    OPENERS.split('|').any(|opener| line.starts_with(opener)) || line.starts_with(|c: char| c.is_numeric())
}

/// A verb as a word of its own; scripts that set no spaces are searched as they are.
fn has_word(text: &str, verb: &str) -> bool {
    let bounded = |at: usize| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at.saturating_add(verb.len())..).and_then(|text| text.chars().next());
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && c < '\u{3000}');
        !inside(before) && !inside(after)
    };
    text.match_indices(verb).any(|(at, _)| bounded(at))
}

/// Whether a line stands above the letter that is answered, such as `-----Original Message-----`.
pub(super) fn is_original(line: &str) -> bool {
    let line = low(line);
    let inside = line.trim_matches(|c: char| matches!(c, '-' | '—' | '_' | '=' | ' '));
    line.starts_with("--") && line.ends_with("--") && ORIGINAL.split('|').any(|words| words == inside)
}

/// The field of a block such as Outlook's, if a line is one: 1 the sender, 2 the time, 3 the subject.
pub(super) fn block_field(line: &str) -> Option<u8> {
    let line = low(line);
    let (name, value) = line.split_once([':', '：'])?;
    let name = name.trim();
    let among = |list: &str| list.split('|').any(|word| word == name);
    match () {
        () if value.trim().is_empty() => None,
        () if among(FROM) => Some(1),
        () if among(SENT) => Some(2),
        () if among(SUBJECT) => Some(3),
        () => None,
    }
}

/// Whether a line was added by a program on a telephone, and says nothing.
pub(super) fn is_sent_from(line: &str) -> bool {
    let line = low(line);
    line.chars().count() <= 120 && SENT_FROM.split('|').any(|words| line.starts_with(words))
}

/// Whether a subject is that of an automatic answer.
pub(super) fn is_away(subject: &str) -> bool {
    let subject = low(subject);
    AWAY.split('|').any(|words| subject.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_above_quotations_are_known_in_many_languages() {
        for yes in [
            "On Tue, May 5, 2026 at 10:00 AM Sunrise <letters@example.org> wrote:",
            "Am Di., 5. Mai 2026 um 10:00 Uhr schrieb Sunrise <letters@example.org>:",
            "Le mar. 5 mai 2026 à 10:00, Sunrise <letters@example.org> a écrit :",
            "El mar, 5 may 2026 a las 10:00, Sunrise (<letters@example.org>) escribió:",
            "W dniu 5.05.2026 o 10:00, Sunrise pisze:",
            "5 мая 2026 г., в 10:00, Sunrise <letters@example.org> написал(а):",
            "في الثلاثاء، 5 مايو 2026 كتب Sunrise <letters@example.org>:",
            "2026年5月5日(火) 10:00 Sunrise <letters@example.org>:",
            "2026/5/5 10:00，Sunrise 写道：",
            "\u{200f}בתאריך 5 במאי 2026 Sunrise \u{200e}<letters@example.org> כתב:",
        ] {
            assert!(is_attribution(yes), "{yes}");
        }
        for no in [
            "I have two wishes:",
            "On the 5 of May we meet",
            "The council wrote:",
            "Call 555:",
            "On 5 May they rewrote:",
            "See a@example.org:",
        ] {
            assert!(!is_attribution(no), "{no}");
        }
    }

    #[test]
    fn blocks_separators_and_subjects_are_known() {
        assert!(is_original("-----Original Message-----") && is_original("-------- Ursprüngliche Nachricht --------"));
        assert!(!is_original("-- Original message") && !is_original("-----"));
        assert_eq!(block_field("*Von:* Sunrise <a@example.org>"), Some(1));
        assert_eq!(block_field("Envoyé : mardi 5 mai 2026"), Some(2));
        assert_eq!(block_field("Subject: x"), Some(3));
        assert_eq!(block_field("From:"), None);
        assert!(is_sent_from("Sent from my iPhone") && is_sent_from("Von meinem iPhone gesendet"));
        assert!(is_away("Automatische Antwort: Ihre Einladung") && is_away("Réponse automatique : x"));
        assert!(!is_away("Re: out of office hours at the town hall"));
    }
}
