//! Tokens that are made for a backend: the secret parsed once, the claims checked against
//! what is known of a caller.

use std::sync::Arc;

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::document::forward::MintDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::vocabulary::BRIDGE;
use crate::snapshot::Mint;
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
}
