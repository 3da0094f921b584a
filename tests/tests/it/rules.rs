//! The rules that a connector of Bitrix24 cannot break without harm, each with the tests that show it. Those whose tests
//! stood nowhere else stand here.

use otklik_tests::{
    admin, http,
    portal::{Chat, Fault, LineId, Mood},
    root,
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::Visitor,
    wait,
};
use serde_json::Value;
use shared::MessageState;
use std::{fs, path::Path, time::Duration};
use tokio::net::TcpListener;

const SEND: &str = "imconnector.send.messages";

/// Rule, and the tests in which it is seen.
const RULES: &[(&str, &[&str])] = &[
    (
        "`|` never in `user.id` or `chat.id`: it would split the portal's code of the visitor",
        &["no_name_the_portal_gets_has_a_bar"],
    ),
    (
        "one call under way for each visitor: the portal promises no order",
        &["a_next_word_waits_for_the_answer_to_the_one_before", "what_follows_a_message_under_way_waits_behind_it"],
    ),
    (
        "after a timeout nothing is sent again blindly",
        &[
            "a_silent_portal_is_asked_what_it_has",
            "a_message_whose_fate_cannot_be_found_out",
            "after_a_failure_of_the_portals_own_the_history_is_read_first",
            "a_rating_is_never_sent_blindly",
            "what_arrives_while_the_portal_is_asked_is_not_sent_again",
            "a_first_word_outlives_an_outage_of_a_portal_without_a_queue",
        ],
    ),
    ("an event is answered before its work is done", &["an_event_is_answered_though_the_portal_answers_nothing"]),
    (
        "delivery is confirmed once for each operator's message, with the id it keeps",
        &["each_answer_is_confirmed_once", "a_portal_message_always_has_the_same_name"],
    ),
    ("`ACTIVE` is 1 or 0: a text would mean “on”", &["on_and_off_are_numbers"]),
    (
        "the `user` object is whole in every call: what is left out is wiped",
        &[
            "a_visitor_is_named_by_number_and_always_the_same",
            "a_profile_is_told_whole_and_a_chat_is_called_as_its_visitor_is_now",
        ],
    ),
    ("the application's secret goes to the OAuth server alone", &["the_secret_goes_to_the_authorisation_server_alone"]),
    (
        "calls are made with the installer's token, never with one out of an event",
        &["no_call_is_made_with_an_events_token"],
    ),
    (
        "a token is renewed when it ran out, by one at a time",
        &[
            "tokens_are_renewed_once_however_many_calls_meet_their_end",
            "a_token_that_ran_out_is_renewed_once_for_all_callers",
            "a_token_is_renewed_once_and_the_call_repeated_at_once",
        ],
    ),
    (
        "`EDIT_INTERNAL_MESSAGES` and `DEL_INTERNAL_MESSAGES` are equal",
        &["edits_and_deletions_are_registered_together"],
    ),
    (
        "ids come as numbers or texts, an empty object as `[]`",
        &["ids_come_as_numbers_or_text", "an_empty_map_may_be_an_empty_array", "empty_maps_are_arrays"],
    ),
    (
        "two requests a second for a portal and an address",
        &["a_burst_fits_and_then_two_a_second", "a_burst_leaves_at_once_and_the_rest_twice_a_second"],
    ),
    (
        "whatever a visitor is shown is text",
        &["markup_is_words_in_both_directions", "no_operators_text_becomes_more_than_text_and_safe_links"],
    ),
    (
        "an unknown event is taken and passed over, unknown keys as well",
        &["what_a_newer_portal_tells_disturbs_nothing", "events_that_are_not_ours_are_unknown"],
    ),
    (
        "automatic or human is told by `CLASS`, never by `user_id`",
        &["automatic_texts_are_told_by_their_class", "automatic_texts_are_told_from_people"],
    ),
    (
        "of a history only what is surely meant for the visitor is shown",
        &[
            "without_a_queue_lost_answers_come_from_the_history_and_no_whisper_with_them",
            "the_recorded_history_is_told_apart",
            "what_colleagues_whisper_stays_among_them",
            "technical_lines_are_never_shown",
            "anything_else_is_not_shown",
            "whatever_goes_wrong_every_word_arrives_once_and_in_order_and_no_log_has_one",
        ],
    ),
    (
        "where histories are refused nothing is sent again and nothing guessed",
        &[
            "without_history_and_witness_a_message_is_unconfirmed_and_holds_up_nothing",
            "where_neither_history_nor_queue_tells_a_first_word_is_not_repeated",
            "a_session_that_is_not_there_closes_no_portal",
        ],
    ),
    ("`APP_SID` is not the application token", &["the_number_of_a_frame_signs_nothing"]),
    (
        "events are heard by a handler and by the offline queue",
        &[
            "an_installation_registers_connector_and_events",
            "an_event_that_never_comes_is_fetched",
            "with_histories_refused_the_queue_brings_everything",
        ],
    ),
    (
        "a refused change of a message says nothing of its line: a portal may be too old for it",
        &[
            "an_edit_that_an_old_portal_does_not_know_fails_and_holds_up_nobody",
            "an_edit_that_is_refused_holds_up_its_own_visitor_alone_and_not_for_ever",
        ],
    ),
    (
        "each element's `SUCCESS` and `session` count: one that fails by itself holds up nobody, and where all fail all wait",
        &[
            "a_message_the_portal_will_not_have_is_told_as_failed_and_holds_up_nothing",
            "words_that_a_portal_refuses_are_found_among_many_and_fail_alone",
            "a_messenger_that_takes_nothing_for_minutes_fails_nobodys_words",
        ],
    ),
    (
        "a visitor's end of the talk ends that one, and makes nobody its operator",
        &[
            "an_end_after_the_operators_own_makes_nobody_the_operator",
            "an_end_of_one_conversation_is_none_of_the_next",
            "an_end_whose_answer_was_lost_is_not_called_for_again_and_ends_no_other",
        ],
    ),
    (
        "the end of a talk is never waited for",
        &["a_talk_whose_end_is_never_told_goes_on", "a_finished_talk_begins_again_when_the_visitor_writes"],
    ),
];

