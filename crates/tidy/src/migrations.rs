//! What a migration of PostgreSQL may do to tables that people are using.
//!
//! Migrations run while programs of the version before are at work, and those go on working afterwards: first what is new is
//! added, then programs that use it replace those that do not, and only a later version takes away what nobody uses any more
//! (expand, then contract). And no statement may keep a large table locked while it reads or rewrites it.

/// A statement that must not be run as it is, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsafe(pub String);

/// Says why a migration takes something away. On a line of its own, before the statement.
const CONTRACT: &str = "-- contract:";
/// Says why a statement that changes rows changes few.
const SMALL: &str = "-- small:";
/// Where a contracting migration says which programs do without what it takes.
const SERVES: &str = "COMMENT ON TABLE __diesel_schema_migrations IS 'serves programs since ";

/// Everything in a migration that is unsafe. `in_transaction` is what its `metadata.toml` says.
pub fn unsafe_statements(text: &str, in_transaction: bool) -> Vec<Unsafe> {
    let mut found = Vec::new();
    let statements = statements(text);
    let made: Vec<String> = statements
        .iter()
        .filter_map(|statement| {
            let rest = statement.sql.strip_prefix("CREATE TABLE ")?;
            let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
            rest.split([' ', '(']).next().map(str::to_owned)
        })
        .collect();
    let contracts = statements.iter().any(|statement| statement.notes.contains(CONTRACT));
    if contracts && !text.contains(SERVES) {
        found.push(Unsafe(format!(
            "what takes something away must say which programs do without it: {SERVES}N'"
        )));
    }
    if !in_transaction && statements.len() != 1 {
        found.push(Unsafe(
            "what runs outside a transaction is one statement: another would be in one with it".to_owned(),
        ));
    }
    for statement in &statements {
        if let Some(why) = statement.wrong(&made, in_transaction) {
            found.push(Unsafe(format!("{why}: {}", statement.sql)));
        }
    }
    found
}

struct Statement {
    /// In one line, without comments.
    sql: String,
    /// The comments before and in it.
    notes: String,
}

/// A text's statements. Bodies between `$$` are one with theirs.
fn statements(text: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let (mut sql, mut notes) = (String::new(), String::new());
    let mut in_body = false;
    for line in text.lines() {
        let (code, note) = match line.find("--") {
            Some(at) if !in_body => line.split_at(at),
            _ => (line, ""),
        };
        notes.push_str(note);
        notes.push('\n');
        sql.push_str(code.trim());
        sql.push(' ');
        if code.matches("$$").count() % 2 == 1 {
            in_body = !in_body;
        }
        if !in_body && code.trim_end().ends_with(';') {
            let one = sql.trim().trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
            all.push(Statement { sql: one, notes: std::mem::take(&mut notes) });
            sql.clear();
        }
    }
    all
}

