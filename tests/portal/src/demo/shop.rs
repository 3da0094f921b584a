//! The demo shop on an origin of its own: three files, the first with two gaps.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// As the chat's header shows it.
pub const NAME: &str = "Глина и лён";

const PAGE: &str = include_str!("../../../../assets/shop/index.html");
const STYLE: &str = include_str!("../../../../assets/shop/shop.css");
const SCRIPT: &str = include_str!("../../../../assets/shop/shop.js");

/// An open shop. Its page is there once it was filled.
pub struct Shop {
    address: SocketAddr,
    page: Arc<OnceLock<String>>,
    _tasks: TaskTracker,
}

/// Opens the shop on a port of its own.
pub async fn open() -> io::Result<Shop> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let page = Arc::new(OnceLock::new());
    let router = Router::new()
        .route("/", get(front))
        .route("/shop.css", get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
        .route("/shop.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT) }))
        .with_state(Arc::clone(&page));
    let tasks = TaskTracker::new();
    tasks.spawn(async move { axum::serve(listener, router).await });
    Ok(Shop { address, page, _tasks: tasks })
}

impl Shop {
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts the launcher's address and the desk's into the page.
    pub fn fill(&self, launcher: &str, desk: &str) {
        // Filled once: the demo connects one line.
        let _ = self.page.set(PAGE.replace("{{snippet}}", launcher).replace("{{desk}}", desk));
    }
}

async fn front(State(page): State<Arc<OnceLock<String>>>) -> Response {
    match page.get() {
        Some(page) => Html(page.clone()).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
