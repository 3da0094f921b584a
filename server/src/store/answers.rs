//! How soon operators answer on each site. Measured is the time from the first thing a visitor said that nobody had
//! answered to the first answer of a person: not of a bot, nor an automatic text. What is never answered counts for
//! nothing. Written with the answer itself.

use super::committer::Batch;
use super::row::Row;
use super::tables::ANSWERS;
use super::{Store, StoreError};
use crate::ids::DialogueId;
use serde::{Deserialize, Serialize};
use shared::{Millis, SiteKey};
use std::collections::VecDeque;

/// How many answers are remembered, the last ones.
const REMEMBERED: usize = 50;

/// From how many on their median tells something.
const ENOUGH: usize = 20;

/// The last answers on a site, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
struct AnswersRow {
    seconds: VecDeque<u32>,
}

impl Row for AnswersRow {
    const KIND: &'static str = "answers";
}

impl AnswersRow {
    fn put(&mut self, seconds: u32) {
        self.seconds.push_back(seconds);
        if self.seconds.len() > REMEMBERED {
            self.seconds.pop_front();
        }
    }

    fn median(&self) -> Option<u32> {
        let mut sorted: Vec<u32> = self.seconds.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().filter(|_| sorted.len() >= ENOUGH)
    }
}

/// An operator answers in `dialogue`, where the answer is not written yet.
pub(super) fn note(batch: &mut Batch<'_>, dialogue: DialogueId, at: Millis) -> Result<(), StoreError> {
    let Some(head) = batch.head(dialogue)? else { return Ok(()) };
    let (asked_at, site) = (head.asked_at.filter(|asked_at| *asked_at <= at), head.site.clone());
    let Some(asked_at) = asked_at else { return Ok(()) }; // what was said before answers something else
    let mut row: AnswersRow = batch.row(ANSWERS, site.as_str())?.unwrap_or_default();
    row.put(u32::try_from(at.saturating_sub(asked_at) / 1000).unwrap_or(u32::MAX));
    batch.put(ANSWERS, site.as_str(), &row)
}

impl Store {
    /// How many seconds visitors of `site` wait for an answer: the median of the last answers, where there are enough.
    pub async fn answer_seconds(&self, site: &SiteKey) -> Result<Option<u32>, StoreError> {
        let site = site.clone();
        self.read(move |view| {
            let row: Option<AnswersRow> = view.row(ANSWERS, site.as_str())?;
            Ok(row.and_then(|row| row.median()))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_last_answers_and_of_enough() {
        let mut row = AnswersRow::default();
        for seconds in 1..20 {
            row.put(seconds);
        }
        assert_eq!(row.median(), None, "nineteen tell nothing");
        row.put(100_000);
        assert_eq!(row.median(), Some(11));
        for _ in 0..REMEMBERED {
            row.put(7);
        }
        assert_eq!((row.median(), row.seconds.len()), (Some(7), REMEMBERED), "the old ones are forgotten");
    }
}
