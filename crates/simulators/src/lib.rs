//! Stand-ins for every provider.
