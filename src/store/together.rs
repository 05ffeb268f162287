//! Group commit: people who want something written at the same time share a transaction, so that a rush costs one and not
//! one each.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot::{self, error::TryRecvError};

use super::error::StoreError;

/// A wish, and where its answer is left.
type Waiting<W, A> = (W, oneshot::Sender<Result<A, Arc<StoreError>>>);

/// Wishes of one kind that wait to be written; clones share them.
#[derive(Debug)]
pub(super) struct Queue<W, A> {
    waiting: Arc<Mutex<Vec<Waiting<W, A>>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl<W, A> Clone for Queue<W, A> {
    fn clone(&self) -> Self {
        Self { waiting: Arc::clone(&self.waiting), turn: Arc::clone(&self.turn) }
    }
}

impl<W, A> Default for Queue<W, A> {
    fn default() -> Self {
        Self { waiting: Arc::default(), turn: Arc::default() }
    }
}

impl<W, A> Queue<W, A> {
    /// Waits until the wish was written: whoever's turn it is writes all that came meanwhile, by `write`, which answers each
    /// in order, or fails for all.
    pub(super) async fn join(
        &self,
        wish: W,
        write: impl AsyncFnOnce(Vec<W>) -> Result<Vec<A>, StoreError>,
    ) -> Result<A, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((wish, answer));
        let _turn = self.turn.lock().await;
        let answer = match answered.try_recv() {
            Err(TryRecvError::Empty) => {
                self.write_all(write).await;
                answered.try_recv()
            }
            told => told,
        };
        match answer {
            Ok(answer) => answer.map_err(|error| Arc::try_unwrap(error).unwrap_or_else(StoreError::Shared)),
            Err(_) => Err(StoreError::GivenUp),
        }
    }

    async fn write_all(&self, write: impl AsyncFnOnce(Vec<W>) -> Result<Vec<A>, StoreError>) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let (wishes, ears): (Vec<W>, Vec<_>) = waiting.into_iter().unzip();
        // Whoever does not wait any longer was written all the same.
        match write(wishes).await {
            Ok(answers) => {
                for (answer, ear) in answers.into_iter().zip(ears) {
                    drop(ear.send(Ok(answer)));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for ear in ears {
                    drop(ear.send(Err(Arc::clone(&error))));
                }
            }
        }
    }
}
