//! What the authority answers at each of its URLs.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use instant_acme::CertificateIdentifier;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tollgate::clock::UnixTime;

use crate::acme_authority::Shared;
use crate::acme_authority::books::{Books, Fault, Name, Order, State};
use crate::acme_authority::jws::{Signed, decoded, is_bound, malformed, verify};
use crate::acme_authority::look;
use crate::acme_authority::wire::{Asked, Told};

/// Seconds of a day.
const DAY: u64 = 86_400;

impl Shared {
    /// Answers one request; what is not as it should be is written down.
    pub(super) fn answer(self: &Arc<Shared>, asked: &Asked) -> Told {
        let told = self.judge(asked).unwrap_or_else(|fault| {
            if fault.kind == "malformed" {
                let what = format!("{} {}: {}", asked.method, asked.path, fault.detail);
                self.books().faults.push(what);
            }
            let lines = fault.retry_after.map(|wait| format!("Retry-After: {wait}\r\n")).unwrap_or_default();
            let status = if fault.kind == "rateLimited" { 429 } else { 400 };
            Told { status, lines, body: fault.document().to_string() }
        });
        self.moved.notify_all();
        told
    }

    pub(super) fn nonce(&self) -> String {
        let nonce = drawn();
        self.books().nonces.insert(nonce.clone());
        nonce
    }

