-- Version 1. Times are seconds since 1970; handles are 16 bytes, digests 32.
-- Nothing here can be presented: tokens and secrets are digests, answers are sealed.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- One grant, from which tokens descend.
CREATE TABLE family (
  id            INTEGER PRIMARY KEY,
  name          BLOB    NOT NULL UNIQUE,
  issuer        TEXT    NOT NULL,
  client        TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  user          TEXT    NOT NULL,
  scopes        TEXT    NOT NULL,
  family_handle BLOB    NOT NULL,
  user_handle   BLOB    NOT NULL,
  client_handle BLOB    NOT NULL,
  issuer_handle BLOB    NOT NULL,
  opened        INTEGER NOT NULL,
  expires       INTEGER,
  revoked       INTEGER NOT NULL DEFAULT 0
);
-- Only living families are ever looked for by handle.
CREATE INDEX family_by_family ON family (family_handle) WHERE revoked = 0;
CREATE INDEX family_by_user   ON family (user_handle)   WHERE revoked = 0;
CREATE INDEX family_by_client ON family (client_handle) WHERE revoked = 0;
CREATE INDEX family_by_issuer ON family (issuer_handle) WHERE revoked = 0;
CREATE INDEX family_dead      ON family (id)            WHERE revoked = 1;

-- Refresh tokens, used ones included: a used one that comes back is a theft.
CREATE TABLE refresh (
  id      INTEGER PRIMARY KEY,
  digest  BLOB    NOT NULL UNIQUE,
  family  INTEGER NOT NULL REFERENCES family (id) ON DELETE CASCADE,
  parent  INTEGER,
  expires INTEGER,
  used    INTEGER
);
CREATE INDEX refresh_by_family ON refresh (family);
CREATE INDEX refresh_ends      ON refresh (expires) WHERE expires IS NOT NULL;

-- The sealed answer of a use, until the child's first use. A table of its own keeps
-- the rows above short and of steady length.
CREATE TABLE answer (
  refresh INTEGER PRIMARY KEY REFERENCES refresh (id) ON DELETE CASCADE,
  sealed  BLOB NOT NULL
);

-- Opaque access tokens. The handles are kept only for tokens without end: the
-- others are refused by their revocation until they have expired.
CREATE TABLE access (
  id            INTEGER PRIMARY KEY,
  digest        BLOB    NOT NULL UNIQUE,
  token         BLOB    NOT NULL,
  issuer        TEXT    NOT NULL,
  family        INTEGER,
  client        TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  scopes        TEXT    NOT NULL,
  issued        INTEGER NOT NULL,
  expires       INTEGER,
  user_handle   BLOB,
  client_handle BLOB,
  issuer_handle BLOB
);
CREATE INDEX access_by_family ON access (family)        WHERE family  IS NOT NULL;
CREATE INDEX access_ends      ON access (expires)       WHERE expires IS NOT NULL;
CREATE INDEX access_by_token  ON access (token)         WHERE expires IS NULL;
CREATE INDEX access_by_user   ON access (user_handle)   WHERE expires IS NULL;
CREATE INDEX access_by_client ON access (client_handle) WHERE expires IS NULL;
CREATE INDEX access_by_issuer ON access (issuer_handle) WHERE expires IS NULL;

-- The numbered log of revocations. A number is never given twice, so a follower
-- that has seen `seq` has seen everything up to it. `cut` is 1 where
-- `issued_before` is set: the two kinds of one handle stand side by side.
CREATE TABLE revocation (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  kind          TEXT    NOT NULL,
  issuer        TEXT    NOT NULL,
  handle        BLOB    NOT NULL,
  cut           INTEGER NOT NULL,
  issued_before INTEGER,
  until         INTEGER NOT NULL,
  reason        TEXT    NOT NULL,
  recorded      INTEGER NOT NULL DEFAULT (unixepoch()),
  UNIQUE (handle, cut)
);
CREATE INDEX revocation_ends ON revocation (until);

-- The numbered log of what the command line changed.
CREATE TABLE change (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  topic    TEXT    NOT NULL,
  issuer   TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  action   TEXT    NOT NULL,
  actor    TEXT    NOT NULL,
  recorded INTEGER NOT NULL
);

CREATE TABLE client (
  issuer       TEXT    NOT NULL,
  id           TEXT    NOT NULL,
  display_name TEXT,
  grants       TEXT    NOT NULL,
  scopes       TEXT    NOT NULL,
  disabled     INTEGER NOT NULL DEFAULT 0,
  created      INTEGER NOT NULL,
  PRIMARY KEY (issuer, id)
) WITHOUT ROWID;

CREATE TABLE client_secret (
  issuer    TEXT    NOT NULL,
  client    TEXT    NOT NULL,
  slot      INTEGER NOT NULL CHECK (slot IN (0, 1)),
  digest    BLOB    NOT NULL,
  created   INTEGER NOT NULL,
  PRIMARY KEY (issuer, client, slot),
  FOREIGN KEY (issuer, client) REFERENCES client (issuer, id) ON DELETE CASCADE
) WITHOUT ROWID;

-- When a secret was last used, for clients of the file as well as of the store.
CREATE TABLE secret_use (
  issuer    TEXT    NOT NULL,
  client    TEXT    NOT NULL,
  slot      INTEGER NOT NULL,
  last_used INTEGER NOT NULL,
  PRIMARY KEY (issuer, client, slot)
) WITHOUT ROWID;

CREATE TABLE user (
  issuer        TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  password_hash TEXT    NOT NULL,
  disabled      INTEGER NOT NULL DEFAULT 0,
  may_grant     TEXT,
  fields        TEXT    NOT NULL,
  created       INTEGER NOT NULL,
  PRIMARY KEY (issuer, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX user_by_subject ON user (issuer, subject);

-- Private keys: sealed under the store key where there is one.
CREATE TABLE signing_key (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  issuer       TEXT    NOT NULL,
  kid          TEXT    NOT NULL,
  algorithm    TEXT    NOT NULL,
  secret       BLOB    NOT NULL,
  created      INTEGER NOT NULL,
  signs_from   INTEGER NOT NULL,
  verify_until INTEGER,
  UNIQUE (issuer, kid)
);
