//! Problems on paper: with carets for people, as JSON for scripts, as annotations for
//! GitHub. All three show the masked text only, and count positions in the original.

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use crate::config::problem::code::Severity;
use crate::config::problem::fact::{Mark, Problem, Problems, Shown};

/// How problems are written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// With carets.
    Human(Paint),
    /// One JSON array.
    Json,
    /// GitHub's workflow commands.
    Github,
}

/// Whether carets have colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    /// For a terminal.
    Colour,
    /// For everything else.
    Plain,
}

/// All problems in that format; empty for none in the formats for people.
pub fn render(problems: &Problems, format: Format) -> String {
    match format {
        Format::Human(paint) => problems.list.iter().map(|problem| human(problems, problem, paint) + "\n\n").collect(),
        Format::Json => {
            let list: Vec<_> = problems.list.iter().map(|problem| as_json(problems, problem)).collect();
            format!("{:#}\n", serde_json::Value::Array(list))
        }
        Format::Github => problems.list.iter().map(|problem| github(problems, problem) + "\n").collect(),
    }
}

impl std::fmt::Display for Problems {
    /// As `check` shows them on paper: with carets, without colours.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&render(self, Format::Human(Paint::Plain)))
    }
}

fn human(problems: &Problems, problem: &Problem, paint: Paint) -> String {
    let level = match problem.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let (file, shown) = problems.source(problem);
    let name = file.display().to_string();
    let mut group = Group::with_title(level.primary_title(problem.message.as_str()).id(problem.code.as_str()));
    group = match (&problem.mark, shown) {
        (Some(mark), Some(shown)) => {
            let marks = problem.related.iter().map(|mark| (AnnotationKind::Context, mark));
            let annotations = std::iter::once((AnnotationKind::Primary, mark)).chain(marks);
            let position = shown.source.position(mark.span.start);
            let origin = Origin::path(name).line(position.line).char_column(position.column);
            group.element(origin).element(
                Snippet::source(shown.masked.text.as_str())
                    .annotations(annotations.map(|(kind, mark)| annotation(shown, kind, mark))),
            )
        }
        (_, _) => group.element(Origin::path(name)),
    };
    let help = problem.help.iter().map(|help| Element::from(Level::HELP.message(help.as_str())));
    let notes = problem.notes.iter().map(|note| Element::from(Level::NOTE.message(note.as_str())));
    group = group.elements(help.chain(notes));
    let renderer = match paint {
        Paint::Colour => Renderer::styled(),
        Paint::Plain => Renderer::plain(),
    };
    let text = renderer.render(&[group]);
    // The origin is given apart, since the masked line's own columns would be wrong; the
    // library then marks the snippet as one without a name, which says nothing here.
    text.lines().filter(|line| !is_nameless(line)).collect::<Vec<_>>().join("\n")
}

/// True for the line above a snippet that has no name: `:::`, perhaps in colours.
fn is_nameless(line: &str) -> bool {
    let mut bare = String::new();
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    bare.trim() == ":::"
}

fn annotation<'a>(shown: &Shown, kind: AnnotationKind, mark: &'a Mark) -> Annotation<'a> {
    let span = shown.masked.moved(shown.source.as_str(), mark.span.clone());
    let label = (!mark.label.is_empty()).then_some(mark.label.as_str());
    kind.span(span).label(label)
}

fn as_json(problems: &Problems, problem: &Problem) -> serde_json::Value {
    let (file, shown) = problems.source(problem);
    let place = |mark: &Mark| {
        let ends = shown.map(|shown| (shown.source.position(mark.span.start), shown.source.position(mark.span.end)));
        json!({
            "line": ends.map(|(start, _)| start.line),
            "column": ends.map(|(start, _)| start.column),
            "end_line": ends.map(|(_, end)| end.line),
            "end_column": ends.map(|(_, end)| end.column),
            "path": mark.path,
            "label": mark.label,
        })
    };
    json!({
        "code": problem.code.as_str(),
        "severity": problem.severity().as_str(),
        "message": problem.message,
        "file": file.display().to_string(),
        "at": problem.mark.as_ref().map(place),
        "related": problem.related.iter().map(place).collect::<Vec<_>>(),
        "help": problem.help,
        "notes": problem.notes,
    })
}

fn github(problems: &Problems, problem: &Problem) -> String {
    let (file, shown) = problems.source(problem);
    let position = match (&problem.mark, shown) {
        (Some(mark), Some(shown)) => {
            let at = shown.source.position(mark.span.start);
            format!(",line={},col={}", at.line, at.column)
        }
        (_, _) => String::new(),
    };
    let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    let file = property(&file.display().to_string());
    let (severity, code) = (problem.severity().as_str(), problem.code.as_str());
    format!("::{severity} file={file}{position},title={code}::{}", data(&format!("{}{help}", problem.message)))
}

/// Escapes what ends a workflow command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what ends a workflow command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
