-- Which call of ours a call of the predecessor is: its number there says nothing here, and its provider's name for it was
-- never kept.
CREATE TABLE imported_calls (
    company_id  text NOT NULL REFERENCES companies (id),
    source_id   bigint NOT NULL,
    call_id     bigint NOT NULL REFERENCES calls (id),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (company_id, source_id)
);
CREATE INDEX imported_calls_call ON imported_calls (company_id, call_id);

ALTER TABLE imported_calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE imported_calls FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON imported_calls TO otto_app USING (company_id = current_setting('otto.company_id', true))
    WITH CHECK (company_id = current_setting('otto.company_id', true));
CREATE POLICY across_tenants ON imported_calls TO otto_system USING (true) WITH CHECK (true);
