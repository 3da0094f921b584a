//! Pages that act answer under their own address alone, and to their own pages alone: any page of the Internet that is
//! open on the same machine could ask them otherwise.

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

/// The router, refusing what names another host or comes from another origin than `own` (`host:port`).
pub(crate) fn only_at<S: Clone + Send + Sync + 'static>(router: Router<S>, own: &str) -> Router<S> {
    let host = own.to_owned();
    let check = move |headers: HeaderMap, request: Request, next: Next| {
        let allowed = is_own(&headers, &host);
        async move { if allowed { next.run(request).await } else { refused() } }
    };
    router.route_layer(middleware::from_fn(check))
}

fn is_own(headers: &HeaderMap, own: &str) -> bool {
    let named = |name| headers.get(name).map(HeaderValue::as_bytes);
    let origin = format!("http://{own}");
    named(header::ORIGIN).is_none_or(|from| from == origin.as_bytes()) && named(header::HOST) == Some(own.as_bytes())
}

fn refused() -> Response {
    (StatusCode::FORBIDDEN, "not from here").into_response()
}
