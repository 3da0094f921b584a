//! One socket, from opening to its end.

use futures::channel::mpsc::UnboundedReceiver;
use futures::{Sink, Stream};
use gloo_net::websocket::{Message, futures::WebSocket};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Sends what comes from `outgoing` and hands over what the relay sends, until either of them ends.
pub async fn run(mut outgoing: UnboundedReceiver<String>, mut take: impl FnMut(String)) {
    let Some(mut socket) = address().and_then(|address| WebSocket::open(&address).ok()) else { return };
    let mut waiting = Vec::new();
    poll_fn(|cx| {
        loop {
            match Pin::new(&mut socket).poll_next(cx) {
                Poll::Ready(Some(Ok(Message::Text(text)))) => take(text),
                Poll::Ready(Some(Ok(Message::Bytes(_)))) => {}
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        loop {
            match Pin::new(&mut outgoing).poll_next(cx) {
                Poll::Ready(Some(text)) => waiting.push(text),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        if Pin::new(&mut socket).poll_ready(cx).is_ready() {
            for text in waiting.drain(..) {
                // Where it fails the socket is closing, and says so by its end.
                let _ = Pin::new(&mut socket).start_send(Message::Text(text));
            }
        }
        Poll::Pending
    })
    .await;
}

/// The relay's socket beside the chat's document: `ws` for `http`, `wss` for `https`.
fn address() -> Option<String> {
    let origin = leptos::prelude::window().location().origin().ok()?;
    Some(["ws", origin.strip_prefix("http")?, "/v1/stream"].concat())
}
