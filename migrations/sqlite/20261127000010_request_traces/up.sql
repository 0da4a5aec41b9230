-- The trace a request to Shunya was made in: its webhook comes without one.
ALTER TABLE shunya_jobs ADD COLUMN trace TEXT;