#[test]
fn every_rule_has_a_test_that_is_there() {
    let mut sources = String::new();
    for folder in ["server/src", "server/tests", "tests/tests"] {
        read(&root().join(folder), &mut sources);
    }
    for (rule, tests) in RULES {
        assert!(!tests.is_empty(), "{rule}");
        for test in *tests {
            assert!(sources.contains(&format!("fn {test}(")), "{rule}: {test} is gone");
        }
    }
}

fn read(path: &Path, to: &mut String) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder can be read");
        entries.for_each(|entry| read(&entry.expect("its entries, too").path(), to));
    } else if path.extension().is_some_and(|kind| kind == "rs") {
        to.push_str(&fs::read_to_string(path).expect("a source can be read"));
    }
}

async fn begun() -> (Stage, Visitor, Chat) {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

/// The messages of every call so far.
fn sent(stage: &Stage) -> Vec<Value> {
    let calls = stage.portal.calls(SEND).into_iter();
    calls.flat_map(|call| call.args["MESSAGES"].as_array().cloned().unwrap_or_default()).collect()
}

#[tokio::test]
async fn no_name_the_portal_gets_has_a_bar() {
    let (stage, mut visitor, chat) = begun().await;
    visitor.say("a | b").await;
    stage.portal.wait_texts(&chat.external, &["один", "a | b"]).await;
    for message in sent(&stage) {
        for part in ["user", "chat", "message"] {
            let id = message[part]["id"].as_str().expect("it has an id");
            assert!(!id.is_empty() && !id.contains('|'), "{message}");
        }
    }
}

#[tokio::test]
async fn a_next_word_waits_for_the_answer_to_the_one_before() {
    let (stage, mut visitor, chat) = begun().await;
    let site = stage.site().await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(1)), 1);
    visitor.say("два").await;
    stage.portal.wait_calls(SEND, 2).await;
    visitor.say("три").await;
    let mut other = stage.visitor(&site).await;
    other.say("другой").await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
    for call in stage.portal.calls(SEND) {
        let names = |message: &Value| message["user"]["id"].to_string();
        let mut visitors: Vec<String> = call.args["MESSAGES"].as_array().expect("messages").iter().map(names).collect();
        visitors.sort();
        let all = visitors.len();
        visitors.dedup();
        assert_eq!(visitors.len(), all, "one message of each visitor in a call: {call:?}");
    }
    let of = |text: &str| stage.portal.calls(SEND).into_iter().find(|call| call.args.to_string().contains(text));
    let (second, third) = (of("два").expect("it was sent"), of("три").expect("it was sent"));
    assert!(third.at.since(second.at) >= Duration::from_secs(1), "the answer came a second later");
}

