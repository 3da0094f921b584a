//! The lines of the screen: days, names, messages in groups, what the system says. Each has a key that stays while it
//! shows, so that a change moves and alters elements instead of making new ones.

use super::{Act, Fate, History, Message, Moment, Pending, Queue, State, What};
use shared::{Author, Face, File, MessageId, Millis, Piece, Quote, Seq};
use std::sync::Arc;

/// Messages of one author that are less than this apart share a name and a time: 3 minutes.
const GROUP_GAP: Millis = 3 * 60 * 1000;

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub key: String,
    pub shown: Shown,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A day of the visitor's zone begins, so many before today.
    Day {
        at: Millis,
        ago: u32,
    },
    /// A sentence of the product, by its word's key.
    Note(&'static str),
    /// Another person answers from here.
    Answers(String),
    Finished(Millis),
    /// What follows has not been read.
    New,
    Message(Bubble),
}

/// A message with its place in its group.
#[derive(Clone, Debug, PartialEq)]
pub struct Bubble {
    pub id: MessageId,
    pub from: Author,
    /// As the portal signs it.
    pub name: Option<String>,
    pub face: Face,
    pub at: Millis,
    pub body: Arc<Vec<Piece>>,
    pub files: Arc<Vec<File>>,
    pub edited: bool,
    pub deleted: bool,
    /// `None` for what others said.
    pub state: Option<State>,
    /// The visitor changed it or took it back, and the operator has it as it was, as far as is known.
    pub unheard: Option<State>,
    /// The state's word, by its key.
    pub word: &'static str,
    /// The first of its group: the name stands above it.
    pub first: bool,
    /// The last of its group: time and state stand below it.
    pub last: bool,
    /// The visitor's newest: its state stands there in words.
    pub newest: bool,
    /// The visitor has sent the same words once more.
    pub repeated: bool,
    /// What it answers.
    pub reply: Option<Arc<Quoted>>,
    /// It asks for a rating.
    pub rating: Option<Rating>,
}

/// A message that another answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Quoted {
    pub of: MessageId,
    pub from: Author,
    pub name: Option<String>,
    /// Its words without formatting; nothing where it is gone.
    pub text: String,
}

/// Where the answer to a request for a rating stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rating {
    Open,
    Given(bool),
    /// It came too late.
    Late,
    /// It did not get to the operator, or may not have.
    Unheard(State),
}

impl Rating {
    /// As `data-rating` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Given(true) => "like",
            Self::Given(false) => "dislike",
            Self::Late => "late",
            Self::Unheard(state) => state.name(),
        }
    }
}

/// What decides about the lines besides the messages.
pub struct Scene<'a> {
    /// Sentences above the conversation and below it, as keys of words.
    pub above: &'a [&'static str],
    pub below: &'a [&'static str],
    /// Where reading stopped: the rule for new messages stands after this entry.
    pub read_up_to: Option<Seq>,
    /// The visitor's messages that failed or may be lost, and were sent anew or given up.
    pub settled: &'a [MessageId],
    /// There is no connection: what is queued waits for it.
    pub offline: bool,
    /// The number of a day in the visitor's zone, and of this day.
    pub day: &'a dyn Fn(Millis) -> u32,
    pub today: u32,
}

/// What to show of `history` and of `queue` behind it.
pub fn lines(history: &History, queue: &Queue, scene: &Scene<'_>) -> Vec<Line> {
    let rating = rating(history, queue);
    let mut page = Page { lines: Vec::new(), scene, history, queue, rating, day: None, last: None, speaker: None };
    for word in scene.above {
        page.note(word);
    }
    let mut divider = scene.read_up_to;
    for moment in history.moments() {
        page.moment(moment, &mut divider);
    }
    for pending in queue.list() {
        let Act::Say { reply_to } = &pending.act else { continue };
        let state = match pending.fate {
            Fate::Waiting => State::Queued,
            Fate::Taken => State::Sent,
            Fate::Refused(_) => State::Failed,
        };
        let body = Arc::new(vec![Piece::Text(pending.text.clone())]);
        let reply = reply_to.as_ref().map(|to| quoted(history, to));
        let files = Arc::new(pending.files.clone());
        let new = Bubble::new(&pending.id, Author::Visitor, pending.at);
        let mut bubble = Bubble { state: Some(state), body, files, reply, ..new };
        bubble.change(queue.change(&pending.id));
        page.bubble(bubble);
    }
    for word in scene.below {
        page.note(word);
    }
    let own = |line: &&mut Line| matches!(&line.shown, Shown::Message(bubble) if bubble.state.is_some());
    if let Some(Line { shown: Shown::Message(newest), .. }) = page.lines.iter_mut().rev().find(own) {
        newest.newest = true;
    }
    page.lines
}

