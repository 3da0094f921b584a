//! `im.user.get`: who an employee, or a bot, is (`api-reference/chats/users/im-user-get.md`).

use super::Method;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, number_at, text_at, truth};
use serde::Serialize;
use serde_json::Value;

/// Somebody at the portal. Of all it tells no more is read than a visitor may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Names as the profile has them: the full one first.
    pub names: Vec<String>,
    pub first_name: Option<String>,
    pub position: Option<String>,
    /// Where the photo is.
    pub avatar: Option<String>,
    pub is_bot: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct GetUser {
    pub id: u64,
}

impl Method for GetUser {
    const NAME: &'static str = "im.user.get";
    type Reply = User;

    fn reply(result: Value) -> Result<User, PortalError> {
        number_at(&result, &["id"]).ok_or_else(Self::shape)?;
        let text = |name| text_at(&result, &[name]).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let (first, last) = (text("first_name"), text("last_name"));
        let joint = first.as_ref().zip(last.as_ref()).map(|(first, last)| format!("{first} {last}"));
        let mut names: Vec<String> = [text("name"), joint, first.clone()].into_iter().flatten().collect();
        names.dedup();
        Ok(User {
            names,
            first_name: first,
            position: text("work_position"),
            avatar: text("avatar"),
            is_bot: get(&result, "bot").is_some_and(truth),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::result;

    #[test]
    fn an_employee_is_read() {
        let anna = GetUser::reply(result("im.user.get.response.json")).unwrap();
        assert_eq!(anna.names, ["Анна Петрова", "Анна"]);
        assert_eq!((anna.position.as_deref(), anna.is_bot), (Some("Менеджер"), false));
        assert_eq!(anna.avatar.as_deref(), Some("https://romashka.bitrix24.ru/upload/main/ava.png"));
        assert_eq!(serde_json::to_value(GetUser { id: 27 }).unwrap(), serde_json::json!({"ID": 27}));
        let bot = serde_json::json!({"id": "571", "name": "Помощник", "avatar": "", "bot": true});
        let bot = GetUser::reply(bot).unwrap();
        assert_eq!((bot.names.as_slice(), bot.is_bot, bot.avatar), (&["Помощник".to_owned()][..], true, None));
        assert!(GetUser::reply(serde_json::json!([])).is_err());
    }
}
