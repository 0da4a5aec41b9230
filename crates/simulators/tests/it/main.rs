//! The stand-ins over HTTP, as Otto meets them.

#[cfg(test)]
mod callrail;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod shunya;
#[cfg(test)]
mod support;
#[cfg(test)]
mod traffic;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod webhooks;
