//! Readings of what PHP sends, where one thing has several forms: a number or its text, an array or an object with
//! numbers for keys, "nothing" as `null`, `false`, `""` or `[]`. Knows no meaning of any key.

use serde_json::Value;
use shared::Millis;

/// The member `name`; `None` where it is absent, `null`, or where this is no object.
pub fn get<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).filter(|value| !value.is_null())
}

/// The value at the end of a path of names.
pub fn at<'a>(of: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(of, |value, name| get(value, name))
}

/// Text, or a number's digits. `None` for anything else, also for `false`, which PHP puts for "none".
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Text at the end of a path, `None` where it is empty.
pub fn text_at(of: &Value, path: &[&str]) -> Option<String> {
    text(at(of, path)?).filter(|text| !text.is_empty())
}

/// A whole number, given as a number or as its digits.
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A whole number at the end of a path.
pub fn number_at(of: &Value, path: &[&str]) -> Option<u64> {
    number(at(of, path)?)
}

/// Whether PHP means yes: `true`, `1`, `Y`, `y`, `true` as text.
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => matches!(text.as_str(), "1" | "Y" | "y" | "true"),
        _ => false,
    }
}

/// The elements of a list: of an array as they stand, of an object by their keys' numbers. Keys that are no numbers are
/// not elements. A scalar is no list.
pub fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => {
            let mut numbered: Vec<(u64, &Value)> =
                map.iter().filter_map(|(key, value)| Some((key.parse().ok()?, value))).collect();
            numbered.sort_by_key(|(index, _)| *index);
            numbered.into_iter().map(|(_, value)| value).collect()
        }
        _ => Vec::new(),
    }
}

/// The elements of a list of texts, or the one text that stands in its place.
pub fn texts(value: &Value) -> Vec<String> {
    match text(value) {
        Some(one) => vec![one],
        None => items(value).into_iter().filter_map(text).collect(),
    }
}

/// The pairs of a map, whatever its keys are. An array, which PHP makes of a map with the keys 0, 1, 2 …, gives these.
pub fn pairs(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}

/// A moment as PHP's `date('c')` writes it: `2026-03-17T17:52:41+03:00`, or with `Z`.
pub fn moment(text: &str) -> Option<Millis> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hours, minutes, seconds) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let zone = text.get(19..)?;
    let zone = zone.find(['+', '-', 'Z']).map(|at| &zone[at..])?; // a fraction of a second may come before
    let east = match zone.as_bytes() {
        [b'Z'] => 0,
        [sign, ..] => {
            let digits: i64 = zone[1..].replace(':', "").parse().ok()?;
            (digits / 100 * 60 + digits % 100) * if *sign == b'-' { -1 } else { 1 }
        }
        [] => return None,
    };
    let days = days_since_1970(year, month, day)?;
    let seconds = ((days * 24 + hours) * 60 + minutes - east) * 60 + seconds;
    Millis::try_from(seconds * 1000).ok()
}

/// Days from 1970-01-01 to a date of our calendar, by counting years from March, which puts the leap day last.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let plausible = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    plausible.then_some(year * 365 + leap_days + (month * 153 + 2) / 5 + day - 719_469)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_are_read_in_their_zone() {
        assert_eq!(moment("1970-01-01T00:00:00+00:00"), Some(0));
        assert_eq!(moment("2026-03-17T17:52:41+03:00"), Some(1_773_759_161_000));
        assert_eq!(moment("2026-03-17T14:52:41.512Z"), Some(1_773_759_161_000));
        assert_eq!(moment("2024-02-29T00:00:00-05:00"), Some(1_709_182_800_000));
        for wrong in [
            "",
            "2026-03-17",
            "17.03.2026 17:52:41",
            "2026-13-17T17:52:41+03:00",
            "2026-03-17T17:52:41",
            "я".repeat(20).as_str(),
        ] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_come_as_numbers_or_text() {
        assert_eq!(number(&json!("86497")), Some(86497));
        assert_eq!(number(&json!(86497)), Some(86497));
        assert_eq!(number(&json!("v-1")), None);
        assert_eq!(text(&json!(5)), Some("5".to_owned()));
        assert_eq!(text(&json!(false)), None);
    }

    #[test]
    fn lists_come_in_three_forms() {
        assert_eq!(items(&json!(["a", "b"])), [&json!("a"), &json!("b")]);
        assert_eq!(items(&json!({"10": "c", "9": "b", "x": "-"})), [&json!("b"), &json!("c")]);
        assert!(items(&json!("")).is_empty());
        assert_eq!(texts(&json!("m-1")), ["m-1"]);
        assert_eq!(texts(&json!({"0": "m-1"})), ["m-1"]);
    }

    #[test]
    fn an_empty_map_may_be_an_empty_array() {
        assert!(pairs(&json!([])).is_empty());
        assert_eq!(pairs(&json!({"107": true})), [("107".to_owned(), &json!(true))]);
    }

    #[test]
    fn nothing_has_many_forms() {
        let tree = json!({"a": null, "b": false, "c": "", "d": [], "e": "x"});
        for name in ["a", "b", "c", "d", "absent"] {
            assert_eq!(text_at(&tree, &[name]), None, "{name}");
        }
        assert_eq!(text_at(&tree, &["e"]), Some("x".to_owned()));
        assert!(
            truth(&json!("Y")) && truth(&json!(1)) && !truth(&json!("N")) && !truth(&json!("")) && !truth(&json!([]))
        );
    }
}
