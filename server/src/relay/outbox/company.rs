//! Which errands travel in one call. No I/O.
//!
//! The portal, or something before it, may refuse a call for one visitor's words, and say nothing of which; or its answer
//! is lost, and all that travelled together are in doubt. Such errands are under suspicion: they travel in groups of
//! their own, which halve until the one to blame is alone, and by turns with all the others, whom they do not hold up.

use super::calls::method;
use super::parcel;
use crate::bitrix::methods::messages::MOST;
use crate::store::{Errand, OutboxItem, Position};
use std::collections::{HashMap, HashSet};

/// In how many groups those of a lost call part whose dialogues the portal has told nothing of. Such a message cannot be
/// looked for, and every blind repeat may double it: 50, 7, 1.
const BLIND_PARTS: usize = 8;

#[derive(Debug, Default)]
pub struct Suspects {
    /// Each with its group; the group of the lowest number was called longest ago.
    groups: HashMap<Position, u64>,
    next: u64,
    /// The last call carried a group: it is the others' turn.
    had_turn: bool,
    /// How many errands the portal has taken, and how many when an answer was lost last.
    taken: u64,
    taken_at_loss: Option<u64>,
}

impl Suspects {
    /// Whose turn it is, and who is next if they have nothing to send: true for those under suspicion.
    pub fn turns(&self) -> &'static [bool] {
        match self.had_turn {
            _ if self.groups.is_empty() => &[false],
            true => &[false, true],
            false => &[true, false],
        }
    }

    /// All that are under suspicion.
    pub fn all(&self) -> HashSet<Position> {
        self.groups.keys().copied().collect()
    }

    /// Of `found`, what one call may carry. They are under suspicion, all or none.
    pub fn of_one_call(&mut self, mut found: Vec<OutboxItem>) -> Vec<OutboxItem> {
        let group = found.iter().filter_map(|item| self.groups.get(&item.position)).min().copied();
        found.retain(|item| self.groups.get(&item.position).copied() == group);
        self.had_turn = group.is_some();
        let Some(first) = found.first() else { return found };
        if travels_alone(&first.what) {
            found.truncate(1);
            return found;
        }
        let (line, method) = (first.line, method(&first.what));
        found.retain(|item| item.line == line && self::method(&item.what) == method && !travels_alone(&item.what));
        found.truncate(MOST);
        found
    }

    /// A call of these was refused for what it carried: the next ones carry half of them each.
    pub fn refused(&mut self, batch: &[OutboxItem]) {
        self.part(batch, 2);
    }

    /// The next calls carry no two of these.
    pub fn separate(&mut self, batch: &[OutboxItem]) {
        self.part(batch, batch.len());
    }

    /// They keep together, and others have their turn first.
    pub fn put_off(&mut self, batch: &[OutboxItem]) {
        self.part(batch, 1);
        self.had_turn = true;
    }

    /// The answer to a call of these was lost. Where nothing was taken since an answer was lost before, nothing comes
    /// through at all, and to part them would only make more calls.
    pub fn lost(&mut self, batch: &[OutboxItem]) {
        let works = self.taken_at_loss.is_none_or(|before| self.taken > before);
        self.taken_at_loss = Some(self.taken);
        let is_blind = batch.iter().any(|item| item.at_portal.session.is_none());
        self.part(batch, if is_blind { BLIND_PARTS } else { 1 + usize::from(works) });
    }

    /// The portal took it.
    pub fn absolve(&mut self, position: Position) {
        self.taken += 1;
        self.forget(position);
    }

    /// It waits no more.
    pub fn forget(&mut self, position: Position) {
        self.groups.remove(&position);
    }

    fn part(&mut self, batch: &[OutboxItem], parts: usize) {
        for group in batch.chunks(batch.len().div_ceil(parts.max(1)).max(1)) {
            self.next += 1;
            self.groups.extend(group.iter().map(|item| (item.position, self.next)));
        }
    }
}

