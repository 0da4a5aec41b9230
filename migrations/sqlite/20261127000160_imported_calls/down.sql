DROP TABLE imported_calls;
