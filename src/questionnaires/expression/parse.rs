//! Reads the text of a condition.
//!
//! The grammar is that of SurveyJS, oddities included (a closing bracket may be missing, operator
//! words need no space after them), because a form must mean here what it means on screen. Nesting
//! is counted, so a hostile text cannot exhaust the stack.

use super::{Expression, Fault, Function, MAX_DEPTH, MAX_LENGTH, Node, Operator, Variable};

/// Parses a condition. `resolve` turns the text between braces into a place, or says it is unknown.
pub(crate) fn parse(
    text: &str,
    resolve: &dyn Fn(&str) -> Option<Variable>,
) -> Result<Expression, Vec<Fault>> {
    if text.len() > MAX_LENGTH {
        return Err(vec![Fault::TooLong]);
    }
    let mut parser = Parser {
        text,
        at: 0,
        furthest: 0,
        depth: 0,
        too_deep: false,
        resolve,
        faults: Vec::new(),
        slots: Vec::new(),
    };
    let root = parser.expression();
    if parser.too_deep {
        return Err(vec![Fault::TooDeep]);
    }
    match root {
        // A bare `null` decides nothing, so it is taken for a slip.
        Some(Node::Nothing) if parser.faults.is_empty() => Err(vec![Fault::Syntax(0)]),
        Some(root) if parser.at == text.len() => {
            if parser.faults.is_empty() {
                parser.slots.sort_unstable();
                parser.slots.dedup();
                Ok(Expression {
                    root,
                    slots: parser.slots,
                })
            } else {
                Err(parser.faults)
            }
        }
        _ => Err(vec![Fault::Syntax(parser.furthest.max(parser.at))]),
    }
}

