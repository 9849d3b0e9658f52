//! Forms: fields with labels, what is allowed beside each, and what was typed still there when something is wrong.

use super::{Block, Fields};
use crate::platform::{Error, Violation};
use askama::Template;

/// A form.
#[derive(Template, Default)]
#[template(path = "kit/form.html")]
pub struct Form {
    /// Where it goes; empty for the address of the page itself.
    pub action: String,
    /// What goes along unseen.
    pub hidden: Vec<(String, String)>,
    /// What is asked.
    pub fields: Vec<Field>,
    /// Buttons. The first one is what Enter presses.
    pub submits: Vec<Submit>,
    /// Whether a file goes along.
    pub upload: bool,
    /// Whether the heading of the page is the question of its one field.
    pub heads: bool,
}

/// A button.
#[derive(Clone, Default)]
pub struct Submit {
    /// What it says.
    pub label: String,
    /// What it sends beside the fields.
    pub sends: Option<(String, String)>,
    /// Shown beside the first one, as equal to it.
    pub other: bool,
    /// Words for those who hear the button without what stands around it.
    pub about: String,
}

/// Something that is asked.
#[derive(Default)]
pub struct Field {
    /// Name under which the answer is sent.
    pub name: String,
    /// The question.
    pub label: String,
    /// What helps to answer it.
    pub hint: String,
    /// Where mistakes of this field point to, as JSON pointers; the name by itself when empty.
    pub pointer: String,
    /// What is wrong with the answer.
    pub mistake: Option<String>,
    /// Whether it can be left empty.
    pub optional: bool,
    /// What a switch is about, for whoever hears the page: its words alone may be those of its neighbours.
    pub about: String,
    /// The language of its words, where it is another one than the page's.
    pub language: String,
    /// How it is answered.
    pub control: Control,
}

/// How a field is answered.
pub enum Control {
    /// One line.
    Line {
        /// What stands in it.
        value: String,
        /// HTML's type: text, email, password, date, time, number, tel, url.
        kind: &'static str,
        /// HTML's autocomplete; empty for none.
        autocomplete: &'static str,
    },
    /// Several lines.
    Area {
        /// What stands in it.
        value: String,
        /// How many lines are seen.
        rows: usize,
    },
    /// One of several.
    Radios(Vec<Choice>),
    /// Any of several.
    Checks(Vec<Choice>),
    /// One of many.
    Select(Vec<Choice>),
    /// A box to tick by itself.
    Switch {
        /// What is sent when it is ticked.
        value: String,
        /// Whether it is.
        on: bool,
    },
    /// A file.
    File {
        /// What kinds, as HTML's accept.
        accept: &'static str,
    },
    /// No question: words between the fields.
    Words(Vec<Block>),
    /// A question that the next fields answer together, up to the [`Control::End`].
    Group,
    /// The end of a group.
    End,
}

impl Default for Control {
    fn default() -> Self {
        Self::Line { value: String::new(), kind: "text", autocomplete: "" }
    }
}

/// One of several answers.
#[derive(Clone, Default)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it says.
    pub label: String,
    /// What else is to be known about it.
    pub hint: String,
    /// Whether it is chosen.
    pub on: bool,
    /// A picture that goes with the words.
    pub picture: Option<String>,
}

impl Choice {
    /// An answer.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), ..Self::default() }
    }

    /// What else is to be known.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Whether it is chosen.
    pub fn on(mut self, on: bool) -> Self {
        self.on = on;
        self
    }
}

impl Submit {
    /// A button.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// What it sends.
    pub fn sends(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.sends = Some((name.into(), value.into()));
        self
    }

    /// Equal to the first one, beside it.
    pub fn other(mut self) -> Self {
        self.other = true;
        self
    }

    /// What it is about, for those who hear it alone.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }
}

impl Field {
    /// A field.
    pub fn new(name: impl Into<String>, label: impl Into<String>, control: Control) -> Self {
        Self { name: name.into(), label: label.into(), control, ..Self::default() }
    }

