DROP TABLE provider_credentials;
DROP TABLE provider_accounts;
DROP TABLE tracking_numbers;
DROP TABLE users;
DROP TABLE companies;
