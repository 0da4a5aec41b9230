CREATE INDEX CONCURRENTLY webhook_inbox_open ON webhook_inbox (state, id) WHERE state IN ('received', 'waiting', 'quarantined');
