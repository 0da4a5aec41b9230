//! CallRail's own example and the shared vectors, and what can go wrong in a payload.

mod reading;
mod vectors;
