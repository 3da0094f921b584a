//! What an administrator changes of what the connector may do. A page names only what was changed on it: others may have
//! changed the rest since it was opened.

use crate::store::Choices;
use serde::Deserialize;

/// Changed choices; none of a choice that stays.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ChoicesForm {
    delete_visitors: Option<bool>,
    change_own: Option<bool>,
    newsletter: Option<bool>,
    system_texts: Option<bool>,
    signature: Option<bool>,
}

impl ChoicesForm {
    /// What is chosen then, where `known` was.
    pub fn over(&self, known: Choices) -> Choices {
        Choices {
            delete_visitors: self.delete_visitors.unwrap_or(known.delete_visitors),
            change_own: self.change_own.unwrap_or(known.change_own),
            newsletter: self.newsletter.unwrap_or(known.newsletter),
            system_texts: self.system_texts.unwrap_or(known.system_texts),
            signature: self.signature.unwrap_or(known.signature),
        }
    }
}
