//! What the relay says, and what follows from it.

use super::{Deed, Link, News, Talk};
use crate::dialogue::{Act, Fate, Pending, State, unheard};
use shared::{Author, Entry, Happening, MessageId, MessageState, Millis, Refusal, Seq, ToWidget};

/// How long to stay away where the relay has no room and does not say for how long: 5 s.
const NO_ROOM: u32 = 5;
/// The same where the owner has closed the chat for now: 60 s.
const CLOSED_FOR: u32 = 60;
/// The word for that.
const CLOSED: &str = "closed_card";

impl Talk {
    pub fn receive(&mut self, frame: ToWidget, now: Millis) {
        match frame {
            ToWidget::Welcome { session, last, reset, text_chars, visitor } => {
                self.deeds.extend(visitor.map(Deed::Named));
                self.deeds.push(Deed::Limit { chars: text_chars });
                if reset {
                    let read = self.read;
                    self.forget();
                    self.read = read;
                }
                self.welcome(session, last, now);
            }
            ToWidget::Accepted { id, seq, at } => self.accepted(&id, seq, at),
            ToWidget::Entries { list } => self.entries(list),
            ToWidget::Refused { id, code: Refusal::SessionUnknown, .. } => self.begin_anew(id.is_some()),
            ToWidget::Refused { id: Some(id), code, retry_after } => {
                self.notice = match code {
                    Refusal::SiteClosed => Some(CLOSED),
                    Refusal::Internal => Some("server_unsaved"),
                    _ => None,
                };
                if self.queue.refuse(&id, code, retry_after, now) {
                    self.refused(&id, code);
                }
            }
            ToWidget::Refused { id: None, code, retry_after } => self.turned_away(code, retry_after, now),
            ToWidget::Presence(presence) => self.presence = presence,
            ToWidget::Pong | ToWidget::Ended | ToWidget::Unknown => {}
        }
        self.tick(now);
    }

    /// The relay will never take it. A message waits for the visitor's word, a rating shows that it came too late; a change
    /// is undone on the screen.
    fn refused(&mut self, id: &MessageId, code: Refusal) {
        self.judge(id, Fate::Refused(code));
        match self.queue.list().iter().find(|pending| pending.id == *id).map(|pending| &pending.act) {
            Some(Act::Say { .. }) | None => self.deeds.extend([Deed::Failed(code), Deed::Tell(News::Failed)]),
            Some(Act::Rate(_)) => {}
            Some(act) => {
                self.deeds.extend(complaint(act).map(Deed::Unheard));
                self.discard(id);
            }
        }
    }

    fn welcome(&mut self, session: Option<String>, last: Seq, now: Millis) {
        if let Some(token) = session {
            // Another tab may have begun a session while we waited for ours: then that is who the visitor is.
            let kept = self.storage.session();
            if kept.is_some() && kept.as_ref() != Some(&token) {
                self.session = kept;
                return self.deeds.push(Deed::Anew);
            }
            // What a person said elsewhere is no news here.
            if last > 0 {
                self.read = last;
                self.storage.keep_seen(last);
            }
            self.storage.keep_session(&token);
            self.session = Some(token);
        }
        // A log that was restored from a copy ends before what was read; its new entries are not read yet.
        if self.read > last {
            self.read = last;
            self.storage.keep_seen(last);
        }
        self.known.get_or_insert(last);
        (self.notice, self.turned) = (None, None);
        self.connected(now);
        self.mark_read();
    }

    fn accepted(&mut self, id: &MessageId, seq: Seq, at: Millis) {
        self.notice = None;
        if let Some(message) = self.queue.accept(id) {
            let first = !self.history.messages().any(|(_, message)| message.from == Author::Visitor);
            self.storage.change_queue(|queue| queue.retain(|kept| kept.id != *id));
            if message.is_said() {
                self.deeds.push(Deed::Tell(News::Sent { first }));
            }
            if !message.files.is_empty() {
                self.deeds.push(Deed::Tell(News::File { own: true }));
            }
            if let Act::Rate(like) = message.act {
                self.deeds.push(Deed::Tell(News::Rated { like }));
            }
            self.history.accept(message, seq, at);
        }
    }

