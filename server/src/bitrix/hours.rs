//! An open line's working hours as the portal reckons them: settings and a moment in, open or closed out. Pure; the time
//! zones' rules are built in. Fields: `api-reference/imopenlines/openlines/imopenlines-config-get.md`.

use super::value::{get, items, text, text_at, truth};
use crate::clock::millis;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use shared::Millis;
use std::time::Duration;

/// How far ahead the next opening is looked for, in days: a year, for what is farther is no answer to a visitor.
const AHEAD: usize = 366;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// When somebody is to be expected at a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Hours {
    /// The line has no hours: it is always open.
    Always,
    Set(WorkTime),
    /// The line has hours that cannot be understood, such as those of an unnamed time zone.
    Unknown,
}

/// Hours of a day, on the days that are not off.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkTime {
    zone: TimeZone,
    /// The first minute of a working day, and the first after it.
    from: u16,
    until: u16,
    days_off: Vec<Weekday>,
    /// Day and month, every year.
    holidays: Vec<(i8, i8)>,
}

/// How a line stands at a moment, and until when for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open {
        until: Option<Millis>,
    },
    /// `opens_at` is missing where there is no working day within a year.
    Closed {
        opens_at: Option<Millis>,
    },
}

impl Hours {
    /// Reads the `WORKTIME_…` members of a line's settings.
    pub fn read(line: &Value) -> Self {
        match get(line, "WORKTIME_ENABLE") {
            None => Self::Unknown,
            Some(enabled) if !truth(enabled) => Self::Always,
            Some(_) => WorkTime::read(line).map_or(Self::Unknown, Self::Set),
        }
    }

    /// `None` where nobody knows.
    pub fn at(&self, now: Millis) -> Option<Standing> {
        match self {
            Self::Always => Some(Standing::Open { until: None }),
            Self::Set(work_time) => work_time.at(now),
            Self::Unknown => None,
        }
    }
}

impl WorkTime {
    fn read(line: &Value) -> Option<Self> {
        let list = |name| get(line, name).map(listed).unwrap_or_default();
        let (from, last) = (minute(&text_at(line, &["WORKTIME_FROM"])?)?, minute(&text_at(line, &["WORKTIME_TO"])?)?);
        // Without a zone the hours are those of the portal's server, and where that stands is not told.
        let zone = TimeZone::get(&text_at(line, &["WORKTIME_TIMEZONE"])?).ok()?;
        Some(Self {
            zone,
            from,
            until: last + 1, // the last minute still counts
            days_off: list("WORKTIME_DAYOFF").iter().filter_map(|day| weekday(day)).collect(),
            holidays: list("WORKTIME_HOLIDAYS").iter().filter_map(|day| day_of_year(day)).collect(),
        })
        .filter(|read| read.from < read.until)
    }

    fn at(&self, now: Millis) -> Option<Standing> {
        let moment = Timestamp::from_millisecond(i64::try_from(now).ok()?).ok()?;
        let today = moment.to_zoned(self.zone.clone()).date();
        // The zone's midnight may lie on either side of a day that the clocks are changed on.
        for date in today.series(1.day()).take(AHEAD).filter(|date| self.works_on(*date)) {
            let (opens_at, closes_at) = (self.moment(date, self.from)?, self.moment(date, self.until)?);
            if now < opens_at {
                return Some(Standing::Closed { opens_at: Some(opens_at) });
            }
            if now < closes_at {
                return Some(Standing::Open { until: Some(closes_at) });
            }
        }
        Some(Standing::Closed { opens_at: None })
    }

    fn works_on(&self, date: Date) -> bool {
        !self.days_off.contains(&date.weekday()) && !self.holidays.contains(&(date.day(), date.month()))
    }

    /// When it is so many minutes past midnight on `date`; where the clocks leap over it, as much later.
    fn moment(&self, date: Date, minute: u16) -> Option<Millis> {
        let date = if minute < DAY { date } else { date.tomorrow().ok()? };
        let (hour, minute) = (minute % DAY / 60, minute % 60);
        let time = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
        let moment = time.to_zoned(self.zone.clone()).ok()?.timestamp().as_duration();
        Some(millis(Duration::try_from(moment).ok()?))
    }
}

/// `9`, `18.30`, also `9.3`, which a portal makes of 9.30 by taking it for a number.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(['.', ':']).unwrap_or((text.trim(), "0"));
    let (hour, value): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minute = if minute.len() == 1 { value * 10 } else { value };
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// A list, or the text with commas that it is stored as.
fn listed(value: &Value) -> Vec<String> {
    match text(value) {
        Some(text) => text.split(',').map(str::to_owned).collect(),
        None => items(value).into_iter().filter_map(text).collect(),
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.trim() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// `24.12`: the day, then the month.
fn day_of_year(text: &str) -> Option<(i8, i8)> {
    let (day, month) = text.trim().split_once('.')?;
    Some((day.parse().ok()?, month.parse().ok()?))
}

#[cfg(test)]
mod tests;
