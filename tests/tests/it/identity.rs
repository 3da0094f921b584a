//! People whom the site vouches for: on several devices, one after another at one browser, and before they are known.

use futures_util::future::join_all;
use otklik_tests::{
    portal::{Chat, Mood},
    signing::Signer,
    stage::{ANNA, SUPPORT, Stage},
    upload,
    visitor::Visitor,
    wait::until,
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use shared::{Identity, MessageState, Refusal, SiteKey, ToServer, ToWidget};
use std::time::Duration;

const HOUR: u64 = 3_600;

/// A shop with a secret of its own, and its server.
struct Shop {
    site: SiteKey,
    signer: Signer,
}

impl Shop {
    async fn open(stage: &Stage) -> Self {
        let site = stage.site().await;
        let signer = Signer::make(stage, &site).await;
        Self { site, signer }
    }

    /// What the shop's server writes into its pages for `id`, good for `span` seconds.
    fn sign_for(&self, stage: &Stage, id: &str, span: u64) -> Identity {
        self.signer.sign(id, stage.clock.now() / 1000 + span)
    }

    fn sign(&self, stage: &Stage, id: &str) -> Identity {
        self.sign_for(stage, id, HOUR)
    }

    /// A page of the shop that says who is there, in a browser that has `session`.
    async fn page(&self, stage: &Stage, id: &str, session: Option<String>) -> Visitor {
        let (visitor, answer) = Visitor::come_as(&stage.url(), &self.site, Some(self.sign(stage, id)), session).await;
        assert!(matches!(answer, ToWidget::Welcome { .. }), "{answer:?}");
        visitor
    }
}

async fn chat(stage: &Stage, texts: &[&str]) -> Chat {
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == texts).await
}

fn refusal(answer: &ToWidget) -> Option<Refusal> {
    match answer {
        ToWidget::Refused { id: None, code, .. } => Some(*code),
        _ => None,
    }
}

#[tokio::test]
async fn one_person_on_two_devices_has_one_conversation() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut desktop = shop.page(&stage, "u42", None).await;
    desktop.say("С компьютера").await;
    let mut phone = shop.page(&stage, "u42", None).await;
    phone.hear("С компьютера").await;
    phone.say("С телефона").await;
    desktop.hear("С телефона").await;
    let chat = chat(&stage, &["С компьютера", "С телефона"]).await;
    assert!(chat.title.contains("✓ u42"), "the operator sees who is proven: {}", chat.title);
    stage.portal.operator_says(chat.id, ANNA, "Вижу оба").expect("Anna may answer");
    for visitor in [&mut desktop, &mut phone] {
        visitor.hear("Вижу оба").await;
        assert_eq!(visitor.texts(), ["С компьютера", "С телефона", "Вижу оба"]);
    }
    assert_ne!(desktop.session, phone.session, "each browser has a session of its own");
}

#[tokio::test]
async fn nobody_opens_anothers_conversation_by_a_session_or_a_signature() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut anna = shop.page(&stage, "anna", None).await;
    anna.say("Моё").await;
    let session = anna.session.clone();
    let others = [None, Some(shop.sign(&stage, "boris"))];
    for identity in others {
        let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, identity, session.clone()).await;
        assert_eq!(refusal(&answer), Some(Refusal::SessionUnknown), "the same browser, another person");
    }
    let good = shop.sign(&stage, "anna");
    let stolen = Identity { id: "boris".to_owned(), ..good.clone() };
    let longer = Identity { exp: good.exp + 1, ..good.clone() };
    let (old, far) = (shop.sign_for(&stage, "anna", 0), shop.sign_for(&stage, "anna", 25 * HOUR));
    for wrong in [stolen, longer, old, far] {
        let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, Some(wrong), None).await;
        assert_eq!(refusal(&answer), Some(Refusal::Identity));
    }
    let elsewhere = stage.connect(SUPPORT, &["https://other.example"]).await.key;
    let (_, answer) = Visitor::come_as(&stage.url(), &elsewhere, Some(good.clone()), None).await;
    assert_eq!(refusal(&answer), Some(Refusal::Identity), "another site has not signed it");
    let (mut back, answer) = Visitor::come_as(&stage.url(), &shop.site, Some(good), session).await;
    assert!(matches!(answer, ToWidget::Welcome { .. }), "a session that is theirs already goes on: {answer:?}");
    back.hear("Моё").await;
}

