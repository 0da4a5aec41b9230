-- Whatever is not simply applied is found by its state, ignored webhooks included: looking for a state that few are in would
-- read the whole table otherwise.
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_inbox_unapplied ON webhook_inbox (state, id) WHERE state <> 'applied';
