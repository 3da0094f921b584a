//! What a visitor's frames ask for, whichever way they came: the socket and the plain requests both speak through this.

mod about;
mod greeting;
mod uploads;

use crate::AppState;
use crate::bitrix::bbcode;
use crate::bitrix::methods::settings::Names;
use crate::clock::millis;
use crate::error::Failure;
use crate::files::ADDRESS_LASTS;
use crate::hub::{Attendance, Listener};
use crate::ids::{DialogueId, FileKey, PortalHost};
use crate::limits::Open;
use crate::presence::Watcher;
use crate::store::{Acceptance, Ask, SessionRecord, StoreError, StoredEntry, TokenHash, Told};
use about::Described;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
pub use greeting::is_proven;
use greeting::{Guest, opened_again};
use shared::{
    Author, Entry, Face, File, Happening, Hello, MessageId, PROTOCOL_VERSION, Piece, Refusal, Seq, ToServer, ToWidget,
};
use std::net::IpAddr;

/// How many entries one frame carries at most.
const ENTRIES: usize = 100;

/// About how many bytes of entries one frame carries at most; one entry always goes.
const ENTRIES_BYTES: usize = 60 * 1_024;

/// After how many seconds a message for a site that is off may be tried again.
const CLOSED_RETRY: u32 = 60;

/// A visitor who has said hello.
pub struct Visitor {
    state: AppState,
    address: IpAddr,
    session: TokenHash,
    record: SessionRecord,
    /// Whose line answers here.
    portal: PortalHost,
    /// The last entry that was sent.
    cursor: Seq,
    described: Described,
    listener: Listener,
    watcher: Watcher,
    attendance: Attendance,
    _tab: Open,
}

impl Visitor {
    /// Answers `hello`: who it is, or whom it becomes, and the welcome to send.
    ///
    /// # Errors
    /// The refusal to send instead.
    pub async fn greet(state: AppState, address: IpAddr, hello: Hello) -> Result<(Self, ToWidget), Failure> {
        if hello.version != PROTOCOL_VERSION {
            return Err(Failure::Refused(Refusal::Version));
        }
        let guest = Guest::of(&state, address, &hello).await?;
        let tab = state.limits.tab(guest.session)?;
        let Guest { token, is_new, session, record, dialogue } = guest;
        let attendance = state.hub.attend(session, dialogue.person.as_ref().map(|_| record.site.clone()));
        let site = state.store.site(&record.site).await?.ok_or(Failure::Refused(Refusal::SiteUnknown))?;
        // Listening begins before the log is read, so that nothing falls between the two.
        let listener = state.hub.listen(record.dialogue);
        let watcher = state.relay.presences().watch(&record.site);
        // What ended the session before it was attended has not met us there.
        let dialogue = opened_again(&state.store, session, &dialogue).await?;
        let dialogue = dialogue.ok_or(Failure::Refused(Refusal::SessionUnknown))?;
        dialogue.joined.iter().for_each(|before| state.hub.lead(*before, record.dialogue));
        let last = dialogue.last;
        // After a copy was put back the log may say something else in the place of what was seen.
        let has_moved = is_new && hello.session.is_some();
        let reset = has_moved || hello.seen > last || (hello.seen > 0 && record.epoch < state.store.epoch());
        if record.epoch < state.store.epoch() {
            state.store.renew_session(session).await?;
        }
        let welcome = ToWidget::Welcome {
            session: is_new.then_some(token),
            last,
            reset,
            text_chars: state.config.limits.text_chars,
            visitor: Some(record.dialogue.to_string()),
        };
        let cursor = if reset { 0 } else { hello.seen };
        let described = Described::default();
        let visitor = Self {
            state,
            address,
            session,
            record,
            portal: site.portal,
            cursor,
            described,
            listener,
            watcher,
            attendance,
            _tab: tab,
        };
        Ok((visitor, welcome))
    }

