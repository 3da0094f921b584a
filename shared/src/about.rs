//! What a page tells of its visitor: the frame `about`. The shell's script writes it and the relay reads it; the widget
//! knows nothing of its parts.

use crate::wire::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the page around the chat tells of its visitor. All of it are claims, of any length; the relay bounds them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The page's address and title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page of another site that the visitor came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    /// `source`, `medium`, `campaign`, `term`, `content`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub utm: BTreeMap<String, String>,
    /// As browsers name languages: `ru-RU`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the visitor answered when the site asked whether their data may be used: `granted`, `denied`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// What else the site knows, by its own names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// What the visitor did on the page, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Tracked>,
}

/// Something the visitor did on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    pub at: Millis,
}
