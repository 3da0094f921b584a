//! What tests can do: whatever an administrator, an operator or bad luck does in a portal.

use std::time::Duration;

use serde_json::{Value, json};

use super::Portal;
use crate::{
    app::App,
    drive::Upload,
    faults::Fault,
    ids::{ChatId, LineId, MessageId, UserId},
    options::{Build, Employee, Line},
    php,
    talk::TalkError,
    tokens::random_hex,
    world::World,
};

/// A page of the application as the portal opens it in a frame: a `POST`.
#[derive(Clone, Debug)]
pub struct FramePost {
    pub url: String,
    /// A form body.
    pub body: String,
}

impl Portal {
    /// Moves the portal's clock.
    pub fn advance(&self, span: Duration) {
        self.shared.clock().advance(span);
    }

    /// The next `times` calls or events that this fault fits meet it.
    pub fn fault(&self, fault: Fault, times: u32) {
        self.shared.change(|world| world.faults.add(fault, None, times));
    }

    /// As [`Portal::fault`], of one method or one event only.
    pub fn fault_on(&self, name: &str, fault: Fault, times: u32) {
        self.shared.change(|world| world.faults.add(fault, Some(name), times));
    }

    /// From now on a firewall before the portal answers every call that contains `words` with its own page.
    pub fn forbid(&self, words: &str) {
        self.shared.change(|world| world.forbidden = Some(words.to_owned()));
    }

    /// From now on every call, or every element of one, that contains `words` meets this fault.
    pub fn shun(&self, words: &str, fault: Fault) {
        self.shared.change(|world| world.faults.shun(words, fault));
    }

    pub fn clear_faults(&self) {
        self.shared.change(|world| world.faults.clear());
    }

    /// Saves the card of a local application without pages for a relay at this address, and waits until the event
    /// `ONAPPINSTALL` was sent. Returns the status the relay answered; none when it did not.
    pub async fn install_into(&self, relay_url: &str) -> Option<u16> {
        let sent = self.shared.change(|world| {
            world.save_card(relay_url, false);
            world.deliveries.len()
        });
        self.wait("ONAPPINSTALL to be sent", |world| {
            world.deliveries.iter().skip(sent).find(|one| one.event == "ONAPPINSTALL").map(|one| one.status)
        })
        .await
    }

    /// Saves the card of a local application with pages and opens its installation page. The application is not
    /// installed before [`Portal::finish_install`].
    ///
    /// # Panics
    /// Never: the card was just saved.
    pub fn install_by_frame(&self, relay_url: &str, lang: &str) -> FramePost {
        self.shared.change(|world| {
            world.save_card(relay_url, true);
            world.install_frame(lang).expect("the card was just saved")
        })
    }

    /// `BX24.installFinish()`.
    pub fn finish_install(&self) {
        self.shared.change(World::finish_install);
    }

    /// The administrator deletes the application.
    pub fn uninstall(&self, clean: bool) {
        self.shared.change(|world| world.uninstall(clean));
    }

    /// Opens the connector's settings for a line, as the administrator who installed the application.
    ///
    /// # Panics
    /// When no connector is registered.
    pub fn open_settings(&self, line: LineId, lang: &str) -> FramePost {
        let who = self.shared.look(|world| world.app.installer);
        self.open_settings_as(line, lang, who)
    }

    /// As [`Portal::open_settings`], as somebody else.
    ///
    /// # Panics
    /// When no connector is registered.
    pub fn open_settings_as(&self, line: LineId, lang: &str, who: UserId) -> FramePost {
        self.shared.change(|world| {
            let id = world.connectors.keys().next().expect("a connector is registered").clone();
            world.settings_frame(&id, line, lang, who).expect("the connector was just found")
        })
    }