impl Statement {
    /// Why it must not be run as it is.
    fn wrong(&self, made: &[String], in_transaction: bool) -> Option<&'static str> {
        let sql = self.sql.to_ascii_uppercase();
        let has = |words: &str| sql.contains(words);
        // a table that nobody knows of yet may be treated in any way
        if made.iter().any(|table| self.is_about(table)) {
            return None;
        }
        if has("CONCURRENTLY") {
            return in_transaction
                .then_some("CONCURRENTLY needs run_in_transaction = false in metadata.toml");
        }
        if (has("CREATE INDEX") || has("CREATE UNIQUE INDEX")) && !has("CREATE TABLE") {
            return Some("an index keeps writers out while it is built: CREATE INDEX CONCURRENTLY");
        }
        if has("DROP INDEX") {
            return Some("dropping an index waits for everybody: DROP INDEX CONCURRENTLY");
        }
        if has("ADD COLUMN") && has("NOT NULL") && !has("DEFAULT") {
            return Some(
                "a column of old rows has no value, and programs of the version before give it none: add it with a DEFAULT, or nullable",
            );
        }
        if has("ADD COLUMN") && ["GEN_RANDOM_UUID", "RANDOM(", "CLOCK_TIMESTAMP"].iter().any(|each| has(each))
        {
            return Some("a DEFAULT that differs from row to row rewrites the table");
        }
        if has("ALTER COLUMN") && (has(" TYPE ") || has("SET DATA TYPE")) {
            return Some("another type rewrites the table: add a column, write both, then move over");
        }
        if has("SET NOT NULL") {
            return Some(
                "reads the whole table under its strongest lock: add a CHECK … NOT VALID, validate it in a migration of its own, then set it",
            );
        }
        if has("ADD CONSTRAINT") || has("ADD FOREIGN KEY") || has("ADD CHECK") {
            let harmless = has("NOT VALID") || has("USING INDEX");
            return (!harmless).then_some("reads the whole table while it is locked: NOT VALID, and VALIDATE CONSTRAINT in a migration of its own; or USING INDEX");
        }
        if has("ADD UNIQUE") || has("ADD PRIMARY KEY") {
            return Some(
                "builds an index while the table is locked: build it CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
            );
        }
        let takes = has("DROP COLUMN")
            || has("DROP TABLE")
            || has(" RENAME ")
            || has("DROP TYPE")
            || has("DROP SEQUENCE");
        if takes && !self.notes.contains(CONTRACT) {
            return Some(
                "programs of the version before still use it; if they do not, say since when after `-- contract:`",
            );
        }
        let changes =
            ["UPDATE ", "DELETE FROM ", "INSERT INTO ", "TRUNCATE "].iter().any(|verb| sql.starts_with(verb));
        if changes && !self.notes.contains(SMALL) {
            return Some(
                "rows are changed by a job, a thousand at a time; if these are few, say why after `-- small:`",
            );
        }
        if ["VACUUM FULL", "CLUSTER ", "LOCK TABLE"].iter().any(|each| sql.starts_with(each)) {
            return Some("keeps everybody out");
        }
        None
    }

    /// Whether it is this table that it changes.
    fn is_about(&self, table: &str) -> bool {
        let subject = if self.sql.starts_with("CREATE") && self.sql.contains("INDEX ") {
            self.sql.split_once(" ON ").map(|(_, rest)| rest)
        } else {
            ["ALTER TABLE ONLY ", "ALTER TABLE ", "CREATE TABLE ", "INSERT INTO ", "DELETE FROM ", "UPDATE "]
                .iter()
                .find_map(|verb| self.sql.strip_prefix(verb))
        };
        let name = subject.and_then(|rest| rest.split([' ', '(', ';']).next());
        name == Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        unsafe_statements(text, true).len()
    }

    #[test]
    fn what_only_adds_is_fine() {
        for text in [
            "ALTER TABLE calls ADD COLUMN note text;",
            "ALTER TABLE calls ADD COLUMN seen boolean NOT NULL DEFAULT false;",
            "ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.01);",
            "CREATE TABLE notes (id uuid PRIMARY KEY, call_id bigint NOT NULL);\nCREATE INDEX notes_call ON notes (call_id);",
            "ALTER TABLE calls ADD CONSTRAINT positive CHECK (duration_seconds >= 0) NOT VALID;",
            "ALTER TABLE calls VALIDATE CONSTRAINT positive;",
            "-- small: one row for each company\nUPDATE companies SET time_zone = 'UTC' WHERE time_zone IS NULL;",
            "CREATE TABLE notes (id uuid PRIMARY KEY);\nALTER TABLE notes ADD CONSTRAINT x CHECK (true);",
        ] {
            assert_eq!(unsafe_statements(text, true), [], "{text}");
        }
        assert_eq!(unsafe_statements("CREATE INDEX CONCURRENTLY calls_x ON calls (id);", false), []);
    }

    #[test]
    fn what_stops_people_or_breaks_the_version_before_is_told() {
        for text in [
            "CREATE INDEX calls_x ON calls (id);",
            "CREATE UNIQUE INDEX calls_x ON calls\n    (id)\n    WHERE id > 1;",
            "CREATE INDEX CONCURRENTLY calls_x ON calls (id);",
            "DROP INDEX calls_page;",
            "ALTER TABLE calls ADD COLUMN note text NOT NULL;",
            "ALTER TABLE calls ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();",
            "ALTER TABLE calls ALTER COLUMN id TYPE numeric;",
            "ALTER TABLE calls ALTER COLUMN owner_id SET NOT NULL;",
            "ALTER TABLE calls ADD CONSTRAINT positive CHECK (duration_seconds >= 0);",
            "ALTER TABLE calls ADD UNIQUE (provider_call_id);",
            "ALTER TABLE calls DROP COLUMN problems;",
            "ALTER TABLE calls RENAME COLUMN problems TO doubts;",
            "DROP TABLE call_outcomes;",
            "CREATE TABLE notes (id uuid PRIMARY KEY);\nALTER TABLE calls ADD CONSTRAINT x FOREIGN KEY (id) REFERENCES notes (id);",
            "UPDATE calls SET missed = false;",
            "DELETE FROM events;",
            "VACUUM FULL calls;",
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
    }

    #[test]
    fn what_is_taken_away_is_taken_on_purpose() {
        let taken =
            "-- contract: nothing reads it since 20261127000020\nALTER TABLE calls DROP COLUMN problems;\n";
        assert_eq!(found(taken), 1, "it does not say whom it serves");
        let told = format!("{taken}{SERVES}20261127000020';");
        assert_eq!(unsafe_statements(&told, true), []);
    }

    #[test]
    fn outside_a_transaction_is_one_statement() {
        let two = "DROP INDEX CONCURRENTLY a;\nDROP INDEX CONCURRENTLY b;";
        assert_eq!(unsafe_statements(two, false).len(), 1);
        assert_eq!(unsafe_statements("DROP INDEX CONCURRENTLY a;", false), []);
    }

    #[test]
    fn statements_end_where_they_end() {
        let text = "-- why\nCREATE TABLE a (b text); -- not; here\nDO $$\nBEGIN\n  x;\nEND\n$$;\nSELECT 1;";
        let all: Vec<_> = statements(text).into_iter().map(|statement| statement.sql).collect();
        assert_eq!(all, ["CREATE TABLE a (b text)", "DO $$ BEGIN x; END $$", "SELECT 1"]);
    }
}
