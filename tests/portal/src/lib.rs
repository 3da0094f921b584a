//! A stand-in for a Bitrix24 portal: a real HTTP server that behaves as the official documentation and the public
//! source of the portal's modules say, the treacherous parts above all. For tests, and behind the demo.
//!
//! ```text
//! portal     a running stand-in; acts and looks are what tests do and see     -> everything below
//! server     connections by hand: cut answers, a port that closes             rest/  methods behind one door
//! sender     sends events, once                                               oauth  tokens by grant
//! desk       the operator's desk: a page, what it shows, what it can do       pages  the portal's own pages with frames
//! world      all the state behind one lock; app, connectors, talk, events change it
//! guard      keeps foreign pages out of those two                             http   the one client for requests
//! drive      files, and the ways they are had
//! chats, tokens, bucket, operating, faults, flights, offline, calls, options, ids, clock, php     plain parts that know nothing above
//! ```

mod app;
mod bucket;
mod calls;
mod chats;
mod clock;
mod connectors;
mod desk;
mod drive;
mod events;
mod faults;
mod flights;
mod guard;
pub mod http;
mod ids;
mod oauth;
mod offline;
mod operating;
mod options;
mod pages;
pub mod php;
mod portal;
mod rest;
mod sender;
mod server;
mod talk;
mod tokens;
mod world;

pub use self::{
    app::App,
    calls::Call,
    chats::{Author, Chat, Kind, Message, Profile, Rating, Session, Visitor},
    clock::{Clock, Millis},
    connectors::{Capabilities, Channel, Connector},
    drive::{Download, File, Link, Upload},
    events::{Binding, Delivery, Way},
    faults::{Fault, Mood, Waiting},
    ids::{ChatId, LineId, MessageId, SessionId, UserId},
    offline::Record,
    options::{ANNAS_PHOTO, Build, Employee, Limit, Line, OperatorData, Options, Vote, Work, WorkTime},
    portal::{FramePost, PATIENCE, Portal},
    server::Port,
    talk::TalkError,
};
