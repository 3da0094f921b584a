//! What befalls a portal and an application in it over the years: it is renamed, the installer leaves, it is an older one.

use super::Portal;
use crate::{ids::UserId, options::Employee, world::World};

impl Portal {
    /// The administrator renames the portal. Its old address answers every call with a 302 to the new one
    /// (`settings/how-to-call-rest-api/change-domen.md`), which here is the address beside it. `Portal::host` still tells
    /// the old one.
    pub fn rename(&self) {
        self.shared.change(|world| world.new_name = Some(world.address.side.clone()));
    }

    /// `host:port` where the portal answers now.
    pub fn address_now(&self) -> String {
        self.shared.look(World::name)
    }

    /// The card of a local application without pages is saved, or “Reinstall” pressed; nobody waits for what comes of it.
    pub fn save_card(&self, relay_url: &str) {
        self.shared.change(|world| world.save_card(relay_url, false));
    }

    /// Somebody who works here leaves. The talks they led are closed without a word.
    pub fn dismiss(&self, who: UserId) {
        self.shared.change(|world| world.dismiss(who));
    }

    /// The application's card is saved, as it was: its handlers are dropped, those of the offline queue too, and nobody is
    /// told (`event.get` after every update).
    pub fn resave_card(&self) {
        self.shared.change(|world| world.bindings.clear());
    }

    /// As above, and the application is told: by `ONAPPUPDATE`, at its installation path.
    pub fn update_card(&self) {
        self.shared.change(World::update);
    }

    /// The employee who installed the application leaves: their tokens are dead, and nobody gets others for them.
    pub fn dismiss_installer(&self) {
        self.shared.change(|world| {
            let installer = world.app.installer;
            world.options.employees.retain(|one| one.id != installer);
        });
    }

    /// Somebody new administrates the portal: whoever opens its pages from now on is this person.
    pub fn hire_administrator(&self, id: UserId) {
        self.shared.change(|world| {
            world.options.employees.push(Employee::new(id, "Ирина", "Белова", "Администратор").admin());
            world.app.installer = id;
        });
    }

    /// All refresh tokens so far are spent, as after an answer of the OAuth server that was lost on its way.
    pub fn spend_refresh_tokens(&self) {
        self.shared.change(|world| world.tokens.forget_refresh());
    }

    /// The portal is an older build, without these methods.
    pub fn lacks(&self, methods: &[&str]) {
        self.shared.change(|world| world.lacks.extend(methods.iter().map(|name| name.to_lowercase())));
    }

    /// The portal was updated: it has every method.
    pub fn lacks_nothing(&self) {
        self.shared.change(|world| world.lacks.clear());
    }
}
