//! Serving connections by hand: an answer can be cut off, and a listener closed and opened again on the same port.

use std::{io, net::SocketAddr};

use axum::{Router, body::Body, http::Response, response::IntoResponse};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// Marks a response that must not be sent: the connection breaks instead.
#[derive(Clone, Copy)]
pub(crate) struct Cut;

impl Cut {
    pub fn response() -> Response<Body> {
        let mut response = ().into_response();
        response.extensions_mut().insert(Self);
        response
    }
}

/// A port of 127.0.0.1 that stays ours while nothing listens on it.
pub struct Port {
    address: SocketAddr,
    /// Bound and never listening: connections are refused, and nobody else is given the number.
    _held: TcpSocket,
}

impl Port {
    /// # Errors
    /// When the system has no port left.
    pub fn take() -> io::Result<Self> {
        let held = bound(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self { address: held.local_addr()?, _held: held })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// # Errors
    /// When somebody listens there.
    pub fn listen(&self) -> io::Result<TcpListener> {
        const BACKLOG: u32 = 256;
        bound(self.address)?.listen(BACKLOG)
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Serves until `stop`; what is open then breaks.
pub(crate) async fn serve(listener: TcpListener, router: Router, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    continue;
                }
            },
        };
        let (router, stop) = (router.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, router) => {}
            }
        });
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {});
            match response.extensions().get::<Cut>() {
                Some(Cut) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                None => Ok(response),
            }
        }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
