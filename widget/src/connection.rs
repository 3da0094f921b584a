//! The connection to the relay: frames over a socket, or over held requests where no socket gets through; opened again
//! when it goes, asked when it is quiet. Knows frames, not what they mean.

mod pace;
mod poll;
mod socket;

use crate::{clock, embed, json};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use leptos::task::spawn_local;
use pace::{Act, Pace, Way};
use shared::decode::{Node, from_widget, to_widget};
use shared::{Hello, Millis, ToServer, ToWidget};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What the connection reports.
pub enum Event {
    /// An attempt begins.
    Connecting,
    Frame(ToWidget),
    /// It went, or did not come about. `surely`: the browser says that there is no network.
    Disconnected {
        surely: bool,
    },
}

enum Link {
    Socket(UnboundedSender<String>),
    Poll,
}

/// Everything happens in its methods and in what they start; the owner calls `tick` when `due` comes.
pub struct Connection {
    pace: RefCell<Pace>,
    link: RefCell<Option<Link>>,
    /// Counts attempts, so that what an abandoned one still brings is known.
    era: Cell<u32>,
    hello: Box<dyn Fn() -> Hello>,
    report: Box<dyn Fn(Event)>,
}

impl Connection {
    /// `hello` tells how to greet, `report` takes what happens.
    pub fn new(hello: impl Fn() -> Hello + 'static, report: impl Fn(Event) + 'static) -> Rc<Self> {
        Rc::new(Self {
            pace: RefCell::new(Pace::new()),
            link: RefCell::default(),
            era: Cell::new(0),
            hello: Box::new(hello),
            report: Box::new(report),
        })
    }

    /// A connection is wanted from now on.
    pub fn start(self: &Rc<Self>) {
        self.pace.borrow_mut().start(clock::now());
    }

    /// None is wanted any more.
    pub fn stop(&self) {
        self.pace.borrow_mut().stop();
        self.leave();
    }

    /// Leaves this connection, and tries again after `wait` at the least. `surely`: there is no network.
    pub fn drop_for(&self, wait: Millis, surely: bool) {
        if self.pace.borrow().is_off() {
            return;
        }
        self.leave();
        self.pace.borrow_mut().lost(clock::now(), js_sys::Math::random(), wait);
        (self.report)(Event::Disconnected { surely });
    }

    /// The network came back, or the page is seen again.
    pub fn nudge(&self) {
        self.pace.borrow_mut().nudge(clock::now());
    }

    pub fn send(self: &Rc<Self>, frame: &ToServer) {
        self.send_text(written(frame));
    }

    /// Sends a frame that is written already.
    pub fn send_text(self: &Rc<Self>, text: String) {
        self.pace.borrow_mut().asked(clock::now());
        match &*self.link.borrow() {
            // A socket that just went says so itself.
            Some(Link::Socket(outgoing)) => drop(outgoing.unbounded_send(text)),
            Some(Link::Poll) => self.poll(&[text], false),
            None => {}
        }
    }

    /// Asks who is there, without a session.
    pub fn look(self: &Rc<Self>, frame: &ToServer) {
        let (this, body) = (Rc::clone(self), poll::body(&written(frame), &[], false));
        spawn_local(async move {
            let answer = embed::ask(&body).await.and_then(|text| json::parse(&text)?.get("frames")?.list());
            let frames = answer.iter().flatten().filter_map(to_widget);
            frames.for_each(|frame| (this.report)(Event::Frame(frame)));
        });
    }

    /// When `tick` is next to be called.
    pub fn due(&self) -> Option<Millis> {
        self.pace.borrow_mut().due()
    }

    pub fn tick(self: &Rc<Self>) {
        let act = self.pace.borrow_mut().tick(clock::now());
        match act {
            Some(Act::Open(way)) => {
                (self.report)(Event::Connecting);
                self.open(way);
            }
            Some(Act::Probe) => self.open_socket(true),
            Some(Act::Ping) => self.send(&ToServer::Ping),
            Some(Act::Drop) => self.drop_for(0, false),
            None => {}
        }
    }

    fn open(self: &Rc<Self>, way: Way) {
        match way {
            Way::Socket => self.open_socket(false),
            Way::Poll => {
                self.link.replace(Some(Link::Poll));
                self.poll(&[], true);
            }
        }
    }

    /// `probing`: requests do meanwhile, until the relay greets over this one.
    fn open_socket(self: &Rc<Self>, probing: bool) {
        let (sender, outgoing) = unbounded();
        let _ = sender.unbounded_send(written(&ToServer::Hello((self.hello)())));
        let mut waiting = Some(sender);
        if !probing {
            self.link.replace(waiting.take().map(Link::Socket));
        }
        let (this, era) = (Rc::clone(self), Cell::new(self.era.get()));
        spawn_local(async move {
            socket::run(outgoing, |text| {
                let Some(frame) = json::parse(&text).and_then(|json| to_widget(&json)) else { return };
                if let Some(sender) = waiting.take().filter(|_| this.era.get() == era.get()) {
                    this.switch(sender);
                    era.set(this.era.get());
                }
                this.take(frame, Way::Socket, era.get());
            })
            .await;
            if this.era.get() == era.get() && waiting.is_none() {
                this.drop_for(0, false);
            }
        });
    }

    /// From requests to a socket that got through. What is under way by request goes again over the socket.
    fn switch(&self, socket: UnboundedSender<String>) {
        self.leave();
        self.link.replace(Some(Link::Socket(socket)));
        (self.report)(Event::Disconnected { surely: false });
    }

    /// Asks by a request. `holding`: it is the one that waits for news, and is followed by the next.
    fn poll(self: &Rc<Self>, frames: &[String], holding: bool) {
        let hello = written(&ToServer::Hello((self.hello)()));
        let held = holding && self.pace.borrow().is_up();
        let body = poll::body(&hello, frames, held);
        let (this, era) = (Rc::clone(self), self.era.get());
        spawn_local(async move {
            let answer = embed::ask(&body).await;
            if this.era.get() != era {
                return;
            }
            let Some(frames) = answer.and_then(|text| json::parse(&text)?.get("frames")?.list()) else {
                return this.drop_for(0, false);
            };
            frames.iter().filter_map(to_widget).for_each(|frame| this.take(frame, Way::Poll, era));
            if holding && this.era.get() == era {
                this.poll(&[], true);
            }
        });
    }

    fn take(&self, frame: ToWidget, way: Way, era: u32) {
        if self.era.get() != era {
            return;
        }
        self.pace.borrow_mut().heard(clock::now());
        if matches!(frame, ToWidget::Welcome { .. }) {
            self.pace.borrow_mut().greeted(way, clock::now());
        }
        (self.report)(Event::Frame(frame));
    }

    fn leave(&self) {
        self.era.set(self.era.get() + 1);
        self.link.take();
    }
}

fn written(frame: &ToServer) -> String {
    from_widget(frame, json::quote)
}
