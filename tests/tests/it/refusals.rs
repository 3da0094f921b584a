//! Every refusal of a portal that asks for something, met by a visitor's second word: after what time it is offered
//! again, and that the operator gets it once and after the first. Rows of `_includes/system-errors.md` and
//! `settings/oauth/error-codes.md`.

use otklik_tests::{
    portal::{Call, Chat, Fault},
    stage::Stage,
    visitor::Visitor,
    wait,
};
use shared::MessageState;
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";
const OAUTH: &str = "oauth.token";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A rest may be a quarter shorter or longer than it says: several relays must not come back together.
const JITTER: f64 = 0.25;

/// In how many leaps the longest wait is passed.
const LEAPS: u32 = 60;

/// What else the relay calls by itself.
const OTHERS: [&str; 12] = [
    "app.info",
    "batch",
    "event.bind",
    "event.get",
    "event.offline.get",
    "event.offline.list",
    "imconnector.chat.name.set",
    "imconnector.status",
    "imopenlines.config.get",
    "imopenlines.config.list.get",
    "im.user.get",
    "user.admin",
];

/// What is refused of a line, or of its messages; all else here is the whole portal's.
const OF_A_LINE: [&str; 5] =
    ["insufficient_scope", "WRONG_AUTH_TYPE", "INVALID_REQUEST", "ERROR_ARGUMENT", "ERROR_METHOD_NOT_FOUND"];

