//! Rules about files and documents.

/// Files may be this long before somebody has to ask whether they are one thing.
const MOST_LINES: usize = 500;

/// Words that say nothing of what is in a file.
const EMPTY_WORDS: [&str; 5] = ["utils", "util", "common", "helpers", "manager"];

/// Whether a source file is too long; answers by how much it is.
pub fn too_long(source: &str) -> Option<usize> {
    let lines = source.lines().count();
    (lines > MOST_LINES).then_some(lines)
}

/// The parts of a path that say nothing.
pub fn forbidden_names(path: &str) -> Vec<&str> {
    path.split(['/', '.']).filter(|part| EMPTY_WORDS.contains(part)).collect()
}

/// The files and folders a document names in backticks: anything with a slash or a known ending and no blanks.
pub fn documented_paths(document: &str) -> Vec<String> {
    let endings = [".rs", ".md", ".toml", ".sql", ".json"];
    document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| !text.contains(char::is_whitespace) && !text.contains(['<', '{', '*', ':', '$', '(']))
        .filter(|text| {
            let rooted = ["crates/", "bins/", "migrations/", "docs/", "scripts/", "deploy/"]
                .iter()
                .any(|root| text.starts_with(root));
            rooted || (text.contains('/') && endings.iter().any(|ending| text.ends_with(ending)))
        })
        .filter(|text| !text.starts_with('/') && !text.starts_with('.'))
        .map(|text| text.trim_end_matches('/').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_and_empty_names_are_told() {
        assert_eq!(too_long(&"x\n".repeat(MOST_LINES)), None);
        assert_eq!(too_long(&"x\n".repeat(MOST_LINES + 1)), Some(MOST_LINES + 1));
        assert_eq!(forbidden_names("crates/app/src/utils.rs"), ["utils"]);
        assert!(forbidden_names("crates/app/src/work.rs").is_empty());
    }

    #[test]
    fn paths_in_documents_are_found() {
        let text = "see `crates/app/src/work.rs`, `Work`, `crates/app/`, `GET /api/v1/calls` and `otto demo`";
        assert_eq!(documented_paths(text), ["crates/app/src/work.rs", "crates/app"]);
    }
}
