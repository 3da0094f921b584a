//! Hours of lines in several zones, over changes of the clocks, on holidays.

use super::*;
use crate::bitrix::value;
use proptest::prelude::*;
use serde_json::json;

/// Nine to half past six, without weekends and Christmas Eve.
fn line(zone: &str) -> Value {
    json!({
        "WORKTIME_ENABLE": "Y", "WORKTIME_FROM": "9", "WORKTIME_TO": "18.30", "WORKTIME_TIMEZONE": zone,
        "WORKTIME_HOLIDAYS": ["24.12", ""], "WORKTIME_DAYOFF": ["SA", "SU"],
    })
}

fn moment(text: &str) -> Millis {
    value::moment(text).unwrap()
}

fn standing(zone: &str, at: &str) -> Standing {
    Hours::read(&line(zone)).at(moment(at)).unwrap()
}

fn closed_until(text: &str) -> Standing {
    Standing::Closed { opens_at: Some(moment(text)) }
}

#[test]
fn a_line_is_open_in_its_own_zone() {
    let evening = Standing::Open { until: Some(moment("2026-11-20T18:31:00+03:00")) };
    assert_eq!(standing("Europe/Moscow", "2026-11-20T09:00:00+03:00"), evening);
    assert_eq!(standing("Europe/Moscow", "2026-11-20T18:30:59+03:00"), evening, "the last minute counts");
    assert_eq!(standing("Europe/Moscow", "2026-11-20T08:59:59+03:00"), closed_until("2026-11-20T09:00:00+03:00"));
    assert_eq!(standing("Asia/Vladivostok", "2026-11-20T12:00:00+03:00"), closed_until("2026-11-23T09:00:00+10:00"));
}

#[test]
fn days_off_and_holidays_are_passed_over() {
    let friday = "2026-11-20T18:31:00+03:00";
    assert_eq!(standing("Europe/Moscow", friday), closed_until("2026-11-23T09:00:00+03:00"));
    let eve = "2026-12-24T12:00:00+03:00"; // a Thursday
    assert_eq!(standing("Europe/Moscow", eve), closed_until("2026-12-25T09:00:00+03:00"));
}

#[test]
fn the_clocks_change_and_the_hours_stay() {
    // Berlin goes from UTC+1 to UTC+2 in the night to Sunday, the 29th of March 2026, and back on the 25th of October.
    assert_eq!(standing("Europe/Berlin", "2026-03-27T20:00:00+01:00"), closed_until("2026-03-30T09:00:00+02:00"));
    assert_eq!(standing("Europe/Berlin", "2026-10-23T20:00:00+02:00"), closed_until("2026-10-26T09:00:00+01:00"));
    let night = json!({
        "WORKTIME_ENABLE": "Y", "WORKTIME_FROM": "2.30", "WORKTIME_TO": "5", "WORKTIME_TIMEZONE": "Europe/Berlin",
    });
    let night = Hours::read(&night);
    let leapt = night.at(moment("2026-03-29T00:00:00+01:00"));
    assert_eq!(leapt, Some(closed_until("2026-03-29T03:30:00+02:00")), "there is no half past two in that night");
    let twice = night.at(moment("2026-10-25T02:30:00+02:00"));
    assert_eq!(twice, Some(Standing::Open { until: Some(moment("2026-10-25T05:01:00+01:00")) }));
}

#[test]
fn a_line_round_the_clock_never_closes() {
    let line = json!({
        "WORKTIME_ENABLE": "Y", "WORKTIME_FROM": "0", "WORKTIME_TO": "23.59", "WORKTIME_TIMEZONE": "Europe/Berlin",
        "WORKTIME_HOLIDAYS": [""], "WORKTIME_DAYOFF": [""],
    });
    let midnight = moment("2026-11-21T00:00:00+01:00");
    let open = |now| matches!(Hours::read(&line).at(now), Some(Standing::Open { .. }));
    assert!(open(midnight - 1) && open(midnight) && open(midnight + 1));
    assert_eq!(Hours::read(&json!({"WORKTIME_ENABLE": "N"})), Hours::Always);
}

#[test]
fn what_cannot_be_understood_is_not_known() {
    for (name, value) in [
        ("WORKTIME_TIMEZONE", json!("")),
        ("WORKTIME_TIMEZONE", json!("Mars/Olympus")),
        ("WORKTIME_FROM", json!("nine")),
        ("WORKTIME_FROM", json!("25")),
        ("WORKTIME_TO", json!("8")),
    ] {
        let mut line = line("Europe/Moscow");
        line[name] = value;
        assert_eq!(Hours::read(&line), Hours::Unknown, "{name}");
    }
    assert_eq!(Hours::read(&json!({})), Hours::Unknown);
    let mut never = line("Europe/Moscow");
    never["WORKTIME_DAYOFF"] = json!("MO,TU,WE,TH,FR,SA,SU");
    assert_eq!(Hours::read(&never).at(0), Some(Standing::Closed { opens_at: None }));
}

#[test]
fn hours_come_in_several_spellings() {
    for (text, read) in [("9", 540), ("9.30", 570), ("9.3", 570), ("9.05", 545), ("18:30", 1110), ("0", 0)] {
        assert_eq!(minute(text), Some(read), "{text}");
    }
    for text in ["", "-1", "24", "9.60", "9.", "9.x"] {
        assert_eq!(minute(text), None, "{text}");
    }
}

proptest! {
    /// Whenever a line is closed until a moment, it is open at it, and not a millisecond before.
    #[test]
    fn a_closed_line_opens_when_it_says(
        now in 0..4_000_000_000_000_u64,
        zone in prop::sample::select(vec!["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca"]),
    ) {
        let hours = Hours::read(&line(zone));
        match hours.at(now) {
            Some(Standing::Closed { opens_at: Some(opens_at) }) => {
                prop_assert!(opens_at > now);
                let open = matches!(hours.at(opens_at), Some(Standing::Open { .. }));
                let before = hours.at(opens_at - 1);
                let closed = Some(Standing::Closed { opens_at: Some(opens_at) });
                prop_assert!(open && before == closed, "{before:?}");
            }
            Some(Standing::Open { until: Some(until) }) => prop_assert!(until > now),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
