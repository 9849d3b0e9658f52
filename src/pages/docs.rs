//! One page for those who build front ends: how to call, how links and tokens go, what is pushed, where the API browser is.

use super::kit::{Block, Cell, Frame, Link, Page, Table};
use crate::platform::{Config, http::edge, secret::sha256};
use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::body::Bytes;
use poem::{RouteMethod, http::HeaderValue};
use std::sync::OnceLock;

/// The page, as it is answered.
pub fn page(config: &Config) -> RouteMethod {
    let base = config.public_path().to_owned();
    let frame = Frame { base: base.clone(), ..Frame::default() };
    let policy = HeaderValue::from_str(&frame.policy()).ok();
    let made = poem::endpoint::make_sync(move |_| {
        let text = told(&base).render(&frame)?;
        let mut response = edge::html(text);
        if let Some(policy) = &policy {
            response.headers_mut().insert("content-security-policy", policy.clone());
        }
        Ok::<_, crate::platform::Error>(response)
    });
    poem::get(made)
}

/// The API browser, made when somebody first asks for it. It is a page of the framework's, which carries its scripts inside:
/// the policy allows exactly those, by what they say, and nothing from elsewhere.
pub fn browser(make: impl Fn() -> String + Send + Sync + 'static) -> RouteMethod {
    let made: OnceLock<(Bytes, String)> = OnceLock::new();
    poem::get(poem::endpoint::make_sync(move |_| {
        let (text, policy) = made.get_or_init(|| {
            // It names neither a language nor a picture for its tab, so that readers guess the one and browsers ask for the other.
            let text = make().trim_start().replacen("<html ", "<!doctype html><html lang=\"en\" ", 1);
            let text = text.replacen("<head>", "<head><link rel=\"icon\" href=\"data:,\">", 1);
            let text = text.replacen("<title>Swagger UI<", "<title>The API of Alongside<", 1);
            let policy = policy(&text);
            (text.into(), policy)
        });
        poem::Response::builder()
            .content_type("text/html; charset=utf-8")
            .header("content-security-policy", policy)
            .body(text.clone())
    }))
}

