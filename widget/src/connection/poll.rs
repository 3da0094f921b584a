//! The same frames by requests, for networks that let no socket through.

/// How long the relay may hold a request that waits for news, in seconds.
const HOLD: &str = "25";

/// A request's body: every request greets, so that each can stand alone.
pub fn body(hello: &str, frames: &[String], held: bool) -> String {
    let mut all = vec![hello];
    all.extend(frames.iter().map(String::as_str));
    ["{\"frames\":[", &all.join(","), "],\"wait\":", if held { HOLD } else { "0" }, "}"].concat()
}
