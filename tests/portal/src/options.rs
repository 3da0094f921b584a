//! How a stand-in is set up before it starts: its lines, its people, its haste.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::ids::{LineId, UserId};

/// What a portal is made of. The default has two lines, an administrator and two operators.
#[derive(Clone, Debug)]
pub struct Options {
    pub lines: Vec<Line>,
    pub employees: Vec<Employee>,
    /// How long an event waits in the queue before it is sent. Real portals: seconds.
    pub event_delay: Duration,
    pub limit: Limit,
    pub work: Work,
    pub build: Build,
    /// How many events are sent side by side: with more than one they overtake each other.
    pub workers: usize,
    /// `LANG` of the portal: language of its answers' texts and of the settings page.
    pub language: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lines: vec![Line::new(LineId(107), "Отдел продаж"), Line::new(LineId(109), "Поддержка")],
            employees: vec![
                Employee::new(UserId(1), "Ольга", "Орлова", "Администратор").admin(),
                Employee::new(UserId(27), "Анна", "Петрова", "Менеджер").photo(ANNAS_PHOTO),
                Employee::new(UserId(31), "Павел", "Лебедев", "Менеджер"),
            ],
            event_delay: Duration::ZERO,
            limit: Limit::default(),
            work: Work::default(),
            build: Build::default(),
            workers: 1,
            language: "ru".to_owned(),
        }
    }
}

/// The leaky bucket over all calls of the portal.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Calls the bucket holds before it answers 503.
    pub burst: f64,
    /// Calls a second that flow out.
    pub per_second: f64,
}

/// `limits.md` of the official documentation: every plan but Enterprise.
impl Default for Limit {
    fn default() -> Self {
        Self { burst: 50.0, per_second: 2.0 }
    }
}

/// How much work calls are, and how much of it the portal grants.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// What every call is said to take. Nobody waits for it.
    pub call: Duration,
    /// What `imconnector.send.messages` takes for each message: its answer comes so much later.
    pub message: Duration,
    /// What a method may take in ten minutes; none: nothing is counted, as on most self-hosted portals.
    pub granted: Option<Duration>,
}

/// `limits.md`: the documentation's example of operating time.
impl Default for Work {
    fn default() -> Self {
        let call = Duration::from_millis(40);
        Self { call, message: Duration::ZERO, granted: Some(Duration::from_secs(480)) }
    }
}

impl Work {
    /// How long the caller waits.
    pub(crate) fn waited(&self, method: &str, args: &Value) -> Duration {
        let messages = match method {
            "imconnector.send.messages" => args["MESSAGES"].as_array().map_or(0, Vec::len),
            _ => 0,
        };
        self.message * u32::try_from(messages).unwrap_or(u32::MAX)
    }
}

/// In what a build of the portal, or the rights of whoever installed the application, differ from the rest.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// There is an offline queue of events.
    pub offline_queue: bool,
    /// Histories are shown.
    pub history: bool,
    /// Histories carry the mark of what the connector has not confirmed. Nobody has seen yet whether the cloud's do.
    pub marks_sending: bool,
    /// Histories give texts as BB-code and, beside it, as HTML. Builds of 2021 give HTML alone.
    pub plain_texts: bool,
    /// `imconnector.send.messages` names the session. Builds before 2023 do not.
    pub tells_sessions: bool,
    /// What a connector or a line does not take is refused with an error. Builds before 2023 answer with `SUCCESS` `false`.
    pub throws_line_errors: bool,
    /// An unknown session is said to be unknown. Builds of 2021 deny the access to it, and know no history by its chat.
    pub knows_sessions: bool,
    /// Each confirmation of an operator's message gives it the ids that it names, not the first alone: builds of 2021.
    pub overwrites_mids: bool,
    /// `ONOPENLINEMESSAGEADD` has one object where the documentation has a list: the shape of the source.
    pub one_message: bool,
    /// `imopenlines.config.get` shows a line's settings.
    pub line_settings: bool,
    /// Frames carry `APPLICATION_TOKEN`, `APPLICATION_SCOPE` and `SERVER_ENDPOINT`. Builds of 2021 leave them out.
    pub signs_frames: bool,
}

impl Default for Build {
    fn default() -> Self {
        Self {
            offline_queue: true,
            history: true,
            marks_sending: true,
            plain_texts: true,
            tells_sessions: true,
            throws_line_errors: true,
            knows_sessions: true,
            overwrites_mids: false,
            one_message: false,
            line_settings: true,
            signs_frames: true,
        }
    }
}

/// Whose name the portal puts before an operator's words: the line's `OPERATOR_DATA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperatorData {
    Profile,
    /// The names of the queue: here one for all, the line's `default_name`.
    Queue,
    Hide,
}