/// The policy of a page with scripts inside.
fn policy(page: &str) -> String {
    let mut allowed = String::new();
    let mut rest = page;
    while let Some((_, tail)) = rest.split_once("<script") {
        let script = tail.split_once('>').and_then(|(_, text)| text.split_once("</script>"));
        let Some((text, tail)) = script else { break };
        allowed.push_str(&format!(" 'sha256-{}'", STANDARD.encode(sha256(text.as_bytes()))));
        rest = tail;
    }
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src{allowed}; img-src data: 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn code(text: &str) -> Block {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Block::Markup(format!("<pre><code>{escaped}</code></pre>"))
}

fn told(base: &str) -> Page {
    let page = Page::new("For front ends").caption("Alongside").wide();
    let page = page
        .block(Block::Lead("Everything that the hosted pages do, a front end of your own can do through the API.".into()))
        .block(Block::Links(vec![
            Link::new("Browse the API", format!("{base}/docs/api")),
            Link::new("The API document (OpenAPI)", format!("{base}/api/openapi.json")),
        ]));
    listening(news(links(calling(page))))
}

fn calling(page: Page) -> Page {
    page.heading("Call the API")
        .texts([
            "Send JSON to addresses under /api, with the token of whoever acts in a header.",
            "A server of yours uses a key that an administrator makes. It reads and manages what its scopes say. A browser never \
             holds a key.",
        ])
        .block(code("curl -H 'Authorization: Bearer ak_...' https://surveys.example/api/organisations/ORG/opportunities"))
        .block(Block::List(vec![
            "A problem is application/problem+json with every mistake and a pointer to its field.".into(),
            "A POST that must not happen twice takes an Idempotency-Key of your own. Sent again, it gets the same answer.".into(),
            "A PUT sends the ETag that you read in If-Match.".into(),
            "Lists take limit and after. The next of one answer is the after of the next question.".into(),
            "Who asks too often gets 429, with the seconds to wait in Retry-After.".into(),
        ]))
        .heading("Call from a browser")
        .texts([
            "The operator names the address of your front end in ALONGSIDE_CORS_ORIGINS, such as https://front.example. Its pages may \
             then send Authorization, Content-Type, Idempotency-Key and If-Match, and read ETag, Location and Retry-After.",
            "No cookie goes with these calls, so another site can do nothing in the name of your visitors.",
        ])
}

fn links(page: Page) -> Page {
    let row = |kind: &str, begins: &str, what: &str| vec![Cell::text(kind), Cell::text(begins), Cell::text(what)];
    page.heading("Open links in your own front end")
        .text("An administrator sets a link template for the organisation. Letters then lead to your front end:")
        .block(code("https://front.example/{kind}#{token}"))
        .text(
            "The token stands behind the #, which browsers send to no server. So it is in no log of yours. Read it in the page, and \
             take it out of the address with history.replaceState.",
        )
        .block(Block::Table(Table {
            caption: "What {kind} becomes, and what the token opens".into(),
            columns: vec!["Kind".into(), "Token begins with".into(), "What to do with it".into()],
            rows: vec![
                row("join", "aj_", "POST /api/public/{slug}/confirm with the token in the body. The answer holds a session."),
                row("sign-in", "aj_", "POST /api/public/{slug}/confirm with the token in the body. The answer holds a session."),
                row("invitation", "ai_", "Send it as the bearer token to /api/invitation and what lies under it."),
            ],
        }))
        .texts([
            "Links that stop letters always lead to this server, because mail programs call them by themselves.",
            "A letter's link works until its invitation ends, and opening it changes nothing. Show a button, and act when it is \
             pressed: programs that check mail open every link.",
        ])
        .heading("A participant's tokens")
        .block(Block::List(vec![
            "Join or sign in: a letter brings a token that works once. It is exchanged for a session (ap_), which ends two hours \
             after it was last used."
                .into(),
            "With the session, /api/me holds how the person wants to be involved, their invitations, consents and record.".into(),
            "With an invitation's token: read what is asked, show the notice, send what was agreed to, save a draft, hand in. The \
             token reads a draft, and never an answer that was handed in."
                .into(),
            "Keep tokens in memory or in sessionStorage, and never in an address, a cookie that scripts read, or a log.".into(),
        ]))
}

fn news(page: Page) -> Page {
    page.heading("Hear of news")
        .text(
            "An administrator makes a webhook. Events are sent as Standard Webhooks describe, so their libraries can check them. \
             Events name things and never people. Read the rest with your key.",
        )
        .block(Block::List(vec![
            "opportunity.opened and opportunity.closed".into(),
            "report.published".into(),
            "feedback.overdue: a promised day has passed without a report".into(),
            "webhook.test: an administrator asked for it".into(),
        ]))
        .block(code(
            "POST /hooks\nwebhook-id: msg_0199d3c27a107c4e9f0e2b6f1a5c8d3e\nwebhook-timestamp: 1803891600\n\
             webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=\n\n\
             {\"data\":{\"opportunity\":\"...\",\"organisation\":\"...\"},\"timestamp\":\"2027-03-01T09:00:00.000Z\",\"type\":\"opportunity.opened\"}",
        ))
        .block(Block::List(vec![
            "The signature is the HMAC-SHA-256 of id, timestamp and body with points between. The key is what stands behind whsec_, \
             in Base64."
                .into(),
            "After a change of the secret two signatures stand there for a day, with a space between.".into(),
            "Answer 2xx within 15 seconds. Anything else is tried again for three days. 410 ends it.".into(),
            "The same event may come twice, with the same webhook-id. Keep the ids that you have seen.".into(),
        ]))
}

fn listening(page: Page) -> Page {
    page.heading("Watch the numbers live")
        .text(
            "Whoever manages an opportunity can have its counts pushed as server-sent events. Send the token in the header, so use fetch \
             and not EventSource.",
        )
        .block(code("GET /api/organisations/ORG/opportunities/ID/live\nAccept: text/event-stream"))
        .heading("A client in TypeScript")
        .text(
            "The folder examples/typescript makes a typed client from the API document and runs a consultation with it from the need to \
             the report.",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_leads_on_and_takes_nothing_from_elsewhere() {
        let frame = Frame { base: "/under".into(), ..Frame::default() };
        let html = told("/under").render(&frame).unwrap();
        for part in ["href=\"/under/docs/api\"", "https://front.example/{kind}#{token}", "webhook-signature", "<h1"] {
            assert!(html.contains(part), "{part}");
        }
        for attribute in ["src=\"http", "href=\"http", "url(", "@import"] {
            assert!(!html.contains(attribute), "{attribute}");
        }
    }
}
