-- Which call of ours a call of the predecessor is: its number there says nothing here, and its provider's name for it was
-- never kept.
CREATE TABLE imported_calls (
    company_id  TEXT NOT NULL REFERENCES companies (id),
    source_id   INTEGER NOT NULL,
    call_id     INTEGER NOT NULL REFERENCES calls (id),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (company_id, source_id)
) STRICT;
CREATE INDEX imported_calls_call ON imported_calls (company_id, call_id);
