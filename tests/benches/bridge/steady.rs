//! Twenty visitors' messages a second from two hundred dialogues, while operators answer.

use crate::{crowd::Crowd, figures::Table};
use otklik_tests::{admin, stage::SALES};
use std::time::{Duration, Instant};

const DIALOGUES: usize = 200;
const MESSAGES: usize = 1_200;
const BETWEEN: Duration = Duration::from_millis(50);

/// One answer for so many messages.
const ANSWERED: usize = 5;

pub async fn measured() -> Table {
    let (crowd, chats) = Crowd::in_talks(DIALOGUES).await;
    let before = crowd.stage.portal.all_calls().len();
    let mut beat = tokio::time::interval(BETWEEN);
    let mut page = None;
    for nth in 0..MESSAGES {
        beat.tick().await;
        if nth == MESSAGES / 2 {
            let frame = crowd.stage.portal.open_settings(SALES, "ru");
            page = Some(tokio::spawn(async move {
                let began = Instant::now();
                admin::open(&frame).await;
                began.elapsed()
            }));
        }
        crowd.say(nth % DIALOGUES, format!("вопрос {nth}"));
        if nth % ANSWERED == 0 {
            crowd.answer(&chats[(nth + DIALOGUES / 2) % DIALOGUES], format!("ответ {nth}"));
        }
    }
    crowd.all_arrived().await;
    let page = page.expect("half of the messages were said").await.expect("a page opens");
    let calls = crowd.stage.portal.all_calls().len() - before;
    let mut table = Table::new("20 messages a second from 200 dialogues for a minute, every fifth answered");
    table.count("refused for haste", crowd.refused(), 0);
    table.tell("calls a second", format!("{:.2}", calls as f64 / (BETWEEN * MESSAGES as u32).as_secs_f64()));
    table.spread("visitor to operator", &crowd.to_operator("вопрос"), Some(Duration::from_secs(2)));
    table.spread("operator to screen", &crowd.to_screen("ответ"), None);
    table.tell("an administrator's settings page in between", format!("{} ms", page.as_millis()));
    table
}