    /// An operator answers.
    ///
    /// # Errors
    /// When chat or operator are unknown, or the text is empty.
    pub fn operator_says(&self, chat: ChatId, operator: UserId, text: &str) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.operator_says(chat, operator, text))
    }

    /// An operator sends files, with words or without.
    ///
    /// # Errors
    /// When chat or operator are unknown.
    pub fn operator_sends(
        &self,
        chat: ChatId,
        operator: UserId,
        text: &str,
        files: Vec<Upload>,
    ) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.operator_sends(chat, operator, text, files))
    }

    /// Somebody sends blocks (`ATTACH`), with words or without.
    ///
    /// # Errors
    /// When chat or author are unknown.
    pub fn operator_attaches(
        &self,
        chat: ChatId,
        author: UserId,
        text: &str,
        attach: Value,
    ) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.operator_attaches(chat, author, text, attach))
    }

    /// An operator writes to colleagues only.
    ///
    /// # Errors
    /// When the chat is unknown.
    pub fn operator_whispers(&self, chat: ChatId, operator: UserId, text: &str) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.operator_whispers(chat, operator, text))
    }

    /// The portal says something by itself.
    ///
    /// # Errors
    /// When the chat is unknown.
    pub fn system_says(&self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.system_says(chat, text))
    }

    /// A mailing of the CRM goes to the visitor.
    ///
    /// # Errors
    /// When the chat is unknown.
    pub fn mailing_says(&self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.mailing_says(chat, text))
    }

    /// Somebody works here from now on, or a bot does; who did already has another profile.
    pub fn hire(&self, employee: Employee) {
        self.shared.change(|world| {
            let employees = &mut world.options.employees;
            match employees.iter_mut().find(|known| known.id == employee.id) {
                Some(known) => *known = employee,
                None => employees.push(employee),
            }
        });
    }

    /// The author edits an operator's message.
    ///
    /// # Errors
    /// When there is no such message of an operator's, or edits are not allowed.
    pub fn edit(&self, chat: ChatId, message: MessageId, text: &str) -> Result<(), TalkError> {
        self.shared.change(|world| world.operator_edits(chat, message, text))
    }

    /// The author deletes an operator's message.
    ///
    /// # Errors
    /// When there is no such message of an operator's, or deleting is not allowed.
    pub fn delete(&self, chat: ChatId, message: MessageId) -> Result<(), TalkError> {
        self.shared.change(|world| world.operator_deletes(chat, message))
    }

    /// An employee deletes a visitor's message.
    ///
    /// # Errors
    /// When there is no such message of a visitor's, or deleting is not allowed.
    pub fn delete_visitors(&self, chat: ChatId, message: MessageId, by: UserId) -> Result<(), TalkError> {
        self.shared.change(|world| world.employee_deletes(chat, message, by))
    }

    /// The CRM mails to the visitor.
    ///
    /// # Errors
    /// When the chat is unknown, or the connector takes no mailings.
    pub fn mail(&self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.mail(chat, text))
    }

    /// The talk is finished by its operator, or by the given one where nobody leads it.
    ///
    /// # Errors
    /// When no session is open.
    pub fn finish(&self, chat: ChatId, operator: UserId) -> Result<(), TalkError> {
        self.shared.change(|world| world.finish(chat, operator))
    }

    /// A chat gets a second session beside its open one, which is closed for its double without a word.
    ///
    /// # Errors
    /// When no session is open.
    pub fn double_session(&self, chat: ChatId) -> Result<(), TalkError> {
        self.shared.change(|world| world.double_session(chat))
    }

    /// An operator asks for a rating of the talk, with the line's words or the portal's own.
    ///
    /// # Errors
    /// When there is no such chat, or nobody ever talked in it.
    pub fn ask_for_rating(&self, chat: ChatId, operator: UserId) -> Result<(), TalkError> {
        self.shared.change(|world| world.ask_for_rating(chat, operator))
    }

    /// The talk is handed over to another line.
    ///
    /// # Errors
    /// When there is no such chat.
    pub fn hand_over(&self, chat: ChatId, line: LineId) -> Result<(), TalkError> {
        self.shared.change(|world| world.move_to_line(chat, line))
    }

    /// Switches a connector on, as if its settings page had called `imconnector.activate`.
    pub fn connect_line(&self, connector: &str, line: LineId) {
        self.shared.change(|world| world.switch_on(connector, line));
    }

    /// Switches a connector off in the portal's own pages.
    pub fn disconnect_line(&self, connector: &str, line: LineId) {
        self.shared.change(|world| world.switch_off(connector, line, Some(world.app.installer)));
    }

    pub fn delete_line(&self, line: LineId) {
        self.shared.change(|world| world.delete_line(line, Some(world.app.installer)));
    }

    /// Changes a line's settings, or adds the line.
    pub fn set_line(&self, line: Line) {
        self.shared.change(|world| {
            world.options.lines.retain(|known| known.id != line.id);
            world.options.lines.push(line);
        });
    }

    /// Changes the application's card: its scopes, its keys.
    pub fn set_app(&self, change: impl FnOnce(&mut App)) {
        self.shared.change(|world| change(&mut world.app));
    }

    /// Makes it a portal of another build, or of other rights.
    pub fn set_build(&self, change: impl FnOnce(&mut Build)) {
        self.shared.change(|world| change(&mut world.options.build));
    }

    /// The portal's database has cut what waits in the offline queue: nobody can read it any more.
    pub fn cut_queue(&self) {
        self.shared.change(|world| world.offline.iter_mut().for_each(|record| record.data = Value::Bool(false)));
    }

    /// The portal tells operators something about the chat.
    ///
    /// # Errors
    /// When the chat is unknown.
    pub fn notes(&self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        self.shared.change(|world| world.notes(chat, text))
    }

    /// Takes an employee's administrator rights, or gives them.
    pub fn set_admin(&self, who: UserId, admin: bool) {
        self.shared.change(|world| {
            for employee in world.options.employees.iter_mut().filter(|one| one.id == who) {
                employee.admin = admin;
            }
        });
    }

    /// Tells the desk where the shop is.
    pub fn set_shop(&self, url: &str) {
        self.shared.change(|world| world.surroundings.shop = Some(url.to_owned()));
    }

    /// Tells the desk how many messages wait at the relay.
    pub fn set_waiting(&self, count: u64) {
        self.shared.change(|world| world.surroundings.waiting = Some(count));
    }

    /// An access token of an employee's, for a test that calls the portal itself.
    pub fn token_of(&self, who: UserId) -> String {
        self.shared.change(|world| world.tokens.issue(who, &world.clock).access)
    }
}

