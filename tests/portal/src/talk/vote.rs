//! Ratings: the line asks for one when a talk is finished, and takes a text that begins with `1` or `0` for the answer.

use std::time::Duration;

use crate::{
    chats::{Alarm, Author, Chat, Due, Kind, Rating},
    clock::Millis,
    ids::{ChatId, SessionId, UserId},
    options::Vote,
    talk::{Incoming, TalkError},
    world::World,
};

/// What a vote is worth: `imopenlines` keeps 5 and 1.
const LIKED: u8 = 5;
const DISLIKED: u8 = 1;

/// What became of a text while a rating is waited for.
pub(super) enum Voted {
    /// It is the rating.
    Taken(SessionId),
    /// It is one, and comes too late: stored, but nobody's session has it.
    TooLate,
}

impl World {
    /// An operator asks for a rating of the talk.
    pub fn ask_for_rating(&mut self, chat: ChatId, by: UserId) -> Result<(), TalkError> {
        let session = self.known(chat)?.session().ok_or(TalkError::NoSession)?.id;
        let vote = self.line(self.chats[&chat].line).and_then(|line| line.vote.clone()).unwrap_or_default();
        self.request(chat, session, by, &vote);
        Ok(())
    }

    pub(super) fn request(&mut self, chat: ChatId, session: SessionId, by: UserId, vote: &Vote) {
        let until = (!vote.limit.is_zero()).then(|| self.clock.now().plus(vote.limit));
        if let Some(session) = self.chat_mut(chat).sessions.iter_mut().find(|one| one.id == session) {
            session.rating = Rating::Awaited { until };
        }
        let text = format!("{} {}", vote.text, vote.hint);
        self.say(chat, Author::Operator(by), Kind::Vote { session, until, vote: vote.clone() }, text);
    }

    /// Takes the text for a rating, if it is one and one is waited for.
    pub(super) fn vote(&mut self, chat: ChatId, incoming: &Incoming) -> Option<Voted> {
        let liked = mark(&incoming.text)?;
        let session = self.chats[&chat].session().cloned()?;
        let Rating::Awaited { until } = session.rating else { return None };
        let visitor = Author::Visitor(self.chats[&chat].visitor);
        let vote = self.line(self.chats[&chat].line).and_then(|line| line.vote.clone()).unwrap_or_default();
        if until.is_some_and(|until: Millis| until <= self.clock.now()) {
            self.rate(chat, session.id, Rating::None);
            self.store(chat, visitor, Kind::Said, incoming.text.clone());
            self.say(chat, Author::Portal, Kind::Automatic("vote".to_owned()), vote.late);
            return Some(Voted::TooLate);
        }
        let (rating, thumb, thanks) =
            if liked { (LIKED, "[like]", vote.like) } else { (DISLIKED, "[dislike]", vote.dislike) };
        self.rate(chat, session.id, Rating::Given(rating));
        let text = format!("{thumb}{}", &incoming.text[1..]);
        let id = self.store(chat, visitor, Kind::Said, text);
        if let Some(mid) = incoming.message_id.clone() {
            self.pending_mids.push((chat, id, mid));
        }
        self.say(chat, Author::Portal, Kind::Automatic("vote".to_owned()), thanks);
        // A closed session opens again without a word, and is closed once more.
        if session.closed || vote.closing_delay {
            self.alarms.retain(|alarm| alarm.what != Due::Close(session.id));
            let open_for = if session.closed { vote.reopened } else { Duration::ZERO };
            self.reopen_for(chat, session.id, open_for);
        }
        Some(Voted::Taken(session.id))
    }

    /// A session is open for so long, and then closed.
    fn reopen_for(&mut self, chat: ChatId, session: SessionId, span: Duration) {
        if span.is_zero() {
            self.close(chat, session);
            return;
        }
        for one in self.chat_mut(chat).sessions.iter_mut().filter(|one| one.id == session) {
            one.closed = false;
        }
        let due = self.clock.now().plus(span);
        self.alarms.push(Alarm { due, chat, what: Due::Close(session) });
    }

    fn rate(&mut self, chat: ChatId, session: SessionId, rating: Rating) {
        for one in self.chat_mut(chat).sessions.iter_mut().filter(|one| one.id == session) {
            one.rating = rating;
        }
    }
}

impl Chat {
    /// The marks that the visitor gave, by session, oldest first.
    pub fn ratings(&self) -> Vec<u8> {
        let given = |rating: &Rating| match rating {
            Rating::Given(mark) => Some(*mark),
            _ => None,
        };
        self.sessions.iter().filter_map(|session| given(&session.rating)).collect()
    }
}

/// `1` or `0`, alone or before a space.
fn mark(text: &str) -> Option<bool> {
    let mut letters = text.chars();
    let liked = match letters.next()? {
        '1' => true,
        '0' => false,
        _ => return None,
    };
    letters.next().is_none_or(|next| next == ' ').then_some(liked)
}