fn travels_alone(what: &Errand) -> bool {
    // The portal downloads files one after another, and has a minute for all of a call.
    matches!(what, Errand::Finish { .. }) || !parcel::files(what).is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::doubts::tests::item;
    use super::*;
    use crate::ids::LineId;
    use crate::store::AtPortal;

    /// Messages of as many dialogues, of which the portal has told.
    fn items(count: u64) -> Vec<OutboxItem> {
        let at_portal = AtPortal { session: Some(5), ..AtPortal::default() };
        (1..=count).map(|nth| OutboxItem { position: Position::at(nth), at_portal, ..item() }).collect()
    }

    /// The calls that carry all of `items`, if each of them is taken.
    fn calls(suspects: &mut Suspects, mut items: Vec<OutboxItem>) -> Vec<usize> {
        let mut sizes = Vec::new();
        while !items.is_empty() {
            let is_suspect = |item: &OutboxItem| suspects.groups.contains_key(&item.position);
            let turn = suspects.turns().iter().find(|turn| items.iter().any(|item| is_suspect(item) == **turn));
            let turn = turn.copied().unwrap();
            let found = items.iter().filter(|item| is_suspect(item) == turn).cloned().collect();
            let batch = suspects.of_one_call(found);
            sizes.push(batch.len());
            items.retain(|item| !batch.contains(item));
        }
        sizes
    }

    #[test]
    fn a_call_is_of_one_line_and_not_longer_than_the_portal_takes() {
        let mut batch = items(3);
        batch[1].line = LineId(2);
        assert_eq!(Suspects::default().of_one_call(batch).len(), 2);
        assert_eq!(Suspects::default().of_one_call(items(MOST as u64 + 1)).len(), MOST);
        assert!(Suspects::default().of_one_call(Vec::new()).is_empty());
    }

    #[test]
    fn the_one_to_blame_is_alone_after_few_calls_and_the_others_were_taken() {
        let (mut suspects, culprit) = (Suspects::default(), Position::at(17));
        let (mut waiting, mut count) = (items(50), 0);
        loop {
            count += 1;
            let batch = suspects.of_one_call(waiting.clone());
            let is_refused = batch.iter().any(|item| item.position == culprit);
            if is_refused && batch.len() == 1 {
                break;
            } else if is_refused {
                suspects.refused(&batch);
            } else {
                batch.iter().for_each(|item| suspects.absolve(item.position));
                waiting.retain(|item| !batch.contains(item));
            }
        }
        assert!(count <= 13, "{count} calls");
        assert!(waiting.len() < 25, "more than half were taken meanwhile: {} wait", waiting.len());
    }

    #[test]
    fn newcomers_have_their_turn_between_those_under_suspicion() {
        let (mut suspects, mut all) = (Suspects::default(), items(4));
        suspects.separate(&all);
        all.extend(items(6).split_off(4));
        assert_eq!(calls(&mut suspects, all), [1, 2, 1, 1, 1]);
    }

    #[test]
    fn one_lost_answer_halves_its_call_and_an_outage_no_other() {
        let (mut suspects, all) = (Suspects::default(), items(1_000));
        for call in all.chunks(MOST) {
            suspects.lost(call);
        }
        let sizes = calls(&mut suspects, all.clone());
        assert_eq!((sizes.len(), &sizes[..3]), (21, &[25, 25, 50][..]), "a burst of errors");
        suspects.absolve(Position::at(2_000));
        suspects.lost(&all[50..100]);
        assert_eq!(calls(&mut suspects, all[50..100].to_vec()), [25, 25], "the portal works, but for this call");
    }

    #[test]
    fn first_messages_are_soon_alone() {
        let first =
            |items: Vec<OutboxItem>| items.into_iter().map(|one| OutboxItem { at_portal: AtPortal::default(), ..one });
        let all: Vec<_> = first(items(50)).collect();
        let mut suspects = Suspects::default();
        suspects.lost(&all);
        assert_eq!(calls(&mut suspects, all.clone()), [7, 7, 7, 7, 7, 7, 7, 1]);
        suspects.lost(&all[..7]);
        assert_eq!(calls(&mut suspects, all[..7].to_vec()), [1; 7]);
    }
}