impl Bubble {
    /// A message without words, alone in its group.
    fn new(id: &MessageId, from: Author, at: Millis) -> Self {
        Self {
            id: id.clone(),
            from,
            name: None,
            face: Face::default(),
            at,
            body: Arc::default(),
            files: Arc::default(),
            edited: false,
            deleted: false,
            state: None,
            unheard: None,
            word: "",
            first: true,
            last: true,
            newest: false,
            repeated: false,
            reply: None,
            rating: None,
        }
    }

    /// Shows it as it will be once what is under way has arrived.
    fn change(&mut self, change: Option<&Pending>) {
        if change.is_some() {
            self.unheard = None;
        }
        match change {
            Some(Pending { act: Act::Delete(_), .. }) => {
                (self.body, self.files) = Default::default();
                (self.deleted, self.edited) = (true, false);
            }
            Some(edit) if !self.deleted => {
                self.body = Arc::new(vec![Piece::Text(edit.text.clone())]);
                self.edited = true;
            }
            _ => {}
        }
    }

    /// Whether it belongs to the group that `above` ends.
    fn joins(&self, above: &Bubble) -> bool {
        // What failed or may be lost has its own words and buttons below it.
        let settled = !matches!(above.state, Some(State::Failed | State::Unconfirmed));
        let same = above.from == self.from && above.name == self.name && above.from != Author::System;
        settled && above.unheard.is_none() && same && self.at.saturating_sub(above.at) < GROUP_GAP
    }
}

struct Page<'a> {
    lines: Vec<Line>,
    scene: &'a Scene<'a>,
    history: &'a History,
    queue: &'a Queue,
    /// The entry that asked for a rating last, and where that stands.
    rating: Option<(Seq, Rating)>,
    day: Option<u32>,
    /// Where the last message stands among the lines, while nothing came after it.
    last: Option<usize>,
    /// The operator who spoke last.
    speaker: Option<String>,
}

