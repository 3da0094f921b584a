//! A thousand visitors write at once.

use crate::{crowd::Crowd, figures::Table};
use std::time::{Duration, Instant};

const VISITORS: usize = 1_000;

pub async fn measured() -> Table {
    let crowd = Crowd::gather(VISITORS).await;
    let began = Instant::now();
    for nth in 0..VISITORS {
        crowd.say(nth, format!("вопрос {nth}"));
    }
    crowd.all_arrived().await;
    let mut table = Table::new("1,000 visitors write at once, none has a dialogue yet");
    table.time("until the operators have all", began.elapsed(), Duration::from_secs(30));
    table.tell("calls that carried them", crowd.stage.portal.calls("imconnector.send.messages").len());
    table.count("refused for haste", crowd.refused(), 0);
    table.spread("visitor to operator", &crowd.to_operator("вопрос"), None);
    table
}
