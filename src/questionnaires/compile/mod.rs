//! Turns a SurveyJS definition into a form.
//!
//! People who publish a form learn everything that is wrong with it at once, each time with the
//! place and the reason. What this room cannot judge faithfully is refused here, so that no
//! participant is ever judged by a rule that was silently dropped.

mod choices;
mod conditions;
mod groups;
mod lists;
mod pattern;
mod props;
mod questions;
mod validators;

use serde_json::Value;

use super::expression::Names;
use super::form::{Form, Gate, Group, Question, Rule};
use super::report::Flaw;
use props::Props;

/// The most pages, panels and questions a form may have together.
const MAX_ELEMENTS: usize = 2_000;
/// How deep panels may nest.
const MAX_NESTING: usize = 16;
/// The most options, rows and columns of one question, and of a form.
const MAX_CHOICES: usize = 1_000;
const MAX_ALL_CHOICES: usize = 20_000;
/// How long all conditions of a form may be together, in bytes.
const MAX_ALL_CONDITIONS: usize = 400_000;
/// The most patterns of a form, and how large they may become together, in bytes.
const MAX_PATTERNS: usize = 100;
const MAX_ALL_PATTERNS: usize = 8 << 20;
/// What a form takes in memory for each byte of its conditions, each option and each element, roughly.
const WEIGHTS: (usize, usize, usize) = (40, 300, 2_000);
/// Flaws beyond this number are not collected; a form with so many needs no complete list.
const MAX_FLAWS: usize = 500;

/// What a parsed condition decides.
#[derive(Debug, Clone, Copy)]
enum Target {
    Visible(usize),
    Enabled(usize),
    Required(usize),
    /// A validator of a question, by position.
    Validator(usize, usize),
}

/// A condition that can only be parsed once all names are known.
struct Pending<'v> {
    pointer: String,
    text: &'v str,
    target: Target,
}

struct Compiler<'v> {
    flaws: Vec<Flaw>,
    questions: Vec<Question>,
    groups: Vec<Group>,
    gates: Vec<Gate>,
    keys: Vec<String>,
    names: Names,
    pending: Vec<Pending<'v>>,
    elements: usize,
    all_choices: usize,
    patterns: usize,
    all_patterns: usize,
    /// The survey's limits for texts and for free texts beside answers.
    text_limit: Option<usize>,
    comment_limit: Option<usize>,
}

pub(super) fn compile(definition: &Value) -> Result<Form, Vec<Flaw>> {
    let mut compiler = Compiler {
        flaws: Vec::new(),
        questions: Vec::new(),
        groups: Vec::new(),
        gates: Vec::new(),
        keys: Vec::new(),
        names: Names::default(),
        pending: Vec::new(),
        elements: 0,
        all_choices: 0,
        patterns: 0,
        all_patterns: 0,
        text_limit: None,
        comment_limit: None,
    };
    compiler.survey(definition);
    let length: usize = compiler.pending.iter().map(|p| p.text.len()).sum();
    if length > MAX_ALL_CONDITIONS {
        let detail = format!("All conditions together may have at most {MAX_ALL_CONDITIONS} bytes");
        compiler.flaw("", "too_many_conditions", detail);
        return Err(compiler.flaws);
    }
    compiler.parse_conditions();
    if !compiler.flaws.is_empty() {
        compiler.flaws.truncate(MAX_FLAWS);
        return Err(compiler.flaws);
    }
    let readers = compiler.readers();
    let (condition, choice, element) = WEIGHTS;
    let weight = compiler.all_patterns + condition * length + choice * compiler.all_choices + element * compiler.elements.max(1);
    let Compiler { questions, groups, gates, keys, .. } = compiler;
    let layout = super::layout::read(definition);
    Ok(Form { questions, groups, gates, keys, readers, layout, weight })
}

impl<'v> Compiler<'v> {
    fn flaw(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.flaws.push(Flaw { pointer: pointer.into(), code, detail: detail.into() });
    }

    fn survey(&mut self, definition: &'v Value) {
        let Some(map) = definition.as_object() else {
            self.flaw("", "not_a_form", "A form must be a JSON object");
            return;
        };
        let mut props = Props::new(map, String::new());
        self.text_limit = props.limit(&mut self.flaws, &["maxTextLength"], None);
        let comment_names = ["maxCommentLength", "maxOthersLength"];
        self.comment_limit = props.limit(&mut self.flaws, &comment_names, None);
        self.only(&mut props, "clearInvisibleValues", &["onComplete".into()]);
        self.only(&mut props, "storeOthersAsComment", &[true.into()]);
        let pages = props.get(&["pages"]);
        let elements = props.get(&["elements", "questions"]);
        if let (Some(_), Some((name, _))) = (&pages, &elements) {
            let detail = "Use either pages or elements, not both";
            props.flaw(&mut self.flaws, name, "pages_and_elements", detail);
        }
        if let Some((name, value)) = pages {
            self.pages(&props.below(name), value);
        }
        if let Some((name, value)) = elements {
            self.elements(&props.below(name), value, None, 0);
        }
        let (looks, texts) = (&[lists::SURVEY_LOOKS][..], &[lists::SURVEY_TEXTS][..]);
        props.finish(&mut self.flaws, "a survey", looks, texts);
        if self.questions.is_empty() && self.flaws.is_empty() {
            self.flaw("", "empty_form", "A form must ask at least one question");
        }
    }

    /// Accepts a property only with values that do not change how answers are judged.
    fn only(&mut self, props: &mut Props<'v>, name: &'static str, allowed: &[Value]) {
        if let Some((_, value)) = props.get(&[name])
            && !allowed.contains(value)
        {
            let detail = format!("\"{name}\" can have its usual value here, and no other");
            props.flaw(&mut self.flaws, name, "unsupported_value", detail);
        }
    }

    /// Counts an element; false once the form is too large to go on.
    fn counted(&mut self, pointer: &str) -> bool {
        self.elements += 1;
        if self.elements == MAX_ELEMENTS + 1 {
            let detail = format!("A form may have at most {MAX_ELEMENTS} pages, panels and questions");
            self.flaw(pointer, "too_many_elements", detail);
        }
        self.elements <= MAX_ELEMENTS && self.flaws.len() < MAX_FLAWS
    }

    /// Reads what decides about an element's visibility, its being changeable and required.
    fn gate(&mut self, props: &mut Props<'v>, parent: Option<usize>) -> usize {
        let gate = self.gates.len();
        let flaws = &mut self.flaws;
        let visible = props.flag(flaws, &["visible"], true);
        let enabled = !props.flag(flaws, &["readOnly"], false);
        let required = props.flag(flaws, &["isRequired"], false);
        let conditions =
            [("visibleIf", Target::Visible(gate)), ("enableIf", Target::Enabled(gate)), ("requiredIf", Target::Required(gate))];
        for (name, target) in conditions {
            if let Some((pointer, text)) = props.condition(flaws, name) {
                self.pending.push(Pending { pointer, text, target });
            }
        }
        self.gates.push(Gate {
            parent,
            visible: Rule::Fixed(visible),
            enabled: Rule::Fixed(enabled),
            required: Rule::Fixed(required),
        });
        gate
    }

    /// For every key, the gates whose visibility reads it.
    fn readers(&self) -> Vec<Vec<usize>> {
        let mut readers = vec![Vec::new(); self.keys.len()];
        for (index, gate) in self.gates.iter().enumerate() {
            if let Rule::When(expression) = &gate.visible {
                for slot in expression.slots() {
                    if let Some(list) = readers.get_mut(*slot) {
                        list.push(index);
                    }
                }
            }
        }
        readers
    }
}