type Signs = &'static [(&'static str, Operator)];
/// Operators from the loosest level to the tightest.
const LEVELS: [Signs; 6] = [
    &[("||", Operator::Or), ("or", Operator::Or)],
    &[("&&", Operator::And), ("and", Operator::And)],
    &[
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("lessorequal", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("greaterorequal", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("=", Operator::Equal),
        ("equals", Operator::Equal),
        ("equal", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<>", Operator::NotEqual),
        ("notequals", Operator::NotEqual),
        ("notequal", Operator::NotEqual),
        ("<", Operator::Less),
        ("less", Operator::Less),
        (">", Operator::Greater),
        ("greater", Operator::Greater),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[
        ("*", Operator::Times),
        ("/", Operator::Divide),
        ("%", Operator::Remainder),
    ],
    &[("^", Operator::Power), ("power", Operator::Power)],
];
const WORDS: Signs = &[
    ("*=", Operator::Contains),
    ("contains", Operator::Contains),
    ("contain", Operator::Contains),
    ("notcontains", Operator::NotContains),
    ("notcontain", Operator::NotContains),
    ("anyof", Operator::AnyOf),
    ("allof", Operator::AllOf),
    ("noneof", Operator::NoneOf),
];

struct Parser<'t> {
    text: &'t str,
    at: usize,
    furthest: usize,
    depth: usize,
    too_deep: bool,
    resolve: &'t dyn Fn(&str) -> Option<Variable>,
    faults: Vec<Fault>,
    slots: Vec<usize>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        let skipped = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.at += skipped;
        self.furthest = self.furthest.max(self.at);
    }

    /// Takes a sign or word if it comes next, in any case.
    fn take(&mut self, word: &str) -> bool {
        let found = self
            .rest()
            .get(..word.len())
            .is_some_and(|next| next.eq_ignore_ascii_case(word));
        if found {
            self.at += word.len();
            self.furthest = self.furthest.max(self.at);
        }
        found
    }

    fn take_sign(&mut self, signs: Signs) -> Option<Operator> {
        signs
            .iter()
            .find(|(word, _)| self.take(word))
            .map(|(_, operator)| *operator)
    }

    fn expression(&mut self) -> Option<Node> {
        if self.depth >= MAX_DEPTH {
            self.too_deep = true;
        }
        if self.too_deep {
            return None;
        }
        self.depth += 1;
        self.spaces();
        let node = self.level(0);
        self.spaces();
        self.depth -= 1;
        node
    }

    fn level(&mut self, level: usize) -> Option<Node> {
        let Some(signs) = LEVELS.get(level).copied() else {
            return self.membership();
        };
        let head = self.level(level + 1)?;
        let mut tail = Vec::new();
        loop {
            let before = self.at;
            self.spaces();
            let next = self.take_sign(signs).and_then(|operator| {
                self.spaces();
                self.level(level + 1).map(|node| (operator, node))
            });
            match next {
                Some(step) => tail.push(step),
                None => {
                    self.at = before;
                    return Some(chain(head, tail));
                }
            }
        }
    }

    fn membership(&mut self) -> Option<Node> {
        let head = self.factor()?;
        let mut tail = Vec::new();
        loop {
            let before = self.at;
            self.spaces();
            match self.take_sign(WORDS) {
                Some(operator) => {
                    self.spaces();
                    tail.push((operator, self.factor().unwrap_or(Node::Nothing)));
                }
                None => {
                    self.at = before;
                    return Some(chain(head, tail));
                }
            }
        }
    }

    fn factor(&mut self) -> Option<Node> {
        let before = self.at;
        if self.take("(") {
            let inner = self.expression();
            if inner.is_some() {
                self.take(")");
            } else {
                self.at = before;
            }
            return inner;
        }
        if let Some(call) = self.call() {
            return Some(call);
        }
        if self.take("!") || self.take("negate") {
            self.spaces();
            // `!!!!x` nests without brackets and must be counted too.
            self.depth += 1;
            if self.depth >= MAX_DEPTH {
                self.too_deep = true;
            }
            let inner = if self.too_deep { None } else { self.factor() };
            self.depth -= 1;
            if let Some(inner) = inner {
                return Some(Node::Not(Box::new(inner)));
            }
            self.at = before;
        }
        if let Some(atom) = self.atom() {
            let after = self.at;
            self.spaces();
            if self.take("notempty") {
                return Some(Node::NotEmpty(Box::new(atom)));
            }
            if self.take("empty") {
                return Some(Node::Empty(Box::new(atom)));
            }
            self.at = after;
            return Some(atom);
        }
        if self.take("[") {
            let items = self.sequence();
            if self.take("]") {
                return Some(Node::List(items));
            }
            self.at = before;
        }
        None
    }

    fn call(&mut self) -> Option<Node> {
        let before = self.at;
        let name = self.word()?;
        if !self.take("(") {
            self.at = before;
            return None;
        }
        let arguments = self.sequence();
        self.take(")");
        match Function::named(name) {
            Some(function) => Some(Node::Call(function, arguments)),
            None => {
                self.faults.push(Fault::UnknownFunction(name.to_owned()));
                Some(Node::Nothing)
            }
        }
    }

    fn sequence(&mut self) -> Vec<Node> {
        let before = self.at;
        let Some(first) = self.expression() else {
            self.at = before;
            return Vec::new();
        };
        // The dialect takes a list that begins with a bare `null` for an empty one.
        let no_items = matches!(first, Node::Nothing);
        let mut items = vec![first];
        loop {
            let before = self.at;
            self.spaces();
            if self.take(",") {
                self.spaces();
                if let Some(next) = self.expression() {
                    items.push(next);
                    continue;
                }
            }
            self.at = before;
            return if no_items { Vec::new() } else { items };
        }
    }

    fn atom(&mut self) -> Option<Node> {
        let before = self.at;
        self.spaces();
        let rest = self.rest();
        for word in ["undefined", "null"] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Some(Node::Nothing);
            }
        }
        let node = self.literal().or_else(|| self.variable());
        if node.is_none() {
            self.at = before;
        }
        node
    }

    fn literal(&mut self) -> Option<Node> {
        if self.take("true") {
            return Some(Node::Bool(true));
        }
        if self.take("false") {
            return Some(Node::Bool(false));
        }
        if let Some(number) = self.number() {
            return Some(Node::Number(number));
        }
        if let Some(word) = self.word() {
            return Some(Node::Text(word.to_owned()));
        }
        let quote = self
            .rest()
            .chars()
            .next()
            .filter(|c| matches!(c, '\'' | '"'))?;
        self.quoted(quote)
    }

    fn number(&mut self) -> Option<f64> {
        let rest = self.rest();
        let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(hex) = rest.strip_prefix("0x") {
            let length = digits(hex);
            if length > 0 {
                self.at += 2 + length;
                let digits = hex.get(..length).unwrap_or_default();
                return u64::from_str_radix(digits, 16).ok().map(|n| n as f64);
            }
        }
        let unsigned = rest.strip_prefix('-').unwrap_or(rest);
        let sign = rest.len() - unsigned.len();
        let mut length = digits(unsigned);
        if length == 0 {
            return None;
        }
        let fraction = unsigned.get(length..).and_then(|s| s.strip_prefix('.'));
        match fraction.map(digits) {
            Some(more) if more > 0 => length += 1 + more,
            // A whole number does not begin with zero; `007` is a zero followed by nonsense.
            _ if unsigned.starts_with('0') => length = 1,
            _ => {}
        }
        self.at += sign + length;
        self.furthest = self.furthest.max(self.at);
        rest.get(..sign + length)?.parse().ok()
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let first = rest.bytes().next()?;
        if !(first.is_ascii_alphabetic() || first == b'_') {
            return None;
        }
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        self.at += length;
        rest.get(..length)
    }

    fn quoted(&mut self, quote: char) -> Option<Node> {
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((offset, c)) = characters.next() {
            if c == '\\' && matches!(characters.peek(), Some((_, '\'' | '"'))) {
                text.extend(characters.next().map(|(_, c)| c));
            } else if c == quote {
                self.at += offset + 1;
                self.furthest = self.furthest.max(self.at);
                return Some(Node::Text(text));
            } else if matches!(c, '\'' | '"') {
                return None;
            } else {
                text.push(c);
            }
        }
        None
    }

    fn variable(&mut self) -> Option<Node> {
        let inner = self.rest().strip_prefix('{')?;
        let end = inner.find(['{', '}'])?;
        if end == 0 || !inner.get(end..)?.starts_with('}') {
            return None;
        }
        let name = inner.get(..end)?;
        self.at += end + 2;
        self.furthest = self.furthest.max(self.at);
        match (self.resolve)(name) {
            Some(variable) => {
                self.slots.extend(variable.slot);
                Some(Node::Variable(variable))
            }
            None => {
                self.faults.push(Fault::UnknownName(name.to_owned()));
                Some(Node::Nothing)
            }
        }
    }
}

fn chain(head: Node, tail: Vec<(Operator, Node)>) -> Node {
    if tail.is_empty() {
        head
    } else {
        Node::Chain(Box::new(head), tail)
    }
}
