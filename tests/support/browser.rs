//! A person at a browser, without a browser: a jar of cookies, forms that are filled in
//! and sent as they stand on the page, redirects that are followed while they stay on the
//! gateway. `curl` speaks, so TLS and the gateway's own HTTP are real.

use std::collections::BTreeMap;

use crate::support::http::{Answer, curl};

/// One browser.
pub struct Browser {
    /// `https://127.0.0.1:PORT`.
    pub base: String,
    /// Its cookies.
    pub jar: BTreeMap<String, String>,
    /// The page it shows.
    pub page: Answer,
    /// Where that page is: a path, or a whole URL once it was sent away.
    pub place: String,
}

/// Redirects that one click may follow.
const MAX_REDIRECTS: usize = 5;

impl Browser {
    /// A browser that has been nowhere.
    pub fn new(base: &str) -> Browser {
        let page = Answer { status: 0, head: String::new(), body: String::new() };
        Browser { base: base.to_owned(), jar: BTreeMap::new(), page, place: String::new() }
    }

    /// Another window of the same browser, on the same page.
    pub fn twin(&self) -> Browser {
        let page = Answer { status: self.page.status, head: self.page.head.clone(), body: self.page.body.clone() };
        Browser { base: self.base.clone(), jar: self.jar.clone(), page, place: self.place.clone() }
    }

    /// Opens a path of the gateway.
    pub fn open(&mut self, path: &str) -> &Answer {
        self.go(path, None, &[])
    }

    /// Fills in the fields that are named and sends the form with that action as it
    /// stands on the page, as if the button named last was pressed.
    pub fn send(&mut self, action: &str, fields: &[(&str, &str)]) -> &Answer {
        let mut all = self.hidden(action);
        all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(action, &all, &[])
    }

    /// Sends a form that stands on no page, with further headers.
    pub fn post(&mut self, action: &str, fields: &[(String, String)], headers: &[&str]) -> &Answer {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.go(action, Some(body.join("&")), headers)
    }

    /// Signs in on the page it shows.
    pub fn sign_in(&mut self, name: &str, password: &str) -> &Answer {
        let action = self.action("sign_in");
        self.send(&action, &[("username", name), ("password", password)])
    }

    /// The hidden fields of the form with that action, in order.
    pub fn hidden(&self, action: &str) -> Vec<(String, String)> {
        let form = self.page.body.split("<form").find(|form| form.contains(&format!("action=\"{action}\"")));
        let form = form.unwrap_or_else(|| panic!("no form for {action} in\n{}", self.page.body));
        let form = form.split("</form>").next().unwrap_or("");
        let inputs = form.split("<input").filter(|input| input.contains("type=\"hidden\""));
        inputs.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
    }

    /// The action of the first form that ends so.
    pub fn action(&self, end: &str) -> String {
        let mut actions = self.page.body.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let found = actions.find(|action| action.ends_with(end));
        found.unwrap_or_else(|| panic!("no form for {end} in\n{}", self.page.body)).to_owned()
    }

    /// The value of a parameter in the address it was sent to.
    pub fn told(&self, name: &str) -> Option<String> {
        let query = self.place.split_once('?')?.1;
        let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name)?;
        Some(decoded(pair.1))
    }

    fn go(&mut self, path: &str, body: Option<String>, headers: &[&str]) -> &Answer {
        let (mut path, mut body) = (path.to_owned(), body);
        for _ in 0..MAX_REDIRECTS {
            let answer = self.fetch(&path, body.take(), headers);
            self.keep_cookies(&answer);
            let location = answer.header("location").map(str::to_owned);
            self.place = path.clone();
            self.page = answer;
            match location {
                None => return &self.page,
                Some(away) if away.starts_with('/') => path = away,
                Some(away) => match away.strip_prefix(&self.base) {
                    Some(own) => path = own.to_owned(),
                    None => {
                        self.place = away;
                        return &self.page;
                    }
                },
            }
        }
        panic!("too many redirects, the last to {path}")
    }

    fn fetch(&self, path: &str, body: Option<String>, headers: &[&str]) -> Answer {
        let url = format!("{}{path}", self.base);
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = format!("Cookie: {}", cookies.join("; "));
        let mut arguments: Vec<&str> = vec![&url];
        if !self.jar.is_empty() {
            arguments.extend(["-H", &cookies]);
        }
        if let Some(body) = &body {
            arguments.extend(["--data-raw", body]);
        }
        for header in headers {
            arguments.extend(["-H", header]);
        }
        curl(&arguments)
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (pair, rest) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a value");
            if rest.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
    value.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'")
}

fn encoded(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn decoded(value: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), value.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
