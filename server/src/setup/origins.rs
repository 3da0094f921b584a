//! The sites an administrator types, one address a line, as origins. Knows nothing of who asks.

use url::{Host, Position, Url};

/// How many sites one line may stand on. Every one goes into a response header, which proxies bound at 8 KiB.
const MOST: usize = 40;

/// The longest address taken, in bytes: a host name has at most 253.
const LONGEST: usize = 300;

/// A scheme, a host in its ASCII form and a port that is not the scheme's own; no slash at the end.
pub type Origin = String;

/// What is wrong with the sites as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SitesFault {
    /// The line with this number, from 1, is no origin; `fix` is what was probably meant.
    Bad { line: usize, fix: Option<Origin> },
    /// There is none.
    None,
    /// There are more than this many.
    Many(usize),
}

/// Reads the sites: one origin a line, empty lines and repeats left out.
///
/// # Errors
/// Every fault there is, so that all can be mended at once.
pub fn read(text: &str) -> Result<Vec<Origin>, Vec<SitesFault>> {
    let mut origins: Vec<Origin> = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match origin(line) {
            Some(origin) if origins.contains(&origin) => {}
            Some(origin) => origins.push(origin),
            None => faults.push(SitesFault::Bad { line: index + 1, fix: repaired(line) }),
        }
    }
    if origins.len() > MOST {
        faults.push(SitesFault::Many(MOST));
    }
    if origins.is_empty() && faults.is_empty() {
        faults.push(SitesFault::None);
    }
    if faults.is_empty() { Ok(origins) } else { Err(faults) }
}

/// The origin as people read it: with the letters of its own script.
pub fn shown(origin: &str) -> String {
    Url::parse(origin).map_or_else(|_| origin.to_owned(), |url| url.origin().unicode_serialization())
}

/// The host of an origin, and its port where there is one, as people read it.
pub fn shown_host(origin: &str) -> String {
    let shown = shown(origin);
    shown.split_once("://").map_or(shown.clone(), |(_, host)| host.to_owned())
}

fn origin(text: &str) -> Option<Origin> {
    let url = web(text)?;
    let bare = url.path() == "/" && url[Position::AfterPath..].is_empty() && url.username().is_empty();
    (bare && url.password().is_none()).then(|| url.origin().ascii_serialization())
}

/// What somebody meant who left out the scheme or added a path; the host must have a dot then, or be a number.
fn repaired(text: &str) -> Option<Origin> {
    let rest = text.trim_start_matches(['/', ' ']);
    let url = web(text).or_else(|| web(&format!("https://{rest}")))?;
    let plain = match url.host()? {
        Host::Domain(name) => name.split('.').all(|label| !label.is_empty()) && name.contains('.'),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    plain.then(|| shown(&url.origin().ascii_serialization()))
}

fn web(text: &str) -> Option<Url> {
    let scheme = text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
        || text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    let clean = scheme && text.len() <= LONGEST && !text.contains(['*', '\\']) && !text.contains(char::is_whitespace);
    clean.then(|| Url::parse(text).ok()).flatten().filter(|url| url.host_str().is_some_and(is_plain))
}

/// The URL standard lets more into a host name than any server answers to, and some of it means something in a header.
fn is_plain(host: &str) -> bool {
    host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bad(text: &str) -> Option<Origin> {
        match read(text).unwrap_err().as_slice() {
            [SitesFault::Bad { line: 1, fix }] => fix.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn origins_come_in_one_form() {
        assert_eq!(
            read("https://Shop.Example/\n\n  http://127.0.0.1:8000 \nhttps://shop.example:443\r\nhttps://глина.рф"),
            Ok(["https://shop.example", "http://127.0.0.1:8000", "https://xn--80afpll.xn--p1ai"]
                .map(String::from)
                .into())
        );
        assert_eq!(shown("https://xn--80afpll.xn--p1ai"), "https://глина.рф");
        assert_eq!(shown_host("http://127.0.0.1:8000"), "127.0.0.1:8000");
    }

    #[test]
    fn a_wrong_line_is_named_and_repaired() {
        assert_eq!(bad("https://shop.example/cafe?x=1#y").as_deref(), Some("https://shop.example"));
        assert_eq!(bad("shop.example:8080/a").as_deref(), Some("https://shop.example:8080"));
        assert_eq!(bad("//www.shop.example").as_deref(), Some("https://www.shop.example"));
        assert_eq!(bad("https://a:b@shop.example").as_deref(), Some("https://shop.example"));
        assert_eq!(bad("магазин.рф/кафе").as_deref(), Some("https://магазин.рф"));
        for hopeless in
            ["???", "shop", "ftp//", "https://", "*.shop.example", "https://a b.example", "javascript:alert(1)"]
        {
            assert_eq!(bad(hopeless), None, "{hopeless}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = read("shop.example\nhttps://ok.example\n\n???").unwrap_err();
        let fix = Some("https://shop.example".to_owned());
        assert_eq!(faults, [SitesFault::Bad { line: 1, fix }, SitesFault::Bad { line: 4, fix: None }]);
        assert_eq!(read(" \n\n"), Err(vec![SitesFault::None]));
        let many: String = (0..=MOST).map(|n| format!("https://s{n}.example\n")).collect();
        assert_eq!(read(&many), Err(vec![SitesFault::Many(MOST)]));
    }

    proptest! {
        /// Nothing that is taken can carry a second header value or another directive.
        #[test]
        fn what_is_taken_is_safe_in_a_header(text in "(https?://)?[ -~а-я]{0,40}") {
            for origin in read(&text).unwrap_or_default() {
                prop_assert!(origin.is_ascii() && !origin.contains([' ', ';', ',', '\'', '"', '*']), "{}", origin);
                prop_assert_eq!(read(&origin), Ok(vec![origin.clone()]));
            }
        }
    }
}
