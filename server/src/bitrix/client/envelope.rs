//! The frame around every answer: `result` and `time`, or `error`. Knows nothing of methods.

use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, number, text};
use serde_json::Value;
use std::time::Duration;

/// An answer that is no refusal.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub result: Value,
    pub time: Time,
}

/// What the portal tells about its budget of time (`limits.md`). All of it may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// How long after this answer the oldest minute leaves the sum of the method's operating time.
    pub resets_in: Option<Duration>,
}

/// Reads status and body of an answer.
///
/// # Errors
/// `Refused` where the portal says why; `Unreadable` for everything that is no answer of a portal.
pub fn read(status: u16, body: &[u8]) -> Result<Answer, PortalError> {
    let unreadable = PortalError::Unreadable { status };
    let Ok(Value::Object(mut tree)) = serde_json::from_slice::<Value>(body) else { return Err(unreadable) };
    if let Some(error) = tree.get("error")
        && !tree.contains_key("result")
    {
        let description = tree.get("error_description").and_then(text).unwrap_or_default();
        return Err(PortalError::Refused { status, code: text(error).unwrap_or_default(), description });
    }
    let time = tree.get("time").map(Time::read).unwrap_or_default();
    match tree.remove("result") {
        Some(result) if status < 400 => Ok(Answer { result, time }),
        _ => Err(unreadable),
    }
}

impl Time {
    fn read(time: &Value) -> Self {
        let finish = get(time, "finish").and_then(Value::as_f64);
        let reset_at = get(time, "operating_reset_at").and_then(number);
        let resets_in =
            finish.zip(reset_at).and_then(|(finish, at)| Duration::try_from_secs_f64(at as f64 - finish).ok());
        Self { resets_in }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::bytes;

    #[test]
    fn both_kinds_of_answer_are_read() {
        let good = read(200, &bytes("imconnector.activate.response.json")).unwrap();
        assert_eq!(good.result, Value::Bool(true));
        assert_eq!(good.time.resets_in.map(|wait| wait.as_secs()), Some(599));
        assert_eq!(read(200, br#"{"result":[]}"#).unwrap().time, Time::default());
        let refused = |body: &[u8]| match read(400, body) {
            Err(PortalError::Refused { code, .. }) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(br#"{"error":"NOT_ACTIVE_LINE","error_description":"off"}"#), "NOT_ACTIVE_LINE");
        assert_eq!(refused(br#"{"error":0,"error_description":"?"}"#), "0");
        assert_eq!(refused(br#"{"error":"","error_description":"?"}"#), "");
    }

    #[test]
    fn pages_of_servers_between_are_no_answers() {
        for (status, body) in
            [(502, "<html>502 Bad Gateway</html>"), (200, ""), (200, "[]"), (200, "{}"), (500, r#"{"result":1}"#)]
        {
            assert!(matches!(read(status, body.as_bytes()), Err(PortalError::Unreadable { .. })), "{body}");
        }
    }
}
