use std::env;

/// Where `scripts/test` says its throw-away Redis is.
const SERVER: &str = "OTTO_TEST_REDIS_URL";

/// The throw-away Redis all tests share; each uses a prefix of its own.
pub fn redis_url() -> String {
    env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run the tests with scripts/test, which starts a server")
    })
}
