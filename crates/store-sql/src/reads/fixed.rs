//! Parts of a query that are a fixed text with no parameter in it.

use std::marker::PhantomData;

use diesel::{
    AppearsOnTable, Expression, QueryResult, SelectableExpression,
    backend::Backend,
    expression::{TypedExpressionType, ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
};

/// A text in a query. Unlike [`diesel::dsl::sql`], whose text may be another each time, it lets the query be prepared
/// once for each connection: the whole text of a query is what it is kept under.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed<ST> {
    text: &'static str,
    sql_type: PhantomData<ST>,
}

/// A text whose values are of this type.
pub(super) const fn fixed<ST>(text: &'static str) -> Fixed<ST> {
    Fixed { text, sql_type: PhantomData }
}

impl<ST: TypedExpressionType> Expression for Fixed<ST> {
    type SqlType = ST;
}

impl<ST> ValidGrouping<()> for Fixed<ST> {
    type IsAggregate = is_aggregate::Never;
}

impl<ST, QS> AppearsOnTable<QS> for Fixed<ST> where Self: Expression {}

impl<ST, QS> SelectableExpression<QS> for Fixed<ST> where Self: AppearsOnTable<QS> {}

impl<ST, DB: Backend> QueryFragment<DB> for Fixed<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.text);
        Ok(())
    }
}

impl<ST> QueryId for Fixed<ST> {
    type QueryId = ();
    // two texts are of one type
    const HAS_STATIC_QUERY_ID: bool = false;
}
