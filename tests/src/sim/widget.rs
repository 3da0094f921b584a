//! A visitor whose widget never gives up: over sockets and requests by turns, it does what it has to do one after the
//! other, repeats each act until it is accepted, and keeps a diary of what it was told.

use fastrand::Rng;
use futures_util::{SinkExt, StreamExt};
use shared::{Entry, FileId, Happening, MessageId, Refusal, ToServer, ToWidget};
use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use tokio_util::sync::CancellationToken;

use super::{
    diary::{Accepted, Diary},
    door::{Door, SILENCE},
    script::{Parcel, Saying, Script},
};
use crate::{logs, upload::file_id, visitor::message_id};

/// What one widget wrote, one diary after the other: the last is still written.
pub type Diaries = Arc<Mutex<Vec<Diary>>>;

/// One visitor.
pub struct Widget {
    door: Door,
    dice: Rng,
    diaries: Diaries,
    todo: Script,
    waiting: Option<Waiting>,
    session: Option<String>,
    /// Whom the page says this is.
    person: Option<String>,
    seen: u64,
}

/// What is not accepted yet.
struct Waiting {
    id: MessageId,
    frame: ToServer,
    /// When it may be repeated.
    due: Instant,
    /// Its files, and how many of them the relay has.
    files: Vec<(FileId, Parcel)>,
    uploaded: usize,
    before_sign_in: bool,
}

impl Widget {
    pub fn new(door: Door, dice: Rng, whose: String, person: Option<String>, todo: Script) -> (Self, Diaries) {
        let first = Diary { whose, person: person.clone(), left: todo.len(), ..Diary::default() };
        let diaries = Arc::new(Mutex::new(vec![first]));
        let told = Arc::clone(&diaries);
        (Self { door, dice, diaries, todo, waiting: None, session: None, person, seen: 0 }, told)
    }

