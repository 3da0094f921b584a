//! What portals told of their lines, how old that is, and what it means now. Pure.

use crate::bitrix::hours::Standing;
use crate::bitrix::methods::settings::{LineSettings, Names};
use crate::clock::millis;
use crate::ids::{LineId, PortalHost};
use shared::{Attendance, Millis};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// How often a portal is asked after the lines somebody looks at: one call a minute for all of them.
const EVERY: Duration = Duration::from_secs(60);

/// How soon it is asked again after an operator was heard while nobody was said to be there.
const IN_DOUBT: Duration = Duration::from_secs(10);

/// How long it is believed that somebody is online, where the portal says nothing more. Hours are believed for good.
const BELIEVED: Duration = Duration::from_secs(5 * 60);

/// Every line that was asked after.
#[derive(Default)]
pub struct Lines(HashMap<(PortalHost, LineId), Line>);

#[derive(Default)]
struct Line {
    settings: Option<LineSettings>,
    /// When the portal told that.
    told_at: Millis,
    /// When it is to be asked again.
    due: Millis,
    /// It is asked though nobody looks.
    is_wanted: bool,
}

impl Line {
    fn is_fresh(&self, now: Millis) -> bool {
        self.settings.is_some() && self.told_at + millis(BELIEVED) > now
    }
}

impl Lines {
    /// Whose names a line shows, where that was told lately.
    pub fn names(&self, host: &PortalHost, line: LineId, now: Millis) -> Names {
        let known = self.0.get(&(host.clone(), line)).filter(|known| known.is_fresh(now));
        known.and_then(|known| Some(known.settings.as_ref()?.names.clone())).unwrap_or_default()
    }

    /// A line is to be asked after once, unless that was just done.
    pub fn renew(&mut self, host: &PortalHost, line: LineId, now: Millis) {
        let known = self.0.entry((host.clone(), line)).or_default();
        known.is_wanted |= known.due <= now;
    }

    /// A line is to be asked after once, unless it was lately. Tells whether it is now.
    pub fn want(&mut self, host: &PortalHost, line: LineId, now: Millis) -> bool {
        let known = self.0.entry((host.clone(), line)).or_default();
        known.is_wanted |= !known.is_fresh(now) && known.due <= now;
        known.is_wanted
    }

    pub fn is_wanted(&self, host: &PortalHost, line: LineId) -> bool {
        self.0.get(&(host.clone(), line)).is_some_and(|known| known.is_wanted)
    }

    /// Those of `watched`, and of the wanted ones, that the portal is to be asked after now.
    pub fn due(&self, host: &PortalHost, mut watched: BTreeSet<LineId>, now: Millis) -> Vec<LineId> {
        let wanted = self.0.iter().filter(|((of, _), known)| of == host && known.is_wanted);
        watched.extend(wanted.map(|((_, line), _)| *line));
        let is_due = |line: &LineId| self.0.get(&(host.clone(), *line)).is_none_or(|known| known.due <= now);
        watched.into_iter().filter(is_due).collect()
    }

    /// The portal was asked; `None` where it did not answer, or has no such line.
    pub fn told(&mut self, host: &PortalHost, line: LineId, settings: Option<LineSettings>, now: Millis) {
        let known = self.0.entry((host.clone(), line)).or_default();
        (known.due, known.is_wanted) = (now + millis(EVERY), false);
        if settings.is_some() {
            (known.settings, known.told_at) = (settings, now);
        }
    }

    /// An operator was heard there.
    pub fn doubt(&mut self, host: &PortalHost, line: LineId, now: Millis) {
        if let Some(known) = self.0.get_mut(&(host.clone(), line))
            && known.settings.as_ref().is_some_and(|settings| settings.online == Some(false))
        {
            known.due = known.due.min((known.told_at + millis(IN_DOUBT)).max(now));
        }
    }

