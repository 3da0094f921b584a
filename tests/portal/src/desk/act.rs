//! What the desk can do: each wish is one of the portal's own doings, or bad luck by its name.

use serde::Deserialize;

use crate::{
    faults::{Fault, Mood},
    ids::{ChatId, LineId, MessageId, UserId},
    options::WorkTime,
    portal::{Shared, Switch},
    talk::TalkError,
    world::World,
};

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Wish {
    Say {
        chat: u64,
        by: u64,
        text: String,
    },
    Edit {
        chat: u64,
        message: u64,
        text: String,
    },
    Delete {
        chat: u64,
        message: u64,
    },
    Finish {
        chat: u64,
        by: u64,
    },
    /// Asks for a rating.
    Ask {
        chat: u64,
        by: u64,
    },
    Mood {
        mood: Mood,
    },
    Fault {
        fault: Fault,
        on: Option<String>,
        times: u32,
    },
    ClearFaults,
    /// Whether somebody is there on a line.
    Attend {
        line: u64,
        attendance: Attendance,
    },
    /// Switches a connector off in the portal's own pages.
    Disconnect {
        connector: String,
        line: u64,
    },
    /// Saves the application's card for a relay at this address.
    Install {
        relay: String,
        with_pages: bool,
    },
    /// Moves the portal's clock, in minutes.
    Advance {
        minutes: u32,
    },
}

/// How a line stands for its visitors.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Attendance {
    Online,
    Away,
    /// Until tomorrow at ten, in Moscow.
    Closed,
}

/// Why a wish was not fulfilled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}")]
    Talk(#[from] TalkError),
    #[error("the port cannot be opened")]
    Port(#[from] std::io::Error),
    #[error("that is no address of a relay")]
    Address,
}

impl Refusal {
    /// A word that the page has a sentence for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Talk(TalkError::Empty) => "empty",
            Self::Talk(TalkError::NotAllowed) => "not_allowed",
            Self::Talk(TalkError::NoSession) => "finished",
            Self::Talk(_) => "gone",
            Self::Port(_) => "port",
            Self::Address => "address",
        }
    }
}

pub(super) async fn fulfil(shared: &Shared, switch: &Switch, wish: Wish) -> Result<(), Refusal> {
    if let Wish::Mood { mood } = wish {
        return Ok(switch.set(shared, mood).await?);
    }
    shared.change(|world| match wish {
        Wish::Say { chat, by, text } => Ok(world.operator_says(ChatId(chat), UserId(by), &text).map(drop)?),
        Wish::Edit { chat, message, text } => Ok(world.operator_edits(ChatId(chat), MessageId(message), &text)?),
        Wish::Delete { chat, message } => Ok(world.operator_deletes(ChatId(chat), MessageId(message))?),
        Wish::Finish { chat, by } => Ok(world.finish(ChatId(chat), UserId(by))?),
        Wish::Ask { chat, by } => Ok(world.ask_for_rating(ChatId(chat), UserId(by))?),
        Wish::Fault { fault, on, times } => {
            world.faults.add(fault, on.as_deref(), times);
            Ok(())
        }
        Wish::ClearFaults => {
            world.faults.clear();
            Ok(())
        }
        Wish::Attend { line, attendance } => {
            attend(world, LineId(line), attendance);
            Ok(())
        }
        Wish::Disconnect { connector, line } => {
            world.switch_off(&connector, LineId(line), Some(world.app.installer));
            Ok(())
        }
        Wish::Install { relay, with_pages } => {
            let base = url::Url::parse(&relay).map_err(|_| Refusal::Address)?;
            if !matches!(base.scheme(), "http" | "https") {
                return Err(Refusal::Address);
            }
            world.save_card(&relay, with_pages);
            Ok(())
        }
        Wish::Advance { minutes } => {
            world.clock.advance(std::time::Duration::from_secs(u64::from(minutes) * 60));
            Ok(())
        }
        // It was fulfilled above: closing a port takes time, and nothing waits under the lock.
        Wish::Mood { .. } => Ok(()),
    })
}

fn attend(world: &mut World, line: LineId, attendance: Attendance) {
    let today = world.clock.now().iso(); // 2026-03-17T…, in Moscow
    let holiday = format!("{}.{}", &today[8..10], &today[5..7]);
    for line in world.options.lines.iter_mut().filter(|known| known.id == line) {
        line.online = matches!(attendance, Attendance::Online);
        line.work_time = matches!(attendance, Attendance::Closed)
            .then(|| WorkTime::new("10", "19", "Europe/Moscow").holiday(&holiday));
    }
}