    fn judge(self: &Arc<Shared>, asked: &Asked) -> Result<Told, Fault> {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/directory") => {
                let mut directory = json!({
                    "newNonce": self.url("/nonce"), "newAccount": self.url("/account"), "newOrder": self.url("/order"),
                    "revokeCert": self.url("/revoke"), "keyChange": self.url("/rollover"),
                });
                if self.books().script.advice.is_some() {
                    directory["renewalInfo"] = json!(self.url("/advice"));
                }
                return Ok(told(200, &directory));
            }
            ("GET", path) if path.starts_with("/advice/") => return self.advice(path),
            ("HEAD", "/nonce") => return Ok(told(200, &Value::Null)),
            ("POST", _) => {}
            _ => return Err(malformed("no such thing")),
        }
        let (url, prefix) = (self.url(&asked.path), self.url("/account/"));
        let signed = verify(asked, &url, &prefix, &mut self.books())?;
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match parts[..] {
            ["account"] => self.new_account(&signed),
            ["account", _] => {
                self.books().contacts.push(signed.payload["contact"].clone());
                Ok(told(200, &json!({ "status": "valid" })))
            }
            ["order"] => self.new_order(&signed),
            ["order", order] => self.with(order, |_, order, number| Ok(told(200, &self.order(order, number)))),
            ["authorization", order, name] => {
                self.with(order, |_, order, number| Ok(told(200, &self.authorization(order, number, name)?)))
            }
            ["challenge", order, name] => self.challenge(order, name, &signed),
            ["finalize", order] => self.finalize(order, &signed),
            ["certificate", order] => self.with(order, |_, order, _| {
                let chain = order.chain.clone().ok_or_else(|| malformed("nothing was signed"))?;
                Ok(Told { status: 200, lines: String::new(), body: chain })
            }),
            _ => Err(malformed("no such thing")),
        }
    }

    /// When a certificate should be renewed, if it is one of ours.
    fn advice(&self, path: &str) -> Result<Told, Fault> {
        let books = self.books();
        let (from, until) = books.script.advice.ok_or_else(|| malformed("no advice is given"))?;
        if !is_ours(path.trim_start_matches("/advice/"), &books) {
            return Err(malformed("not a certificate of ours"));
        }
        let window = json!({ "start": UnixTime(from).to_string(), "end": UnixTime(until).to_string() });
        let body = json!({ "suggestedWindow": window, "explanationURL": "https://ca.example/why" });
        Ok(Told { lines: "Retry-After: 21600\r\n".to_owned(), ..told(200, &body) })
    }

    fn new_account(&self, signed: &Signed) -> Result<Told, Fault> {
        let mut books = self.books();
        if signed.payload["termsOfServiceAgreed"] != true {
            return Err(malformed("the terms are not agreed to"));
        }
        if let Some(external) = &books.script.external
            && !is_bound(&signed.payload["externalAccountBinding"], &signed.key, &self.url("/account"), external)
        {
            let detail = "an external account is required".to_owned();
            return Err(Fault { kind: "externalAccountRequired", detail, retry_after: None });
        }
        let number = (books.accounts.len() + 1).to_string();
        books.contacts.push(signed.payload["contact"].clone());
        books.accounts.insert(number.clone(), signed.key.clone());
        let location = format!("Location: {}\r\n", self.url(&format!("/account/{number}")));
        Ok(Told { lines: location, ..told(201, &json!({ "status": "valid" })) })
    }

    fn new_order(&self, signed: &Signed) -> Result<Told, Fault> {
        let mut books = self.books();
        if let Some(fault) = books.script.refusals.pop_front() {
            return Err(fault);
        }
        let replaces = signed.payload.get("replaces").cloned();
        if replaces.as_ref().is_some_and(|replaced| !is_ours(replaced.as_str().unwrap_or_default(), &books)) {
            return Err(malformed("replaces a certificate that is not ours"));
        }
        let names = signed.payload["identifiers"].as_array().cloned().unwrap_or_default();
        let names = names.iter().filter_map(|name| name["value"].as_str());
        let names = names.map(|name| Name { name: name.to_owned(), token: drawn(), state: State::Pending });
        let order = Order {
            account: signed.account.clone().unwrap_or_default(),
            names: names.collect(),
            chain: None,
            replaces,
        };
        let number = books.orders.len();
        let body = self.order(&order, number);
        books.orders.push(order);
        let location = format!("Location: {}\r\n", self.url(&format!("/order/{number}")));
        Ok(Told { lines: location, ..told(201, &body) })
    }

    /// Does something with an order.
    fn with(
        &self,
        number: &str,
        act: impl FnOnce(&Value, &Order, usize) -> Result<Told, Fault>,
    ) -> Result<Told, Fault> {
        let number: usize = number.parse().map_err(|_| malformed("no number"))?;
        let books = self.books();
        let order = books.orders.get(number).cloned().ok_or_else(|| malformed("no such order"))?;
        let key = books.accounts.get(&order.account).cloned().unwrap_or_default();
        drop(books);
        act(&key, &order, number)
    }

    fn order(&self, order: &Order, number: usize) -> Value {
        let names: Vec<Value> = order.names.iter().map(|name| json!({ "type": "dns", "value": name.name })).collect();
        let authorizations: Vec<String> =
            (0..order.names.len()).map(|index| self.url(&format!("/authorization/{number}/{index}"))).collect();
        let mut body = json!({
            "status": order.word(), "identifiers": names, "authorizations": authorizations,
            "finalize": self.url(&format!("/finalize/{number}")),
        });
        if let Some(replaced) = &order.replaces {
            body["replaces"] = replaced.clone();
        }
        if order.chain.is_some() {
            body["certificate"] = json!(self.url(&format!("/certificate/{number}")));
        }
        body
    }

    fn authorization(&self, order: &Order, number: usize, index: &str) -> Result<Value, Fault> {
        let name = index.parse::<usize>().ok().and_then(|index| order.names.get(index));
        let name = name.ok_or_else(|| malformed("no such name"))?;
        let status = if name.state == State::Processing { "pending" } else { name.state.word() };
        let decoy = json!({ "type": "dns-01", "url": self.url("/nowhere"), "token": drawn(), "status": "pending" });
        Ok(json!({
            "status": status, "identifier": { "type": "dns", "value": name.name },
            "challenges": [decoy, self.shown(name, number, index)],
        }))
    }

    fn shown(&self, name: &Name, number: usize, index: &str) -> Value {
        let mut challenge = json!({
            "type": self.books().script.challenge, "url": self.url(&format!("/challenge/{number}/{index}")),
            "token": name.token, "status": name.state.word(),
        });
        if let State::Invalid(why) = &name.state {
            challenge["error"] = Fault { kind: "unauthorized", detail: why.clone(), retry_after: None }.document();
        }
        challenge
    }

    /// Sends somebody to look, who may take his time.
    fn challenge(self: &Arc<Shared>, order: &str, index: &str, signed: &Signed) -> Result<Told, Fault> {
        let shared = Arc::clone(self);
        let at: usize = index.parse().map_err(|_| malformed("no number"))?;
        self.with(order, |key, order, number| {
            let mut name = order.names.get(at).cloned().ok_or_else(|| malformed("no such name"))?;
            if !signed.payload.is_object() || *key != signed.key {
                return Err(malformed("not by the order's account, or without a word"));
            }
            name.state = State::Processing;
            self.books().orders[number].names[at].state = State::Processing;
            let (key, looked) = (key.clone(), name.clone());
            std::thread::spawn(move || shared.look(&key, &looked, number, at));
            Ok(told(200, &self.shown(&name, number, index)))
        })
    }

    /// Looks for the proof where the name leads.
    fn look(&self, key: &Value, name: &Name, order: usize, index: usize) {
        let mut books = self.books();
        while books.targets.is_none() || books.script.hold {
            books = self.moved.wait(books).expect("not poisoned");
        }
        books.looks += 1;
        let (targets, challenge) = (books.targets, books.script.challenge);
        drop(books);
        let Some((clear, tls)) = targets else { return };
        let found = proven(key, name, challenge, clear, tls);
        self.books().orders[order].names[index].state = match found {
            Ok(()) => State::Valid,
            Err(why) => State::Invalid(why),
        };
        self.moved.notify_all();
    }

    /// Signs what was proven.
    fn finalize(&self, order: &str, signed: &Signed) -> Result<Told, Fault> {
        let request = decoded(&signed.payload["csr"]).map_err(malformed)?;
        self.with(order, |_, order, number| {
            if order.word() != "ready" {
                return Err(malformed(format!("the order is {}", order.word())));
            }
            let names: Vec<String> = order.names.iter().map(|name| name.name.clone()).collect();
            let mut books = self.books();
            let (before, after) = books.script.lives.pop_front().unwrap_or((DAY, 89 * DAY));
            let now = self.clock.now().0;
            let leaf = self.signer.sign(&request, &names, (now - before, now + after)).map_err(malformed)?;
            books.issued.push(CertificateDer::from_pem_slice(leaf.as_bytes()).expect("PEM"));
            books.orders[number].chain = Some(leaf + &self.signer.pem());
            let body = self.order(&books.orders[number], number);
            Ok(told(200, &body))
        })
    }
}

