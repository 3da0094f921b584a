//! One visitor with five hundred messages, among fifty others.

use crate::{crowd::Crowd, figures::Table};
use std::time::Duration;

const OTHERS: usize = 50;
const FLOOD: usize = 500;
const MESSAGES: usize = 600;
const BETWEEN: Duration = Duration::from_millis(100);

pub async fn measured() -> Table {
    let (crowd, _) = Crowd::in_talks(OTHERS + 1).await;
    for nth in 0..FLOOD {
        crowd.say(OTHERS, format!("поток {nth}"));
    }
    let mut beat = tokio::time::interval(BETWEEN);
    for nth in 0..MESSAGES {
        beat.tick().await;
        crowd.say(nth % OTHERS, format!("вопрос {nth}"));
    }
    let flooded = crowd.to_operator("поток").len();
    crowd.arrived("вопрос").await;
    let mut table = Table::new("50 visitors with 10 messages a second for a minute, one more with 500 at once");
    table.spread("the others' to the operator", &crowd.to_operator("вопрос"), Some(Duration::from_secs(2)));
    table.tell("of the 500 within that minute", flooded);
    table.count("refused for haste", crowd.refused(), 0);
    table
}
