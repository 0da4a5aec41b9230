//! Statements that are prepared once for each connection.
//!
//! diesel keeps a prepared statement only where the type of the query alone tells its text. Updates, upserts and written
//! SQL it prepares anew every time: one round trip more, and the work of parsing and planning. But diesel-async can keep a
//! statement under its text as well, and each of ours has only a handful of texts, whatever values it is given.

use diesel::{
    QueryResult,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

/// A statement kept under its text.
#[derive(Clone, Copy, Debug)]
pub struct Kept<Q>(Q);

/// Keeps a statement under its text. Not for one whose text grows with what it is given.
pub fn kept<Q>(statement: Q) -> Kept<Q> {
    Kept(statement)
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    // two texts are of one type
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use diesel::{ExpressionMethods, QueryDsl, pg::Pg};

    use super::*;
    use crate::schema::users;

    /// What diesel-async asks. If this fails after an upgrade, every write is prepared anew each time.
    #[test]
    fn what_diesel_does_not_keep_is_kept() {
        let update = || diesel::update(users::table.filter(users::id.eq("u"))).set(users::name.eq(Some("U")));
        assert!(!QueryFragment::<Pg>::is_safe_to_cache_prepared(&update(), &Pg).unwrap());
        assert!(QueryFragment::<Pg>::is_safe_to_cache_prepared(&kept(update()), &Pg).unwrap());
        let text = |query: &dyn Fn() -> String| query();
        assert_eq!(
            text(&|| diesel::debug_query::<Pg, _>(&kept(update())).to_string()),
            text(&|| diesel::debug_query::<Pg, _>(&update()).to_string()),
        );
    }
}
