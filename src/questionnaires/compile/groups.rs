//! Pages and panels.

use serde_json::Value;

use super::super::form::{Group, Kind};
use super::super::report::below;
use super::props::{Props, shortened};
use super::{Compiler, MAX_NESTING, lists};

impl<'v> Compiler<'v> {
    pub(super) fn pages(&mut self, pointer: &str, value: &'v Value) {
        let Some(pages) = value.as_array() else {
            self.flaw(pointer, "bad_value", "\"pages\" must be a list");
            return;
        };
        for (index, page) in pages.iter().enumerate() {
            let pointer = below(pointer, &index.to_string());
            if !self.counted(&pointer) {
                return;
            }
            let Some(map) = page.as_object() else {
                self.flaw(pointer, "bad_value", "A page must be a JSON object");
                continue;
            };
            let mut props = Props::new(map, pointer);
            if let Some((name, kind)) = props.get(&["type"])
                && kind != "page"
            {
                let detail = "There can be pages in \"pages\", and nothing else";
                props.flaw(&mut self.flaws, name, "unknown_type", detail);
            }
            self.group(props, None, 0, "a page");
        }
    }

    pub(super) fn elements(&mut self, pointer: &str, value: &'v Value, parent: Option<usize>, depth: usize) {
        let Some(elements) = value.as_array() else {
            self.flaw(pointer, "bad_value", "\"elements\" must be a list");
            return;
        };
        for (index, element) in elements.iter().enumerate() {
            let pointer = below(pointer, &index.to_string());
            if !self.counted(&pointer) {
                return;
            }
            let Some(map) = element.as_object() else {
                self.flaw(pointer, "bad_value", "An element must be a JSON object");
                continue;
            };
            let mut props = Props::new(map, pointer);
            match props.get(&["type"]).map(|(_, kind)| kind) {
                Some(Value::String(kind)) if kind == "panel" => {
                    if depth >= MAX_NESTING {
                        let detail = format!("Panels may nest at most {MAX_NESTING} deep");
                        self.flaw(props.pointer, "nested_too_deep", detail);
                        continue;
                    }
                    self.group(props, parent, depth + 1, "a panel");
                }
                Some(Value::String(name)) => match Kind::named(name) {
                    Some(kind) => self.question(props, kind, parent),
                    None => {
                        let detail = format!("Elements of type \"{}\" are not supported", shortened(name));
                        props.flaw(&mut self.flaws, "type", "unknown_type", detail);
                    }
                },
                Some(_) => {
                    props.flaw(&mut self.flaws, "type", "bad_value", "\"type\" must be text");
                }
                None => {
                    let detail = "Every element needs a type";
                    self.flaw(props.pointer, "missing_type", detail);
                }
            }
        }
    }

    fn group(&mut self, mut props: Props<'v>, parent: Option<usize>, depth: usize, what: &str) {
        props.get(&["name"]);
        let gate = self.gate(&mut props, parent);
        let required_text = props.error_text(&mut self.flaws, "requiredErrorText");
        let first = self.questions.len();
        if let Some((name, value)) = props.get(&["elements", "questions"]) {
            self.elements(&props.below(name), value, Some(gate), depth);
        }
        self.groups.push(Group { gate, inside: first..self.questions.len(), required_text });
        let (looks, texts) = ([lists::ELEMENT_LOOKS, lists::GROUP_LOOKS], [lists::GROUP_TEXTS]);
        props.finish(&mut self.flaws, what, &looks, &texts);
    }
}
