//! The console over samples: every page through its route, and the stream as a browser reads it.

#![expect(clippy::expect_used, reason = "what stands in for a browser fails by panicking")]

#[path = "../../examples/gallery/customers.rs"]
mod customers;
#[path = "../../examples/gallery/reads.rs"]
mod reads;
#[path = "../../examples/gallery/samples.rs"]
mod samples;
#[path = "../../examples/gallery/sights.rs"]
mod sights;
#[path = "../../examples/gallery/unused.rs"]
mod unused;
#[path = "../../examples/gallery/world.rs"]
mod world;

mod browser;
mod house;
mod html;
mod live;
mod pages;
mod role;
mod store;
mod strangers;
