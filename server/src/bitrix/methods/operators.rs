//! `imopenlines.operator.another.finish`: ends the conversation of a chat, whoever leads it. Done as the user of the
//! token (`api-reference/imopenlines/openlines/operators/`).

use super::Method;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::truth;
use serde::Serialize;
use serde_json::Value;

/// `imopenlines.operator.another.finish`, by the portal's chat. Where nobody leads the chat, the token's user first
/// becomes its operator; where the line has a closing text or asks for a rating, the real end comes later.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct FinishAnothers {
    pub chat_id: u64,
}

impl Method for FinishAnothers {
    const NAME: &'static str = "imopenlines.operator.another.finish";
    type Reply = ();

    fn reply(result: Value) -> Result<(), PortalError> {
        if truth(&result) { Ok(()) } else { Err(Self::shape()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_finish_names_the_portals_chat() {
        assert_eq!(serde_json::to_value(FinishAnothers { chat_id: 1807 }).unwrap(), json!({"CHAT_ID": 1807}));
        assert!(FinishAnothers::reply(json!(true)).is_ok() && FinishAnothers::reply(json!(false)).is_err());
    }
}