    /// Whether somebody is there, when the line opens, and when to look again.
    pub fn standing(
        &self,
        host: &PortalHost,
        line: LineId,
        now: Millis,
    ) -> (Option<Attendance>, Option<Millis>, Millis) {
        let unknown = Line::default();
        let known = self.0.get(&(host.clone(), line)).unwrap_or(&unknown);
        let due = known.due.max(now + 1);
        let Some(settings) = &known.settings else { return (None, None, due) };
        let attendance = settings.online.filter(|_| known.is_fresh(now)).map(|online| match online {
            true => Attendance::Online,
            false => Attendance::Away,
        });
        match settings.hours.at(now) {
            Some(Standing::Closed { opens_at }) => {
                (Some(Attendance::Closed), opens_at, opens_at.map_or(due, |opens_at| due.min(opens_at)))
            }
            Some(Standing::Open { until }) => (attendance, None, until.map_or(due, |until| due.min(until))),
            None => (attendance, None, due),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::hours::Hours;
    use serde_json::json;

    const LINE: LineId = LineId(107);
    const MINUTE: Millis = 60_000;
    /// Noon of a Friday in London, where it is winter.
    const NOON: Millis = 1_795_176_000_000;

    fn host() -> PortalHost {
        PortalHost::try_from("a.ru".to_owned()).unwrap()
    }

    fn told(online: Option<bool>, hours: Hours) -> Lines {
        let mut lines = Lines::default();
        lines.told(&host(), LINE, Some(LineSettings { hours, online, names: Names::Profile }), NOON);
        lines
    }

    fn state(lines: &Lines, now: Millis) -> Option<Attendance> {
        lines.standing(&host(), LINE, now).0
    }

    #[test]
    fn the_queue_tells_whether_somebody_is_there() {
        assert_eq!(state(&told(Some(true), Hours::Always), NOON), Some(Attendance::Online));
        assert_eq!(state(&told(Some(false), Hours::Unknown), NOON), Some(Attendance::Away));
        assert_eq!(state(&told(None, Hours::Always), NOON), None, "open, and nobody knows who is there");
        assert_eq!(state(&Lines::default(), NOON), None);
    }

    #[test]
    fn an_old_word_is_not_repeated() {
        let mut lines = told(Some(true), Hours::Always);
        lines.told(&host(), LINE, None, NOON + 4 * MINUTE);
        assert_eq!(state(&lines, NOON + 4 * MINUTE), Some(Attendance::Online), "one failed call changes nothing");
        assert_eq!(state(&lines, NOON + 6 * MINUTE), None);
    }

    #[test]
    fn hours_go_before_and_are_looked_at_when_they_change() {
        let hours = Hours::read(&json!({
            "WORKTIME_ENABLE": "Y", "WORKTIME_FROM": "9", "WORKTIME_TO": "18", "WORKTIME_TIMEZONE": "Europe/London",
        }));
        let lines = told(Some(true), hours);
        let evening = NOON + (6 * 60 + 1) * MINUTE;
        let opens_at = NOON + 21 * 60 * MINUTE;
        assert_eq!(
            lines.standing(&host(), LINE, evening),
            (Some(Attendance::Closed), Some(opens_at), evening + 1),
            "and the portal is to be asked again"
        );
        assert_eq!(lines.standing(&host(), LINE, NOON), (Some(Attendance::Online), None, NOON + MINUTE));
    }

    #[test]
    fn the_portal_is_asked_once_a_minute_and_sooner_where_an_operator_speaks_who_is_not_there() {
        let mut lines = told(Some(false), Hours::Always);
        let due = |lines: &Lines, now| lines.due(&host(), BTreeSet::from([LINE]), now);
        assert!(due(&lines, NOON + MINUTE - 1).is_empty());
        assert_eq!(due(&lines, NOON + MINUTE), [LINE]);
        lines.doubt(&host(), LINE, NOON + 1_000);
        assert!(due(&lines, NOON + 9_999).is_empty());
        assert_eq!(due(&lines, NOON + 10_000), [LINE]);
        assert_eq!(due(&Lines::default(), NOON), [LINE]);
    }
}
