//! The frame around every answer: `result` and `time`, or `error`. Knows nothing of methods.

use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, text, text_at};
use serde_json::Value;
use std::time::Duration;

/// What a command of a batch answers where its method's time is spent.
const OVER: &str = "OPERATION_TIME_LIMIT";

/// An answer that is no refusal.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub result: Value,
    pub time: Time,
}

/// What the portal tells about its budget of time (`limits.md`). All of it may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// How much operating time the method has spent in the last ten minutes.
    pub spent: Option<Duration>,
    /// How long after this answer the oldest minute leaves that sum.
    pub resets_in: Option<Duration>,
    /// How long the call took at the portal.
    pub took: Duration,
    /// The time is spent: a command of a batch was not carried out for that.
    pub is_over: bool,
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
    let time = match tree.get("result").filter(|result| get(result, "result_time").is_some()) {
        Some(batch) => Time::of_batch(batch),
        None => tree.get("time").map(Time::read).unwrap_or_default(),
    };
    match tree.remove("result") {
        Some(result) if status < 400 => Ok(Answer { result, time }),
        _ => Err(unreadable),
    }
}

impl Time {
    fn read(time: &Value) -> Self {
        let seconds = |name| get(time, name).and_then(Value::as_f64);
        let span = |seconds| Duration::try_from_secs_f64(seconds).ok();
        let left = seconds("operating_reset_at").zip(seconds("finish")).map(|(at, finish)| at - finish);
        Self {
            spent: seconds("operating").and_then(span),
            resets_in: left.and_then(span),
            took: seconds("duration").and_then(span).unwrap_or_default(),
            is_over: false,
        }
    }

    /// The commands of a batch count one by one (`settings/how-to-call-rest-api/batch.md`); ours are of one method.
    fn of_batch(result: &Value) -> Self {
        let members = |name| get(result, name).and_then(Value::as_object).into_iter().flatten().map(|(_, value)| value);
        let times: Vec<Self> = members("result_time").map(Self::read).collect();
        let last = times.iter().max_by_key(|time| time.spent).copied().unwrap_or_default();
        let took = times.iter().map(|time| time.took).sum();
        let is_over = members("result_error").any(|error| text_at(error, &["error"]).is_some_and(|code| code == OVER));
        Self { took, is_over, ..last }
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
    fn a_batch_spends_the_time_of_its_commands() {
        let recorded = read(200, &bytes("batch.response.json")).unwrap().time;
        assert_eq!((recorded.spent, recorded.is_over), (Some(Duration::from_millis(120)), false));
        assert_eq!(recorded.took, Duration::from_millis(1384), "two commands of 0.692 s");
        let over =
            br#"{"result":{"result":[],"result_error":{"c0":{"error":"OPERATION_TIME_LIMIT"}},"result_time":[]}}"#;
        assert!(read(200, over).unwrap().time.is_over);
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
