-- Version 2: sessions of people. A row is one sign-in at one browser; of its secret
-- there is a digest only. `ends` moves with use and is never beyond `expires`.

CREATE TABLE session (
  id          INTEGER PRIMARY KEY,
  name        BLOB    NOT NULL UNIQUE,
  digest      BLOB    NOT NULL UNIQUE,
  issuer      TEXT    NOT NULL,
  subject     TEXT    NOT NULL,
  user        TEXT    NOT NULL,
  user_handle BLOB    NOT NULL,
  began       INTEGER NOT NULL,
  seen        INTEGER NOT NULL,
  ends        INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  agent       TEXT    NOT NULL,
  address     TEXT    NOT NULL
);
CREATE INDEX session_by_user ON session (user_handle);
CREATE INDEX session_ends    ON session (ends);
