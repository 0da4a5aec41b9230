DROP INDEX CONCURRENTLY IF EXISTS webhook_inbox_unapplied;
