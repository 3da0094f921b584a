//! Frames read without serde: `ToWidget` from any tree that can be asked like JSON, and `ToServer` written as JSON.
//! The widget walks `JSON.parse`'s values with it; tests walk `serde_json::Value` and compare with the serde types.

use crate::ids::{FileId, MessageId, SiteKey};
use crate::wire::{
    Attendance, Author, Entry, Face, File, FileKind, FileState, Happening, Hello, Link, MessageState, Piece, Presence,
    Quote, Refusal, ToServer, ToWidget,
};

/// A JSON value, wherever it lives.
pub trait Node: Sized {
    /// The member `name` of an object; `None` where it is absent or `null`, or where this is no object.
    fn get(&self, name: &str) -> Option<Self>;
    /// `None` unless this is a string.
    fn text(&self) -> Option<String>;
    /// `None` unless this is a number.
    fn number(&self) -> Option<f64>;
    /// True only for `true`.
    fn truth(&self) -> bool;
    /// `None` unless this is an array.
    fn list(&self) -> Option<Vec<Self>>;
}

/// Reads a frame of the relay. `None`: not a frame. A frame, refusal or entry of a newer kind becomes its `Unknown`.
pub fn to_widget<N: Node>(frame: &N) -> Option<ToWidget> {
    Some(match frame.get("type")?.text()?.as_str() {
        "welcome" => ToWidget::Welcome {
            session: text(frame, "session"),
            last: number(frame, "last")?,
            reset: truth(frame, "reset"),
            text_chars: u32::try_from(number(frame, "text_chars")?).ok()?,
            visitor: text(frame, "visitor"),
        },
        "accepted" => ToWidget::Accepted { id: id(frame)?, seq: number(frame, "seq")?, at: number(frame, "at")? },
        "entries" => ToWidget::Entries { list: each(frame, "list", entry)? },
        "refused" => ToWidget::Refused {
            id: id(frame),
            code: refusal(&text(frame, "code")?),
            retry_after: number(frame, "retry_after").and_then(|seconds| u32::try_from(seconds).ok()),
        },
        "pong" => ToWidget::Pong,
        "ended" => ToWidget::Ended,
        "presence" => ToWidget::Presence(presence(frame)),
        _ => ToWidget::Unknown,
    })
}

