//! The normaliser from outside: golden records of every generation, what the predecessor lost, and properties of any
//! payload whatever.

#[cfg(test)]
mod edges;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod same_facts;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verdicts;
