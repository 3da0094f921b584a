//! `im.v2.File.download`: a file of a chat whose event gave no address, or was lost.

use super::Method;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::text_at;
use serde::Serialize;
use serde_json::Value;

/// Tells an address that leads to the bytes, once. Whoever has read the chat's history may ask.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadFile {
    dialog_id: String,
    file_id: u64,
}

impl DownloadFile {
    /// The file of that number in the portal's chat `chat`.
    pub fn of(chat: u64, file_id: u64) -> Self {
        Self { dialog_id: format!("chat{chat}"), file_id }
    }
}

impl Method for DownloadFile {
    const NAME: &'static str = "im.v2.File.download";
    type Reply = String;

    fn reply(result: Value) -> Result<String, PortalError> {
        text_at(&result, &["downloadUrl"]).ok_or_else(Self::shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_asked_for_by_chat_and_number() {
        assert_eq!(serde_json::to_value(DownloadFile::of(7, 9)).unwrap(), json!({"dialogId": "chat7", "fileId": 9}));
        assert_eq!(DownloadFile::reply(json!({"downloadUrl": "https://a.ru/x"})).unwrap(), "https://a.ru/x");
        assert!(DownloadFile::reply(json!([])).is_err());
    }
}
