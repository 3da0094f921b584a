//! Whose diaries belong together: those of a person's devices, else each by itself.

use shared::{Entry, MessageState};
use std::collections::BTreeMap;

use super::matching::Act;
use crate::{
    sim::diary::{Accepted, Diary},
    visitor::{self, Seen},
};

/// Everybody who is in one dialogue.
pub struct Group<'run> {
    pub name: String,
    pub diaries: Vec<&'run Diary>,
    /// What is shown to those who are still in; none where nobody is.
    pub seen: Option<Vec<Seen>>,
    pub log: &'run [Entry],
}

impl<'run> Group<'run> {
    pub fn all(diaries: &'run [Diary]) -> Vec<Self> {
        let mut groups: BTreeMap<String, Vec<&Diary>> = BTreeMap::new();
        for (nth, diary) in diaries.iter().enumerate() {
            let name = diary.person.clone().unwrap_or_else(|| format!("{} ({nth})", diary.whose));
            groups.entry(name).or_default().push(diary);
        }
        groups.into_iter().map(|(name, diaries)| Self::new(name, diaries)).collect()
    }

    fn new(name: String, diaries: Vec<&'run Diary>) -> Self {
        // The longest: others are still being told.
        let live = diaries.iter().filter(|diary| !diary.ended).max_by_key(|diary| diary.log.len());
        let log = live.map_or(&[][..], |diary| &diary.log);
        Self { name, seen: live.map(|diary| visitor::fold(&diary.log)), log, diaries }
    }

    pub fn accepted(&self) -> impl Iterator<Item = &'run Accepted> {
        self.diaries.iter().flat_map(|diary| &diary.accepted)
    }

    /// What makes messages in the portal: words, and ratings, which travel as such.
    pub fn acts(&self, group: usize) -> Vec<(&'run str, Act<'run>)> {
        let act = |nth, versions, may_miss| Act { group, nth, versions, may_miss, places: Vec::new() };
        let is_unclear = |said: &Accepted| {
            let state = self.seen.iter().flatten().find(|one| one.id == said.id).and_then(|one| one.state);
            state == Some(MessageState::Unconfirmed)
        };
        let said = self.accepted().enumerate().map(|(nth, said)| {
            let versions = said.versions.iter().map(String::as_str).collect();
            (said.id.as_str(), act(nth, versions, said.deleted || is_unclear(said)))
        });
        let rated = self.diaries.iter().flat_map(|diary| &diary.rated);
        let rated = rated.map(|(id, like)| (id.as_str(), act(usize::MAX, vec![if *like { "1" } else { "0" }], true)));
        said.chain(rated).collect()
    }
}