impl World {
    /// Saves the card for a relay: its installation path and its handler path.
    pub(crate) fn save_card(&mut self, relay_url: &str, with_pages: bool) {
        let base = relay_url.trim_end_matches('/');
        self.install(&format!("{base}/bitrix24/install"), &format!("{base}/bitrix24/oauth"), with_pages);
    }

    /// The installation page of an application with pages; none before its card was saved.
    pub(crate) fn install_frame(&mut self, lang: &str) -> Option<FramePost> {
        let install = self.app.install_url.clone()?;
        Some(self.frame(&install, lang, "DEFAULT", &json!({}), self.app.installer))
    }

    /// The settings page of a connector on a line.
    pub(crate) fn settings_frame(&mut self, id: &str, line: LineId, lang: &str, who: UserId) -> Option<FramePost> {
        let handler = self.connectors.get(id)?.handler.clone();
        let channel = self.channel(id, line).cloned().unwrap_or_default();
        let options = json!({
            "CONNECTOR": id,
            "LINE": line.to_string(),
            "STATUS": channel.usable(),
            // The page opens once the user has pressed “Connect” in the portal.
            "ACTIVE_STATUS": true,
            "CONNECTION_STATUS": channel.connected,
            "REGISTER_STATUS": channel.registered,
            "ERROR_STATUS": channel.error,
            "URI": format!("/contact_center/connector/?ID={id}&LINE={line}"),
        });
        Some(self.frame(&handler, lang, "SETTING_CONNECTOR", &options, who))
    }

    /// A `POST` into a frame, with fresh tokens of the one who opens it.
    fn frame(&mut self, handler: &str, lang: &str, placement: &str, options: &Value, who: UserId) -> FramePost {
        let pair = self.tokens.issue(who, &self.clock);
        let query = php::build_query(&[
            ("DOMAIN", &json!(self.name())),
            ("PROTOCOL", &json!(0)),
            ("LANG", &json!(lang)),
            ("APP_SID", &json!(random_hex(16))),
        ]);
        // What is `null` is left out.
        let signed = |value: Value| if self.options.build.signs_frames { value } else { Value::Null };
        let body = php::build_query(&[
            ("AUTH_ID", &json!(pair.access)),
            ("AUTH_EXPIRES", &json!(crate::tokens::ACCESS_LIFE.as_secs())),
            ("REFRESH_ID", &json!(pair.refresh)),
            ("SERVER_ENDPOINT", &signed(json!(self.server_endpoint()))),
            ("APPLICATION_TOKEN", &signed(json!(self.app.application_token))),
            ("APPLICATION_SCOPE", &signed(json!(self.app.scopes))),
            ("member_id", &json!(self.app.member_id)),
            ("status", &json!("L")),
            ("PLACEMENT", &json!(placement)),
            ("PLACEMENT_OPTIONS", &json!(options.to_string())),
        ]);
        let joint = if handler.contains('?') { '&' } else { '?' };
        FramePost { url: format!("{handler}{joint}{query}"), body }
    }
}
