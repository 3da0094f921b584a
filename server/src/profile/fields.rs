//! Fields of a profile: each is what it says, in bounds, or nothing.

use url::{Position, Url};

/// The longest address of a page, in characters: what browsers and proxies let through.
const ADDRESS: usize = 2_000;
/// The longest address of a mailbox, in bytes (RFC 5321, 4.5.3.1.3).
const EMAIL: usize = 254;
/// How many digits a telephone number has: 15 at most (ITU-T E.164), and some room for what is dialled after it.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=20;

/// One line of at most `most` characters; nothing where it is empty.
pub fn line(text: &str, most: usize) -> Option<String> {
    let clean: String = text.chars().take(4 * most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = joined.chars().take(most).collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// An address that begins with `http:` or `https:`, without a user's password. The portal reads BB-code in whatever it
/// shows: behind the host no bracket is left.
pub fn address(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let _ = (url.set_username(""), url.set_password(None)); // such an address can have both
    let (origin, path) = (&url[..Position::BeforePath], &url[Position::BeforePath..]);
    let text = [origin, &path.replace('[', "%5B").replace(']', "%5D")].concat();
    (text.chars().count() <= ADDRESS).then_some(text)
}

/// A mailbox, as far as it can be told without writing to it.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (name, host) = text.rsplit_once('@')?;
    let stray = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '[' | ']' | '<' | '>' | '"' | ',');
    let is_one = !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
    (is_one && text.len() <= EMAIL && !text.contains(stray)).then(|| text.to_owned())
}

/// A telephone number as people write it.
pub fn phone(text: &str) -> Option<String> {
    let text = line(text, 40)?;
    let known = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ' | '.' | ','));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (known && DIGITS.contains(&digits)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_what_it_says_or_nothing() {
        assert_eq!(email(" anna@shop.example ").as_deref(), Some("anna@shop.example"));
        for wrong in ["anna", "@shop.example", "anna@", "anna@shop", "a b@c.de", "[b]a@b.de", "a@b.de\n"] {
            let trimmed = wrong.trim();
            assert_eq!(email(wrong).is_some(), trimmed == "a@b.de", "{wrong:?}");
        }
        assert_eq!(phone("+7 (999) 000-00-00").as_deref(), Some("+7 (999) 000-00-00"));
        for wrong in ["", "12", "call me", "[url]123456[/url]", &"1".repeat(21)] {
            assert_eq!(phone(wrong), None, "{wrong:?}");
        }
        assert_eq!(address("https://u:p@shop.example/a b").as_deref(), Some("https://shop.example/a%20b"));
        let tagged = address("https://shop.example/[b]?a[]=1#[/b]");
        assert_eq!(tagged.as_deref(), Some("https://shop.example/%5Bb%5D?a%5B%5D=1#%5B/b%5D"));
        assert_eq!(address("http://[::1]:8080/a").as_deref(), Some("http://[::1]:8080/a"));
        for wrong in ["", "/lamps", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"] {
            assert_eq!(address(wrong), None, "{wrong:?}");
        }
        assert_eq!(address(&format!("https://shop.example/{}", "a".repeat(2_000))), None);
        assert_eq!(line("  a \u{0} b\nc  ", 4).as_deref(), Some("a b"));
    }
}
