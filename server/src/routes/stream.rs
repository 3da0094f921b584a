//! `GET /v1/stream`: the visitors' protocol over a WebSocket, one JSON frame per text message.

use super::caller::Caller;
use super::visitor::Visitor;
use crate::AppState;
use crate::error::Failure;
use crate::limits::Open;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use shared::{Refusal, ToServer, ToWidget};
use std::net::IpAddr;
use std::time::Duration;

/// After how long a silence the relay pings.
const PING_AFTER: Duration = Duration::from_secs(25);

/// How long after a ping it drops a connection that stays silent: 60 seconds of silence in all.
const DROP_AFTER: Duration = Duration::from_secs(35);

/// How long a frame may take to leave, by the machine's time: a reader who stands still is dropped.
const SEND_WITHIN: Duration = Duration::from_secs(30);

/// How much is read at once: small, for there is one such buffer for each idle connection.
const READ_BUFFER: usize = 1_024;

pub async fn stream(
    State(state): State<AppState>,
    Caller(address): Caller,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let open = state.limits.connection(address)?;
    // What is somewhat over the limit still gets its refusal; what is far over it ends the connection.
    let most = state.config.limits.frame_bytes as usize * 4;
    let upgrade = upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(0).max_write_buffer_size(usize::MAX);
    let upgrade = upgrade.max_message_size(most).max_frame_size(most);
    Ok(upgrade.on_upgrade(move |socket| {
        let tasks = state.tasks.clone();
        tasks.track_future(async move {
            let talk = Talk { socket, state, address, _open: open };
            talk.run().await;
        })
    }))
}

/// One open socket.
struct Talk {
    socket: WebSocket,
    state: AppState,
    address: IpAddr,
    _open: Open,
}

/// Why a talk ends.
enum End {
    /// The other side has gone, or cannot be reached.
    Gone,
    /// We end it, with this close code.
    Close(u16),
}

impl Talk {
    async fn run(mut self) {
        metrics::gauge!("otklik_connections").increment(1);
        let shutdown = self.state.shutdown.clone();
        let end = tokio::select! {
            end = self.converse() => end,
            () = shutdown.cancelled() => End::Close(close_code::RESTART),
        };
        if let End::Close(code) = end {
            let _ = self.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
        }
        metrics::gauge!("otklik_connections").decrement(1);
    }

    async fn converse(&mut self) -> End {
        let mut visitor = match self.hello().await {
            Ok(visitor) => visitor,
            Err(end) => return end,
        };
        loop {
            if let Some(presence) = visitor.presence()
                && let Err(end) = self.tell(&presence).await
            {
                return end;
            }
            loop {
                match visitor.news().await {
                    Ok(Some(news)) => match self.tell(&news).await {
                        Ok(()) => {}
                        Err(end) => return end,
                    },
                    Ok(None) => break,
                    Err(failure) => return self.refuse(failure).await,
                }
            }
            let frame = tokio::select! {
                () = visitor.changed() => continue,
                frame = self.frame() => frame,
            };
            let answer = match frame {
                Ok(Ok(frame)) => visitor.answer(frame).await,
                Ok(Err(refusal)) => Failure::Refused(refusal).frame(None),
                Err(end) => return end,
            };
            if let Err(end) = self.tell(&answer).await {
                return end;
            }
        }
    }

    /// The first frame, which must be a hello and must come soon.
    async fn hello(&mut self) -> Result<Visitor, End> {
        let (clock, within) = (self.state.clock.clone(), self.state.config.limits.hello_within);
        let first = tokio::select! {
            first = self.frame() => first?,
            () = clock.sleep(within) => return Err(End::Close(close_code::POLICY)),
        };
        let hello = match first {
            Ok(ToServer::Hello(hello)) => hello,
            Ok(_) => return Err(self.refuse(Failure::Refused(Refusal::BadFrame)).await),
            Err(refusal) => return Err(self.refuse(Failure::Refused(refusal)).await),
        };
        match Visitor::greet(self.state.clone(), self.address, hello).await {
            Ok((visitor, welcome)) => self.tell(&welcome).await.map(|()| visitor),
            Err(failure) => Err(self.refuse(failure).await),
        }
    }

    /// The next frame, or what is wrong with it. Silence is broken by a ping; if that stays unanswered it is the end.
    ///
    /// Cancelling this loses nothing but the measure of the silence.
    async fn frame(&mut self) -> Result<Result<ToServer, Refusal>, End> {
        let mut pinged = false;
        loop {
            let wait = if pinged { DROP_AFTER } else { PING_AFTER };
            let received = tokio::select! {
                biased;
                received = self.socket.recv() => received,
                () = self.state.clock.sleep(wait) => {
                    if std::mem::replace(&mut pinged, true) {
                        return Err(End::Gone);
                    }
                    self.send(Message::Ping(bytes::Bytes::new())).await?;
                    continue;
                }
            };
            match received {
                Some(Ok(Message::Text(text))) => return Ok(self.read(text.as_bytes())),
                Some(Ok(Message::Binary(_))) => return Ok(Err(Refusal::BadFrame)),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => pinged = false,
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return Err(End::Gone),
            }
        }
    }

    fn read(&self, text: &[u8]) -> Result<ToServer, Refusal> {
        if text.len() > self.state.config.limits.frame_bytes as usize {
            return Err(Refusal::TooLarge);
        }
        serde_json::from_slice(text).map_err(|_| Refusal::BadFrame)
    }

    async fn tell(&mut self, frame: &ToWidget) -> Result<(), End> {
        let json = serde_json::to_string(frame).expect("frames are plain data");
        self.send(Message::Text(json.into())).await
    }

    /// Tells why there is nothing to talk about, and ends.
    async fn refuse(&mut self, failure: Failure) -> End {
        match self.tell(&failure.frame(None)).await {
            Ok(()) => End::Close(close_code::POLICY),
            Err(end) => end,
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let sent = tokio::time::timeout(SEND_WITHIN, self.socket.send(message)).await;
        sent.map_err(|_| End::Gone)?.map_err(|_| End::Gone)
    }
}
