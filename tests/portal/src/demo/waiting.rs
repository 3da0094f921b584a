//! How many visitors' messages wait at the relay: its own figure, for the desk to show.

use std::{convert::Infallible, time::Duration};

use otklik_portal::{Portal, http};

use super::PATIENCE;

const ASK_EVERY: Duration = Duration::from_secs(1);
/// The relay's gauge of what the portal does not have for sure, one line a portal.
const GAUGE: &str = "otklik_outbox_messages";

/// Tells the desk, again and again. A relay that does not tell leaves the desk with what it knew.
pub async fn follow(metrics: &str, portal: &Portal) -> Infallible {
    let client = http::client(PATIENCE);
    let mut ticks = tokio::time::interval(ASK_EVERY);
    let mut known = None;
    loop {
        ticks.tick().await;
        let Ok(answer) = client.get(metrics).send().await else { continue };
        let waiting = answer.text().await.ok().as_deref().and_then(sum);
        if let Some(count) = waiting.filter(|count| Some(*count) != known) {
            known = Some(count);
            portal.set_waiting(count);
        }
    }
}

/// The gauge over all portals.
fn sum(page: &str) -> Option<u64> {
    let values = page.lines().filter(|line| line.starts_with(GAUGE)).filter_map(|line| line.rsplit(' ').next());
    values.map(|value| value.parse().ok()).try_fold(0, |sum, value: Option<u64>| Some(sum + value?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gauge_is_read_over_all_portals() {
        let page = "# TYPE otklik_outbox_messages gauge\notklik_outbox_messages{portal=\"a\"} 2\n\
                    otklik_outbox_messages{portal=\"b\"} 3\notklik_connections 9\n";
        assert_eq!(sum(page), Some(5));
        assert_eq!(sum("otklik_outbox_messages{portal=\"a\"} NaN\n"), None);
    }
}
