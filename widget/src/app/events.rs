//! What the browser tells: other tabs, the network, the page's coming and going.

use super::{act, describe, with};
use crate::browser::on;
use crate::embed;
use leptos::prelude::window;

pub fn wire() {
    let window = window();
    on(&window, "storage", |_| act(&mut |talk, now| talk.stored(now)));
    on(&window, "online", |_| look_again());
    // A page that leaves closes its socket, or the browser could not keep it for “back”.
    on(&window, "pagehide", |_| with(|app| app.connection.drop_for(0, false)));
    // What other tabs did while the browser kept it was not told.
    on(&window, "pageshow", |_| {
        act(&mut |talk, now| talk.stored(now));
        look_again();
    });
    // It may be wrong: attempts go on.
    on(&window, "offline", |_| with(|app| app.connection.drop_for(0, true)));
    embed::on_about(describe);
    embed::on_leave(|| act(&mut |talk, _| talk.leave()));
    embed::on_shown(|| {
        let shown = embed::is_shown();
        if shown {
            look_again();
        }
        act(&mut |talk, _| talk.show(shown));
        with(|app| app.screen.reveal(shown));
    });
}

/// The network may be another, or the machine may have slept.
fn look_again() {
    with(|app| app.connection.nudge());
    act(&mut |_, _| {});
}
