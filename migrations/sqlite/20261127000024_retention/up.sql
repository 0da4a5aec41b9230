-- SQLite has no vacuum to be told when: nothing to do here.
SELECT 1;
