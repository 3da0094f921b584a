//! A visitor whose widget never gives up: over sockets and requests by turns, it says what it has to say one after the
//! other, repeats each until it is accepted, and keeps a diary of what it was told.

use fastrand::Rng;
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use shared::{Entry, Hello, MessageId, PROTOCOL_VERSION, Refusal, SiteKey, ToServer, ToWidget};
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

use super::script::{Saying, Script};
use crate::visitor::message_id;

/// After so long without a word the connection is taken for dead, in the machine's time.
const SILENCE: Duration = Duration::from_secs(3);

/// What a visitor said and was told.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// What was accepted, in the order of the log.
    pub accepted: Vec<Accepted>,
    pub log: Vec<Entry>,
    /// What is still to be said or not yet accepted.
    pub left: usize,
    pub session: Option<String>,
    /// What the relay must never do, and did.
    pub broken: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Accepted {
    pub id: MessageId,
    /// Its words, oldest first.
    pub versions: Vec<String>,
    pub deleted: bool,
}

/// The relay as visitors reach it, and what they have to say.
#[derive(Clone)]
pub struct Door {
    pub relay: String,
    pub site: SiteKey,
}

#[derive(Serialize)]
struct Poll<'frames> {
    frames: &'frames [ToServer],
    wait: u64,
}

#[derive(Deserialize)]
struct Polled {
    frames: Vec<ToWidget>,
}

impl Door {
    /// The whole log of a session, read anew; none where the relay does not tell it.
    pub async fn read(&self, session: &str) -> Option<Vec<Entry>> {
        let mut log: Vec<Entry> = Vec::new();
        loop {
            let seen = log.last().map_or(0, |entry| entry.seq);
            let (site, session) = (self.site.clone(), Some(session.to_owned()));
            let hello = ToServer::Hello(Hello { version: PROTOCOL_VERSION, site, session, seen, identity: None });
            let frames = self.ask(&[hello], 0).await?;
            let ToWidget::Welcome { last, .. } = frames.first()? else { return None };
            let last = *last;
            let told = frames.into_iter().filter_map(|frame| match frame {
                ToWidget::Entries { list } => Some(list),
                _ => None,
            });
            log.extend(told.flatten());
            if log.last().map_or(0, |entry| entry.seq) >= last {
                return Some(log);
            }
        }
    }

    /// The answer to a request; none where there is none in time.
    async fn ask(&self, frames: &[ToServer], wait: u64) -> Option<Vec<ToWidget>> {
        let request = crate::http().post(format!("{}/v1/poll", self.relay)).header("origin", &self.relay);
        let answer = timeout(SILENCE, request.json(&Poll { frames, wait }).send()).await.ok()?.ok()?;
        Some(timeout(SILENCE, answer.json::<Polled>()).await.ok()?.ok()?.frames)
    }
}

/// One visitor.
pub struct Widget {
    door: Door,
    dice: Rng,
    diary: Arc<Mutex<Diary>>,
    todo: Script,
    /// What was said and is not accepted, and when it may be repeated.
    waiting: Option<(MessageId, ToServer, Instant)>,
    session: Option<String>,
    seen: u64,
}

impl Widget {
    pub fn new(door: Door, dice: Rng, todo: Script) -> (Self, Arc<Mutex<Diary>>) {
        let diary = Arc::new(Mutex::new(Diary { left: todo.len(), ..Diary::default() }));
        let told = Arc::clone(&diary);
        (Self { door, dice, diary, todo, waiting: None, session: None, seen: 0 }, told)
    }

    /// Lives until `stop`.
    pub async fn live(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
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

    fn diary(&self) -> MutexGuard<'_, Diary> {
        self.diary.lock().expect("no holder panics")
    }

