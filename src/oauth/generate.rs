//! Making a client: at boot where the issuer says so, or from the command line. Pure;
//! whoever calls decides where it is kept and is the only one who ever shows the
//! secret, once.

use std::collections::BTreeMap;

use crate::oauth::client::{Client, ClientSecret, Origin, UrlSecrets};
use crate::oauth::issuer::{GenerateClient, SecretForm};
use crate::random::{Random, bytes};
use crate::token::id::ClientId;
use crate::token::opaque;
use crate::token::secret::Secret;

/// A confidential client as the settings say, with a fresh id and secret.
pub fn generate_client(settings: &GenerateClient, random: &dyn Random) -> (Client, Secret) {
    let secret = client_secret(settings.secret, random);
    let client = Client {
        id: client_id(random),
        display_name: Some("generated at start".to_owned()),
        secrets: vec![ClientSecret { digest: secret.digest(), slot: 0 }],
        keys: None,
        grants: settings.grants.clone(),
        scopes: settings.scopes.clone(),
        bots: Vec::new(),
        fields: BTreeMap::new(),
        secrets_in_url: UrlSecrets::Served,
        application: Default::default(),
        disabled: false,
        origin: Origin::Store,
    };
    (client, secret)
}

/// A fresh secret of a client.
pub fn client_secret(form: SecretForm, random: &dyn Random) -> Secret {
    match form {
        SecretForm::Standard => opaque::mint(opaque::CLIENT_SECRET_PREFIX, random),
        SecretForm::Uuid => Secret::new(uuid(random)),
    }
}

/// A fresh client id.
pub fn client_id(random: &dyn Random) -> ClientId {
    ClientId::new(uuid(random))
}

/// A random UUID (RFC 9562 §5.4).
fn uuid(random: &dyn Random) -> String {
    let mut uuid = bytes::<16>(random);
    uuid[6] = uuid[6] & 0x0F | 0x40;
    uuid[8] = uuid[8] & 0x3F | 0x80;
    let digits: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::{client_id, generate_client};
    use crate::oauth::client::GrantKind;
    use crate::oauth::issuer::{GenerateClient, SecretForm};
    use crate::random::SeededRandom;
    use crate::token::scope::Scopes;

    #[test]
    fn an_id_is_a_version_4_uuid() {
        let random = SeededRandom::new(3);
        for _ in 0..64 {
            let id = client_id(&random);
            let text = id.as_str();
            assert_eq!((text.len(), &text[14..15]), (36, "4"), "{text}");
            assert!("89ab".contains(&text[19..20]), "{text}");
            assert!(text.match_indices('-').map(|(at, _)| at).eq([8, 13, 18, 23]), "{text}");
        }
    }

    #[test]
    fn a_generated_client_keeps_only_a_digest() {
        let scopes = Scopes::parse("a b").unwrap();
        let secret = SecretForm::Standard;
        let settings = GenerateClient { keep: true, grants: vec![GrantKind::Password], scopes, secret };
        let (client, secret) = generate_client(&settings, &SeededRandom::new(4));
        assert!(client.secrets[0].digest == secret.digest());
        assert_eq!((&client.grants, &client.scopes), (&settings.grants, &settings.scopes));
        assert!(secret.expose().starts_with("tgs_"));
        let settings = GenerateClient { secret: SecretForm::Uuid, ..settings };
        let (client, secret) = generate_client(&settings, &SeededRandom::new(4));
        assert_eq!((secret.expose().len(), client.id.as_str().len()), (36, 36));
        assert_ne!(secret.expose(), client.id.as_str());
    }
}
