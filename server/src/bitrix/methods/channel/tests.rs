//! The connector's calls against the recorded bodies.

use super::*;
use crate::bitrix::fixtures::{json, result};

/// A recorded request with our connector's id and without the token.
fn recorded(name: &str) -> Value {
    let mut request: Value = serde_json::from_str(&json(name).to_string().replace("site_widget", CONNECTOR)).unwrap();
    request.as_object_mut().unwrap().remove("auth");
    request
}

fn written(method: &impl Method) -> Value {
    serde_json::to_value(method).unwrap()
}

#[test]
fn registering_sends_what_the_documentation_shows() {
    let request = recorded("imconnector.register.request.json");
    let icon = |name: &str| Icon {
        data_image: text_at(&request, &[name, "DATA_IMAGE"]).unwrap(),
        color: text_at(&request, &[name, "COLOR"]).unwrap(),
        size: "90%".to_owned(),
        position: "center".to_owned(),
    };
    let register = Register {
        name: "Чат на сайте".to_owned(),
        icon: icon("ICON"),
        icon_disabled: icon("ICON_DISABLED"),
        handler: "https://relay.example.com/b24/settings".to_owned(),
        flags: Flags {
            delete_external: false,
            change_internal: true,
            newsletter: false,
            system_messages: true,
            signature: true,
        },
    };
    assert_eq!(written(&register), request);
}

#[test]
fn a_registration_may_be_refused_inside_a_good_answer() {
    Register::reply(result("imconnector.register.response.json")).unwrap();
    let refused = Register::reply(result("imconnector.register.error.response.json")).unwrap_err();
    assert_eq!(refused.code(), Some("CONNECTOR_ID_REQUIRED"));
}

#[test]
fn on_and_off_are_numbers() {
    assert_eq!(written(&Activate { line: LineId(107), active: true }), recorded("imconnector.activate.request.json"));
    assert_eq!(written(&Activate { line: LineId(1), active: false })["ACTIVE"], 0);
    assert_eq!(recorded("imconnector.deactivate.request.json")["ACTIVE"], 0);
    assert!(Activate::reply(result("imconnector.activate.response.json")).unwrap());
}

#[test]
fn the_state_of_a_channel_is_read() {
    let state = Status::reply(result("imconnector.status.response.json")).unwrap();
    assert_eq!(state, ChannelState { usable: true, configured: true, error: false });
    assert!(Status::reply(serde_json::json!([])).is_err());
}

#[test]
fn all_four_fields_of_a_channel_are_sent() {
    let data = SetData {
        line: LineId(107),
        id: "site-1".to_owned(),
        url: "https://example.com/".to_owned(),
        url_im: "https://example.com/?chat=open".to_owned(),
        name: "example.com".to_owned(),
    };
    assert_eq!(written(&data), recorded("imconnector.connector.data.set.request.json"));
}

#[test]
fn connectors_are_listed() {
    let list = Connectors::reply(result("imconnector.list.response.json")).unwrap();
    assert!(list.contains(&("site_widget".to_owned(), "Чат на сайте".to_owned())));
    assert!(Connectors::reply(serde_json::json!([])).unwrap().is_empty());
}
