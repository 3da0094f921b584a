//! Serving connections by hand: an answer can be cut off, and a listener closed and opened again on the same port. What
//! was asked for is done to its end, as PHP does it, whether anybody still listens or not.

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

/// Who asked, and may not wait for the answer any more. Among the extensions of every request.
#[derive(Clone)]
pub(crate) struct Asker {
    gone: CancellationToken,
}

impl Asker {
    /// Breaks their connection now, while their call goes on.
    pub fn hang_up(&self) {
        self.gone.cancel();
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
        let service = Service { router: router.clone(), tasks: tasks.clone(), stop: stop.clone() };
        tasks.spawn(connection(stream, service));
    }
}

/// What answers the requests of one connection.
#[derive(Clone)]
struct Service {
    router: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Service {
    /// The answer, once it is there. Whoever asked may go before.
    async fn answer(self, mut request: hyper::Request<hyper::body::Incoming>) -> io::Result<Response<Body>> {
        let gone = CancellationToken::new();
        request.extensions_mut().insert(Asker { gone: gone.clone() });
        let (router, stop) = (self.router, self.stop);
        let work = async move { stop.run_until_cancelled(router.oneshot(request.map(Body::new))).await };
        let work = self.tasks.spawn(work);
        let done = tokio::select! {
            done = work => done.ok().flatten(),
            () = gone.cancelled() => None,
        };
        let response = done.map(|done| done.unwrap_or_else(|never| match never {}));
        let response = response.filter(|response| response.extensions().get::<Cut>().is_none());
        response.ok_or_else(|| io::ErrorKind::ConnectionReset.into())
    }
}

async fn connection(stream: TcpStream, service: Service) {
    let stop = service.stop.clone();
    let answers = service_fn(move |request| service.clone().answer(request));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), answers);
    if let Some(Err(error)) = stop.run_until_cancelled(served).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
