//! The local application: its card, its keys, and whether it is installed.

use serde_json::{Value, json};

use crate::{
    events::{Auth, Job},
    ids::UserId,
    tokens::random_hex,
    world::World,
};

/// Everything a relay may be granted; a test that wants less sets `App::scopes`.
pub const SCOPES: &str = "imopenlines,imconnector,im,imbot,placement,user_basic";

/// The application card under “Local application”, and what the portal knows beside it.
#[derive(Clone, Debug)]
pub struct App {
    pub id: u64,
    pub client_id: String,
    pub client_secret: String,
    pub member_id: String,
    /// Changes with every installation; the only proof that an event is the portal's.
    pub application_token: String,
    pub scopes: String,
    /// Who installed it: the stored tokens are this employee's.
    pub installer: UserId,
    /// “Initial installation path”.
    pub install_url: Option<String>,
    /// “Handler path”: the application's page, and where `/oauth/authorize/` leads.
    pub handler_url: Option<String>,
    /// Without this no event is sent and `app.info` says so.
    pub installed: bool,
    /// Deleted from the portal: its tokens and keys are dead.
    pub deleted: bool,
}

impl App {
    pub(crate) fn new(installer: UserId) -> Self {
        let number = u32::from_str_radix(&random_hex(4), 16).unwrap_or_default() % 90_000_000 + 10_000_000;
        Self {
            id: 14,
            client_id: format!("local.{}.{number}", random_hex(7)),
            client_secret: random_hex(25),
            member_id: random_hex(16),
            application_token: random_hex(16),
            scopes: SCOPES.to_owned(),
            installer,
            install_url: None,
            handler_url: None,
            installed: false,
            deleted: false,
        }
    }

    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.split(',').any(|granted| granted == scope)
    }
}

impl World {
    /// The card is saved, or “Reinstall” pressed: a new application token, everything of the old installation gone,
    /// and, for an application without pages of its own, `ONAPPINSTALL` in the queue.
    pub fn install(&mut self, install_url: &str, handler_url: &str, with_pages: bool) {
        self.app.install_url = Some(install_url.to_owned());
        self.app.handler_url = Some(handler_url.to_owned());
        self.app.application_token = random_hex(16);
        self.app.deleted = false;
        self.app.installed = !with_pages;
        self.forget_application();
        if with_pages {
            return;
        }
        let pair = self.tokens.issue(self.app.installer, &self.clock);
        let data = json!({"VERSION": 1, "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": self.options.language});
        let auth = self.auth(&Auth::Install(pair));
        let (event, handler, due) = ("ONAPPINSTALL".to_owned(), install_url.to_owned(), self.clock.now());
        self.enqueue(Job { event, handler, no: None, data, auth, due });
    }

    /// The card is saved anew: the handlers are dropped, and `ONAPPUPDATE` tells so.
    pub fn update(&mut self) {
        self.bindings.clear();
        let Some(handler) = self.app.install_url.clone() else { return };
        let pair = self.tokens.issue(self.app.installer, &self.clock);
        let data = json!({"VERSION": 2, "PREVIOUS_VERSION": 1, "LANGUAGE_ID": self.options.language});
        let auth = self.auth(&Auth::Install(pair));
        let (event, due) = ("ONAPPUPDATE".to_owned(), self.clock.now());
        self.enqueue(Job { event, handler, no: None, data, auth, due });
    }

    /// `BX24.installFinish()` of the installation page.
    pub fn finish_install(&mut self) {
        self.app.installed = true;
    }

    /// The administrator deletes the application; `ONAPPUNINSTALL` reaches only a handler bound for it.
    pub fn uninstall(&mut self, clean: bool) {
        let data = json!({"LANGUAGE_ID": self.options.language, "CLEAN": clean});
        self.raise_with("ONAPPUNINSTALL", &data, &Auth::Farewell);
        self.forget_application();
        self.tokens.forget_all();
        self.app.installed = false;
        self.app.deleted = true;
    }

    /// With an application go its handlers, its queue of offline events and its connectors.
    fn forget_application(&mut self) {
        self.bindings.clear();
        self.offline.clear();
        self.connectors.clear();
        self.channels.clear();
    }

    pub(crate) fn app_info(&self) -> Value {
        json!({
            "ID": self.app.id,
            "CODE": self.app.client_id,
            "VERSION": 1,
            "STATUS": "L",
            "INSTALLED": self.app.installed,
            "PAYMENT_EXPIRED": "N",
            "DAYS": null,
            "LANGUAGE_ID": self.options.language,
            "LICENSE": "ru_basic",
            "LICENSE_TYPE": "basic",
            "LICENSE_FAMILY": "basic",
        })
    }
}
