//! What was measured, as tables with aims.

use std::{fmt, time::Duration};

/// One scene's figures.
pub struct Table {
    title: String,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    measured: String,
    aim: Option<(String, bool)>,
}

impl Table {
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), rows: Vec::new() }
    }

    /// A figure that is only told.
    pub fn tell(&mut self, what: &str, measured: impl fmt::Display) {
        self.rows.push(Row { what: what.to_owned(), measured: measured.to_string(), aim: None });
    }

    /// A number that may be at most `most`.
    pub fn count(&mut self, what: &str, measured: usize, most: usize) {
        let aim = Some((format!("{most}"), measured <= most));
        self.rows.push(Row { what: what.to_owned(), measured: measured.to_string(), aim });
    }

    /// A time that should stay below `below`.
    pub fn time(&mut self, what: &str, measured: Duration, below: Duration) {
        let aim = Some((format!("< {}", told(below)), measured < below));
        self.rows.push(Row { what: what.to_owned(), measured: told(measured), aim });
    }

    /// The spread of `times`, whose 95th percentile should stay below `below`, where there is an aim.
    pub fn spread(&mut self, what: &str, times: &[Duration], below: Option<Duration>) {
        self.tell(&format!("{what}, p50"), told(percentile(times, 50)));
        match below {
            Some(below) => self.time(&format!("{what}, p95"), percentile(times, 95), below),
            None => self.tell(&format!("{what}, p95"), told(percentile(times, 95))),
        }
        self.tell(&format!("{what}, p99"), told(percentile(times, 99)));
    }

    /// What did not reach its aim.
    pub fn missed(&self) -> Vec<String> {
        let missed = self.rows.iter().filter(|row| row.aim.as_ref().is_some_and(|(_, met)| !met));
        missed.map(|row| format!("{}: {} {}", self.title, row.what, row.measured)).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "{}", self.title)?;
        for row in &self.rows {
            let (aim, verdict) = match &row.aim {
                Some((aim, met)) => (aim.as_str(), if *met { "met" } else { "MISSED" }),
                None => ("", ""),
            };
            writeln!(to, "  {:<44}{:>12}{:>12}  {verdict}", row.what, row.measured, aim)?;
        }
        Ok(())
    }
}

/// The time that so many of a hundred stay within.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn told(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
