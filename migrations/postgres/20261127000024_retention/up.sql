-- Old rows go from one end of these every hour. What is dead there is in the way of the next who looks for the oldest, so it
-- is taken out long before it is a fifth of the table: about once a day at ten million events a month.
ALTER TABLE events SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.02);
-- Bodies are emptied in place, which needs no room beyond what the body itself leaves. Nobody sorts or counts by what is in
-- a webhook, so there is nothing to be analysed often.
ALTER TABLE webhook_inbox SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
