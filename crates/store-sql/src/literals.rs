//! Conditions spelled out as the partial indexes have them.
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
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, QueryId)]
        pub struct $name;

        impl Expression for $name {
            type SqlType = Bool;
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
    /// The job waits for its time: `jobs_ready`, `jobs_due`.
    JobReady = "jobs.state = 'ready'";
    /// The task waits for its time: `tasks_overdue`.
    TaskWaiting = "tasks.status IN ('open', 'pending')";
    /// Something is still to be done about the webhook: `webhook_inbox_open`.
    WebhookOpen = "webhook_inbox.state IN ('received', 'waiting', 'quarantined')";
    /// The webhook waits for what it speaks of: `webhook_inbox_match`.
    WebhookWaiting = "webhook_inbox.state = 'waiting'";
}
