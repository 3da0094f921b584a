//! The recorded event bodies, and what a portal might send instead.

use super::*;
use crate::bitrix::bbcode;
use crate::bitrix::fixtures::{bytes, json};
use crate::ids::ImId;
use secrecy::ExposeSecret;
use shared::Piece;

const CHAT: &str = "v-5f0c2a7e4b";

fn event(fixture: &str) -> Event {
    Event::of(&Delivery::read(&bytes(fixture)).unwrap().body)
}

fn said(fixture: &str) -> Said {
    match event(fixture).what {
        What::MessageAdd { connector, line: LineId(107), mut messages } => {
            assert_eq!((connector.as_str(), messages.len(), messages[0].chat.as_str()), ("site_widget", 1, CHAT));
            messages.remove(0)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_operators_words_are_told_from_the_signature() {
    let text = said("event.ONIMCONNECTORMESSAGEADD.text-ru.form");
    assert_eq!(text.name.as_deref(), Some("Анна Петрова"));
    assert_eq!(text.text, "Здравствуйте! Чем могу помочь? 🙂");
    assert_eq!((text.im, text.automatic), (ImId { chat: 1807, message: 86497 }, false));

    let unsigned = said("event.ONIMCONNECTORMESSAGEADD.text-en-nosignature.form");
    assert_eq!(unsigned.name, None);
    assert!(unsigned.text.starts_with("Hello! Please see [url="));
}

#[test]
fn every_spelling_of_a_signature_is_read() {
    let name = |text: &str| {
        let im = serde_json::json!({"chat_id": 1, "message_id": 2});
        let message = serde_json::json!({"im": im, "message": {"user_id": 3, "text": text}, "chat": {"id": "v"}});
        let data = serde_json::json!({"CONNECTOR": "otklik", "LINE": 1, "MESSAGES": [message]});
        let body = serde_json::json!({"event": "ONIMCONNECTORMESSAGEADD", "data": data});
        match Event::of(&body).what {
            What::MessageAdd { mut messages, .. } => (messages[0].name.take(), messages.remove(0).text),
            other => panic!("{other:?}"),
        }
    };
    let signed = |text: &str| (Some("Anna P.".to_owned()), text.to_owned());
    for text in [
        "[b]Anna P.:[/b] [br]hi",
        "[b]Anna P.:[/b][br] hi",
        "[B]Anna P.:[/B]\nhi",
        "[b]Anna P.:[/b] hi",
        "[b]Anna P.:[/b] [BR]hi",
    ] {
        assert_eq!(name(text), signed("hi"), "{text}");
    }
    assert_eq!(name("[b]Anna P.:[/b] "), signed(""));
    assert_eq!(name("[b]Anna P.:[/b] [br][b]Note:[/b] hi"), signed("[b]Note:[/b] hi"));
    for text in ["[b]bold[/b] hi", "[b]a [i]b[/i]:[/b] hi", "[b]:[/b] hi", "b:[/b]", "[b]open:", "я"] {
        assert_eq!(name(text), (None, text.to_owned()));
    }
}

#[test]
fn automatic_texts_are_told_by_their_class() {
    for (fixture, start) in [
        ("event.ONIMCONNECTORMESSAGEADD.system-notoken.form", "Здравствуйте! Спасибо"),
        ("event.ONIMCONNECTORMESSAGEADD.closing-text.form", "Спасибо за обращение!"),
        ("event.ONIMCONNECTORMESSAGEADD.vote-request.form", "Пожалуйста, оцените"),
    ] {
        let text = said(fixture);
        assert!(text.automatic && text.name.is_none() && text.text.starts_with(start), "{fixture}: {text:?}");
    }
}

#[test]
fn files_come_with_and_without_words() {
    let with = said("event.ONIMCONNECTORMESSAGEADD.file.form");
    assert_eq!((with.name.as_deref(), with.text.as_str()), (Some("Анна Петрова"), ""));
    let names: Vec<_> = with.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["Прайс-лист 2026.pdf", "photo.jpg"]);
    let without = said("event.ONIMCONNECTORMESSAGEADD.file-only-notext.form");
    assert_eq!((without.name, without.text.as_str(), without.files.len()), (None, "", 1));
    assert_eq!(without.files[0].link.as_deref(), Some("https://romashka.bitrix24.ru/~aB1cD"));
}

#[test]
fn a_rich_text_becomes_pieces() {
    let pieces = bbcode::parse(&said("event.ONIMCONNECTORMESSAGEADD.bbcode.form").text);
    let Piece::Quote(quote) = &pieces[0] else { panic!("{pieces:?}") };
    assert_eq!(quote.name.as_deref(), Some("Гость"));
    assert_eq!(quote.body, [Piece::Text("Сколько стоит доставка?".to_owned())]);
    assert_eq!(pieces[1], Piece::Text("Доставка ".to_owned()));
    assert_eq!(pieces[2], Piece::Bold(vec![Piece::Text("бесплатная".to_owned())]));
    let links: Vec<_> = pieces
        .iter()
        .filter_map(|piece| if let Piece::Link(link) = piece { Some(link.href.as_str()) } else { None })
        .collect();
    assert_eq!(links, ["tel:+74950000000", "https://example.com/i/map.png"]);
    assert_eq!(said("event.ONIMCONNECTORMESSAGEADD.attach.form").text, "Ваш заказ");
}

#[test]
fn edits_and_deletions_name_their_message() {
    let What::MessageUpdate { messages, line: LineId(107), .. } = event("event.ONIMCONNECTORMESSAGEUPDATE.form").what
    else {
        panic!()
    };
    let im = ImId { chat: 1807, message: 86497 };
    let edited = Edited {
        im,
        chat: CHAT.to_owned(),
        external: vec!["01HV8QZ3M5T6".to_owned()],
        name: Some("Анна Петрова".to_owned()),
        text: "Здравствуйте! Чем я могу вам помочь?".to_owned(),
        whole: "[b]Анна Петрова:[/b][br] Здравствуйте! Чем я могу вам помочь?".to_owned(),
    };
    assert_eq!(messages, [edited]);
    let What::MessageDelete { messages, .. } = event("event.ONIMCONNECTORMESSAGEDELETE.form").what else { panic!() };
    assert_eq!(messages, [Deleted { im, chat: CHAT.to_owned(), external: vec!["01HV8QZ3M5T6".to_owned()] }]);
}

#[test]
fn conversations_begin_and_end() {
    let dialog = Dialog { line: LineId(107), chat: CHAT.to_owned(), session: 3282, user: Some(585) };
    let connector = "site_widget".to_owned();
    let dialogs = vec![dialog];
    assert_eq!(
        event("event.ONIMCONNECTORDIALOGSTART.form").what,
        What::DialogStart { connector: connector.clone(), dialogs: dialogs.clone() }
    );
    assert_eq!(event("event.ONIMCONNECTORDIALOGFINISH.form").what, What::DialogFinish { connector, dialogs });
}

#[test]
fn lines_go_off_and_away() {
    let off = event("event.ONIMCONNECTORSTATUSDELETE.form");
    assert_eq!(off.what, What::StatusDelete { connector: "site_widget".to_owned(), line: LineId(107) });
    assert_eq!(off.at, Some(1_773_759_161_000));
    assert_eq!(event("event.ONIMCONNECTORLINEDELETE.form").what, What::LineDelete { line: LineId(107) });
}

#[test]
fn the_application_comes_and_goes() {
    let install = Delivery::read(&bytes("event.ONAPPINSTALL.form")).unwrap();
    assert_eq!(Event::of(&install.body).what, What::AppInstall);
    let auth = install.auth;
    assert_eq!(auth.member_id, "b7d1f2c94e0a4a6f8e35d0c1a2b3c4d5");
    assert_eq!(auth.client_endpoint.as_deref(), Some("https://romashka.bitrix24.ru/rest/"));
    assert_eq!(auth.expires_in, Some(3600));
    assert_eq!(auth.application_token.unwrap().expose_secret(), "3f7e90ab61c24d58b0aa5c1e97d2f846");
    assert!(auth.refresh_token.is_some() && auth.access_token.is_some());
    assert_eq!(event("event.ONAPPUNINSTALL.form").what, What::AppUninstall { clean: true });
    assert_eq!(event("event.ONAPPTEST.form").what, What::AppTest);
}

#[test]
fn what_is_kept_holds_no_token() {
    let delivery = Delivery::read(&bytes("event.ONIMCONNECTORDIALOGSTART.form")).unwrap();
    assert!(delivery.auth.access_token.is_some());
    assert!(!delivery.body.to_string().contains("token"));
}

#[test]
fn events_that_are_not_ours_are_unknown() {
    for fixture in [
        "event.ONOFFLINEEVENT.form",
        "event.ONSESSIONFINISH.form",
        "event.ONSESSIONFINISH.source-shape.form",
        "event.ONIMBOTMESSAGEADD.form",
    ] {
        assert_eq!(event(fixture).what, What::Unknown, "{fixture}");
    }
    for body in ["", "event=ONIMCONNECTORMESSAGEADD", "event=ONIMCONNECTORLINEDELETE&data=x", "{\"event\":5}"] {
        assert_eq!(Event::of(&Delivery::read(body.as_bytes()).unwrap().body).what, What::Unknown, "{body}");
    }
}

#[test]
fn what_a_line_repeats_of_its_operators_is_whole_and_says_nothing() {
    let data = serde_json::json!({"CONNECTOR": "otklik", "LINE": 1, "DATA": {"message": {"id": 7, "text": "x"}}});
    let body = serde_json::json!({"event": "ONOPENLINEMESSAGEADD", "data": data});
    assert_eq!(Event::of(&body).what, What::LineMessage { messages: Vec::new() });
    let cut = serde_json::json!({"event": "ONOPENLINEMESSAGEADD"});
    assert_eq!(Event::of(&cut).what, What::Unknown, "what the queue cut off is not whole");
}

#[test]
fn the_offline_queue_tells_the_same() {
    let record = &json("event.offline.list.response.json")["result"][0];
    let body = serde_json::json!({"event": record["EVENT_NAME"], "data": record["EVENT_DATA"]});
    let What::MessageAdd { messages, line: LineId(107), .. } = Event::of(&body).what else { panic!() };
    assert_eq!(messages[0].im, ImId { chat: 1807, message: 86503 });
    assert_eq!(messages[0].text, "Доставка [b]бесплатная[/b] от 3000 ₽");
}

#[test]
fn older_shapes_are_read() {
    let element = r#"{"im":{"chat_id":1,"message_id":2},"message":{"id":"m","text":"x"},"chat":{"id":"v"}}"#;
    for list in [format!(r#"{{"DATA":[{element}]"#), format!(r#"{{"MESSAGES":{element}"#)] {
        let body =
            format!(r#"{{"event":"OnImConnectorMessageUpdate","data":{list},"CONNECTOR":"otklik","LINE":"1"}}}}"#);
        let What::MessageUpdate { messages, .. } = Event::of(&Delivery::read(body.as_bytes()).unwrap().body).what
        else {
            panic!("{body}")
        };
        assert_eq!(messages[0].external, ["m"]);
    }
}
