DROP INDEX IF EXISTS jobs_oldest;