impl Page<'_> {
    fn moment(&mut self, moment: &Moment, divider: &mut Option<Seq>) {
        match &moment.what {
            What::Started | What::Rated(_) => {}
            What::Finished if self.history.unheard(moment.seq).is_some() => {}
            // The visitor ended it, and so says the portal.
            What::Finished if matches!(self.lines.last(), Some(Line { shown: Shown::Finished(_), .. })) => {}
            What::Finished => self.push(["f", &moment.seq.to_string()].concat(), Shown::Finished(moment.at)),
            What::Said(message) => {
                if message.calls() && divider.take_if(|read| moment.seq > *read).is_some() {
                    self.push("new".to_owned(), Shown::New);
                }
                self.said(moment, message);
            }
        }
    }

    fn said(&mut self, moment: &Moment, message: &Message) {
        let own = message.from == Author::Visitor;
        let repeated = own && self.scene.settled.contains(&message.id);
        if repeated && message.state == State::Failed {
            return;
        }
        if message.from == Author::Operator {
            let changed = self.speaker.is_some() && message.name.is_some() && self.speaker != message.name;
            if let (true, Some(name)) = (changed, &message.name) {
                self.begin_day(moment.at);
                self.push(["a", &moment.seq.to_string()].concat(), Shown::Answers(name.clone()));
            }
            self.speaker = message.name.clone().or(self.speaker.take());
        }
        let mut bubble = Bubble {
            name: message.name.clone(),
            face: message.face.clone(),
            body: named(self.history, &message.body),
            files: message.files.clone(),
            edited: message.is_edited(),
            deleted: message.deleted,
            state: own.then_some(message.state),
            unheard: own.then(|| self.history.unheard(message.changed())).flatten(),
            repeated,
            reply: message.reply_to.as_ref().map(|to| quoted(self.history, to)),
            rating: self.rating.filter(|(seq, _)| *seq == moment.seq).map(|(_, rating)| rating),
            ..Bubble::new(&message.id, message.from, moment.at)
        };
        bubble.change(own.then(|| self.queue.change(&message.id)).flatten());
        self.bubble(bubble);
    }

    fn bubble(&mut self, mut bubble: Bubble) {
        self.begin_day(bubble.at);
        bubble.word = match bubble.state {
            Some(State::Queued) if self.scene.offline => "queued_offline",
            state => state.map_or("", State::name),
        };
        if let Some(Shown::Message(above)) = self.last.map(|last| &mut self.lines[last].shown)
            && bubble.joins(above)
        {
            above.last = false;
            bubble.first = false;
        }
        self.push(bubble.id.as_str().to_owned(), Shown::Message(bubble));
        self.last = self.lines.len().checked_sub(1);
    }

    fn begin_day(&mut self, at: Millis) {
        let day = (self.scene.day)(at);
        // An entry that is late (a clock was set back, a message waited offline) does not begin an earlier day again.
        if self.day.is_none_or(|last| day > last) {
            self.day = Some(day);
            let ago = self.scene.today.saturating_sub(day);
            self.push(["d", &day.to_string()].concat(), Shown::Day { at, ago });
        }
    }

    fn note(&mut self, word: &'static str) {
        self.push(word.to_owned(), Shown::Note(word));
    }

    fn push(&mut self, key: String, shown: Shown) {
        self.last = None;
        self.lines.push(Line { key, shown });
    }
}

/// Where the last request for a rating stands, and its entry: none once another conversation has begun.
fn rating(history: &History, queue: &Queue) -> Option<(Seq, Rating)> {
    let asks = |moment: &Moment| matches!(&moment.what, What::Said(message) if message.rating && !message.deleted);
    let place = history.moments().iter().rposition(asks)?;
    let seq = history.moments()[place].seq;
    for moment in &history.moments()[place..] {
        match moment.what {
            What::Rated(like) => {
                let given = Rating::Given(like);
                return Some((seq, history.unheard(moment.seq).map_or(given, Rating::Unheard)));
            }
            What::Started => return None,
            _ => {}
        }
    }
    let rated = queue.list().iter().rev().find_map(|pending| match (&pending.act, pending.fate) {
        (Act::Rate(_), Fate::Refused(_)) => Some(Rating::Late),
        (Act::Rate(like), _) => Some(Rating::Given(*like)),
        _ => None,
    });
    Some((seq, rated.unwrap_or(Rating::Open)))
}

fn quoted(history: &History, of: &MessageId) -> Arc<Quoted> {
    let message = history.message(of);
    Arc::new(Quoted {
        of: of.clone(),
        from: message.map_or(Author::System, |message| message.from),
        name: message.and_then(|message| message.name.clone()),
        text: message.map(|message| plain(&message.body)).unwrap_or_default(),
    })
}

/// The words; of whom they quote without a name, the name under which those spoke here.
fn named(history: &History, body: &Arc<Vec<Piece>>) -> Arc<Vec<Piece>> {
    let mut body = body.clone();
    for nth in 0..body.len() {
        if let Piece::Quote(Quote { name: None, of: Some(of), .. }) = &body[nth]
            && let Some(found) = history.message(of).and_then(|message| message.name.clone())
            && let Piece::Quote(quote) = &mut Arc::make_mut(&mut body)[nth]
        {
            quote.name = Some(found);
        }
    }
    body
}

/// Words without their formatting, and without what they quote.
fn plain(pieces: &[Piece]) -> String {
    let words = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Code(text) => text.clone(),
        Piece::Bold(inner) | Piece::Italic(inner) | Piece::Underline(inner) | Piece::Strike(inner) => plain(inner),
        Piece::Link(link) => plain(&link.body),
        Piece::Quote(_) | Piece::Time(_) => String::new(),
    };
    pieces.iter().map(words).collect()
}
