//! The design system: what every page is made of.
//!
//! A page is data: a heading and blocks, put together by a handler and written by one template, so that headings stand in
//! order, every field has a label, every table a caption, and every mistake a link to its field, on every page alike. Nothing
//! needs a script, and nothing comes from elsewhere.

pub mod assets;
mod chart;
mod fields;
mod form;
mod frame;
mod told;
mod visit;

pub use chart::{Bar, Bars};
pub use fields::{Fields, pence};
pub use form::{Choice, Control, Field, Form, Submit};
pub use frame::{Exit, Frame, Look, NavLink};
pub use told::{Told, unsaved};
pub use visit::{Desk, Reply, Visit, Zone, act, act_from_anywhere, ask, escaped, from_our_page, take_file};

use crate::platform::{Error, Violation};
use askama::Template;
use poem::http::StatusCode;

/// One page of a list of which one row more than fits was read: its rows, and where to read on.
pub fn paged<R, I>(most: u64, mut rows: Vec<R>, id: impl Fn(&R) -> I) -> (Vec<R>, Option<I>) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(id);
    (rows, next)
}

/// A page.
pub struct Page {
    /// The heading, and the title of the window.
    pub title: String,
    /// What the window's title says instead. Browsers keep titles, so none of them names a person.
    pub window: Option<&'static str>,
    /// A few words above the heading: where one is.
    pub caption: Option<String>,
    /// Leads back one step.
    pub back: Option<Link>,
    /// What the page says, from the top down.
    pub blocks: Vec<Block>,
    /// What is wrong with what was sent: the field's anchor, if it is on the page, and what is allowed.
    pub mistakes: Vec<(Option<String>, String)>,
    /// What has just been done, in words.
    pub said: Option<String>,
    /// Whether the heading is the question of the one field on the page.
    pub asked: bool,
    /// Room for tables.
    pub wide: bool,
    /// The language of the page.
    pub language: String,
    /// Answered with this status.
    pub status: StatusCode,
}

/// Words that lead somewhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it says.
    pub words: String,
    /// Where it leads.
    pub to: String,
}

impl Link {
    /// A link.
    pub fn new(words: impl Into<String>, to: impl Into<String>) -> Self {
        Self { words: words.into(), to: to.into() }
    }
}

/// A part of a page.
pub enum Block {
    /// A paragraph. Line breaks stay.
    Text(String),
    /// A paragraph that says the main thing.
    Lead(String),
    /// Something on the side, in smaller letters.
    Note(String),
    /// A heading of the second level.
    Heading(String),
    /// A heading of the third level.
    Subheading(String),
    /// Points in no order.
    List(Vec<String>),
    /// Names with what holds for them.
    Facts(Vec<(String, String)>),
    /// Answers to check, each with a link to change it.
    Summary(Vec<Answered>),
    /// A table.
    Table(Table),
    /// A form.
    Form(Box<Form>),
    /// Links, one a line.
    Links(Vec<Link>),
    /// A link that looks like a button: the next thing to do.
    Go(Link),
    /// Things one can look at, each with a few words.
    Cards(Vec<Card>),
    /// Something that must not be missed.
    Important(String, Vec<String>),
    /// What somebody said.
    Quote(String),
    /// A document of ours that stands apart in the page: its title and its address. Nothing in it runs, and no link in it leads away.
    Apart(String, String),
    /// More for whoever wants it.
    Details(String, Vec<Block>),
    /// Blocks in another language than the page.
    In(String, Vec<Block>),
    /// A picture of numbers, with the numbers in a table beside it.
    Bars(Bars),
    /// Steps, each done or not.
    Steps(Vec<Step>),
    /// Clean markup that a coordinator wrote in a questionnaire. See [`crate::pages::questions`] for what is let through.
    Markup(String),
}

/// An answer on a page that sums up.
pub struct Answered {
    /// The question in few words.
    pub what: String,
    /// The answer, a line each.
    pub said: Vec<String>,
    /// Where it can be changed.
    pub change: Option<String>,
}