    /// Answers a frame that came after hello.
    pub async fn answer(&mut self, frame: ToServer) -> ToWidget {
        match frame {
            ToServer::Say { id, text, reply_to, files } => self.act(id, Ask::Say { text, reply_to, files }).await,
            ToServer::Edit { id, of, text } => self.act(id, Ask::Edit { of, text }).await,
            ToServer::Delete { id, of } => self.act(id, Ask::Delete { of }).await,
            ToServer::Rate { id, like } => self.act(id, Ask::Rate { like }).await,
            ToServer::Finish { id } => self.act(id, Ask::Finish).await,
            ToServer::Ping => ToWidget::Pong,
            ToServer::Reset { session } => end(&self.state, &session).await,
            ToServer::About(about) => {
                let described = self.describe(&about).await;
                described.unwrap_or_else(|error| Failure::Store(error).frame(None))
            }
            ToServer::Hello(_) | ToServer::Look { .. } => Failure::Refused(Refusal::BadFrame).frame(None),
        }
    }

    async fn act(&mut self, id: MessageId, ask: Ask) -> ToWidget {
        self.take(id.clone(), ask).await.unwrap_or_else(|failure| failure.frame(Some(id)))
    }

    async fn take(&mut self, id: MessageId, ask: Ask) -> Result<ToWidget, Failure> {
        let state = self.state.clone();
        if self.attendance.is_over() {
            return Err(Failure::Refused(Refusal::SessionUnknown));
        }
        let count = if let Ask::Say { files, .. } = &ask { files.len() } else { 0 };
        if count > state.config.limits.files_per_message as usize {
            return Err(Failure::Refused(Refusal::TooManyFiles));
        }
        if let Ask::Say { text, .. } | Ask::Edit { text, .. } = &ask {
            if text.trim().is_empty() && count == 0 {
                return Err(Failure::Refused(Refusal::Empty));
            }
            if text.chars().count() > state.config.limits.text_chars as usize {
                return Err(Failure::Refused(Refusal::TooLong));
            }
        }
        if !state.channels.takes(&self.record.site) {
            return Err(Failure::RefusedFor(CLOSED_RETRY, Refusal::SiteClosed));
        }
        state.limits.message(self.session, self.address)?;
        self.write_profile().await?;
        if let Ask::Say { files, .. } = &ask {
            self.adopt(files).await?;
        }
        let (dialogue, speaks) = (self.record.dialogue, matches!(ask, Ask::Say { .. }));
        let (store, hub, name, now) = (state.store.clone(), state.hub.clone(), id.clone(), state.clock.now());
        // To its end, also where this visitor leaves meanwhile: other pages of theirs listen.
        let accepting = state.tasks.spawn(async move {
            let accepted = store.accept(dialogue, name, ask, now).await;
            if let Ok(Acceptance::New { .. }) = &accepted {
                hub.wake(dialogue);
            }
            accepted
        });
        match accepting.await.map_err(|_| StoreError::Stopped)?? {
            Acceptance::New { seq, at } => {
                metrics::counter!("otklik_messages_accepted_total").increment(1);
                if speaks {
                    self.note().await?;
                }
                Ok(ToWidget::Accepted { id, seq, at })
            }
            Acceptance::Repeated { seq, at } => Ok(ToWidget::Accepted { id, seq, at }),
            Acceptance::Gone => Err(Failure::Refused(Refusal::SessionUnknown)),
            Acceptance::Refused(refusal) => Err(Failure::Refused(refusal)),
        }
    }

    /// What the visitor has not been sent yet, as one frame; none where that is nothing. A long absence takes several.
    ///
    /// # Errors
    /// `SessionUnknown` once the session has ended; `Store`.
    pub async fn news(&mut self) -> Result<Option<ToWidget>, Failure> {
        if self.attendance.is_over() {
            return Err(Failure::Refused(Refusal::SessionUnknown));
        }
        let entries = self.state.store.entries(self.record.dialogue, self.cursor, ENTRIES).await?;
        let hides_names = self.hides_names();
        let mut list = Vec::with_capacity(entries.len());
        let mut bytes = 0;
        for entry in entries {
            let entry = self.shown(entry, hides_names);
            bytes += serde_json::to_vec(&entry).map_or(0, |json| json.len());
            if bytes > ENTRIES_BYTES && !list.is_empty() {
                break;
            }
            self.cursor = entry.seq;
            list.push(entry);
        }
        Ok((!list.is_empty()).then_some(ToWidget::Entries { list }))
    }

