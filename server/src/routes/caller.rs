//! Who calls: the address to count by, and whether the request comes from the chat's own page.

use crate::AppState;
use crate::error::Failure;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use shared::Refusal;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// A request from the chat's own page, and the address that it is counted by.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub IpAddr);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Failure;

    /// # Errors
    /// `Origin` where the page is not ours: the frame of the chat is served by us, so `/v1` accepts that origin alone.
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Failure> {
        let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        if !origin.is_some_and(|origin| state.config.public_url.is_origin(origin)) {
            return Err(Failure::Refused(Refusal::Origin));
        }
        Ok(Self(of(parts)))
    }
}

/// The address that a request of any page, or of a portal, is counted by.
#[derive(Clone, Copy, Debug)]
pub struct Address(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(of(parts)))
    }
}

fn of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    address(peer.unwrap_or(IpAddr::from([0, 0, 0, 0])), &parts.headers)
}

/// The visitor's address: the connection's own, or what a proxy on this machine or in this network has put last into
/// `X-Forwarded-For`. Whatever stands before that the visitor may have written.
fn address(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_near(peer) {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        address(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_proxy_nearby_is_believed_and_only_its_own_word() {
        assert_eq!(seen("127.0.0.1", "198.51.100.7, 192.0.2.1"), "192.0.2.1");
        assert_eq!(seen("10.0.0.2", "192.0.2.1"), "192.0.2.1");
        assert_eq!(seen("203.0.113.9", "192.0.2.1"), "203.0.113.9");
        assert_eq!(seen("::1", "nonsense"), "::1");
    }
}
