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
    let bars = Bars::one("Who took part", "Group", "People", [("Women".to_owned(), Some(40)), ("Men".to_owned(), None)]);
    let html = html(Page::new("x").block(Block::Bars(bars)));
    assert!(html.contains("not shown") && html.contains("<caption>Who took part</caption>"), "{html}");
    assert!(html.contains("width=\"290\""), "the longest bar that is shown sets the measure: {html}");
}

#[test]
fn a_picture_of_several_counts_says_what_each_bar_is() {
    let row = Bar { label: "Women".into(), numbers: vec![Some(40), Some(20), None], beside: Some((Some(10), 30)) };
    let bars = Bars {
        caption: "From asked to seated".into(),
        of: "Group".into(),
        counts: ["Asked", "Said yes", "Have a place"].map(String::from).to_vec(),
        beside: Some("Wanted".into()),
        rows: vec![row],
    };
    let html = html(Page::new("x").block(Block::Bars(bars)));
    for text in ["Asked: 40", "Said yes: 20", "Have a place: not shown", "10 to 30"] {
        assert!(html.contains(text), "{text}: {html}");
    }
    // The frame stands where the wanted numbers are, on the measure of the longest bar.
    assert!(html.contains("class=\"beside\" x=\"58\" y=\"25\" width=\"115\""), "{html}");
}