    /// One line of text.
    pub fn line(name: impl Into<String>, label: impl Into<String>, value: impl Into<String>) -> Self {
        Self::typed(name, label, value, "text")
    }

    /// One line of another of HTML's types.
    pub fn typed(name: impl Into<String>, label: impl Into<String>, value: impl Into<String>, kind: &'static str) -> Self {
        let autocomplete = match kind {
            "email" => "email",
            "tel" => "tel",
            _ => "",
        };
        Self::new(name, label, Control::Line { value: value.into(), kind, autocomplete })
    }

    /// Several lines of text.
    pub fn area(name: impl Into<String>, label: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(name, label, Control::Area { value: value.into(), rows: 5 })
    }

    /// One of several.
    pub fn radios(name: impl Into<String>, label: impl Into<String>, choices: impl IntoIterator<Item = Choice>) -> Self {
        Self::new(name, label, Control::Radios(choices.into_iter().collect()))
    }

    /// Any of several.
    pub fn checks(name: impl Into<String>, label: impl Into<String>, choices: impl IntoIterator<Item = Choice>) -> Self {
        Self::new(name, label, Control::Checks(choices.into_iter().collect()))
    }

    /// One of many.
    pub fn select(name: impl Into<String>, label: impl Into<String>, choices: impl IntoIterator<Item = Choice>) -> Self {
        Self::new(name, label, Control::Select(choices.into_iter().collect()))
    }

    /// A box to tick.
    pub fn switch(name: impl Into<String>, label: impl Into<String>, on: bool) -> Self {
        Self::new(name, label, Control::Switch { value: "yes".into(), on })
    }

    /// Words between fields.
    pub fn words(blocks: Vec<Block>) -> Self {
        Self::new("", "", Control::Words(blocks))
    }

    /// What helps to answer.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// It can be left empty.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Where mistakes point to.
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// HTML's autocomplete.
    pub fn autocomplete(mut self, word: &'static str) -> Self {
        if let Control::Line { autocomplete, .. } = &mut self.control {
            *autocomplete = word;
        }
        self
    }

    /// Lines that are seen of a text.
    pub fn rows(mut self, lines: usize) -> Self {
        if let Control::Area { rows, .. } = &mut self.control {
            *rows = lines;
        }
        self
    }

    /// The anchor of the field, and of its first choice.
    pub fn id(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        format!("f-{}", self.name.chars().map(plain).collect::<String>())
    }

    /// Whether a violation is about this field: by what the verb calls it, or by the name in the form.
    fn is_meant(&self, pointer: &str) -> bool {
        let named = pointer.strip_prefix('/').is_some_and(|name| name == self.name);
        let own = if self.pointer.is_empty() { format!("/{}", self.name) } else { self.pointer.clone() };
        let within = pointer.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        !self.name.is_empty() && (named || within)
    }

    /// Which parts describe the field, for readers that speak.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id()));
        let mistake = self.mistake.as_ref().map(|_| format!("{}-mistake", self.id()));
        [hint, mistake].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Puts in what was sent.
    fn refill(&mut self, sent: &Fields) {
        let name = self.name.as_str();
        match &mut self.control {
            Control::Line { kind: "password", .. } | Control::File { .. } | Control::Words(_) | Control::Group | Control::End => {
            }
            Control::Line { value, .. } | Control::Area { value, .. } => *value = sent.text(name).to_owned(),
            Control::Radios(choices) | Control::Checks(choices) | Control::Select(choices) => {
                for choice in choices {
                    choice.on = sent.all(name).any(|sent| sent == choice.value);
                }
            }
            Control::Switch { value, on } => *on = sent.all(name).any(|sent| sent == value),
        }
    }
}

impl Form {
    /// A form that goes to an address.
    pub fn to(action: impl Into<String>) -> Self {
        Self { action: action.into(), ..Self::default() }
    }

    /// A form of one button.
    pub fn button(action: impl Into<String>, label: impl Into<String>) -> Self {
        Self::to(action).submit(Submit::new(label))
    }

