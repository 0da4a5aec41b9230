DROP INDEX IF EXISTS webhook_inbox_unapplied;
