DROP TABLE schedule_slots;
DROP TABLE jobs;
