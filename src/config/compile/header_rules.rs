//! Header lines that a route changes, on requests besides the plan's own and on answers.
//! A route's own rule for a name wins over that of the defaults; two rules for one name
//! in one block are a mistake.

use http::HeaderName;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::header::Change;
use crate::config::compile::parts::Growing;
use crate::config::compile::template::Words;
use crate::config::document::forward::ForwardDocument;
use crate::config::document::named::Named;
use crate::config::document::traffic::ResponseDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::traffic::header::HeaderRules;
use crate::traffic::template::Template;

impl Compiler<'_> {
    /// What is added to and removed from requests. `guaranteed` are the names that the
    /// plan itself sets.
    pub fn request_rules(
        &mut self,
        written: &ForwardDocument,
        defaults: &ForwardDocument,
        words: &Words,
        guaranteed: &[HeaderName],
        growing: &mut Growing,
    ) -> HeaderRules {
        let inherited = words.for_defaults();
        let mut rules = HeaderRules::default();
        for (source, words) in [(written, words), (defaults, &inherited)] {
            let mut block: Vec<HeaderName> = Vec::new();
            for name in &source.remove {
                let Some(header) = self.request_header(name) else { continue };
                if self.is_new(name, &header, &mut block) && self.is_free(name, &header, guaranteed) {
                    rules.remove.push(header);
                }
            }
            for (name, value) in source.add.iter() {
                let Some(header) = self.request_header(name) else { continue };
                let fits = self.is_new(name, &header, &mut block) && self.is_free(name, &header, guaranteed);
                if let (true, Some(template)) = (fits, self.template(value, words, &mut growing.kept)) {
                    rules.add.push((header, template));
                }
            }
        }
        rules
    }

    /// What becomes of the header lines of answers.
    pub fn response_rules(
        &mut self,
        written: &ResponseDocument,
        defaults: &ResponseDocument,
        words: &Words,
        growing: &mut Growing,
    ) -> HeaderRules {
        let mut rules = self.response_block(written, words, growing);
        let own: Vec<HeaderName> = names(&rules);
        let mut inherited = self.response_block(defaults, &words.for_defaults(), growing);
        inherited.remove.retain(|name| !own.contains(name));
        inherited.set.retain(|(name, _)| !own.contains(name));
        inherited.add.retain(|(name, _)| !own.contains(name));
        rules.remove.append(&mut inherited.remove);
        rules.set.append(&mut inherited.set);
        rules.add.append(&mut inherited.add);
        rules
    }

    fn response_block(&mut self, written: &ResponseDocument, words: &Words, growing: &mut Growing) -> HeaderRules {
        let mut block: Vec<HeaderName> = Vec::new();
        let mut remove = Vec::new();
        for name in &written.remove {
            let Some(header) = self.answer_header(name, Change::Remove) else { continue };
            if self.is_new(name, &header, &mut block) {
                remove.push(header);
            }
        }
        let set = self.valued(&written.headers, Change::Set, words, &mut block, growing);
        let add = self.valued(&written.add, Change::Add, words, &mut block, growing);
        HeaderRules { remove, set, add }
    }

    fn valued(
        &mut self,
        written: &Named<At<String>>,
        change: Change,
        words: &Words,
        block: &mut Vec<HeaderName>,
        growing: &mut Growing,
    ) -> Vec<(HeaderName, Template)> {
        let mut out = Vec::new();
        for (name, value) in written.iter() {
            let Some(header) = self.answer_header(name, change) else { continue };
            let new = self.is_new(name, &header, block);
            if let (true, Some(template)) = (new, self.template(value, words, &mut growing.kept)) {
                out.push((header, template));
            }
        }
        out
    }

    /// Whether a block has no rule for that name yet.
    fn is_new(&mut self, written: &At<String>, header: &HeaderName, block: &mut Vec<HeaderName>) -> bool {
        if block.contains(header) {
            let message = format!("two rules for the header `{written}`");
            self.wrong(Code::Combination, written.place, message, "again here");
            return false;
        }
        block.push(header.clone());
        true
    }

    /// Whether the plan leaves that name alone.
    fn is_free(&mut self, written: &At<String>, header: &HeaderName, guaranteed: &[HeaderName]) -> bool {
        if guaranteed.contains(header) {
            let message = format!("the gateway guarantees the header `{written}` on this route");
            self.wrong(Code::Combination, written.place, message, "an identity header, or set");
            return false;
        }
        true
    }
}

fn names(rules: &HeaderRules) -> Vec<HeaderName> {
    let valued = rules.set.iter().chain(&rules.add).map(|(name, _)| name);
    rules.remove.iter().chain(valued).cloned().collect()
}
