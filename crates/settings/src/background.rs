//! Whether background work is done.

use crate::{
    Background, Environment,
    read::{Problem, Reader, yes_or_no},
    variables::{self as v, Variable},
};

/// A deployment without background work takes calls and does nothing with them, which nobody notices for days: only a
/// developer may want that.
pub(crate) fn read(reader: &mut Reader<'_>) -> Background {
    let mut wanted = |variable: &Variable| {
        let told = switch(reader, variable);
        if told == Some(false) && reader.environment != Environment::Development {
            let place = reader.environment.as_str();
            reader.wrong(variable, format!("must not be off in {place}: nothing would be done with calls"));
        }
        told.unwrap_or(true)
    };
    Background { worker: wanted(&v::ENABLE_WORKER), scheduler: wanted(&v::ENABLE_SCHEDULER) }
}

/// A boolean that has names of two ages. `None` if it cannot be told what is meant.
fn switch(reader: &mut Reader<'_>, variable: &Variable) -> Option<bool> {
    let mut meant: Option<(&str, bool)> = None;
    for name in std::iter::once(&variable.name).chain(variable.aliases) {
        let Some(text) = reader.given.get(*name).filter(|text| !text.trim().is_empty()) else { continue };
        let said = yes_or_no(text.trim());
        let problem = match (said, meant) {
            (None, _) => "must be true or false".to_owned(),
            (Some(said), Some((other, meant))) if said != meant => {
                format!("says the opposite of {other}: they are two names of one setting")
            }
            (Some(said), _) => {
                meant = Some((name, said));
                continue;
            }
        };
        reader.problems.push(Problem { name: (*name).to_owned(), what: problem });
        return None;
    }
    let default = || variable.default.and_then(yes_or_no);
    meant.map(|(_, said)| said).or_else(default)
}
