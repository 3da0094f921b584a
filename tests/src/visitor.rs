//! A visitor's widget, without a browser: speaks the protocol over a WebSocket and remembers what it was told.

use futures_util::{SinkExt, StreamExt};
use shared::{
    Author, Entry, File, Happening, Hello, Identity, MessageId, MessageState, PROTOCOL_VERSION, Piece, SiteKey,
    ToServer, ToWidget,
};
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::wait::DEADLINE;

/// A message as the visitor sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub id: MessageId,
    pub from: Author,
    pub name: Option<String>,
    /// Nothing once it is deleted.
    pub text: Option<String>,
    pub files: Vec<File>,
    pub state: Option<MessageState>,
    /// Every text it ever had, the first one first.
    pub versions: Vec<String>,
}

impl Seen {
    fn take(&mut self, file: &File) {
        match self.files.iter_mut().find(|known| known.id == file.id) {
            Some(known) => known.clone_from(file),
            None => self.files.push(file.clone()),
        }
    }
}

/// One open page of a visitor. `Visitor::resume` opens another, or the same after a cut.
pub struct Visitor {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    relay: String,
    site: SiteKey,
    pub session: Option<String>,
    /// Whom the site says this is.
    pub identity: Option<Identity>,
    /// The last entry seen.
    pub seen: u64,
    /// Everything told, in order.
    pub log: Vec<Entry>,
}

impl Visitor {
    /// A new visitor of `site`: says hello without a session. `relay` is the relay's origin.
    pub async fn arrive(relay: &str, site: &SiteKey) -> Self {
        let mut visitor = Self::connect(relay, relay, site).await.expect("the relay takes its own origin");
        visitor.hello().await;
        visitor
    }

    /// Somebody on a page that says who they are, with what their browser knows of before. The relay's answer, too.
    pub async fn come_as(
        relay: &str,
        site: &SiteKey,
        identity: Option<Identity>,
        session: Option<String>,
    ) -> (Self, ToWidget) {
        let mut visitor = Self::connect(relay, relay, site).await.expect("the relay takes its own origin");
        (visitor.identity, visitor.session) = (identity, session);
        let answer = visitor.greet().await;
        (visitor, answer)
    }

