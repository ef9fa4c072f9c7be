//! From text to tree. What YAML allows and people get wrong is refused here: the same
//! key twice, tabs, tags, several documents, towers of brackets, floods of aliases.
//! Must never: use memory or stack beyond the bounds below, whatever it is fed.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::mask::{is_secret, qualified};
use crate::config::source::place::{Origin, Place, Places, Secrecy, Spot};
use crate::config::source::text::SourceText;
use crate::config::source::tree::{Entry, Node, Scalar, Style, Value};

/// How deep values may be nested; deeper is refused.
pub const MAX_DEPTH: usize = 64;
/// How many values a file may hold, aliases unfolded; more are refused.
pub const MAX_NODES: usize = 1_000_000;
/// How many aliases a file may use; more are refused.
pub const MAX_ALIASES: usize = 1_000;

/// The tree of one file.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The outermost value.
    pub root: Node,
    /// Where everything stands.
    pub places: Places,
}

/// Reads the text as one YAML document. The tree is there unless the text is broken;
/// duplicate keys and the like leave a tree, so that more mistakes can be found.
pub fn parse(text: &SourceText, problems: &mut Vec<Problem>) -> Option<Tree> {
    if let Some(tab) = tab_in_indentation(text.as_str()) {
        problems.push(
            Problem::new(Code::Syntax, "tab in the indentation").at_span(tab, "a tab").help("indent with spaces"),
        );
        return None;
    }
    let mut growing = Growing {
        text,
        parser: Parser::new_from_str(text.as_str()),
        places: Places::default(),
        anchors: HashMap::new(),
        aliases: 0,
        nodes: 0,
        problems,
    };
    match growing.document() {
        Ok(root) => Some(Tree { root, places: growing.places }),
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

fn tab_in_indentation(text: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        let only_blank = line.trim().is_empty();
        if let (false, Some(tab)) = (only_blank, line.get(..blank).and_then(|indent| indent.find('\t'))) {
            return Some(start + tab..start + tab + 1);
        }
        start += line.len();
    }
    None
}

/// A mistake after which nothing further can be read.
type Fatal = Box<Problem>;

/// What is known of the node around the next one.
#[derive(Clone)]
struct Around {
    parent: Option<Place>,
    step: String,
    /// The key in front of the value; what a block's caret points at.
    key: Option<Range<usize>>,
    /// The name of the key around this one, for `is_secret`.
    name: String,
    secrecy: Secrecy,
    depth: usize,
}

struct Growing<'t, 'p> {
    text: &'t SourceText,
    parser: Parser<'t, StrInput<'t>>,
    places: Places,
    anchors: HashMap<usize, (Node, usize)>,
    aliases: usize,
    nodes: usize,
    problems: &'p mut Vec<Problem>,
}

impl<'t> Growing<'t, '_> {
    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Fatal> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.bytes(span))),
            Some(Err(error)) => {
                let at = self.text.byte_of(error.marker().index());
                Err(Box::new(Problem::new(Code::Syntax, "not valid YAML").at_span(at..at, error.info().to_owned())))
            }
            None => Ok((Event::StreamEnd, self.text.as_str().len()..self.text.as_str().len())),
        }
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        let start = self.text.byte_of(span.start.index());
        start..self.text.byte_of(span.end.index()).max(start)
    }

    fn document(&mut self) -> Result<Node, Fatal> {
        let around = Around {
            parent: None,
            step: String::new(),
            key: None,
            name: String::new(),
            secrecy: Secrecy::Open,
            depth: 0,
        };
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    let problem = Problem::new(Code::NotInLanguage, "a second document in the file");
                    return Err(Box::new(problem.at_span(span, "begins here").help("one file is one configuration")));
                }
                Event::DocumentStart(_) => {}
                event => root = Some(self.node(event, span, around.clone())?),
            }
        }
        root.ok_or_else(|| Box::new(Problem::new(Code::Syntax, "the file is empty")))
    }

    fn node(&mut self, event: Event<'t>, span: Range<usize>, around: Around) -> Result<Node, Fatal> {
        self.count(1, &span)?;
        if around.depth > MAX_DEPTH {
            let message = format!("values are nested deeper than {MAX_DEPTH} levels");
            return Err(Box::new(Problem::new(Code::TooLarge, message).at_span(span, "here")));
        }
        let (anchor, tagged) = match &event {
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => (0, false),
        };
        if tagged {
            let problem = Problem::new(Code::NotInLanguage, "a YAML tag").at_span(span.clone(), "`!…`");
            self.problems.push(problem.help("tags have no meaning here; remove it"));
        }
        let before = self.nodes;
        let node = match event {
            Event::Scalar(text, style, _, _) => self.scalar(text.into_owned(), style, span, around),
            Event::SequenceStart(_, _) => self.list(span, around)?,
            Event::MappingStart(_, _) => self.map(span, around)?,
            Event::Alias(id) => self.alias(id, span)?,
            _ => return Err(Box::new(Problem::new(Code::Syntax, "not valid YAML").at_span(span, "unexpected"))),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, span: &Range<usize>) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in the file, aliases unfolded");
            return Err(Box::new(Problem::new(Code::TooLarge, message).at_span(span.clone(), "here")));
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, span: Range<usize>) -> Result<Node, Fatal> {
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            let message = format!("more than {MAX_ALIASES} aliases in the file");
            return Err(Box::new(Problem::new(Code::TooLarge, message).at_span(span, "here")));
        }
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            let problem = Problem::new(Code::NotInLanguage, "an alias inside its own anchor");
            return Err(Box::new(problem.at_span(span, "refers to what is around it")));
        };
        self.count(size, &span)?;
        Ok(node)
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, span: Range<usize>, around: Around) -> Node {
        let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Quoted };
        let bare = self.text.as_str().get(span.clone()).unwrap_or("").trim_end().len();
        let span = span.start..span.start + bare;
        let span = if span.is_empty() { around.key.clone().unwrap_or(span) } else { span };
        let place = self.place(span, around, bare > 0);
        Node { place, value: Value::Scalar(Scalar { text, style }) }
    }

    fn list(&mut self, span: Range<usize>, around: Around) -> Result<Node, Fatal> {
        let caret = around.key.clone().unwrap_or_else(|| self.text.first_line(span));
        let place = self.place(caret, around.clone(), false);
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Node { place, value: Value::List(items) });
            }
            let inside = Around {
                parent: Some(place),
                step: format!("[{}]", items.len()),
                key: None,
                depth: around.depth + 1,
                ..around.clone()
            };
            items.push(self.node(event, span, inside)?);
        }
    }

    fn map(&mut self, span: Range<usize>, around: Around) -> Result<Node, Fatal> {
        let caret = around.key.clone().unwrap_or_else(|| self.text.first_line(span));
        let place = self.place(caret, around.clone(), false);
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<String, Range<usize>> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Node { place, value: Value::Map(entries) }),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    let problem = Problem::new(Code::NotInLanguage, "a key that is not plain text");
                    return Err(Box::new(problem.at_span(span, "a key is a word")));
                }
            };
            if let (true, Some(spot)) = (entries.is_empty() && around.key.is_none(), self.places.spot_mut(place)) {
                spot.span = span.clone();
            }
            let secret = is_secret(&around.name, &key) || around.secrecy == Secrecy::Hidden;
            let inside = Around {
                parent: Some(place),
                step: format!(".{key}"),
                key: Some(span.clone()),
                name: qualified(&around.name, &key),
                secrecy: if secret { Secrecy::Hidden } else { Secrecy::Open },
                depth: around.depth + 1,
            };
            let key_around = Around { secrecy: Secrecy::Open, key: None, ..inside.clone() };
            let key_place = self.place(span.clone(), key_around, false);
            let (event, value_span) = self.next()?;
            // `secret: { hunter2 }`: braces too many make a key of what was a value.
            let nothing = matches!(&event, Event::Scalar(text, ..) if matches!(&**text, "" | "~"));
            let bare = around.secrecy == Secrecy::Hidden && nothing;
            if let (true, Some(spot)) = (bare, self.places.spot_mut(key_place)) {
                (spot.secrecy, spot.leaf) = (Secrecy::Hidden, true);
            }
            let node = self.node(event, value_span, inside)?;
            if let Some(first) = known.get(&key) {
                let problem = Problem::new(Code::DuplicateKey, format!("the key `{key}` is there twice"));
                let mut problem = problem.at_span(span, "again here").help("keep one of the two");
                problem.related.push(crate::config::problem::fact::Mark {
                    span: first.clone(),
                    path: self.places.path(key_place),
                    label: "first here".to_owned(),
                });
                self.problems.push(problem);
                continue;
            }
            known.insert(key.clone(), span);
            entries.push(Entry { key, key_place, node });
        }
    }

    fn place(&mut self, span: Range<usize>, around: Around, leaf: bool) -> Place {
        self.places.add(Spot {
            span,
            parent: around.parent,
            step: around.step,
            secrecy: around.secrecy,
            origin: Origin::Written,
            leaf,
        })
    }
}