async fn begun() -> (Stage, Visitor, Chat) {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

/// Nobody but the sender of messages gets an answer any more: a good one would say that the portal's trouble is over, and
/// end the rest.
fn hush(stage: &Stage) {
    for method in OTHERS {
        stage.portal.fault_on(method, Fault::CutBefore, u32::MAX);
    }
}

/// Time leaps on, by shares of `longest`, until `method` was called `count` times; that call.
async fn call(stage: &Stage, method: &str, count: usize, longest: Duration) -> Call {
    let next = || async {
        let call = stage.portal.calls(method).into_iter().nth(count - 1);
        if call.is_none() {
            stage.advance(longest / LEAPS);
        }
        call
    };
    wait::until(&format!("call {count} of {method}"), next).await
}

/// The call that `fault` met is made again after `rest`, give or take, and the operator has all words once and in order.
async fn rests(fault: Fault, rest: Duration) {
    let (stage, mut visitor, chat) = begun().await;
    if !matches!(&fault, Fault::Refuse(code) if OF_A_LINE.contains(&code.as_str())) {
        hush(&stage);
    }
    stage.portal.fault_on(SEND, fault.clone(), 1);
    visitor.say("два").await;
    let longest = rest.mul_f64(1.0 + JITTER) + SECOND;
    let refused = stage.portal.wait_calls(SEND, 2).await[1].at;
    let again = call(&stage, SEND, 3, longest).await;
    let rested = again.at.since(refused);
    assert!(rested >= rest.mul_f64(1.0 - JITTER), "{fault:?}: again after {rested:?}, and not after {rest:?}");
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

async fn refused(code: &str, rest: Duration) {
    rests(Fault::Refuse(code.to_owned()), rest).await;
}

#[tokio::test]
async fn too_many_calls_rest_a_moment() {
    refused("QUERY_LIMIT_EXCEEDED", SECOND).await;
}

#[tokio::test]
async fn an_authorisation_server_that_cannot_be_reached_is_asked_again_soon() {
    refused("CONNECTION_ERROR", SECOND).await;
}

#[tokio::test]
async fn an_employee_who_is_not_let_in_this_time_is_tried_again_soon() {
    refused("authorization_error", SECOND).await;
}

#[tokio::test]
async fn a_method_whose_time_is_spent_rests_a_minute_at_least() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on(SEND, Fault::Refuse("OPERATION_TIME_LIMIT".to_owned()), 1);
    visitor.say("два").await;
    let refused = stage.portal.wait_calls(SEND, 2).await[1].at;
    let again = call(&stage, SEND, 3, 20 * MINUTE).await;
    assert!(again.at.since(refused) >= MINUTE, "{:?}", again.at.since(refused));
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn a_block_by_hand_is_waited_out() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on(SEND, Fault::Refuse("OVERLOAD_LIMIT".to_owned()), 1);
    visitor.say("два").await;
    let refused = stage.portal.wait_calls(SEND, 2).await[1].at;
    let again = call(&stage, SEND, 3, 20 * MINUTE).await;
    assert!(again.at.since(refused) >= 5 * MINUTE, "{:?}", again.at.since(refused));
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn a_portal_that_was_closed_is_asked_once_an_hour() {
    refused("PORTAL_DELETED", HOUR).await;
}

#[tokio::test]
async fn an_application_that_is_not_found_is_looked_for_once_an_hour() {
    refused("APPLICATION_NOT_FOUND", HOUR).await;
}

#[tokio::test]
async fn an_unpaid_application_is_tried_once_a_day() {
    refused("PAYMENT_REQUIRED", DAY).await;
}

/// In the stand-in as in the documentation, this code's text says that the portal's plan has no REST.
#[tokio::test]
async fn a_plan_without_rest_is_tried_once_a_day() {
    refused("ACCESS_DENIED", DAY).await;
}

#[tokio::test]
async fn rights_of_the_employee_are_waited_for() {
    refused("INVALID_CREDENTIALS", MINUTE).await;
}

#[tokio::test]
async fn a_scope_that_is_missing_is_waited_for() {
    refused("insufficient_scope", MINUTE).await;
}

#[tokio::test]
async fn an_application_closed_to_its_user_is_waited_for() {
    refused("user_access_error", MINUTE).await;
}

#[tokio::test]
async fn what_the_portal_cannot_do_is_not_asked_for_again_and_again() {
    for code in ["WRONG_AUTH_TYPE", "INVALID_REQUEST", "ERROR_ARGUMENT", "ERROR_METHOD_NOT_FOUND"] {
        refused(code, MINUTE).await;
    }
}

/// A token that ran out, or that the portal does not know, is renewed once, and the call made again at once.
#[tokio::test]
async fn a_token_is_renewed_once_and_the_call_repeated_at_once() {
    for code in ["expired_token", "invalid_token", "NO_AUTH_FOUND"] {
        let (stage, mut visitor, chat) = begun().await;
        let renewed = stage.portal.calls(OAUTH).len();
        stage.portal.fault_on(SEND, Fault::Refuse(code.to_owned()), 1);
        visitor.say("два").await;
        stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
        assert_eq!(stage.portal.calls(OAUTH).len(), renewed + 1, "{code}");
        assert_eq!(stage.portal.calls(SEND).len(), 3, "{code}");
    }
}

/// What remains of it after a renewal: the application is gone, or as good as gone.
#[tokio::test]
async fn a_token_that_is_unknown_even_when_new_rests_for_an_hour() {
    let (stage, mut visitor, chat) = begun().await;
    hush(&stage);
    stage.portal.fault_on(SEND, Fault::Refuse("NO_AUTH_FOUND".to_owned()), 2);
    visitor.say("два").await;
    let refused = stage.portal.wait_calls(SEND, 3).await[2].at;
    let again = call(&stage, SEND, 4, 2 * HOUR).await;
    assert!(again.at.since(refused) >= HOUR.mul_f64(1.0 - JITTER), "{:?}", again.at.since(refused));
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

/// An answer that says neither yes nor no: the portal is asked what it has before anything is said again.
#[tokio::test]
async fn after_a_failure_of_the_portals_own_the_history_is_read_first() {
    for code in ["INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"] {
        let (stage, mut visitor, chat) = begun().await;
        stage.portal.fault_on(SEND, Fault::Refuse(code.to_owned()), 1);
        visitor.say("два").await;
        call(&stage, SEND, 3, 5 * MINUTE).await;
        let calls = stage.portal.all_calls();
        let sends: Vec<usize> = (0..calls.len()).filter(|&nth| calls[nth].method == SEND).collect();
        assert!(calls[sends[1]..sends[2]].iter().any(asks_for_history), "{code}: {calls:?}");
        stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    }
}

fn asks_for_history(call: &Call) -> bool {
    call.method.contains("history.get") || call.args.to_string().contains("history.get")
}

/// The authorisation server refuses a renewal.
async fn not_renewed(code: &str, rest: Duration) {
    let (stage, mut visitor, chat) = begun().await;
    hush(&stage);
    let before = stage.portal.calls(OAUTH).len();
    stage.portal.fault_on(OAUTH, Fault::Refuse(code.to_owned()), 1);
    stage.portal.fault_on(SEND, Fault::ExpiredToken, 1);
    visitor.say("два").await;
    let refused = stage.portal.wait_calls(OAUTH, before + 1).await[before].at;
    let again = call(&stage, SEND, 3, rest.mul_f64(1.0 + JITTER) + SECOND).await;
    assert!(again.at.since(refused) >= rest.mul_f64(1.0 - JITTER), "{code}: {:?}", again.at.since(refused));
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn a_renewal_refused_for_good_is_tried_once_an_hour() {
    for code in ["invalid_grant", "invalid_client"] {
        not_renewed(code, HOUR).await;
    }
}

#[tokio::test]
async fn a_renewal_refused_for_money_is_tried_once_a_day() {
    not_renewed("PAYMENT_REQUIRED", DAY).await;
}

#[tokio::test]
async fn a_renewal_refused_for_a_scope_is_waited_for() {
    for code in ["insufficient_scope", "invalid_scope", "invalid_request"] {
        not_renewed(code, MINUTE).await;
    }
}
