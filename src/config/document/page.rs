//! What the pages of an issuer say and look like, and how long people stay signed in, as
//! it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::source::at::At;

/// How long people stay signed in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Session")]
pub struct SessionDocument {
    /// In all, from the sign-in on; default 12h.
    pub lifetime: Option<At<TimeSpan>>,
    /// Without a visit; default 30m.
    pub idle: Option<At<TimeSpan>>,
}

/// What the pages say and look like. There are no templates: a consent page that can be
/// rewritten is a phishing kit.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Branding")]
pub struct BrandingDocument {
    /// Your name, at the head of every page; default the host of the url.
    pub name: Option<At<String>>,
    /// Your colour as "#rrggbb"; text in it and on it is made legible.
    pub colour: Option<At<String>>,
    /// A sentence under the sign-in form.
    pub notice: Option<At<String>>,
    /// Address of your terms of use.
    pub terms: Option<At<String>>,
    /// Address of your privacy statement.
    pub privacy: Option<At<String>>,
    /// Address where people get help.
    pub support: Option<At<String>>,
}
