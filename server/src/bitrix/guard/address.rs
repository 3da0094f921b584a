//! Which addresses are public, and which names are Bitrix24's own.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Resolves a name to its public addresses; a name that has none but private ones is not found. The connection goes to
/// what was resolved here, so a second answer of the name's server changes nothing.
pub struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(std::io::Error::other("the name leads to no public address").into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether anybody on the Internet may own this address: not one of a machine itself, a network's inside, a group, or
/// one that is set apart (RFC 6890 and its registries).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let benchmarks = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 240
        || shared
        || protocol
        || benchmarks
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000; // 2000::/3, the only part that was given out
    let documentation = (first == 0x2001 && second == 0x0db8) || first == 0x3fff;
    let carries_v4 = first == 0x2002 || (first == 0x2001 && second < 0x0200); // 6to4, Teredo and protocol assignments
    global && !documentation && !carries_v4
}

/// Under which names portals of the cloud and their OAuth servers live. Zones where anybody publishes pages
/// (`bitrix24.site`, `bitrix24.shop`) are left out on purpose.
const ZONES: [&str; 23] = [
    "bitrix.info",
    "bitrix24.com",
    "bitrix24.ru",
    "bitrix24.by",
    "bitrix24.kz",
    "bitrix24.ua",
    "bitrix24.eu",
    "bitrix24.de",
    "bitrix24.fr",
    "bitrix24.es",
    "bitrix24.it",
    "bitrix24.pl",
    "bitrix24.in",
    "bitrix24.cn",
    "bitrix24.jp",
    "bitrix24.uk",
    "bitrix24.id",
    "bitrix24.mx",
    "bitrix24.vn",
    "bitrix24.tech",
    "bitrix24.info",
    "bitrix24.com.br",
    "bitrix24.com.tr",
];

/// Whether a host is one of Bitrix24's own, or a portal in its cloud.
pub fn is_bitrix24(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    ZONES.iter().any(|zone| host.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
