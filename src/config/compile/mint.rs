//! Tokens for a backend: those that are made, the secret parsed once and the claims checked
//! against what is known of a caller, and those that the backend itself gave to users.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::issuer::{Authority, Kind};
use crate::config::document::forward::{MintDocument, UserTokenDocument};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::vocabulary::BRIDGE;
use crate::snapshot::{Mint, Template, UserTokens};
use crate::token::key::KeyMaterial;
use crate::token::ring::SigningKey;

impl Compiler<'_> {
    /// What is minted for a backend.
    pub fn mint(&mut self, written: Option<&At<MintDocument>>) -> Option<Arc<Mint>> {
        let document = &written?.value;
        let secret = document.secret.value.0.expose().as_bytes();
        let key = KeyMaterial::from_hs_secret(secret).and_then(|material| SigningKey::parse(&material));
        let claims = self.shape(&document.claims, BRIDGE);
        let lifetime = document.lifetime.as_ref().map_or(Seconds(300), |span| span.value.seconds());
        match key {
            Ok(key) => Some(Arc::new(Mint { key, lifetime, claims })),
            Err(error) => {
                let message = format!("the secret cannot be used: {error}");
                self.wrong(Code::BadKey, document.secret.place, message, "this secret");
                None
            }
        }
    }

    /// The backend's own tokens of users, as whole values of their header.
    pub fn user_tokens(
        &mut self,
        written: Option<&At<UserTokenDocument>>,
        issuers: &[Authority],
        identity: &[(HeaderName, Template)],
    ) -> Option<Arc<UserTokens>> {
        let at = written?;
        let header = match &at.value.header {
            Some(name) => self.header_name(name)?,
            None => AUTHORIZATION,
        };
        if identity.iter().any(|(name, _)| *name == header) {
            let message = format!("`{header}` is an identity header too");
            self.wrong(Code::Combination, at.place, message, "choose another name");
        }
        let scheme = match (&at.value.scheme, header == AUTHORIZATION) {
            (Some(scheme), _) => format!("{scheme} "),
            (None, true) => "Bearer ".to_owned(),
            (None, false) => String::new(),
        };
        let scheme = scheme.trim_start();
        let stores = issuers.iter().map(|issuer| match &issuer.kind {
            Kind::Ours(own) => Some(own.issuer.name.clone()),
            Kind::Foreign(_) => None,
        });
        let stores = stores.collect();
        let mut values = HashMap::new();
        for (profile, own) in issuers.iter().enumerate().filter_map(|(index, issuer)| match &issuer.kind {
            Kind::Ours(own) => Some((index, own)),
            Kind::Foreign(_) => None,
        }) {
            for (subject, token) in &own.user_tokens {
                let key = (profile, subject.clone());
                let Some(token) = token else {
                    values.insert(key, None);
                    continue;
                };
                match HeaderValue::from_str(&format!("{scheme}{}", token.expose())) {
                    Ok(mut value) => {
                        value.set_sensitive(true);
                        values.insert(key, Some(value));
                    }
                    Err(_) => {
                        let message = "a user's `backend_token` cannot stand in a header";
                        self.wrong(Code::WrongValue, at.place, message, "expected visible ASCII");
                    }
                }
            }
        }
        Some(Arc::new(UserTokens { header, scheme: scheme.into(), values, stores }))
    }
}
