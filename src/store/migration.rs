//! From whatever schema the store has to the one that this version knows, under a lock: of two processes that start at
//! once, one changes it and the other waits.
//!
//! Steps are never edited once released; a new one is added at the end.

use super::engine::Engine;
use super::error::StoreError;

/// The steps, the first from nothing.
const STEPS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Brings the schema up to date; refuses one that a newer version made.
pub(super) async fn migrate(engine: &Engine) -> Result<(), StoreError> {
    let mut work = engine.begin().await?;
    work.lock_schema().await?;
    work.run_all("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)").await?;
    let found = work.rows("SELECT version FROM schema_version", &[]).await?.pop();
    let found: i64 = found.map_or(Ok(0), |mut row| row.take())?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { place: engine.place().to_owned(), found, known });
    }
    let steps = STEPS.iter().skip(usize::try_from(found).unwrap_or_default());
    let mut changed = false;
    for step in steps {
        work.run_all(step).await?;
        changed = true;
    }
    if changed {
        work.run_all("DELETE FROM schema_version").await?;
        work.run("INSERT INTO schema_version (version) VALUES ($1)", &[known.into()]).await?;
    }
    work.commit().await
}
