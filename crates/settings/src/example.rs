use std::fmt::Write;

use crate::VARIABLES;

/// `.env.example`: every variable with its help and default.
pub fn example() -> String {
    let mut text = String::from(
        "# Otto's settings. Made from the code by `otto config example`; a test keeps it current.\n\
         # In development a file .env is read; the environment itself counts more.\n\
         # [required]: must be set in staging and production.\n",
    );
    for variable in VARIABLES {
        let required = if variable.required { " [required]" } else { "" };
        // writing to a String cannot fail
        let _ = write!(text, "\n# {}{required}\n", variable.help);
        for alias in variable.aliases {
            let _ = writeln!(text, "# also read as {alias}");
        }
        let _ = writeln!(text, "#{}={}", variable.name, variable.default.unwrap_or_default());
    }
    text
}