    fn entries(&mut self, list: Vec<Entry>) {
        let live = self.history.seen().max(self.known.unwrap_or_default());
        let mut taken = Vec::new();
        for entry in list {
            if let Happening::Said { id, from: Author::Visitor, .. } = &entry.what
                && self.queue.accept(id).is_some()
            {
                taken.push(id.clone());
            }
            if matches!(&entry.what, Happening::Said { rating: true, .. }) {
                self.drop_late_rating(); // of an earlier request
            }
            let is_news = entry.seq > live;
            if is_news {
                self.tell(&entry.what);
            }
            let act = if let Happening::Done { entry, .. } = &entry.what { *entry } else { None };
            self.history.receive(entry);
            if is_news && let Some(act) = act {
                self.deeds.extend(self.history.complaint(act).map(Deed::Unheard));
            }
        }
        if !taken.is_empty() {
            self.storage.change_queue(|queue| queue.retain(|kept| !taken.contains(&kept.id)));
        }
        self.mark_read();
    }

    fn drop_late_rating(&mut self) {
        let is_it = |pending: &&Pending| matches!((&pending.act, pending.fate), (Act::Rate(_), Fate::Refused(_)));
        if let Some(id) = self.queue.list().iter().find(is_it).map(|pending| pending.id.clone()) {
            self.discard(&id);
        }
    }

    fn tell(&mut self, what: &Happening) {
        if let Happening::Said { from: Author::Operator | Author::Bot, files, .. } = what
            && !files.is_empty()
        {
            self.deeds.push(Deed::Tell(News::File { own: false }));
        }
        let news = match what {
            Happening::Said { from: Author::Operator, name, .. } => {
                let last = self.history.messages().rev().find(|(_, message)| message.from == Author::Operator);
                if last.is_none_or(|(_, message)| message.name != *name) {
                    self.deeds.push(Deed::Tell(News::Operator));
                }
                News::Received
            }
            Happening::Said { from: Author::Bot, .. } => News::Received,
            Happening::State { state: MessageState::Failed, .. } => {
                self.deeds.push(Deed::Failed(Refusal::Unknown));
                News::Failed
            }
            Happening::Started => News::Started,
            Happening::Finished => News::Finished,
            _ => return,
        };
        self.deeds.push(Deed::Tell(news));
    }

    /// The relay does not know us (any more). What is not sent yet goes into a new conversation.
    fn begin_anew(&mut self, speaking: bool) {
        let kept = self.storage.session();
        let known_elsewhere = kept.is_some() && kept != self.session;
        self.lost |= !known_elsewhere && !self.signed && (speaking || self.session.is_some());
        self.forget();
        if known_elsewhere {
            self.session = kept;
        } else {
            self.session = None;
            self.storage.forget_session();
            self.settled.clear();
        }
        self.reconnect();
    }

    /// The relay does not talk to us, for now or for good.
    fn turned_away(&mut self, code: Refusal, retry_after: Option<u32>, now: Millis) {
        let wait = match code {
            Refusal::Version => {
                self.notice = Some("update");
                None
            }
            Refusal::Identity => {
                self.deeds.push(Deed::Tell(News::Unproven));
                None
            }
            Refusal::SiteUnknown | Refusal::Origin => {
                self.notice = Some(CLOSED);
                None
            }
            Refusal::SiteClosed => {
                self.notice = Some(CLOSED);
                Some(CLOSED_FOR)
            }
            _ => {
                self.turned = Some((code, now + Millis::from(retry_after.unwrap_or(NO_ROOM)) * 1000));
                Some(NO_ROOM)
            }
        };
        if let Some(wait) = wait {
            return self.deeds.push(Deed::Pause { seconds: retry_after.unwrap_or(wait) });
        }
        self.left = true;
        self.link = Link::Off;
        self.deeds.push(Deed::Leave);
    }
}

/// What is to be said of a change that the relay will never take, by its word's key.
fn complaint(act: &Act) -> Option<&'static str> {
    match act {
        Act::Edit(_) => Some(unheard(State::Failed, false)),
        Act::Delete(_) => Some(unheard(State::Failed, true)),
        _ => None,
    }
}
