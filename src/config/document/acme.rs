//! `acme:` of a listener's `tls:` as it is written. What has no default is what only the
//! operator can say: the names, and that he agrees to the authority's terms.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::source::at::At;

/// A certificate that the gateway gets and renews by itself, from an authority that speaks ACME (RFC 8555).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Acme")]
pub struct AcmeDocument {
    /// Host names that it is for, without wildcards; the first one names it in logs and metrics.
    pub names: At<OneOrMany>,
    /// Whether you agree to the authority's terms of service; has to be said.
    pub terms_agreed: Option<At<bool>>,
    /// E-mail addresses that the authority may write to; default none.
    pub contact: Option<At<OneOrMany>>,
    /// URL of the authority's directory; default Let's Encrypt's.
    pub directory: Option<At<String>>,
    /// How the names are proven; default tls-alpn-01, which needs this listener on port 443. http-01 needs one in clear text on port 80.
    pub challenge: Option<At<ChallengeName>>,
    /// Your account at an authority that asks for one.
    pub external_account: Option<At<ExternalAccountDocument>>,
    /// A PEM file with whom the directory's own TLS is believed by; default the public authorities.
    pub ca: Option<At<String>>,
}

/// How names are proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
pub enum ChallengeName {
    /// RFC 8555, section 8.3.
    #[serde(rename = "http-01")]
    Http01,
    /// RFC 8737.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// An account that an authority has for you already (RFC 8555, section 7.3.4).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ExternalAccount")]
pub struct ExternalAccountDocument {
    /// The key's name, as the authority has given it.
    pub key_id: At<String>,
    /// The HMAC key, in base64url.
    pub hmac_key: At<SecretText>,
}
