//! The columns of a client that matter only where it sends people here: kept beside the
//! others of its row, read and written apart from them.

use rusqlite::{Connection, Row, params};

use crate::oauth::client::{Application, Approval, ConsentRule, PkceRule};
use crate::oauth::redirect::RedirectUri;
use crate::store::column::damaged;
use crate::token::id::{ClientId, IssuerName, Subject};

/// Reads seven columns from number `first` on: description, redirect_uris, logout_uris,
/// pkce, consent, owner, waiting.
pub fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Application> {
    let (uris, logout): (String, String) = (row.get(first + 1)?, row.get(first + 2)?);
    let uris = uris.lines().map(RedirectUri::parse).collect::<Result<Vec<_>, _>>();
    let pkce = match row.get::<_, Option<String>>(first + 3)?.as_deref() {
        None => None,
        Some("required") => Some(PkceRule::Required),
        Some("optional") => Some(PkceRule::Optional),
        Some(_) => return Err(damaged(first + 3, "a rule of PKCE")),
    };
    let consent = match row.get::<_, String>(first + 4)?.as_str() {
        "ask" => ConsentRule::Ask,
        "skip" => ConsentRule::Skip,
        _ => return Err(damaged(first + 4, "a rule of consent")),
    };
    let waiting: bool = row.get(first + 6)?;
    Ok(Application {
        description: row.get(first)?,
        redirect_uris: uris.map_err(|_| damaged(first + 1, "redirect URIs"))?,
        post_logout_redirect_uris: logout.lines().map(str::to_owned).collect(),
        pkce,
        consent,
        owner: row.get::<_, Option<String>>(first + 5)?.map(Subject::new),
        approval: if waiting { Approval::Waiting } else { Approval::Approved },
    })
}

/// Writes them for a client that is there.
pub fn write(
    connection: &Connection,
    issuer: &IssuerName,
    id: &ClientId,
    application: &Application,
) -> rusqlite::Result<()> {
    let uris: Vec<&str> = application.redirect_uris.iter().map(RedirectUri::as_str).collect();
    let pkce = application.pkce.map(|rule| match rule {
        PkceRule::Required => "required",
        PkceRule::Optional => "optional",
    });
    let consent = match application.consent {
        ConsentRule::Ask => "ask",
        ConsentRule::Skip => "skip",
    };
    let sql = "UPDATE client SET description = ?3, redirect_uris = ?4, logout_uris = ?5, pkce = ?6, consent = ?7,
                                 owner = ?8, waiting = ?9
               WHERE issuer = ?1 AND id = ?2";
    connection
        .execute(
            sql,
            params![
                issuer.as_str(),
                id.as_str(),
                application.description,
                uris.join("\n"),
                application.post_logout_redirect_uris.join("\n"),
                pkce,
                consent,
                application.owner.as_ref().map(Subject::as_str),
                application.approval == Approval::Waiting,
            ],
        )
        .map(|_| ())
}
