DROP TABLE call_listings;