/// Whether a certificate was signed here.
fn is_ours(identifier: &str, books: &Books) -> bool {
    let of = |certificate| CertificateIdentifier::try_from(certificate).map(|id| id.to_string());
    books.issued.iter().any(|certificate| of(certificate).as_deref() == Ok(identifier))
}

/// Whether the name is proven (RFC 8555 §8.1: the token and the thumbprint of the key).
fn proven(key: &Value, name: &Name, challenge: &str, clear: SocketAddr, tls: SocketAddr) -> Result<(), String> {
    let part = |part: &str| key[part].as_str().unwrap_or_default();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, part("x"), part("y"));
    let expected = format!("{}.{}", name.token, BASE64.encode(digest(&SHA256, canonical.as_bytes())));
    match challenge {
        "http-01" => look::by_text(clear, &name.name, &name.token, &expected),
        _ => look::by_handshake(tls, &name.name, &expected),
    }
}

fn told(status: u16, body: &Value) -> Told {
    let lines = "Content-Type: application/json\r\n".to_owned();
    Told { status, lines, body: if body.is_null() { String::new() } else { body.to_string() } }
}

/// Something that nobody guesses.
fn drawn() -> String {
    let mut drawn = [0; 16];
    aws_lc_rs::rand::fill(&mut drawn).expect("chance");
    BASE64.encode(drawn)
}
