//! The one place where what happens in the browser reaches `talk`, and where its deeds are done.

mod events;
mod screen;

use crate::browser::{element, new_id, shelf};
use crate::clock::{self, Alarm};
use crate::connection::{Connection, Event};
use crate::dialogue::{Act, Pending};
use crate::embed;
use crate::json::parse;
use crate::storage::Storage;
use crate::talk::{Deed, News, Talk};
use crate::view::Wish;
use screen::{Screen, announce};
use shared::decode;
use shared::{Hello, MessageId, Millis, ToWidget};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

thread_local! {
    static APP: OnceCell<App> = const { OnceCell::new() };
}

struct App {
    talk: RefCell<Talk>,
    connection: Rc<Connection>,
    alarm: Alarm,
    screen: Screen,
    /// What this connection was told of the visitor.
    told: RefCell<Option<String>>,
}

/// Mounts the chat and brings it to life. In a document that is not the chat's nothing happens.
pub fn start() {
    let (Some(site), Some(screen)) = (embed::site(), Screen::mount(wish)) else { return };
    let storage = Storage::new(shelf(), &embed::scope());
    let app = App {
        talk: RefCell::new(Talk::new(site, storage)),
        connection: Connection::new(hello, report),
        alarm: Alarm::new(ring),
        screen,
        told: RefCell::default(),
    };
    APP.with(|cell| drop(cell.set(app)));
    with(|app| app.screen.wire());
    events::wire();
    act(&mut |talk, now| {
        if let Some(frame) = parse(&embed::presence()).and_then(|json| decode::to_widget(&json)) {
            talk.receive(frame, now);
        }
        talk.show(embed::is_shown());
        if element("field").is_none() {
            talk.close();
        }
        if embed::identity().is_some() {
            talk.sign();
        }
        talk.begin();
    });
    embed::take_texts(say);
    embed::take_acts(do_act);
}

fn with<T>(on: impl FnOnce(&App) -> T) -> T {
    APP.with(|app| on(app.get().expect("events are wired once the app is there")))
}

/// Something happens; what follows from it is done and shown.
fn act(happen: &mut dyn FnMut(&mut Talk, Millis)) {
    with(|app| {
        let now = clock::now();
        happen(&mut app.talk.borrow_mut(), now);
        let deeds = app.talk.borrow_mut().deeds();
        deeds.into_iter().for_each(|deed| app.perform(deed));
        let talk = app.talk.borrow();
        app.screen.draw(&talk, now);
        app.alarm.set([talk.due(now), app.connection.due()].into_iter().flatten().min());
    });
}

/// How to greet, as the one whom the page says the visitor is now.
fn hello() -> Hello {
    let hello = with(|app| app.talk.borrow().hello());
    Hello { identity: embed::identity(), ..hello }
}

/// `files`: JSON of what was uploaded, or nothing; `to` names the message that it answers.
fn say(text: String, id: String, files: String, to: String) {
    let Ok(id) = MessageId::try_from(id) else { return }; // the shell makes them
    let files = parse(&files).as_ref().map(decode::files).unwrap_or_default();
    let said = Act::Say { reply_to: MessageId::try_from(to).ok() };
    with(|app| app.screen.stay_at_end());
    act(&mut |talk, now| {
        let message = Pending::new(id.clone(), text.clone(), now);
        talk.say(Pending { files: files.clone(), act: said.clone(), ..message }, now);
    });
}

/// What the visitor does with a message, or with the conversation; `of` names the message.
fn do_act(kind: String, of: String, text: String) {
    let what = match (kind.as_str(), MessageId::try_from(of)) {
        ("edit", Ok(of)) => Act::Edit(of),
        ("delete", Ok(of)) => Act::Delete(of),
        ("like", _) => Act::Rate(true),
        ("dislike", _) => Act::Rate(false),
        _ => Act::Finish,
    };
    act(&mut |talk, now| {
        talk.say(Pending { act: what.clone(), ..Pending::new(new_id(), text.clone(), now) }, now);
    });
}

fn wish(wish: Wish) {
    act(&mut |talk, now| match &wish {
        Wish::Repeat(id) => talk.repeat(id, new_id(), now),
        Wish::Discard(id) => talk.discard(id),
    });
}

fn report(event: Event) {
    match &event {
        Event::Connecting => with(|app| drop(app.told.take())),
        Event::Frame(ToWidget::Welcome { .. }) => describe(), // before the words that wait
        _ => {}
    }
    let mut event = Some(event);
    act(&mut |talk, now| match event.take() {
        Some(Event::Connecting) => talk.connecting(now),
        Some(Event::Frame(frame)) => talk.receive(frame, now),
        Some(Event::Disconnected { surely }) => talk.disconnected(surely, now),
        None => {}
    });
}

fn ring() {
    with(|app| app.connection.tick());
    act(&mut |talk, now| talk.tick(now));
}

/// Tells the relay what the page tells of its visitor, once a connection.
fn describe() {
    let Some(frame) = embed::about() else { return };
    with(|app| {
        if app.told.replace(Some(frame.clone())).as_ref() != Some(&frame) {
            app.connection.send_text(frame);
        }
    });
}

impl App {
    fn perform(&self, deed: Deed) {
        match deed {
            Deed::Send(frame) => self.connection.send(&frame),
            Deed::Look(frame) => self.connection.look(&frame),
            Deed::Connect => self.connection.start(),
            Deed::Anew => {
                self.connection.stop();
                self.connection.start();
            }
            Deed::Pause { seconds } => self.connection.drop_for(Millis::from(seconds) * 1000, false),
            Deed::Leave => self.connection.stop(),
            Deed::Named(id) => embed::tell_visitor(&id),
            Deed::Limit { chars } => self.screen.limit(chars),
            Deed::Tell(news) => {
                if news == News::Received {
                    self.screen.count();
                }
                embed::tell(news);
            }
            Deed::Failed(why) => self.screen.announce_failure(why),
            Deed::Unheard(word) => announce(embed::say(word)),
        }
    }
}
