//! What the template makes of blocks.

use super::*;

fn html(page: Page) -> String {
    page.render(&Frame::default()).unwrap()
}

#[test]
fn what_people_write_is_text() {
    let page = Page::new("<b>Title</b>").text("<script>alert(1)</script>").form(Form::to("/x").field(Field::line(
        "name",
        "Your \"name\"",
        "\"><img>",
    )));
    let html = html(page);
    assert!(!html.contains("<script>alert") && !html.contains("<b>Title") && !html.contains("\"><img>"), "{html}");
}

#[test]
fn a_mistake_stands_on_top_and_beside_its_field() {
    let form = || {
        Form::to("").field(Field::line("email", "Your address", "old")).field(Field::radios(
            "how",
            "How?",
            [Choice::new("a", "A")],
        ))
    };
    let sent = Fields(vec![("email".into(), "ben".into()), ("how".into(), "a".into())]);
    let wrong = Error::Invalid(vec![
        Violation::new("/email", "address", "Use an e-mail address."),
        Violation::new("/how/kind", "unknown", "Choose one."),
        Violation::new("/elsewhere", "odd", "Something else."),
    ]);
    let html = html(Page::new("Join").form(form().again(&sent, wrong).unwrap()));
    assert!(html.contains("<a href=\"#f-email\">Use an e-mail address.</a>"), "{html}");
    assert!(html.contains("<a href=\"#f-how-0\">Choose one.</a>"), "{html}");
    assert!(html.contains("<li>Something else.</li>"), "{html}");
    assert!(html.contains("value=\"ben\"") && html.contains("aria-describedby=\"f-email-mistake\""), "{html}");
    assert!(html.contains("value=\"a\" checked"), "{html}");
    assert!(form().again(&sent, Error::NotFound("page")).is_err(), "other errors are passed on");
}

#[test]
fn passwords_are_not_written_back() {
    let form = Form::to("").field(Field::typed("password", "Password", "", "password"));
    let sent = Fields(vec![("password".into(), "secret words here".into())]);
    let wrong = Error::invalid("/password", "short", "Use a longer one.");
    assert!(!html(Page::new("x").form(form.again(&sent, wrong).unwrap())).contains("secret words"));
}

#[test]
fn where_people_may_be_watched_the_window_tells_nothing() {
    let look = Look {
        name: "Survivors' group".into(),
        exit: Some(Exit { to: "https://weather.example".into(), title: "Weather".into() }),
        ..Look::default()
    };
    let frame = Frame { look: Some(look), ..Frame::default() };
    let html = Page::new("Support after violence").render(&frame).unwrap();
    assert!(html.contains("<title>Weather</title>"), "{html}");
    assert!(html.contains("href=\"https://weather.example\"") && html.contains("Leave this page quickly"), "{html}");
}

#[test]
fn a_picture_shows_no_number_that_is_not_shown() {
    let bars = |hidden: Option<i64>| Bars {
        caption: "Who took part".into(),
        of: "Group".into(),
        counts: "People".into(),
        beside: None,
        rows: vec![
            Bar { label: "Women".into(), number: Some(40), beside: None },
            Bar { label: "Men".into(), number: hidden, beside: None },
        ],
    };
    let html = html(Page::new("x").block(Block::Bars(bars(None))));
    assert!(html.contains("not shown") && html.contains("<caption>Who took part</caption>"), "{html}");
    assert!(html.contains("width=\"290\""), "the longest bar that is shown sets the measure: {html}");
}
