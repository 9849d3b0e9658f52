//! The compiled form.
//!
//! A form is checked and compiled once, when it is published, and can then be shared between
//! requests. It holds everything an evaluation needs, so that judging one set of answers neither
//! parses nor compiles anything.

use regex::Regex;
use serde_json::Value;

use super::expression::{Expression, Scope};
use super::report::Flaw;

/// A published form, ready to judge answers.
#[derive(Debug)]
pub struct Form {
    pub(crate) questions: Vec<Question>,
    pub(crate) groups: Vec<Group>,
    /// Everything that can be shown or hidden, parents before their children.
    pub(crate) gates: Vec<Gate>,
    /// The keys answers may use; a question's place in the answers is an index into this list.
    pub(crate) keys: Vec<String>,
    /// For every key the gates whose visibility depends on it.
    pub(crate) readers: Vec<Vec<usize>>,
    /// How it reads.
    pub(crate) layout: super::Layout,
    /// About how much memory it takes, in bytes.
    pub(crate) weight: usize,
}

impl Form {
    /// Compiles a SurveyJS definition. Everything this room cannot judge faithfully is refused by
    /// name, and all flaws are reported at once.
    pub fn compile(definition: &Value) -> Result<Form, Vec<Flaw>> {
        super::compile::compile(definition)
    }

    /// About how much memory the form takes, in bytes.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// How it reads.
    pub fn layout(&self) -> &super::Layout {
        &self.layout
    }

    /// The questions in the order of the form, shown or not.
    pub fn questions(&self) -> impl ExactSizeIterator<Item = &Question> {
        self.questions.iter()
    }

    /// A question by its name.
    pub fn question(&self, name: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.name == name)
    }
}

/// The kinds of questions a form may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Text,
    Comment,
    Radiogroup,
    Checkbox,
    Dropdown,
    Rating,
    Boolean,
    Ranking,
    Matrix,
}

impl Kind {
    /// The element type as the definition spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Comment => "comment",
            Kind::Radiogroup => "radiogroup",
            Kind::Checkbox => "checkbox",
            Kind::Dropdown => "dropdown",
            Kind::Rating => "rating",
            Kind::Boolean => "boolean",
            Kind::Ranking => "ranking",
            Kind::Matrix => "matrix",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Kind> {
        [
            Kind::Text,
            Kind::Comment,
            Kind::Radiogroup,
            Kind::Checkbox,
            Kind::Dropdown,
            Kind::Rating,
            Kind::Boolean,
            Kind::Ranking,
            Kind::Matrix,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }
}

/// An option of a question, or a row or column of a matrix.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Choice {
    /// What an answer holds when this option is chosen.
    pub value: Value,
    /// What participants read.
    pub text: String,
    /// Options such as "None" that cannot be chosen together with others.
    #[serde(skip)]
    pub(crate) alone: bool,
}

impl Choice {
    /// Whether it stands for no option, so that it cannot be chosen together with others.
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    /// Whether an answer is this option.
    pub fn is(&self, answer: &Value) -> bool {
        super::answers::same(&self.value, answer)
    }
}

/// A compiled question.
#[derive(Debug)]
pub struct Question {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) rows: Vec<Choice>,
    pub(crate) columns: Vec<Choice>,
    pub(crate) gate: usize,
    /// The place of the answer among the form's keys.
    pub(crate) slot: usize,
    pub(crate) comment: Option<Comment>,
    pub(crate) answer: Answer,
    pub(crate) validators: Vec<Validator>,
    /// The form's own words for a missing answer.
    pub(crate) required_text: Option<String>,
}

impl Question {
    /// The name, which is also the key of the answer.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of question.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What participants read, or the name if the form gives no title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The options that can be chosen, special ones such as "Other" included. A rating lists its
    /// scale and a boolean its two values.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The rows of a matrix.
    pub fn rows(&self) -> &[Choice] {
        &self.rows
    }

    /// The columns of a matrix.
    pub fn columns(&self) -> &[Choice] {
        &self.columns
    }

    /// Whether free text goes with the answer: always, or with the option "Other" alone.
    pub fn comment_with_other(&self) -> Option<bool> {
        self.comment.as_ref().map(|comment| comment.with_other)
    }

    /// What an answer has to keep to, in words; empty where everything fits.
    pub fn allows(&self) -> String {
        super::answers::allows(&self.answer)
    }

