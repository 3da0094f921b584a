//! `batch`: up to 50 calls of one method in one request (`settings/how-to-call-rest-api/batch.md`).

use super::{Method, refused_inside};
use crate::bitrix::error::PortalError;
use crate::bitrix::form;
use crate::bitrix::value::{at, get, text_at};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// The most commands in one batch.
pub const MOST: usize = 50;

/// Calls of one method, each with its own outcome. Only for methods that may be repeated.
#[derive(Clone, Debug)]
pub struct Batch<M> {
    commands: BTreeMap<String, String>,
    method: PhantomData<fn() -> M>,
}

impl<M: Method> Batch<M> {
    /// `calls` are at most [`MOST`]; the rest is left out.
    pub fn new(calls: impl IntoIterator<Item = M>) -> Self {
        let command = |(nth, call): (usize, M)| {
            let query = form::write(&serde_json::to_value(call).expect("a method is a plain record"));
            (key(nth), format!("{}?{query}", M::NAME))
        };
        Self { commands: calls.into_iter().take(MOST).enumerate().map(command).collect(), method: PhantomData }
    }
}

/// Keys with a letter: PHP would make a list of numbers.
fn key(nth: usize) -> String {
    format!("c{nth}")
}

impl<M> Serialize for Batch<M> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("halt", &0)?;
        map.serialize_entry("cmd", &self.commands)?;
        map.end()
    }
}

impl<M: Method> Method for Batch<M> {
    const NAME: &'static str = "batch";
    const COUNTS_AS: &'static str = M::NAME;
    const WITHIN: std::time::Duration = std::time::Duration::from_secs(65);
    /// The outcomes of all [`MOST`] places, in the order of the calls; a place nothing was said about is a shape error.
    type Reply = Vec<Result<M::Reply, PortalError>>;

    fn reply(mut result: Value) -> Result<Self::Reply, PortalError> {
        if get(&result, "result").is_none() && get(&result, "result_error").is_none() {
            return Err(Self::shape());
        }
        let outcome = |nth| {
            let key = key(nth);
            if let Some(error) = at(&result, &["result_error", &key]).cloned() {
                let code = text_at(&error, &["error"]).unwrap_or_default();
                return Err(refused_inside(code, text_at(&error, &["error_description"])));
            }
            match result.get_mut("result").and_then(|results| results.get_mut(&key)) {
                Some(value) => M::reply(value.take()),
                None => Err(M::shape()),
            }
        };
        Ok((0..MOST).map(outcome).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::json;
    use crate::bitrix::methods::channel::Status;
    use crate::ids::LineId;

    #[test]
    fn commands_are_written_as_addresses() {
        let batch = Batch::new([Status { line: LineId(107) }, Status { line: LineId(1) }]);
        let written = serde_json::to_value(batch).unwrap();
        assert_eq!(
            written,
            serde_json::json!({"halt": 0, "cmd": {
                "c0": "imconnector.status?CONNECTOR=otklik&LINE=107",
                "c1": "imconnector.status?CONNECTOR=otklik&LINE=1",
            }})
        );
        let recorded = json("batch.request.json");
        assert_eq!(recorded["halt"], written["halt"]);
        assert_eq!(recorded["cmd"]["st"], "imconnector.status?CONNECTOR=site_widget&LINE=107");
    }

    #[test]
    fn each_command_has_its_own_outcome() {
        let recorded = json("batch.response.json")["result"].to_string();
        let recorded = recorded.replace(r#""st""#, r#""c0""#).replace(r#""bad""#, r#""c1""#);
        let outcomes = Batch::<Status>::reply(serde_json::from_str(&recorded).unwrap()).unwrap();
        assert!(outcomes[0].as_ref().unwrap().usable);
        assert_eq!(outcomes[1].as_ref().unwrap_err().code(), Some("ERROR_ARGUMENT"));
        assert!(matches!(outcomes[2], Err(PortalError::Shape { .. })));
        let empty = serde_json::json!({"result": [], "result_error": [], "result_total": []});
        assert!(matches!(Batch::<Status>::reply(empty).unwrap()[0], Err(PortalError::Shape { .. })));
    }
}
