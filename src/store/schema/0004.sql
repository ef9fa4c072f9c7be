-- Version 4: codes that are under way are found by whose they are, when he takes back
-- what he granted.
CREATE INDEX code_open ON code (issuer, subject, client) WHERE used IS NULL;
