-- Version 7: opaque tokens lie in the order of their digests, which begin with their end.
-- One tree instead of three, and what is issued together is written together.

CREATE TABLE access_by_digest (
  digest        BLOB    PRIMARY KEY,
  token         BLOB    NOT NULL,
  issuer        TEXT    NOT NULL,
  family        INTEGER,
  client        TEXT    NOT NULL,
  subject       TEXT    NOT NULL,
  scopes        TEXT    NOT NULL,
  issued        INTEGER NOT NULL,
  expires       INTEGER,
  -- 1 where the digest begins with the end, unlike those of old tokens and of old
  -- systems' alphabets.
  placed        INTEGER NOT NULL DEFAULT 0,
  user_handle   BLOB,
  client_handle BLOB,
  issuer_handle BLOB
) WITHOUT ROWID;
INSERT INTO access_by_digest
  SELECT digest, token, issuer, family, client, subject, scopes, issued, expires, 0,
         user_handle, client_handle, issuer_handle
  FROM access ORDER BY digest;
DROP TABLE access;
ALTER TABLE access_by_digest RENAME TO access;
CREATE INDEX access_by_family ON access (family)        WHERE family  IS NOT NULL;
CREATE INDEX access_ends      ON access (expires)       WHERE expires IS NOT NULL AND placed = 0;
CREATE INDEX access_by_token  ON access (token)         WHERE expires IS NULL;
CREATE INDEX access_by_user   ON access (user_handle)   WHERE expires IS NULL;
CREATE INDEX access_by_client ON access (client_handle) WHERE expires IS NULL;
CREATE INDEX access_by_issuer ON access (issuer_handle) WHERE expires IS NULL;
