ALTER TABLE shunya_jobs DROP COLUMN trace;
