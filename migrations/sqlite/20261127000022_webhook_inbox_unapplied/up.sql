CREATE INDEX IF NOT EXISTS webhook_inbox_unapplied ON webhook_inbox (state, id) WHERE state <> 'applied';
