-- Version 6: bots of clients, what clients of old systems need besides, and the
-- backend's own tokens of users.

-- An identity of a client, which the file or the store has. Without `scopes` it has all
-- that its client may ask for.
CREATE TABLE bot (
  issuer  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  client  TEXT    NOT NULL,
  scopes  TEXT,
  fields  TEXT    NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (issuer, id)
) WITHOUT ROWID;
CREATE INDEX bot_by_client ON bot (issuer, client);

ALTER TABLE client ADD COLUMN fields         TEXT NOT NULL DEFAULT '{}';
ALTER TABLE client ADD COLUMN secrets_in_url TEXT NOT NULL DEFAULT 'served';
-- Public keys by which it signs assertions, as a JWK Set.
ALTER TABLE client ADD COLUMN jwks           TEXT;
-- An application's key is a secret that names its client.
CREATE INDEX client_secret_by_digest ON client_secret (issuer, digest);

-- What the backend itself knows a user by: sealed under the store key where there is one.
ALTER TABLE user ADD COLUMN backend_token BLOB;