    fn hello(&self) -> ToServer {
        let (site, session) = (self.door.site.clone(), self.session.clone());
        ToServer::Hello(Hello { version: PROTOCOL_VERSION, site, session, seen: self.seen, identity: None })
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
            if is_greeted
                && let Some(frame) = self.next()
                && socket.send(text(&frame)).await.is_err()
            {
                return;
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
        while Instant::now() < until {
            let say = self.session.is_some().then(|| self.next()).flatten();
            let wait = if self.due().is_some() { 2 } else { 25 };
            let frames: Vec<ToServer> = [self.hello()].into_iter().chain(say).collect();
            let Some(answers) = self.door.ask(&frames, wait).await else { return };
            for frame in answers {
                if self.take(frame).is_break() {
                    return;
                }
            }
        }
    }

    /// What is to be sent now.
    fn next(&mut self) -> Option<ToServer> {
        let now = Instant::now();
        if self.waiting.is_none() && self.todo.front().is_some_and(|(at, _)| *at <= now) {
            let (_, saying) = self.todo.pop_front()?;
            let id = message_id();
            self.waiting = self.frame(&id, saying).map(|frame| (id, frame, now));
        }
        let (_, frame, at) = self.waiting.as_mut().filter(|(_, _, at)| *at <= now)?;
        *at = now + SILENCE; // repeated then on the same connection, or at once on the next
        Some(frame.clone())
    }

    /// An act as a frame; none, and nothing left of it, where there is nothing to change.
    fn frame(&self, id: &MessageId, saying: Saying) -> Option<ToServer> {
        let mut diary = self.diary();
        let last = diary.accepted.last().filter(|said| !said.deleted).map(|said| said.id.clone());
        let frame = match (saying, last) {
            (Saying::Say(text), _) => Some(ToServer::Say { id: id.clone(), text, reply_to: None, files: Vec::new() }),
            (Saying::Edit(text), Some(of)) => Some(ToServer::Edit { id: id.clone(), of, text }),
            (Saying::Delete, Some(of)) => Some(ToServer::Delete { id: id.clone(), of }),
            (_, None) => None,
        };
        diary.left -= usize::from(frame.is_none());
        frame
    }

    fn due(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|(_, _, at)| *at).or_else(|| self.todo.front().map(|(at, _)| *at))
    }

    /// Notes a frame; breaks off the connection where there is nothing more to come.
    fn take(&mut self, frame: ToWidget) -> ControlFlow<()> {
        match frame {
            ToWidget::Welcome { session, reset, .. } => {
                self.session = session.or(self.session.take());
                if reset {
                    self.diary().broken.push("all was to be read anew".to_owned());
                }
                self.diary().session.clone_from(&self.session);
                if let Some((_, _, at)) = &mut self.waiting {
                    *at = Instant::now();
                }
            }
            ToWidget::Accepted { id, .. } => self.accepted(&id),
            ToWidget::Refused { id: Some(id), code, retry_after } => self.refused(&id, code, retry_after),
            ToWidget::Refused { id: None, code: Refusal::SessionUnknown, .. } => {
                if self.diary().accepted.is_empty() {
                    self.session = None; // nothing was ever said in it
                } else {
                    self.diary().broken.push("the session was forgotten".to_owned());
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
        let Some((_, frame, _)) = self.waiting.take_if(|(waiting, ..)| waiting == id) else { return };
        let mut diary = self.diary();
        diary.left -= 1;
        match frame {
            ToServer::Say { id, text, .. } => {
                diary.accepted.push(Accepted { id, versions: vec![text], deleted: false });
            }
            ToServer::Edit { text, .. } => diary.accepted.iter_mut().last().expect("it was said").versions.push(text),
            ToServer::Delete { .. } => diary.accepted.iter_mut().last().expect("it was said").deleted = true,
            _ => {}
        }
    }

    fn refused(&mut self, id: &MessageId, code: Refusal, retry_after: Option<u32>) {
        if !code.is_passing() {
            self.diary().broken.push(format!("a message was refused: {code:?}"));
        }
        // Seconds of the relay's faster time: by then long over.
        let pause = Duration::from_millis(u64::from(retry_after.unwrap_or(1)) * 60);
        if let Some((_, _, at)) = self.waiting.as_mut().filter(|(waiting, ..)| waiting == id) {
            *at = Instant::now() + pause;
        }
    }

    fn entry(&mut self, entry: Entry) {
        if entry.seq != self.seen + 1 {
            let broken = format!("after entry {} came {}", self.seen, entry.seq);
            self.diary().broken.push(broken);
            return;
        }
        self.seen = entry.seq;
        self.diary().log.push(entry);
    }
}