    /// Lives until `stop`.
    pub async fn live(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.become_another() => {}
            }
            let open_for = Duration::from_millis(self.dice.u64(500..8_000));
            let until = Instant::now() + open_for;
            let by_socket = self.dice.u32(0..10) < 8;
            tokio::select! {
                () = stop.cancelled() => return,
                () = async { if by_socket { self.by_socket(until).await } else { self.by_requests(until).await } } => {}
            }
            let away = Instant::now() + Duration::from_millis(self.dice.u64(5..300));
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(away) => {}
            }
        }
    }

    fn diary(&self) -> Writing<'_> {
        Writing(self.diaries.lock().expect("no holder panics"))
    }

    fn hello(&self) -> ToServer {
        self.door.hello(self.session.clone(), self.seen, self.person.as_deref())
    }

    async fn by_socket(&mut self, until: Instant) {
        let address = format!("{}/v1/stream", self.door.relay.replacen("http", "ws", 1));
        let mut request = address.into_client_request().expect("an origin and a path are an address");
        request.headers_mut().insert("origin", self.door.relay.parse().expect("an origin is a header"));
        let Ok(Ok((mut socket, _))) = timeout(SILENCE, connect_async(request)).await else { return };
        let text = |frame: &ToServer| Message::text(serde_json::to_string(frame).expect("a frame is JSON"));
        if socket.send(text(&self.hello())).await.is_err() {
            return;
        }
        let mut is_greeted = false;
        while Instant::now() < until {
            if is_greeted {
                if self.another().is_some() {
                    return;
                }
                if let Some(frame) = self.next().await
                    && socket.send(text(&frame)).await.is_err()
                {
                    return;
                }
            }
            let due = self.due().unwrap_or(until).min(until);
            let read = tokio::select! {
                read = timeout(SILENCE, socket.next()) => read,
                () = sleep_until(due), if is_greeted => continue,
            };
            let Ok(Some(Ok(message))) = read else { return };
            let Message::Text(text) = message else { continue };
            let frame = serde_json::from_str(&text).unwrap_or(ToWidget::Unknown);
            is_greeted |= matches!(frame, ToWidget::Welcome { .. });
            if self.take(frame).is_break() {
                return;
            }
        }
    }

    async fn by_requests(&mut self, until: Instant) {
        let mut is_greeted = false;
        while Instant::now() < until {
            if self.another().is_some() {
                return;
            }
            let say = if is_greeted { self.next().await } else { None };
            let wait = match self.due() {
                _ if !is_greeted => 0,
                Some(_) => 2,
                None => 25,
            };
            let frames: Vec<ToServer> = [self.hello()].into_iter().chain(say).collect();
            let Some(answers) = self.door.ask(&frames, wait).await else { return };
            for frame in answers {
                is_greeted |= matches!(frame, ToWidget::Welcome { .. });
                if self.take(frame).is_break() {
                    return;
                }
            }
        }
    }

    /// What changes who this is, if it is due.
    fn another(&self) -> Option<Saying> {
        let (_, saying) = self.todo.front().filter(|(at, _)| *at <= Instant::now())?;
        let may = match saying {
            // Files are uploaded into a dialogue, and the message must come into the same one.
            Saying::SignIn(_) => self.waiting.as_ref().is_none_or(|waiting| waiting.files.is_empty()),
            Saying::Leave => self.waiting.is_none(),
            _ => false,
        };
        may.then(|| saying.clone())
    }

    /// Signs in or logs out, if that is due, and as often as it is.
    async fn become_another(&mut self) {
        while let Some(saying) = self.another() {
            if let Saying::SignIn(person) = saying {
                self.person = Some(person);
            } else {
                if let Some(session) = self.session.clone() {
                    let answer = self.door.ask(&[ToServer::Reset { session }], 0).await;
                    if !answer.is_some_and(|frames| frames.contains(&ToWidget::Ended)) {
                        sleep_until(Instant::now() + SILENCE / 10).await;
                        continue;
                    }
                }
                (self.session, self.person) = (None, None);
                self.diary().end();
            }
            self.todo.pop_front();
            self.start_from_nothing();
        }
    }

    /// What the browser keeps is kept apart by person.
    fn start_from_nothing(&mut self) {
        self.seen = 0;
        self.waiting.iter_mut().for_each(|waiting| waiting.before_sign_in = true);
        let person = self.person.clone();
        let mut diary = self.diary();
        let diary = diary.last();
        diary.left -= 1;
        diary.log.clear();
        diary.person = person;
        diary.accepted.iter_mut().for_each(|said| said.before_sign_in = true);
    }

    /// What is to be sent now.
    async fn next(&mut self) -> Option<ToServer> {
        let now = Instant::now();
        let is_another = |saying: &Saying| matches!(saying, Saying::SignIn(_) | Saying::Leave);
        let is_due = self.todo.front().is_some_and(|(at, saying)| *at <= now && !is_another(saying));
        if self.waiting.is_none() && is_due {
            let (_, saying) = self.todo.pop_front()?;
            self.waiting = self.begun(saying, now);
        }
        let session = self.session.clone()?;
        let waiting = self.waiting.as_mut().filter(|waiting| waiting.due <= now)?;
        waiting.due = now + SILENCE; // repeated then on the same connection, or at once on the next
        while let Some((id, parcel)) = waiting.files.get(waiting.uploaded) {
            if self.door.upload(&session, id, parcel).await != Some(true) {
                waiting.due = Instant::now() + SILENCE / 6;
                return None;
            }
            waiting.uploaded += 1;
        }
        Some(waiting.frame.clone())
    }

    /// An act begins; none, and nothing is left of it, where there is nothing to change.
    fn begun(&self, saying: Saying, due: Instant) -> Option<Waiting> {
        let id = message_id();
        let mut diary = self.diary();
        let diary = diary.last();
        let last = diary.accepted.last().filter(|said| !said.deleted).map(|said| said.id.clone());
        let mut files = Vec::new();
        let frame = match (saying, last) {
            (Saying::Say { text, reply, files: parcels }, _) => {
                files.extend(parcels.into_iter().map(|parcel| (file_id(), parcel)));
                let reply_to = diary.log.iter().rev().find_map(said).filter(|_| reply);
                let files = files.iter().map(|(file, _)| file.clone()).collect();
                Some(ToServer::Say { id: id.clone(), text, reply_to, files })
            }
            (Saying::Edit(text), Some(of)) => Some(ToServer::Edit { id: id.clone(), of, text }),
            (Saying::Delete, Some(of)) => Some(ToServer::Delete { id: id.clone(), of }),
            (Saying::Rate(like), _) => Some(ToServer::Rate { id: id.clone(), like }),
            (Saying::Finish, _) => Some(ToServer::Finish { id: id.clone() }),
            _ => None,
        };
        diary.left -= usize::from(frame.is_none());
        Some(Waiting { id, frame: frame?, due, files, uploaded: 0, before_sign_in: false })
    }

    fn due(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.due).or_else(|| self.todo.front().map(|(at, _)| *at))
    }

    /// Notes a frame; breaks off the connection where there is nothing more to come.
    fn take(&mut self, frame: ToWidget) -> ControlFlow<()> {
        match frame {
            ToWidget::Welcome { session, reset, .. } => {
                session.iter().for_each(|token| logs::confide(token));
                self.session = session.or(self.session.take());
                if reset && self.seen > 0 {
                    self.diary().last().broken.push("all was to be read anew".to_owned());
                }
                self.diary().last().session.clone_from(&self.session);
                if let Some(waiting) = &mut self.waiting {
                    waiting.due = Instant::now();
                }
            }
            ToWidget::Accepted { id, .. } => self.accepted(&id),
            ToWidget::Refused { id: Some(id), code, retry_after } => self.refused(&id, code, retry_after),
            ToWidget::Refused { id: None, code: Refusal::SessionUnknown, .. } => {
                if self.diary().last().accepted.is_empty() {
                    self.session = None; // nothing was ever said in it
                } else {
                    self.diary().last().broken.push("the session was forgotten".to_owned());
                }
                return ControlFlow::Break(());
            }
            ToWidget::Refused { .. } => return ControlFlow::Break(()),
            ToWidget::Entries { list } => list.into_iter().for_each(|entry| self.entry(entry)),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn accepted(&mut self, id: &MessageId) {
        let Some(Waiting { frame, files, before_sign_in, .. }) = self.waiting.take_if(|waiting| waiting.id == *id)
        else {
            return;
        };
        let mut diary = self.diary();
        let diary = diary.last();
        diary.left -= 1;
        match frame {
            ToServer::Say { id, text, reply_to, .. } => {
                let reply = reply_to.is_some();
                let files = files.into_iter().map(|(_, parcel)| parcel).collect();
                diary.accepted.push(Accepted {
                    id,
                    versions: vec![text],
                    reply,
                    deleted: false,
                    files,
                    before_sign_in,
                });
            }
            ToServer::Edit { of, text, .. } => diary.change(&of, |said| said.versions.push(text)),
            ToServer::Delete { of, .. } => diary.change(&of, |said| said.deleted = true),
            ToServer::Rate { id, like } => diary.rated.push((id, like)),
            _ => {}
        }
    }

    fn refused(&mut self, id: &MessageId, code: Refusal, retry_after: Option<u32>) {
        let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.id == *id) else { return };
        if code.is_passing() || code == Refusal::NoRoom {
            // Seconds of the relay's faster time: by then long over.
            waiting.due = Instant::now() + Duration::from_millis(u64::from(retry_after.unwrap_or(1)) * 60);
            return;
        }
        let frame = self.waiting.take().map(|waiting| waiting.frame);
        let mut diary = self.diary();
        let diary = diary.last();
        diary.left -= 1;
        let is_due = match &frame {
            Some(ToServer::Rate { .. } | ToServer::Finish { .. }) => code == Refusal::NotOpen,
            _ => false,
        };
        if !is_due {
            diary.broken.push(format!("{frame:?} was refused: {code:?}"));
        }
    }

    fn entry(&mut self, entry: Entry) {
        if entry.seq != self.seen + 1 {
            let broken = format!("after entry {} came {}", self.seen, entry.seq);
            self.diary().last().broken.push(broken);
            return;
        }
        self.seen = entry.seq;
        self.diary().last().log.push(entry);
    }
}

fn said(entry: &Entry) -> Option<MessageId> {
    match &entry.what {
        Happening::Said { id, .. } => Some(id.clone()),
        _ => None,
    }
}

/// A widget's diaries, to be written in.
struct Writing<'widget>(MutexGuard<'widget, Vec<Diary>>);

impl Writing<'_> {
    fn last(&mut self) -> &mut Diary {
        self.0.last_mut().expect("there is always one")
    }

    /// The last one is ended, and another begun.
    fn end(&mut self) {
        let before = self.last();
        before.ended = true;
        let (whose, left) = (before.whose.clone(), std::mem::take(&mut before.left));
        self.0.push(Diary { whose, left, ..Diary::default() });
    }
}
