//! Postmark's spam check, where the operator wants it asked: one message out, one verdict back, over a guarded connection.
//!
//! The message leaves the house for a company that is neither the operator's nor the customer's, so nothing asks it unless
//! the configuration names it.

use std::sync::Arc;

use super::https::Post;
use super::{Inquiry, Network};
use crate::config::{Budget, Postmark};
use crate::facts::{Kind, Query};
use crate::inspect::spam::{Verdict, postmark};

/// Asks for the verdict on a message; none where there is no answer that can be read.
pub async fn ask(network: &Arc<dyn Network>, budget: Budget, at: &Postmark, message: &[u8]) -> Option<Verdict> {
    let mut inquiry = Inquiry::new(Arc::clone(network), budget);
    let address = inquiry.settle(|view| {
        let replies = view.get_all([Query::new(&at.host, Kind::A), Query::new(&at.host, Kind::Aaaa)])?;
        Ok(replies.iter().filter_map(|reply| reply.addresses().ok()).flatten().next())
    });
    let address = address.await?;
    let body = serde_json::json!({ "email": String::from_utf8_lossy(message), "options": "long" }).to_string();
    let post = Post { host: at.host.clone(), address, path: at.path.clone(), body };
    let page = network.post(&post).await.ok().filter(|page| page.status == 200)?;
    postmark(&page.body)
}