    /// Asks one thing more.
    pub fn field(mut self, field: Field) -> Self {
        self.upload |= matches!(field.control, Control::File { .. });
        self.fields.push(field);
        self
    }

    /// Asks several things more.
    pub fn fields(self, fields: impl IntoIterator<Item = Field>) -> Self {
        fields.into_iter().fold(self, Self::field)
    }

    /// Words between fields.
    pub fn words(self, blocks: Vec<Block>) -> Self {
        self.field(Field::words(blocks))
    }

    /// Goes along unseen.
    pub fn hidden(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.hidden.push((name.into(), value.into()));
        self
    }

    /// The version on which a change is based; see [`Fields::if_match`].
    pub fn version(self, version: i32) -> Self {
        self.hidden("version", version.to_string())
    }

    /// One more button.
    pub fn submit(mut self, mut submit: Submit) -> Self {
        submit.other |= !self.submits.is_empty();
        self.submits.push(submit);
        self
    }

    /// The form with what was sent in it, and what is wrong beside each field. Anything but violations is passed on.
    pub fn again(mut self, sent: &Fields, error: Error) -> Result<Self, Error> {
        let stale = matches!(error, Error::Stale);
        let found = match error {
            Error::Invalid(found) => found,
            Error::Malformed(one) => vec![one],
            Error::Stale => {
                // What was typed stays, beside the version that is there now: whoever sends it once more has been told.
                let detail = "Somebody has saved a change here since you opened this page. What you entered is still here. If you save \
                              it now, it replaces theirs.";
                vec![Violation::new("", "stale", detail)]
            }
            other => return Err(other),
        };
        if !stale
            && let Some((_, version)) = self.hidden.iter_mut().find(|(name, _)| name == "version")
            && let Some(sent) = sent.given("version")
        {
            // What it is based on is what was read first.
            *version = sent;
        }
        for field in &mut self.fields {
            field.refill(sent);
        }
        self.point_out(found);
        Ok(self)
    }

    /// Puts each violation beside the field that it is about; what is about none stands in the list at the top.
    pub fn point_out(&mut self, found: Vec<Violation>) {
        for one in found {
            let longest = |field: &&mut Field| if field.pointer.is_empty() { field.name.len() + 1 } else { field.pointer.len() };
            let field = self.fields.iter_mut().filter(|field| field.is_meant(&one.pointer)).max_by_key(longest);
            match field {
                Some(field) => match &mut field.mistake {
                    Some(told) => *told = format!("{told} {}", one.detail),
                    None => field.mistake = Some(one.detail),
                },
                None => {
                    self.fields.push(Field { mistake: Some(one.detail), control: Control::Words(Vec::new()), ..Field::default() })
                }
            }
        }
    }

    /// Takes back what is chosen beforehand.
    pub fn choose_nothing(&mut self) {
        for field in &mut self.fields {
            if let Control::Radios(choices) | Control::Checks(choices) = &mut field.control {
                choices.iter_mut().for_each(|choice| choice.on = false);
            }
        }
    }

    /// Whether anything is wrong.
    pub fn is_mistaken(&self) -> bool {
        self.fields.iter().any(|field| field.mistake.is_some())
    }

    /// What is wrong, each with the anchor of its field.
    pub(super) fn mistakes(&self) -> Vec<(Option<String>, String)> {
        let told = |field: &Field| {
            let anchor = (!field.name.is_empty()).then(|| match field.control {
                Control::Radios(_) | Control::Checks(_) => format!("{}-0", field.id()),
                _ => field.id(),
            });
            field.mistake.clone().map(|text| (anchor, text))
        };
        self.fields.iter().filter_map(told).collect()
    }

    /// Whether it asks one thing, whose question can be the heading of the page.
    pub(super) fn asks_one(&self) -> bool {
        self.heads
    }

    /// The question of the one field becomes the heading of the page.
    pub fn heading(mut self) -> Self {
        self.heads = true;
        self
    }
}

/// For words between fields.
fn words(blocks: &[Block]) -> super::Blocks<'_> {
    super::blocks(blocks)
}
