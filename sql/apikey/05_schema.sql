-- Schema.  Plain CREATE: one that somebody made beforehand must not be adopted.

CREATE SCHEMA apikey;
COMMENT ON SCHEMA apikey IS
'API keys of an application''s users: encrypted, validated, each visible only to its owner. Start with SELECT * FROM apikey.status().';
