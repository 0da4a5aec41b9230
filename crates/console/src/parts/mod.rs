//! What several pages show.

pub(crate) mod bars;
pub(crate) mod call_rows;
pub(crate) mod depths;
pub(crate) mod json;
pub(crate) mod numbers;
pub(crate) mod pill;
pub(crate) mod plot;
pub(crate) mod strip;