#[tokio::test]
async fn another_secret_asks_for_another_proof_and_that_once() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut anna = shop.page(&stage, "anna", None).await;
    anna.say("Моё").await;
    let (old, session) = (anna.identity.clone(), anna.session.clone());
    let newer = Shop { site: shop.site.clone(), signer: Signer::make(&stage, &shop.site).await };
    while let Some(frame) = anna.read().await {
        if refusal(&frame) == Some(Refusal::SessionUnknown) {
            break; // an open page is sent away
        }
    }
    for session in [None, session.clone()] {
        let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, old.clone(), session).await;
        assert_eq!(refusal(&answer), Some(Refusal::Identity), "whoever had the secret of before gets nothing by it");
    }
    let mut back = newer.page(&stage, "anna", session.clone()).await;
    back.hear("Моё").await;
    let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, old, session).await;
    assert!(matches!(answer, ToWidget::Welcome { .. }), "it was proven anew, once is enough: {answer:?}");
}

#[tokio::test]
async fn another_secret_closes_the_door_of_files_too_until_there_is_another_proof() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut anna = shop.page(&stage, "anna", None).await;
    let file = anna.upload("паспорт.txt", "данные").await;
    anna.send_files("Вот", &[&file]).await;
    let newer = Shop { site: shop.site.clone(), signer: Signer::make(&stage, &shop.site).await };
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = anna.at_file(method.clone(), &file.id, "x.txt").body("x").send().await.unwrap();
        assert_eq!(upload::refusal(answer).await, Refusal::SessionUnknown, "{method}");
    }
    let mut back = newer.page(&stage, "anna", anna.session.clone()).await;
    back.hear("Вот").await;
    let answer = back.at_file(Method::POST, &file.id, "").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// By chance: which of the two is first is not in our hands, and neither order may leave a page open.
#[tokio::test]
async fn no_page_that_opens_during_a_log_out_stays_open() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    for _ in 0..12 {
        let anna = shop.page(&stage, "anna", None).await;
        let (relay, session) = (stage.url(), anna.session.clone());
        let frames = json!({"frames": [{"type": "reset", "session": session}]});
        let reset = otklik_tests::http().post(format!("{relay}/v1/poll")).header("origin", &relay).json(&frames).send();
        let pages = (0..15).map(|_| Visitor::come_as(&relay, &shop.site, anna.identity.clone(), session.clone()));
        let (pages, ended) = tokio::join!(join_all(pages), reset);
        assert_eq!(ended.unwrap().status(), StatusCode::OK);
        for (mut page, _) in pages {
            while page.read().await.is_some() {} // until the relay closes it
        }
    }
}

#[tokio::test]
async fn words_of_before_signing_in_are_changed_before_the_operators_eyes() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut home = shop.page(&stage, "anna", None).await;
    home.say("Из дома").await;
    chat(&stage, &["Из дома"]).await;
    let mut before = stage.visitor(&shop.site).await;
    let asked = before.say("Где закас?").await;
    before.wait_for_state(&asked, MessageState::Delivered).await;
    let there = chat(&stage, &["Где закас?"]).await;
    let mut anna = shop.page(&stage, "anna", before.session.clone()).await;
    anna.hear("Где закас?").await;
    let (of, text) = (asked.clone(), "Где заказ?".to_owned());
    anna.accepted(|id| ToServer::Edit { id, of, text }).await;
    for visitor in [&mut anna, &mut home] {
        visitor.hear("Где заказ?").await;
    }
    stage.portal.wait_texts(&there.external, &["Где заказ?"]).await;
    stage.portal.operator_says(there.id, ANNA, "В пути").expect("Anna may answer");
    anna.hear("В пути").await;
    anna.accepted(|id| ToServer::Finish { id }).await;
    let closed = |chat: &Chat| chat.sessions.iter().all(|session| session.closed);
    stage.portal.wait_chat(&there.external, closed).await;
}

#[tokio::test]
async fn a_session_outlives_its_signature() {
    let stage = Stage::by_hand().await;
    let shop = Shop::open(&stage).await;
    let anna = shop.page(&stage, "anna", None).await;
    stage.advance(Duration::from_secs(2 * HOUR));
    let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, anna.identity.clone(), anna.session.clone()).await;
    assert!(matches!(answer, ToWidget::Welcome { .. }), "{answer:?}");
    let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, anna.identity.clone(), None).await;
    assert_eq!(refusal(&answer), Some(Refusal::Identity), "a signature that was kept opens nothing later");
}

