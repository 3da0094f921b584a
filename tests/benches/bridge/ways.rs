//! One talk, both ways, with nobody else there.

use crate::{crowd::Crowd, figures::Table};
use std::time::Duration;

const ROUNDS: usize = 40;
const BETWEEN: Duration = Duration::from_secs(1);

pub async fn measured() -> Table {
    let (crowd, chats) = Crowd::in_talks(1).await;
    let mut beat = tokio::time::interval(BETWEEN);
    for nth in 0..ROUNDS {
        beat.tick().await;
        crowd.say(0, format!("вопрос {nth}"));
        crowd.answer(&chats[0], format!("ответ {nth}"));
    }
    crowd.all_arrived().await;
    let mut table = Table::new("One talk, a question and an answer a second");
    table.spread("visitor to operator", &crowd.to_operator("вопрос"), None);
    table.spread("operator to screen", &crowd.to_screen("ответ"), None);
    table.count("refused for haste", crowd.refused(), 0);
    table
}