/// A table.
#[derive(Default)]
pub struct Table {
    /// What it is about.
    pub caption: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Rows; the first cell names the row.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Whether a column holds numbers.
    fn is_number(&self, column: &usize) -> bool {
        self.rows.first().and_then(|row| row.get(*column)).is_some_and(|cell| matches!(cell, Cell::Number(_)))
    }
}

/// A cell of a table.
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, to the right.
    Number(String),
    /// A link.
    Link(Link),
    /// A small form, such as a button.
    Form(Box<Form>),
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// Something one can look at.
#[derive(Default)]
pub struct Card {
    /// Its name.
    pub title: String,
    /// Where it leads, if anywhere.
    pub to: Option<String>,
    /// What is to be known about it.
    pub facts: Vec<(String, String)>,
    /// A few words.
    pub texts: Vec<String>,
    /// What can be done with it.
    pub forms: Vec<Form>,
}

/// A step of something that takes several.
pub struct Step {
    /// What it is.
    pub title: String,
    /// Whether it is done.
    pub done: bool,
    /// What is missing, or how it stands.
    pub texts: Vec<String>,
    /// Where it is done.
    pub to: Option<Link>,
}

impl Page {
    /// A page with a heading.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            window: None,
            caption: None,
            back: None,
            blocks: Vec::new(),
            mistakes: Vec::new(),
            said: None,
            asked: false,
            wide: false,
            language: "en".into(),
            status: StatusCode::OK,
        }
    }

    /// Says something else in the title of the window.
    pub fn window(mut self, title: &'static str) -> Self {
        self.window = Some(title);
        self
    }

    /// Adds a block.
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Adds blocks.
    pub fn blocks(mut self, blocks: impl IntoIterator<Item = Block>) -> Self {
        self.blocks.extend(blocks);
        self
    }

    /// Adds a paragraph.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text(text.into()))
    }

    /// Adds paragraphs.
    pub fn texts<'a>(self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.blocks(texts.into_iter().map(|text| Block::Text(text.into())))
    }

    /// Adds a heading of the second level.
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.block(Block::Heading(text.into()))
    }

    /// Adds a form. Its mistakes are listed at the top of the page.
    pub fn form(mut self, form: Form) -> Self {
        self.mistakes.extend(form.mistakes());
        self.block(Block::Form(Box::new(form)))
    }

    /// A page that asks one thing: the question is the heading.
    pub fn question(title: impl Into<String>, form: Form) -> Self {
        let mut page = Self::new(title);
        page.asked = form.asks_one();
        page.form(form)
    }

    /// Says where one is.
    pub fn caption(mut self, words: impl Into<String>) -> Self {
        self.caption = Some(words.into());
        self
    }

    /// Leads back.
    pub fn back(mut self, words: impl Into<String>, to: impl Into<String>) -> Self {
        self.back = Some(Link::new(words, to));
        self
    }

    /// Says what has just been done.
    pub fn said(mut self, words: Option<impl Into<String>>) -> Self {
        self.said = words.map(Into::into);
        self
    }

    /// Room for tables.
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// Another status than 200.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// What is wrong with what was sent, where no field shows it.
    pub fn mistaken(mut self, wrong: &[Violation]) -> Self {
        self.mistakes.extend(wrong.iter().map(|one| (None, one.detail.clone())));
        self.status(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// The page inside its frame.
    pub fn render(&self, frame: &Frame) -> Result<String, Error> {
        Layout { page: self, frame }.render().map_err(|error| Error::bug(error.to_string()))
    }
}

/// The whole document.
#[derive(Template)]
#[template(path = "kit/layout.html")]
struct Layout<'a> {
    page: &'a Page,
    frame: &'a Frame,
}

/// Blocks, written one after another.
#[derive(Template)]
#[template(path = "kit/blocks.html")]
pub struct Blocks<'a> {
    blocks: &'a [Block],
}

/// For blocks inside blocks.
fn blocks(blocks: &[Block]) -> Blocks<'_> {
    Blocks { blocks }
}

/// The table below a picture.
fn numbers(bars: &Bars) -> String {
    Blocks { blocks: &[bars.below()] }.to_string()
}

#[cfg(test)]
mod tests;