#[tokio::test]
async fn an_event_is_answered_though_the_portal_answers_nothing() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.set_mood(Mood::Silent).await.expect("a mood");
    stage.portal.operator_says(chat.id, ANNA, "Слышно?").expect("Anna may answer");
    visitor.hear("Слышно?").await;
    stage.portal.wait_sent().await;
    let delivery = stage.portal.deliveries().into_iter().rfind(|one| one.event == "ONIMCONNECTORMESSAGEADD");
    let delivery = delivery.expect("it was sent");
    assert_eq!(delivery.status, Some(200));
    assert!(delivery.took < Duration::from_secs(5), "it took {:?}", delivery.took);
}

#[tokio::test]
async fn the_secret_goes_to_the_authorisation_server_alone() {
    let stranger = TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
    let elsewhere = format!("http://{}/oauth/", stranger.local_addr().expect("it is bound"));
    let (stage, mut visitor, chat) = begun().await;
    // Somebody, perhaps the portal itself, says that the authorisation server is elsewhere.
    let mut frame = stage.portal.open_settings(SALES, "ru");
    frame.body = format!("{}&SERVER_ENDPOINT={elsewhere}&server_endpoint={elsewhere}", frame.body);
    admin::open(&frame).await;
    stage.portal.fault_on(SEND, Fault::ExpiredToken, 1);
    visitor.say("два").await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    let secret = stage.portal.client_secret();
    let calls = stage.portal.all_calls();
    assert!(calls.iter().any(|call| call.method == "oauth.token"), "it was renewed");
    assert!(!calls.iter().any(|call| call.args.to_string().contains(&secret)), "a method got the secret");
    let none = tokio::time::timeout(Duration::ZERO, stranger.accept()).await;
    assert!(none.is_err(), "somebody called the stranger");
}

#[tokio::test]
async fn no_call_is_made_with_an_events_token() {
    let (stage, mut visitor, chat) = begun().await;
    let answer = stage.portal.operator_says(chat.id, ANNA, "да").expect("Anna may answer");
    visitor.hear("да").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    stage.portal.edit(chat.id, answer, "нет").expect("Anna may edit");
    visitor.hear("нет").await;
    stage.portal.finish(chat.id, ANNA).expect("it is open");
    visitor.say("ещё").await;
    stage.portal.wait_texts(&chat.external, &["один", "ещё"]).await;
    let events: Vec<_> = stage.portal.all_calls().into_iter().filter(|call| call.with_event_token).collect();
    assert!(events.is_empty(), "{events:?}");
}

#[tokio::test]
async fn edits_and_deletions_are_registered_together() {
    let stage = Stage::start().await;
    let may = stage.portal.connector(CONNECTOR).expect("it is registered").may;
    assert!(may.edit_internal && may.delete_internal, "one without the other means another thing at every portal");
}