/// An open line and those of its settings that the connector notices.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: LineId,
    pub name: String,
    pub active: bool,
    pub operator_data: OperatorData,
    /// What operators are called in the queue, and where they are hidden.
    pub default_name: Option<String>,
    /// Sent when a session opens.
    pub greeting: Option<String>,
    /// Sent when an operator finishes; the real close then waits for `full_close`.
    pub closing: Option<String>,
    /// `FULL_CLOSE_TIME`.
    pub full_close: Duration,
    /// Asked for when an operator finishes; the real close then waits for `full_close`.
    pub vote: Option<Vote>,
    /// `WORKTIME_…`; none is always open.
    pub work_time: Option<WorkTime>,
    /// `QUEUE_ONLINE`: somebody of the queue is there.
    pub online: bool,
}

/// `VOTE_MESSAGE_2_*` of a line: how external channels are asked for a rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub text: String,
    /// What to send.
    pub hint: String,
    pub like: String,
    pub dislike: String,
    /// The answer to a vote that comes too late.
    pub late: String,
    /// `VOTE_CLOSING_DELAY`: the session is closed by the vote.
    pub closing_delay: bool,
    /// `VOTE_TIME_LIMIT`; zero for none.
    pub limit: Duration,
    /// How long a closed session stays open that a vote opened again.
    pub reopened: Duration,
}

impl Default for Vote {
    fn default() -> Self {
        Self {
            text: "Пожалуйста, оцените качество обслуживания.".to_owned(),
            hint: "Отправьте 1, если вам всё понравилось, или 0, если нет.".to_owned(),
            like: "Спасибо за оценку!".to_owned(),
            dislike: "Нам очень жаль, что мы не смогли помочь вам.".to_owned(),
            late: "Голосование завершено.".to_owned(),
            closing_delay: false,
            limit: Duration::ZERO,
            reopened: Duration::ZERO,
        }
    }
}

/// Working hours of a line, as its settings hold them.
#[derive(Clone, Debug)]
pub struct WorkTime {
    /// `9`, `18.30`.
    pub from: String,
    pub to: String,
    /// By its IANA name.
    pub zone: String,
    /// `SA`, `SU`.
    pub days_off: Vec<String>,
    /// `24.12`.
    pub holidays: Vec<String>,
}

impl WorkTime {
    /// Every day.
    pub fn new(from: &str, to: &str, zone: &str) -> Self {
        let (from, to, zone) = (from.to_owned(), to.to_owned(), zone.to_owned());
        Self { from, to, zone, days_off: Vec::new(), holidays: Vec::new() }
    }

    pub fn holiday(mut self, day: &str) -> Self {
        self.holidays.push(day.to_owned());
        self
    }
}

impl Line {
    pub fn new(id: LineId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            active: true,
            operator_data: OperatorData::Profile,
            default_name: None,
            greeting: None,
            closing: None,
            full_close: Duration::from_secs(24 * 3600),
            work_time: None,
            online: true,
            vote: None,
        }
    }

    pub fn greeting(mut self, text: &str) -> Self {
        self.greeting = Some(text.to_owned());
        self
    }

    /// Shows these names instead of the profiles'.
    pub fn named(mut self, operator_data: OperatorData, name: Option<&str>) -> Self {
        (self.operator_data, self.default_name) = (operator_data, name.map(str::to_owned));
        self
    }

    pub fn open(mut self, work_time: WorkTime) -> Self {
        self.work_time = Some(work_time);
        self
    }

    /// Nobody of its queue is there.
    pub fn deserted(mut self) -> Self {
        self.online = false;
        self
    }

    pub fn closing(mut self, text: &str) -> Self {
        self.closing = Some(text.to_owned());
        self
    }
}

/// Somebody who works in the portal.
#[derive(Clone, Debug)]
pub struct Employee {
    pub id: UserId,
    pub name: String,
    pub last_name: String,
    pub position: String,
    pub admin: bool,
    /// The portal's file of their photo.
    pub photo: Option<&'static [u8]>,
    /// No person, but a chat-bot.
    pub bot: bool,
}

/// A drawn portrait, 100 pixels wide.
pub const ANNAS_PHOTO: &[u8] = include_bytes!("../photos/anna.png");

impl Employee {
    pub fn new(id: UserId, name: &str, last_name: &str, position: &str) -> Self {
        let (name, last_name, position) = (name.to_owned(), last_name.to_owned(), position.to_owned());
        Self { id, name, last_name, position, admin: false, photo: None, bot: false }
    }

    pub fn photo(mut self, bytes: &'static [u8]) -> Self {
        self.photo = Some(bytes);
        self
    }

    pub fn bot(mut self) -> Self {
        self.bot = true;
        self
    }

    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    pub fn full_name(&self) -> String {
        format!("{} {}", self.name, self.last_name).trim().to_owned()
    }
}
