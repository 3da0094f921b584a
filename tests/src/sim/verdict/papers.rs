//! Visitors' files, against what operators have: by content.

use otklik_portal::Author;
use shared::MessageState;
use std::collections::HashMap;

use super::{
    Evidence, Verdict,
    groups::Group,
    matching::{Matching, short},
};

/// What is in the portal of files that visitors sent.
pub struct Papers<'run> {
    /// How often, by content.
    kept: HashMap<&'run [u8], usize>,
    /// Messages with addresses in the place of files.
    links: Vec<&'run str>,
}

impl<'run> Papers<'run> {
    pub fn of(evidence: &'run Evidence) -> Self {
        let (mut kept, mut links) = (HashMap::new(), Vec::new());
        let messages = evidence.chats.iter().flat_map(|chat| &chat.messages);
        for message in messages.filter(|one| matches!(one.author, Author::Visitor(_)) && !one.deleted) {
            message.files.iter().for_each(|file| *kept.entry(file.file.bytes.as_ref()).or_default() += 1);
            if message.text.contains("/files/") {
                links.push(message.text.as_str());
            }
        }
        Self { kept, links }
    }

    /// Every file of a message that arrived is there once: itself, or its address where the portal would not have it. Of a
    /// message that nobody can confirm the visitor is told so.
    pub fn judge(&self, verdict: &mut Verdict, group: &Group, matching: &Matching) {
        let arrived = |said: &&&super::Accepted| {
            !said.deleted && matching.acts.get(said.id.as_str()).is_some_and(|act| !act.places.is_empty())
        };
        let is_unclear = |said: &super::Accepted| {
            let seen = group.seen.iter().flatten().find(|one| one.id == said.id);
            seen.is_some_and(|one| one.state == Some(MessageState::Unconfirmed))
        };
        let accepted: Vec<_> = group.accepted().collect();
        for said in accepted.iter().filter(arrived) {
            for parcel in &said.files {
                let kept = self.kept.get(parcel.bytes.as_slice()).copied().unwrap_or_default();
                let links = self.links.iter().filter(|text| text.contains(&parcel.name)).count();
                let what = format!("{}: the file {} of {}", group.name, parcel.name, short(&said.versions[0]));
                match (kept, links) {
                    (1, 0) | (0, 1) => verdict.papers += 1,
                    (0, 0) if is_unclear(said) => {}
                    (0, 0) => verdict.open.push(format!("{what} is not with the operator")),
                    _ => verdict.broken.push(format!("{what} is doubled: {kept} times there, and {links} links")),
                }
            }
        }
    }
}
