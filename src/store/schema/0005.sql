-- Version 5: tokens that are given again, and what may be used once.

-- What the same wish gets again while it lives. `sealed` can be opened only by the
-- client whose wish it is.
CREATE TABLE reusable (
  wish    BLOB PRIMARY KEY,
  sealed  BLOB NOT NULL,
  access  BLOB NOT NULL,
  expires INTEGER
) WITHOUT ROWID;
CREATE INDEX reusable_ends ON reusable (expires) WHERE expires IS NOT NULL;

-- What was used and may not be used again, such as the id of an assertion.
CREATE TABLE spent (
  digest BLOB PRIMARY KEY,
  until  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX spent_ends ON spent (until);