#[tokio::test]
async fn what_was_said_before_signing_in_becomes_the_persons() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut before = stage.visitor(&shop.site).await;
    before.say("Кто я?").await;
    let talk = chat(&stage, &["Кто я?"]).await;
    let mut anna = shop.page(&stage, "anna", before.session.clone()).await;
    anna.hear("Кто я?").await;
    while before.read().await.is_some() {} // the page that did not say who it is has lost the conversation
    anna.say("Я Анна").await;
    let talk = stage.portal.wait_texts(&talk.external, &["Кто я?", "Я Анна"]).await;
    let named = || async { stage.portal.chat(talk.id).filter(|chat| chat.title.contains("✓ anna")) };
    until("the chat is called by the person", named).await;
    let (_, answer) =
        Visitor::come_as(&stage.url(), &shop.site, Some(shop.sign(&stage, "boris")), before.session).await;
    assert_eq!(refusal(&answer), Some(Refusal::SessionUnknown), "it joins one person, once");
}

#[tokio::test]
async fn a_person_with_a_conversation_gets_the_words_of_before_into_it() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut home = shop.page(&stage, "anna", None).await;
    home.say("Из дома").await;
    chat(&stage, &["Из дома"]).await;
    let mut before = stage.visitor(&shop.site).await;
    let asked = before.say("Где заказ?").await;
    before.wait_for_state(&asked, MessageState::Delivered).await;
    let there = chat(&stage, &["Где заказ?"]).await;
    let answer = stage.portal.operator_says(there.id, ANNA, "Ищу").expect("Anna may answer");
    before.hear("Ищу").await;
    stage.portal.wait_delivered(there.id, answer).await;

    let mut anna = shop.page(&stage, "anna", before.session.clone()).await;
    anna.hear("Ищу").await;
    assert_eq!(anna.texts(), ["Из дома", "Где заказ?", "Ищу"]);
    anna.wait_for_state(&asked, MessageState::Delivered).await;
    home.hear("Ищу").await;
    stage.portal.edit(there.id, answer, "Нашла").expect("Anna may edit");
    stage.portal.operator_says(there.id, ANNA, "В пути").expect("Anna may answer where she was asked");
    for visitor in [&mut anna, &mut home] {
        visitor.hear("В пути").await;
        assert_eq!(visitor.texts(), ["Из дома", "Где заказ?", "Нашла", "В пути"]);
    }
    anna.send(&ToServer::Say {
        id: asked.clone(), text: "Где заказ?".to_owned(), reply_to: None, files: Vec::new()
    })
    .await;
    let again = anna.wait_for(|frame| matches!(frame, ToWidget::Accepted { .. } | ToWidget::Refused { .. })).await;
    assert!(matches!(again, ToWidget::Accepted { .. }), "what was said before is known: {again:?}");
    anna.say("Спасибо").await;
    chat(&stage, &["Из дома", "Спасибо"]).await;
    assert_eq!(stage.portal.chats().len(), 2, "nothing was said twice");
}

#[tokio::test]
async fn words_under_way_while_somebody_signs_in_arrive_once() {
    let mut stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut home = shop.page(&stage, "anna", None).await;
    home.say("Из дома").await;
    chat(&stage, &["Из дома"]).await;
    let mut before = stage.visitor(&shop.site).await;
    stage.portal.set_mood(Mood::Off).await.unwrap();
    let asked = before.say("Где заказ?").await;
    let mut anna = shop.page(&stage, "anna", before.session.clone()).await;
    anna.hear("Где заказ?").await;
    stage.restart().await;
    stage.portal.set_mood(Mood::Answers).await.unwrap();
    let mut anna = anna.resume().await;
    anna.wait_for_state(&asked, MessageState::Delivered).await;
    stage.wait_for_texts(&["Где заказ?"]).await;
    assert_eq!(stage.portal.chats().len(), 2);
}

#[tokio::test]
async fn a_reset_ends_the_session_on_the_relay() {
    let stage = Stage::start().await;
    let shop = Shop::open(&stage).await;
    let mut anna = shop.page(&stage, "anna", None).await;
    anna.say("Моё").await;
    let session = anna.session.clone().expect("a session has begun");
    let frames = json!({"frames": [{"type": "reset", "session": session}]});
    for _ in 0..2 {
        let request = otklik_tests::http().post(format!("{}/v1/poll", stage.url())).header("origin", stage.url());
        let answer: serde_json::Value = request.json(&frames).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer, json!({"frames": [{"type": "ended"}]}), "also where it has ended already");
    }
    let last = loop {
        match anna.read().await {
            Some(frame) => match refusal(&frame) {
                Some(code) => break code,
                None => continue,
            },
            None => panic!("an open page is told"),
        }
    };
    assert_eq!(last, Refusal::SessionUnknown);
    let (_, answer) = Visitor::come_as(&stage.url(), &shop.site, anna.identity.clone(), Some(session)).await;
    assert_eq!(refusal(&answer), Some(Refusal::SessionUnknown));
    let mut back = shop.page(&stage, "anna", None).await;
    back.hear("Моё").await;
}
