//! One tag in brackets, taken apart. Knows which shapes tags have, not what they mean.

/// `[name]`, `[name=value]`, `[name attribute=value …]` or `[/name]`.
pub struct Tag<'a> {
    /// In small letters.
    pub name: String,
    pub closing: bool,
    /// What follows `=` after the name, with its attributes if it has any; without surrounding quotes or spaces.
    pub value: Option<&'a str>,
    /// All between the name and the bracket.
    arguments: &'a str,
    /// In bytes, brackets included.
    pub length: usize,
}

impl<'a> Tag<'a> {
    /// The tag at the start of `text`. A tag holds no bracket and no line break, so reading one never goes far.
    pub fn read(text: &'a str) -> Option<Self> {
        let inside = text.strip_prefix('[')?;
        let end = inside.find(['[', ']', '\n'])?;
        if !inside[end..].starts_with(']') {
            return None;
        }
        let inside = &inside[..end];
        let (closing, body) = match inside.strip_prefix('/') {
            Some(body) => (true, body),
            None => (false, inside),
        };
        let letters = body.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(body.len());
        let (name, arguments) = body.split_at(letters);
        let fits = arguments.is_empty() || (!closing && arguments.starts_with(['=', ' ']));
        if name.is_empty() || !fits {
            return None;
        }
        let value = arguments.strip_prefix('=').map(|value| value.trim().trim_matches(['"', '\'']));
        Some(Self { name: name.to_ascii_lowercase(), closing, value, arguments, length: end + 2 })
    }

    /// Whether nothing follows the name.
    pub fn bare(&self) -> bool {
        self.arguments.is_empty()
    }

    /// The value of `name=` among the attributes: up to the next attribute, for values hold spaces.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        let start = self.arguments.find(&format!(" {name}="))? + name.len() + 2;
        let value = &self.arguments[start..];
        let next = value.match_indices(' ').map(|(at, _)| at).find(|&at| {
            let word = value[at + 1..].split(' ').next().unwrap_or_default();
            word.split_once('=').is_some_and(|(key, _)| matches!(key, "width" | "height" | "size" | "title"))
        });
        Some(value[..next.unwrap_or(value.len())].trim().trim_matches(['"', '\'']))
    }
}

/// Where the end tag of `name` begins and where it is over, in any case of letters.
pub fn closing(text: &str, name: &str) -> Option<(usize, usize)> {
    text.match_indices("[/").find_map(|(at, _)| {
        let end = at + 2 + name.len();
        let is_name = text.get(at + 2..end).is_some_and(|found| found.eq_ignore_ascii_case(name));
        (is_name && text[end..].starts_with(']')).then_some((at, end + 1))
    })
}
