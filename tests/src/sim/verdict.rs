//! The comparison at the end: what was said on either side against what the other side has. Pure.
//!
//! ```text
//! groups     who is in one dialogue              operators   visitors' words, with the operators
//! matching   which message is which act          visitors    operators' words, with the visitors
//!                                                papers      visitors' files
//! ```

mod groups;
mod matching;
mod operators;
mod papers;
mod visitors;

use otklik_portal::Chat;
use std::{
    collections::HashMap,
    fmt::{self, Display},
};

use self::{groups::Group, matching::Matching, papers::Papers, visitors::Book};
use super::{
    desk::Spoken,
    diary::{Accepted, Diary},
    heard::Heard,
    plan::Plan,
};

/// Everything that was seen.
#[derive(Clone)]
pub struct Evidence {
    pub plan: Plan,
    pub chats: Vec<Chat>,
    pub diaries: Vec<Diary>,
    pub spoken: Vec<Spoken>,
    /// What the relay was told, and took.
    pub heard: Heard,
    /// Where two calls of one dialogue were under way at once.
    pub overlaps: Vec<String>,
}

/// What the comparison brought.
#[derive(Debug, Default)]
pub struct Verdict {
    pub accepted: usize,
    pub delivered: usize,
    pub unconfirmed: usize,
    /// Ratings that are settled.
    pub ratings: usize,
    /// Visitors' files that arrived.
    pub papers: usize,
    pub spoken: usize,
    pub shown: usize,
    /// Shown as they were before a change that no channel told.
    pub stale: usize,
    /// No channel had them any more.
    pub unreachable: usize,
    /// Nothing is known of them yet; with time this should become none.
    pub open: Vec<String>,
    /// What may never be, nor become.
    pub broken: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.open.is_empty() && self.broken.is_empty()
    }
}

impl Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, delivered, unconfirmed, ratings, papers, .. } = self;
        writeln!(
            to,
            "to operators  {accepted} accepted, {delivered} delivered, {unconfirmed} unconfirmed; {papers} files, \
             {ratings} ratings"
        )?;
        let Self { spoken, shown, stale, unreachable, .. } = self;
        writeln!(
            to,
            "to visitors   {spoken} said, {shown} shown, {stale} of them as they were before, {unreachable} in no channel"
        )?;
        let all = self.broken.iter().map(|what| ("broken", what)).chain(self.open.iter().map(|what| ("open  ", what)));
        all.take(40).try_for_each(|(mark, what)| writeln!(to, "{mark}        {what}"))
    }
}

/// Compares.
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    let groups = Group::all(&evidence.diaries);
    let matching = Matching::of(&groups, &evidence.chats);
    let book: Book = evidence.spoken.iter().map(|one| (matching::im(one.chat, one.id), one)).collect::<HashMap<_, _>>();
    let papers = Papers::of(evidence);
    verdict.broken.extend(matching.mixed.iter().cloned());
    verdict.open.extend(matching.unknown.iter().cloned());
    verdict.broken.extend(evidence.overlaps.iter().cloned());
    for (nth, group) in groups.iter().enumerate() {
        operators::judge(&mut verdict, evidence, group, &matching);
        visitors::judge(&mut verdict, evidence, nth, group, &matching, &book);
        papers.judge(&mut verdict, group, &matching);
    }
    verdict
}
