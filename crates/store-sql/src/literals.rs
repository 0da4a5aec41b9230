//! Texts without parameters: conditions spelled out as the partial indexes have them.
//!
//! A condition with a parameter in it cannot use a partial index reliably: SQLite compares the text of the condition with
//! that of the index, and PostgreSQL's plans for any parameter have to do without. These are fixed texts and so, unlike
//! `diesel::dsl::sql`, can be prepared once for each connection.

use diesel::{
    AppearsOnTable, Expression, QueryResult, SelectableExpression,
    backend::Backend,
    expression::{ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::Bool,
};

macro_rules! literals {
    ($($(#[$doc:meta])* $name:ident: $sql_type:ty = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, QueryId)]
        pub struct $name;

        impl Expression for $name {
            type SqlType = $sql_type;
        }
        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::Never;
        }
        impl<T> AppearsOnTable<T> for $name {}
        impl<T> SelectableExpression<T> for $name {}
        impl<DB: Backend> QueryFragment<DB> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                out.push_sql($text);
                Ok(())
            }
        }
    )*};
}

literals! {
    /// The job waits for its time: `jobs_ready`, `jobs_oldest`.
    JobReady: Bool = "jobs.state = 'ready'";
    /// The task waits for its time: `tasks_overdue`.
    TaskWaiting: Bool = "tasks.status IN ('open', 'pending')";
    /// The webhook is not simply applied: `webhook_inbox_unapplied`.
    WebhookUnapplied: Bool = "webhook_inbox.state <> 'applied'";
    /// The webhook waits for what it speaks of: `webhook_inbox_match`.
    WebhookWaiting: Bool = "webhook_inbox.state = 'waiting'";
}
