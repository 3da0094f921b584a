//! Undoes the HTML that portals of 2021 give for texts in the history: what remains are words, never markup.

/// The text without its markup: `<br>` a line break, a link its address, other tags gone, the five usual entities and
/// numbered ones read.
pub fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = if rest.starts_with('<') { rest.find('>') } else { rest.find(';').filter(|&end| end <= 8) };
        let Some(end) = end else {
            text.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        let markup = &rest[..=end];
        if markup.starts_with('&') {
            match entity(&markup[1..end]) {
                Some(character) => text.push(character),
                None => text.push_str(markup),
            }
        } else if let Some((address, length)) = link(rest) {
            text.push_str(&plain(address));
            rest = &rest[length..];
            continue;
        } else if is_break(markup) {
            text.push('\n');
        }
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    text
}

fn is_break(markup: &str) -> bool {
    markup[1..].trim_start_matches('/').to_ascii_lowercase().starts_with("br")
}

/// The address of the link that `rest` begins with, and how long the whole of it is.
fn link(rest: &str) -> Option<(&str, usize)> {
    let opening = rest.get(..rest.find('>')?)?;
    let address = opening.strip_prefix("<a ")?.split_once("href=\"")?.1;
    let address = &address[..address.find('"')?];
    Some((address, rest.find("</a>")? + "</a>".len()))
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_undone() {
        assert_eq!(plain("a<br />b<BR>c"), "a\nb\nc");
        assert_eq!(plain("<b>1 &lt; 2</b> &amp; &#39;x&#x27; &unknown; & <"), "1 < 2 & 'x' &unknown; & <");
        assert_eq!(
            plain(r#"<a href="https://e.example/?a=1&amp;b" target="_blank">link</a>."#),
            "https://e.example/?a=1&b."
        );
        assert_eq!(plain(r#"<a name="x">y</a> <a href="#), r#"y <a href="#);
    }
}