/// Writes a frame of the widget; `quote` makes a JSON string of a text (in the browser: `JSON.stringify`).
pub fn from_widget(frame: &ToServer, quote: impl Fn(&str) -> String) -> String {
    match frame {
        ToServer::Hello(Hello { version, site, session, seen, identity }) => {
            let session = session.as_ref().map(|token| [",\"session\":", &quote(token)].concat()).unwrap_or_default();
            let (version, seen) = (version.to_string(), seen.to_string());
            let (site, identity) = (
                quote(SiteKey::as_str(site)),
                identity
                    .as_ref()
                    .map(|identity| {
                        let (id, exp, sig) = (quote(&identity.id), identity.exp.to_string(), quote(&identity.sig));
                        [",\"identity\":{\"id\":", &id, ",\"exp\":", &exp, ",\"sig\":", &sig, "}"].concat()
                    })
                    .unwrap_or_default(),
            );
            let start = ["{\"type\":\"hello\",\"version\":", &version, ",\"site\":", &site, &session].concat();
            [&start, ",\"seen\":", &seen, &identity, "}"].concat()
        }
        ToServer::Say { id, text, reply_to, files } => {
            let mut text = quote(text);
            if !files.is_empty() {
                let ids: Vec<&str> = files.iter().map(FileId::as_str).collect();
                text = [&text, ",\"files\":[\"", &ids.join("\",\""), "\"]"].concat();
            }
            act("say", id, reply_to.as_ref().map(|to| ("reply_to", to)), Some(&text))
        }
        ToServer::Edit { id, of, text } => act("edit", id, Some(("of", of)), Some(&quote(text))),
        ToServer::Delete { id, of } => act("delete", id, Some(("of", of)), None),
        ToServer::Rate { id, like } => {
            ["{\"type\":\"rate\",\"id\":\"", id.as_str(), "\",\"like\":", if *like { "true}" } else { "false}" }]
                .concat()
        }
        ToServer::Finish { id } => act("finish", id, None, None),
        ToServer::Look { site } => ["{\"type\":\"look\",\"site\":", &quote(site.as_str()), "}"].concat(),
        ToServer::Ping => "{\"type\":\"ping\"}".to_owned(),
        // The shell's own frames: in the browser there is no such variant.
        #[cfg(feature = "serde")]
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

/// An act of the visitor's: an id is made of letters that need no quoting, `text` is quoted already.
fn act(kind: &str, id: &MessageId, other: Option<(&str, &MessageId)>, text: Option<&str>) -> String {
    let mut json = ["{\"type\":\"", kind, "\",\"id\":\"", id.as_str(), "\""].concat();
    if let Some((name, id)) = other {
        json += &[",\"", name, "\":\"", id.as_str(), "\""].concat();
    }
    if let Some(text) = text {
        json += ",\"text\":";
        json += text;
    }
    json + "}"
}

fn presence<N: Node>(frame: &N) -> Presence {
    Presence {
        state: text(frame, "state").and_then(|state| attendance(&state)),
        opens_at: number(frame, "opens_at"),
        answer_seconds: number(frame, "answer_seconds").and_then(|seconds| u32::try_from(seconds).ok()),
        held: truth(frame, "held"),
    }
}

fn attendance(name: &str) -> Option<Attendance> {
    Some(match name {
        "online" => Attendance::Online,
        "away" => Attendance::Away,
        "closed" => Attendance::Closed,
        _ => return None,
    })
}

fn entry<N: Node>(entry: &N) -> Option<Entry> {
    let what = match entry.get("kind")?.text()?.as_str() {
        "said" => Happening::Said {
            id: id(entry)?,
            from: author(&text(entry, "from")?)?,
            name: text(entry, "name"),
            body: each(entry, "body", piece)?,
            reply_to: id_at(entry, "reply_to"),
            rating: truth(entry, "rating"),
            files: entry.get("files").as_ref().map(files).unwrap_or_default(),
            before: number(entry, "before"),
            face: Face { photo: text(entry, "photo"), position: text(entry, "position") },
        },
        "file" => Happening::File { id: id(entry)?, file: file(&entry.get("file")?)? },
        "edited" => Happening::Edited { id: id(entry)?, body: each(entry, "body", piece)? },
        "deleted" => Happening::Deleted { id: id(entry)? },
        "state" => Happening::State { id: id(entry)?, state: state(&text(entry, "state")?)? },
        "rated" => Happening::Rated { like: entry.get("like")?.truth() },
        "done" => {
            let state = state(&text(entry, "state")?)?;
            Happening::Done { id: id(entry)?, state, entry: number(entry, "entry") }
        }
        "started" => Happening::Started,
        "finished" => Happening::Finished,
        _ => Happening::Unknown,
    };
    Some(Entry { seq: number(entry, "seq")?, at: number(entry, "at")?, what })
}

/// A list of files, as the relay describes them.
pub fn files<N: Node>(list: &N) -> Vec<File> {
    list.list().unwrap_or_default().iter().filter_map(file).collect()
}

fn file<N: Node>(of: &N) -> Option<File> {
    let pixels = |name| number(of, name).and_then(|pixels| u32::try_from(pixels).ok());
    Some(File {
        id: FileId::try_from(text(of, "id")?).ok()?,
        name: text(of, "name")?,
        size: number(of, "size")?,
        kind: if text(of, "kind")? == "image" { FileKind::Image } else { FileKind::File },
        width: pixels("width"),
        height: pixels("height"),
        state: text(of, "state").map(|state| if state == "coming" { FileState::Coming } else { FileState::Lost }),
        href: text(of, "href"),
    })
}

fn piece<N: Node>(piece: &N) -> Option<Piece> {
    let inner = || each(piece, "c", self::piece);
    Some(match piece.get("t")?.text()?.as_str() {
        "text" => Piece::Text(text(piece, "c")?),
        "bold" => Piece::Bold(inner()?),
        "italic" => Piece::Italic(inner()?),
        "underline" => Piece::Underline(inner()?),
        "strike" => Piece::Strike(inner()?),
        "code" => Piece::Code(text(piece, "c")?),
        "time" => Piece::Time(number(piece, "c")?),
        "quote" => {
            let quote = piece.get("c")?;
            let (name, of) = (text(&quote, "name"), id_at(&quote, "of"));
            Piece::Quote(Quote { name, body: each(&quote, "body", self::piece)?, of })
        }
        "link" => {
            let link = piece.get("c")?;
            Piece::Link(Link { href: text(&link, "href")?, body: each(&link, "body", self::piece)? })
        }
        _ => return None,
    })
}

fn refusal(code: &str) -> Refusal {
    match code {
        "too_fast" => Refusal::TooFast,
        "too_long" => Refusal::TooLong,
        "empty" => Refusal::Empty,
        "bad_frame" => Refusal::BadFrame,
        "too_large" => Refusal::TooLarge,
        "session_unknown" => Refusal::SessionUnknown,
        "identity" => Refusal::Identity,
        "site_unknown" => Refusal::SiteUnknown,
        "site_closed" => Refusal::SiteClosed,
        "too_late" => Refusal::TooLate,
        "not_yours" => Refusal::NotYours,
        "not_open" => Refusal::NotOpen,
        "origin" => Refusal::Origin,
        "too_many_connections" => Refusal::TooManyConnections,
        "version" => Refusal::Version,
        "too_many_files" => Refusal::TooManyFiles,
        "file_unknown" => Refusal::FileUnknown,
        "no_room" => Refusal::NoRoom,
        "internal" => Refusal::Internal,
        _ => Refusal::Unknown,
    }
}

fn author(name: &str) -> Option<Author> {
    Some(match name {
        "visitor" => Author::Visitor,
        "operator" => Author::Operator,
        "bot" => Author::Bot,
        "system" => Author::System,
        _ => return None,
    })
}

fn state(name: &str) -> Option<MessageState> {
    Some(match name {
        "delivered" => MessageState::Delivered,
        "unconfirmed" => MessageState::Unconfirmed,
        "failed" => MessageState::Failed,
        _ => return None,
    })
}

fn id<N: Node>(of: &N) -> Option<MessageId> {
    id_at(of, "id")
}

fn id_at<N: Node>(of: &N, name: &str) -> Option<MessageId> {
    MessageId::try_from(text(of, name)?).ok()
}

fn text<N: Node>(of: &N, name: &str) -> Option<String> {
    of.get(name)?.text()
}

/// Whether the member is there, and true.
fn truth<N: Node>(of: &N, name: &str) -> bool {
    of.get(name).is_some_and(|member| member.truth())
}

/// A whole number from 0 up to 2^53: all a JSON number of a browser holds exactly.
fn number<N: Node>(of: &N, name: &str) -> Option<u64> {
    let number = of.get(name)?.number()?;
    (0.0..=9_007_199_254_740_992.0).contains(&number).then_some(number as u64)
}

/// An element that cannot be read is left out: it is of a newer kind, and the rest still counts.
fn each<N: Node, T>(of: &N, name: &str, read: impl Fn(&N) -> Option<T>) -> Option<Vec<T>> {
    Some(of.get(name)?.list()?.iter().filter_map(read).collect())
}

#[cfg(feature = "serde")]
impl Node for serde_json::Value {
    fn get(&self, name: &str) -> Option<Self> {
        self.as_object()?.get(name).filter(|value| !value.is_null()).cloned()
    }
    fn text(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }
    fn number(&self) -> Option<f64> {
        self.as_f64()
    }
    fn truth(&self) -> bool {
        self.as_bool().unwrap_or_default()
    }
    fn list(&self) -> Option<Vec<Self>> {
        self.as_array().cloned()
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests;
