use std::sync::Arc;

use app::ports::{Predecessor, PredecessorError};
use store_sql::OldDatabase;

/// Opens the database of Otto's predecessor for reading, as it is at this moment.
pub async fn open_predecessor(url: &str) -> Result<Arc<dyn Predecessor>, PredecessorError> {
    Ok(Arc::new(OldDatabase::open(url).await?))
}
