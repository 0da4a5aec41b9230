-- A file has one user and no roles: nothing to do here.
SELECT 1;
