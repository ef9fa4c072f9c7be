-- Version 3: applications of people. Requests that wait for one, codes, what was agreed to, and what
-- applications need that send people here.

-- A request for authorization between two pages. Numbers only grow, so the oldest can
-- be forgotten by number.
CREATE TABLE pending (
  id           INTEGER PRIMARY KEY,
  number       BLOB    NOT NULL UNIQUE,
  issuer       TEXT    NOT NULL,
  browser      BLOB    NOT NULL,
  client       TEXT    NOT NULL,
  uri          TEXT    NOT NULL,
  uri_said     INTEGER NOT NULL,
  mode         TEXT    NOT NULL,
  state        TEXT,
  scope        TEXT,
  challenge    TEXT,
  method       TEXT,
  nonce        TEXT,
  prompt       TEXT    NOT NULL,
  login_hint   TEXT,
  max_age      INTEGER,
  stale        BLOB,
  expires      INTEGER NOT NULL
);
CREATE INDEX pending_ends ON pending (expires);

-- Codes, used ones included: a used one that comes back is a theft.
CREATE TABLE code (
  id        INTEGER PRIMARY KEY,
  digest    BLOB    NOT NULL UNIQUE,
  issuer    TEXT    NOT NULL,
  client    TEXT    NOT NULL,
  uri       TEXT    NOT NULL,
  uri_said  INTEGER NOT NULL,
  subject   TEXT    NOT NULL,
  user      TEXT    NOT NULL,
  scopes    TEXT    NOT NULL,
  challenge TEXT,
  method    TEXT,
  nonce     TEXT,
  signed_in INTEGER NOT NULL,
  issued    INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  used      INTEGER
);
CREATE INDEX code_ends ON code (expires);

-- What a person granted to a client, as it was last.
CREATE TABLE consent (
  issuer    TEXT    NOT NULL,
  subject   TEXT    NOT NULL,
  client    TEXT    NOT NULL,
  scopes    TEXT    NOT NULL,
  granted   INTEGER NOT NULL,
  last_used INTEGER,
  PRIMARY KEY (issuer, subject, client)
) WITHOUT ROWID;
CREATE INDEX consent_by_client ON consent (issuer, client);

-- A family without refresh tokens, which nothing else would ever sweep.
ALTER TABLE family ADD COLUMN bare INTEGER NOT NULL DEFAULT 0;
CREATE INDEX family_bare ON family (expires) WHERE bare = 1;

-- The numbered log of what living families were narrowed to.
CREATE TABLE narrowing (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  issuer   TEXT    NOT NULL,
  family   BLOB    NOT NULL UNIQUE,
  scopes   TEXT    NOT NULL,
  until    INTEGER NOT NULL
);
CREATE INDEX narrowing_ends ON narrowing (until);

ALTER TABLE client ADD COLUMN description   TEXT;
-- One a line.
ALTER TABLE client ADD COLUMN redirect_uris TEXT    NOT NULL DEFAULT '';
ALTER TABLE client ADD COLUMN logout_uris   TEXT    NOT NULL DEFAULT '';
ALTER TABLE client ADD COLUMN pkce          TEXT;
ALTER TABLE client ADD COLUMN consent       TEXT    NOT NULL DEFAULT 'ask';
ALTER TABLE client ADD COLUMN owner         TEXT;
ALTER TABLE client ADD COLUMN waiting       INTEGER NOT NULL DEFAULT 0;
-- The digest of the token that manages it (RFC 7592).
ALTER TABLE client ADD COLUMN registration  BLOB;
CREATE INDEX client_by_owner ON client (issuer, owner) WHERE owner IS NOT NULL;
