//! The engine of the moment: whoever has begun with one keeps it to the end, whoever begins later gets the new one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use super::Engine;
use crate::knowledge::{Knowledge, Source};
use crate::problem::Problems;
use crate::search::{NotReady, Search};

/// Gives the engine of the moment, and puts a new one in its place when the knowledge has changed; clones share it.
#[derive(Clone)]
pub struct Current(Arc<Shared>);

struct Shared {
    engine: RwLock<Arc<Engine>>,
    /// Held while the knowledge is read: of two who reload, the later one has the later files.
    reloading: Mutex<()>,
}

/// Why the old knowledge stays.
#[derive(Debug, thiserror::Error)]
pub enum Stale {
    /// The files are not as they should be.
    #[error(transparent)]
    Knowledge(#[from] Problems),
    /// Nothing could be found with them.
    #[error("the new knowledge cannot be searched")]
    Search(#[source] NotReady),
}

impl Current {
    /// Begins with an engine.
    pub fn new(engine: Arc<Engine>) -> Self {
        Self(Arc::new(Shared { engine: RwLock::new(engine), reloading: Mutex::default() }))
    }

    /// The engine of the moment.
    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.0.engine.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the knowledge again and gets it ready, which takes its time; how many entries it has. A bad one changes
    /// nothing.
    pub fn reload(&self) -> Result<usize, Stale> {
        let _alone = self.0.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.engine();
        let knowledge = Knowledge::load(&old.source(), &old.config.brand)?;
        let engine = old.knowing(knowledge)?;
        let entries = engine.knowledge.entries().len();
        *self.0.engine.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(engine);
        Ok(entries)
    }
}

impl Engine {
    /// Where its knowledge is from.
    pub fn source(&self) -> Source {
        self.config.knowledge.path.clone().map_or(Source::Shipped, Source::Folder)
    }

    /// The same engine with other knowledge, ready to be asked.
    fn knowing(&self, knowledge: Knowledge) -> Result<Self, Stale> {
        let search = Search::build(&knowledge, &self.config.matching).map_err(Stale::Search)?;
        Ok(Self {
            config: Arc::clone(&self.config),
            knowledge,
            search: OnceLock::from(Ok(search)),
            network: Arc::clone(&self.network),
            shared_domains: self.shared_domains.clone(),
            status_page: self.status_page.clone(),
        })
    }
}