#[tokio::test]
async fn what_a_newer_portal_tells_disturbs_nothing() {
    let (stage, mut visitor, chat) = begun().await;
    let auth = format!(
        "auth[member_id]={}&auth[application_token]={}&auth[new]=1",
        stage.portal.member_id(),
        stage.portal.application_token()
    );
    for body in [
        format!("event=ONIMCONNECTORDANCE&data[steps]=3&{auth}"),
        format!("event=ONOPENLINEMESSAGEUPDATE&data[x][y][z]=1&{auth}"),
        format!("event=&{auth}"),
        format!(
            "event=ONIMCONNECTORMESSAGEADD&data[CONNECTOR]={CONNECTOR}&data[LINE]={SALES}&data[NEW][A]=1\
             &data[MESSAGES][0][im][chat_id]={}&data[MESSAGES][0][im][message_id]=99999999&data[MESSAGES][0][new]=1\
             &data[MESSAGES][0][message][user_id]={ANNA}&data[MESSAGES][0][message][text]=new\
             &data[MESSAGES][0][message][new]=1&data[MESSAGES][0][chat][id]={}&ts=1&{auth}",
            chat.id, chat.external
        ),
    ] {
        let request = http().post(format!("{}/bitrix24/events", stage.url()));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.clone());
        assert_eq!(request.send().await.expect("the relay answers").status(), 200, "{body}");
    }
    visitor.hear("new").await;
    assert_eq!(visitor.texts(), ["один", "new"]);
}

#[tokio::test]
async fn the_number_of_a_frame_signs_nothing() {
    let (stage, visitor, chat) = begun().await;
    let frame = stage.portal.open_settings(LineId(107), "ru");
    assert_eq!(admin::open(&frame).await.0, 200);
    let number =
        |text: &str| text.split_once("APP_SID=").map(|(_, rest)| rest.split('&').next().unwrap_or(rest).to_owned());
    let number = number(&frame.url).or_else(|| number(&frame.body)).expect("every frame has its number");
    let body = format!(
        "event=ONIMCONNECTORMESSAGEADD&data[CONNECTOR]={CONNECTOR}&data[LINE]={SALES}\
         &data[MESSAGES][0][im][chat_id]={}&data[MESSAGES][0][im][message_id]=99999999\
         &data[MESSAGES][0][message][text]=forged&data[MESSAGES][0][chat][id]={}\
         &auth[member_id]={}&auth[application_token]={number}",
        chat.id,
        chat.external,
        stage.portal.member_id()
    );
    let request = http().post(format!("{}/bitrix24/events", stage.url()));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(request.send().await.expect("the relay answers").status(), 403);
    assert_eq!(visitor.resume().await.texts(), ["один"]);
}

#[tokio::test]
async fn a_talk_whose_end_is_never_told_goes_on() {
    let (stage, mut visitor, chat) = begun().await;
    for method in ["event.offline.list", "event.offline.get"] {
        stage.portal.fault_on(method, Fault::Refuse("ERROR_METHOD_NOT_FOUND".to_owned()), u32::MAX);
    }
    stage.portal.fault_on("ONIMCONNECTORDIALOGFINISH", Fault::EventLost, 1);
    stage
        .portal
        .finish(chat.id, ANNA)
        .or_else(|_| {
            // Nobody leads it yet: she answers first.
            stage.portal.operator_says(chat.id, ANNA, "до свидания").and_then(|_| stage.portal.finish(chat.id, ANNA))
        })
        .expect("she may finish");
    visitor.say("ещё вопрос").await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.sessions.len() == 2).await;
    assert_eq!(chat.visitor_texts(), ["один", "ещё вопрос"]);
    stage.portal.operator_says(chat.id, ANNA, "слушаю").expect("Anna may answer");
    visitor.hear("слушаю").await;
    wait::until_eq(true, || async { Some(stage.portal.faults_waiting().iter().all(|one| one.times > 1)) }).await;
}