    /// A connection that has said nothing yet, from a page of `origin`.
    ///
    /// # Errors
    /// The status with which the relay refused it.
    pub async fn connect(relay: &str, origin: &str, site: &SiteKey) -> Result<Self, u16> {
        let address = format!("{}/v1/stream", relay.replacen("http", "ws", 1));
        let mut request = address.into_client_request().expect("an origin and a path are an address");
        request.headers_mut().insert("origin", origin.parse().expect("an origin is a header"));
        let socket = match connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => return Err(answer.status().as_u16()),
            Err(other) => panic!("no connection to {relay}: {other}"),
        };
        Ok(Self {
            socket,
            relay: relay.to_owned(),
            site: site.clone(),
            session: None,
            identity: None,
            seen: 0,
            log: Vec::new(),
        })
    }

    /// Another open page of the same visitor, which has seen as much as this one.
    pub async fn resume(&self) -> Self {
        let mut other = Self::connect(&self.relay, &self.relay, &self.site).await.expect("the relay takes its origin");
        other.session.clone_from(&self.session);
        other.identity.clone_from(&self.identity);
        other.seen = self.seen;
        other.log.clone_from(&self.log);
        other.hello().await;
        other
    }

    /// The key of the site the visitor is on.
    pub fn site(&self) -> &SiteKey {
        &self.site
    }

    /// Another page of the same visitor says hello: why it is not let in, if it is not.
    pub async fn knock(&self) -> Option<shared::Refusal> {
        let mut other = Self::connect(&self.relay, &self.relay, &self.site).await.expect("the relay takes its origin");
        let (site, session, seen) = (self.site.clone(), self.session.clone(), self.seen);
        let hello = Hello { version: PROTOCOL_VERSION, site, session, seen, identity: None };
        other.send(&ToServer::Hello(hello)).await;
        match other.read().await {
            Some(ToWidget::Refused { code, .. }) => Some(code),
            _ => None,
        }
    }

    async fn hello(&mut self) {
        let answer = self.greet().await;
        assert!(matches!(answer, ToWidget::Welcome { .. }), "instead of a welcome: {answer:?}");
    }

    /// Says hello; the relay's answer.
    async fn greet(&mut self) -> ToWidget {
        let (site, session, seen) = (self.site.clone(), self.session.clone(), self.seen);
        let identity = self.identity.clone();
        self.send(&ToServer::Hello(Hello { version: PROTOCOL_VERSION, site, session, seen, identity })).await;
        let answer = self.read().await.expect("the relay answers hello");
        if let ToWidget::Welcome { session, reset, .. } = &answer {
            if let Some(token) = session {
                crate::logs::confide(token);
                self.session.clone_from(session);
            }
            if *reset {
                (self.seen, self.log) = (0, Vec::new());
            }
        }
        answer
    }

    /// The relay's origin.
    pub fn relay(&self) -> &str {
        &self.relay
    }

    /// Sends a frame as it is.
    pub async fn send(&mut self, frame: &ToServer) {
        let text = serde_json::to_string(frame).expect("a frame is JSON");
        self.socket.send(Message::text(text)).await.expect("the socket is open");
    }

    /// Sends any text as a frame.
    pub async fn send_raw(&mut self, text: &str) {
        self.socket.send(Message::text(text.to_owned())).await.expect("the socket is open");
    }

    /// Writes `text` and waits until the relay has it on disk.
    pub async fn say(&mut self, text: &str) -> MessageId {
        self.accepted(|id| ToServer::Say { id, text: text.to_owned(), reply_to: None, files: Vec::new() }).await
    }

    /// Does what `frame` makes of a new name, and waits until the relay has it on disk.
    pub async fn accepted(&mut self, frame: impl FnOnce(MessageId) -> ToServer) -> MessageId {
        match self.act(frame).await {
            ToWidget::Accepted { id, .. } => id,
            other => panic!("instead of accepting it: {other:?}"),
        }
    }

    /// The relay's answer to what `frame` makes of a new name.
    pub async fn act(&mut self, frame: impl FnOnce(MessageId) -> ToServer) -> ToWidget {
        let frame = frame(message_id());
        self.send(&frame).await;
        let wanted = match frame {
            ToServer::Say { id, .. } | ToServer::Edit { id, .. } | ToServer::Delete { id, .. } => id,
            ToServer::Rate { id, .. } | ToServer::Finish { id } => id,
            other => panic!("no act: {other:?}"),
        };
        let is_it = move |frame: &ToWidget| match frame {
            ToWidget::Accepted { id, .. } | ToWidget::Refused { id: Some(id), .. } => *id == wanted,
            _ => false,
        };
        self.wait_for(is_it).await
    }

    /// The next frame, or nothing when the relay closes the connection.
    pub async fn read(&mut self) -> Option<ToWidget> {
        let read = timeout(DEADLINE, self.read_unbounded()).await;
        read.unwrap_or_else(|_| panic!("the relay said nothing for {DEADLINE:?}; told so far: {:?}", self.log))
    }

    /// The next frame, if one comes within `patience`.
    pub async fn read_within(&mut self, patience: Duration) -> Option<ToWidget> {
        timeout(patience, self.read_unbounded()).await.ok().flatten()
    }

    async fn read_unbounded(&mut self) -> Option<ToWidget> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text).unwrap_or_else(|e| panic!("not a frame ({e}): {text}"));
                    self.note(&frame);
                    return Some(frame);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    fn note(&mut self, frame: &ToWidget) {
        let ToWidget::Entries { list } = frame else { return };
        for entry in list {
            assert_eq!(entry.seq, self.seen + 1, "entries come in order and without gaps");
            self.seen = entry.seq;
            self.log.push(entry.clone());
        }
    }

    /// Reads until a frame is `wanted`.
    pub async fn wait_for(&mut self, wanted: impl Fn(&ToWidget) -> bool) -> ToWidget {
        loop {
            let frame = self.read().await.expect("the relay keeps the connection");
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// Reads until what the visitor sees is as `wanted` says.
    pub async fn wait_until(&mut self, wanted: impl Fn(&[Seen]) -> bool) {
        while !wanted(&self.messages()) {
            self.read().await.expect("the relay keeps the connection");
        }
    }

    /// Reads until somebody says `text`.
    pub async fn hear(&mut self, text: &str) {
        self.wait_until(|messages| messages.iter().any(|message| message.text.as_deref() == Some(text))).await;
    }

    /// Reads until message `id` is `state`.
    pub async fn wait_for_state(&mut self, id: &MessageId, state: MessageState) {
        let is_it = |message: &Seen| message.id == *id && message.state == Some(state);
        self.wait_until(|messages| messages.iter().any(is_it)).await;
    }

    /// What the visitor sees: the log, folded.
    pub fn messages(&self) -> Vec<Seen> {
        fold(&self.log)
    }

    /// The texts the visitor sees, in order; a deleted one is empty.
    pub fn texts(&self) -> Vec<String> {
        self.messages().into_iter().map(|message| message.text.unwrap_or_default()).collect()
    }
}

/// What a visitor sees who was told `log`.
pub fn fold(log: &[Entry]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    for entry in log {
        match &entry.what {
            Happening::Said { id, from, name, body, files, before, .. } => {
                let text = plain(body);
                let (id, name, versions) = (id.clone(), name.clone(), vec![text.clone()]);
                let overtaken = before.and_then(|before| place(log, &seen, before));
                let files = files.clone();
                let message = Seen { id, from: *from, name, text: Some(text), files, state: None, versions };
                seen.insert(overtaken.unwrap_or(seen.len()), message);
            }
            Happening::Edited { id, body } => change(&mut seen, id, |message| {
                message.text = Some(plain(body));
                message.versions.push(plain(body));
            }),
            Happening::File { id, file } => change(&mut seen, id, |message| message.take(file)),
            Happening::Deleted { id } => change(&mut seen, id, |message| {
                message.text = None;
                message.files.clear();
            }),
            Happening::State { id, state } => change(&mut seen, id, |message| message.state = Some(*state)),
            Happening::Started
            | Happening::Finished
            | Happening::Rated { .. }
            | Happening::Done { .. }
            | Happening::Unknown => {}
        }
    }
    seen
}

/// Where the message that entry `seq` said stands among what is `seen`.
fn place(log: &[Entry], seen: &[Seen], seq: u64) -> Option<usize> {
    let said = log.iter().find(|entry| entry.seq == seq)?;
    let Happening::Said { id, .. } = &said.what else { return None };
    seen.iter().position(|message| message.id == *id)
}

/// A name for a new message, as a widget makes it.
pub fn message_id() -> MessageId {
    MessageId::try_from(uuid::Uuid::new_v4().to_string()).expect("a UUID names a message")
}

fn change(seen: &mut [Seen], id: &MessageId, how: impl FnOnce(&mut Seen)) {
    if let Some(message) = seen.iter_mut().find(|message| message.id == *id) {
        how(message);
    }
}

/// A body without its formatting.
pub fn plain(body: &[Piece]) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Code(text) => text.clone(),
        Piece::Bold(inner) | Piece::Italic(inner) | Piece::Underline(inner) | Piece::Strike(inner) => plain(inner),
        Piece::Quote(quote) => plain(&quote.body),
        Piece::Link(link) => plain(&link.body),
        Piece::Time(at) => at.to_string(),
    };
    body.iter().map(text).collect()
}