    /// The input type of a text question, such as `number` or `date`.
    pub fn input_type(&self) -> Option<&'static str> {
        match &self.answer {
            Answer::Text(rule) => Some(rule.input.as_str()),
            _ => None,
        }
    }

    /// The key of the free text that goes with the answer, such as `needs-Comment`.
    pub fn comment_key(&self) -> Option<String> {
        self.comment.as_ref().map(|_| format!("{}-Comment", self.name))
    }
}

/// The free text beside an answer.
#[derive(Debug)]
pub(crate) struct Comment {
    pub(crate) slot: usize,
    /// True if the text can always be given, false if only together with "Other".
    pub(crate) always: bool,
    /// Whether choosing "Other" asks for the text.
    pub(crate) with_other: bool,
    pub(crate) max_length: Option<usize>,
}

/// What an answer has to look like.
#[derive(Debug)]
pub(crate) enum Answer {
    Text(TextRule),
    Long { max_length: Option<usize> },
    One,
    Many { min: usize, max: Option<usize> },
    Yes { yes: Value, no: Value },
    Ranking { whole: bool, min: usize, max: Option<usize> },
    Matrix { every_row: bool, unique: bool },
}

#[derive(Debug)]
pub(crate) struct TextRule {
    pub(crate) input: Input,
    pub(crate) min: Option<Bound>,
    pub(crate) max: Option<Bound>,
    pub(crate) step: Option<f64>,
    pub(crate) max_length: Option<usize>,
}

/// The input types of a text question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Text,
    Number,
    Range,
    Date,
    DateTime,
    Time,
    Month,
    Week,
    Email,
    Url,
    Tel,
    Color,
}

impl Input {
    pub(crate) const ALL: [(Input, &'static str); 12] = [
        (Input::Text, "text"),
        (Input::Number, "number"),
        (Input::Range, "range"),
        (Input::Date, "date"),
        (Input::DateTime, "datetime-local"),
        (Input::Time, "time"),
        (Input::Month, "month"),
        (Input::Week, "week"),
        (Input::Email, "email"),
        (Input::Url, "url"),
        (Input::Tel, "tel"),
        (Input::Color, "color"),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        Input::ALL.iter().find(|(input, _)| *input == self).map_or("text", |(_, name)| name)
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Input::Number | Input::Range)
    }
}

/// A limit of a number or date.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    /// Where the limit lies among values of its kind.
    pub(crate) at: f64,
    /// How the limit is written.
    pub(crate) shown: String,
}

#[derive(Debug)]
pub(crate) struct Validator {
    /// The form's own words for a broken rule.
    pub(crate) message: Option<String>,
    pub(crate) check: Check,
}

#[derive(Debug)]
pub(crate) enum Check {
    Numeric {
        min: Option<f64>,
        max: Option<f64>,
    },
    Length {
        min: usize,
        max: usize,
        digits: bool,
    },
    /// With a size that the compiled pattern does not exceed, in bytes.
    Pattern {
        regex: Regex,
        size: usize,
    },
    Email,
    Count {
        min: usize,
        max: usize,
    },
    Condition(Expression),
}

/// A page or panel.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) gate: usize,
    /// The questions inside, as a range of the form's questions.
    pub(crate) inside: std::ops::Range<usize>,
    pub(crate) required_text: Option<String>,
}

/// What decides whether an element is shown, can be changed and must be answered.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) parent: Option<usize>,
    pub(crate) visible: Rule,
    pub(crate) enabled: Rule,
    pub(crate) required: Rule,
}

#[derive(Debug)]
pub(crate) enum Rule {
    Fixed(bool),
    When(Expression),
}

impl Rule {
    /// Shown and required only if the condition is `true` itself; a number or text is not enough.
    pub(crate) fn is_true(&self, scope: &Scope) -> bool {
        match self {
            Rule::Fixed(answer) => *answer,
            Rule::When(expression) => expression.truth(scope) == Some(true),
        }
    }

    /// Can be changed unless the condition is `false` itself.
    pub(crate) fn is_not_false(&self, scope: &Scope) -> bool {
        match self {
            Rule::Fixed(answer) => *answer,
            Rule::When(expression) => expression.truth(scope) != Some(false),
        }
    }
}