    /// Whether the line is not known to show its operators by their profiles, which is how the portal's quotations and
    /// mentions call them.
    fn hides_names(&self) -> bool {
        let line = self.state.store.line_of(&self.record.site);
        let names = line.map(|(host, line)| self.state.relay.presences().names(&host, line));
        names != Some(Names::Profile)
    }

    /// An entry as the visitor may see it. The portal's words are read as BB-code; the visitor's own stay as typed.
    fn shown(&self, entry: StoredEntry, hides_names: bool) -> Entry {
        let (dialogue, place, entry) = match entry.what {
            Told::Joined { from, what, before } => (from, before, StoredEntry { what: *what, ..entry }),
            _ => (self.record.dialogue, None, entry),
        };
        let with_address = |file| self.with_address(dialogue, file);
        let what = match entry.what {
            Told::Said { id, from, name, text, reply, vote, files, face, before, .. } => {
                // Who speaks without a name does so for a line that hides it, whichever has the talk by now.
                let hides_names = hides_names || (from == Author::Operator && name.is_none());
                let body = match from {
                    Author::Visitor => typed(text),
                    _ => bbcode::parse_from(&self.portal, &text, hides_names),
                };
                let files = files.into_iter().map(with_address).collect();
                let (reply_to, rating) = (reply.map(|reply| reply.to), vote.is_some());
                // What joined from another dialogue has other numbers here.
                let before = if dialogue == self.record.dialogue { before } else { place };
                let photo = face.photo.map(|name| format!("/photos/{name}"));
                let face = Face { photo, ..face };
                Happening::Said { id, from, name, body, reply_to, rating, files, face, before }
            }
            Told::File { id, file } | Told::Again { of: id, file, .. } => {
                Happening::File { id, file: with_address(file) }
            }
            Told::Edited { id, text, act: Some(_), .. } => Happening::Edited { id, body: typed(text) },
            Told::Edited { id, text, .. } => {
                Happening::Edited { id, body: bbcode::parse_from(&self.portal, &text, hides_names) }
            }
            Told::Deleted { id, .. } => Happening::Deleted { id },
            Told::Rated { like, .. } => Happening::Rated { like },
            Told::Joined { .. }
            | Told::Noted { .. }
            | Told::Owned { .. }
            | Told::Answered { .. }
            | Told::EndKnown { .. }
            | Told::Late { .. } => Happening::Unknown,
            Told::Done { id, state, entry, .. } => {
                Happening::Done { id, state, entry: Some(entry).filter(|&entry| entry > 0) }
            }
            Told::State { id, state, .. } => Happening::State { id, state },
            Told::Started { .. } => Happening::Started,
            Told::Finished { .. } | Told::Left { .. } => Happening::Finished,
        };
        Entry { seq: entry.seq, at: entry.at, what }
    }

    /// What is on our disk can be had for an hour.
    fn with_address(&self, dialogue: DialogueId, file: File) -> File {
        if file.state.is_some() {
            return file;
        }
        let until = self.state.clock.now() + millis(ADDRESS_LASTS);
        let href = self.state.addresses.mint_until(FileKey::of(dialogue, &file.id), until);
        File { href: Some(href), ..file }
    }

    /// Who is there to answer, unless that was sent.
    pub fn presence(&mut self) -> Option<ToWidget> {
        self.watcher.news().map(ToWidget::Presence)
    }

    /// Returns when there may be news, of either kind.
    pub async fn changed(&mut self) {
        tokio::select! {
            () = self.listener.changed() => {}
            () = self.watcher.changed() => {}
            () = self.attendance.over() => {}
        }
    }
}

/// Ends the session with this token, if there is one, and whatever is open with it.
pub async fn end(state: &AppState, token: &str) -> ToWidget {
    let session = TokenHash::of(token);
    match state.store.end_session(session).await {
        Ok(()) => {
            state.hub.end(session);
            ToWidget::Ended
        }
        Err(error) => Failure::Store(error).frame(None),
    }
}

/// 32 random bytes: nobody guesses another's session.
fn new_token() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The visitor's own words are no markup.
fn typed(text: String) -> Vec<Piece> {
    vec![Piece::Text(text)]
}
