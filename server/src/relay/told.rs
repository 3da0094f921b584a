//! What the portal's events ask of the store. Pure: an event in, acts out.

use crate::bitrix::CONNECTOR;
use crate::bitrix::events::{Attachment, Carried, Deleted, Edited, Event, Said, VoteRequest, What};
use crate::files::tidy;
use crate::ids::{DialogueId, LineId};
use crate::relay::speaker::Speaker;
use crate::store::{AtPortal, FileSource, InboxAct, Looks, Signature, Vote};
use shared::{Author, Face, MessageId, Millis};

/// The acts that `event` asks for, as of `now`; `arrived` is when we got it. Whether a line is off is not judged here:
/// the portal is asked first. `who` knows whoever speaks on a line.
pub fn acts(event: &Event, arrived: Millis, now: Millis, who: &dyn Fn(u64, LineId) -> Speaker) -> Vec<InboxAct> {
    // By the portal's clock, which orders edits among each other; never in the future of ours.
    let raised = event.at.unwrap_or(arrived).min(now);
    match &event.what {
        What::MessageAdd { connector, line, messages } if is_ours(connector) => {
            let at = if event.is_late { raised } else { arrived };
            messages.iter().filter_map(|message| said(message, *line, at, who)).collect()
        }
        What::MessageUpdate { connector, line, messages } if is_ours(connector) => {
            let (at, is_late) = (event.at.unwrap_or(arrived), event.is_late);
            // Who edits is not told.
            messages.iter().filter_map(|message| edited(message, *line, at, is_late, &who(0, *line))).collect()
        }
        What::MessageDelete { connector, messages, .. } if is_ours(connector) => {
            messages.iter().filter_map(deleted).collect()
        }
        What::LineMessage { messages } => messages.iter().filter_map(carried_over).collect(),
        What::DialogStart { connector, dialogs } if is_ours(connector) => dialogs
            .iter()
            .filter_map(|dialog| {
                let (session, user) = (dialog.session, dialog.user);
                Some(InboxAct::Started { dialogue: dialogue(&dialog.chat)?, session, user })
            })
            .collect(),
        What::DialogFinish { connector, dialogs } if is_ours(connector) => dialogs
            .iter()
            .filter_map(|dialog| {
                Some(InboxAct::Finished { dialogue: dialogue(&dialog.chat)?, session: dialog.session })
            })
            .collect(),
        What::LineDelete { line } => vec![InboxAct::LineDeleted { line: *line }],
        _ => Vec::new(),
    }
}

/// Whether an event is about our connector. The portal lowers the letters of its id.
pub fn is_ours(connector: &str) -> bool {
    connector.eq_ignore_ascii_case(CONNECTOR)
}

fn said(message: &Said, line: LineId, at: Millis, who: &dyn Fn(u64, LineId) -> Speaker) -> Option<InboxAct> {
    let (signed, text, whole) = (message.name.clone(), message.text.clone(), message.whole.clone());
    let (author, (name, text, signature), face) = if message.automatic {
        (Author::System, (None, text, Signature::Sure), Face::default())
    } else {
        let speaker = who(message.user, line);
        let face = speaker.face(signed.as_deref());
        (speaker.author(), speaker.split(signed, text, whole), face)
    };
    let (im, files, attached) = (message.im, sources(&message.files), message.attached.clone());
    let looks = Looks { face, signature, attached };
    let vote = message.vote.map(|asked| vote(asked, at));
    Some(InboxAct::Said { dialogue: dialogue(&message.chat)?, im, line, author, name, text, looks, files, vote, at })
}

/// A request for a rating that was made at `at`.
pub fn vote(asked: VoteRequest, at: Millis) -> Vote {
    let limit = asked.seconds.map(|seconds| at.saturating_add(seconds.saturating_mul(1000)));
    Vote { session: asked.session, until: asked.closes_at.into_iter().chain(limit).min() }
}

fn edited(message: &Edited, line: LineId, at: Millis, is_late: bool, speaker: &Speaker) -> Option<InboxAct> {
    let (name, text, signature) = match message.name.clone() {
        Some(signed) => speaker.split(Some(signed), message.text.clone(), message.whole.clone()),
        None => (None, message.text.clone(), Signature::Sure),
    };
    let external = message.external.iter().find_map(|id| MessageId::try_from(id.clone()).ok());
    Some(InboxAct::Edited {
        dialogue: dialogue(&message.chat)?,
        im: message.im,
        line,
        name,
        text,
        external,
        signature,
        at,
        is_late,
    })
}

fn deleted(message: &Deleted) -> Option<InboxAct> {
    let external = message.external.iter().find_map(|id| MessageId::try_from(id.clone()).ok());
    Some(InboxAct::Deleted { dialogue: dialogue(&message.chat)?, im: message.im, external })
}

fn carried_over(message: &Carried) -> Option<InboxAct> {
    let (dialogue, id) = carried(message)?;
    let at_portal = AtPortal { chat: message.portal_chat, session: None, user: message.user };
    Some(InboxAct::Arrived { dialogue, id, at_portal })
}

/// Which of our messages a line repeats.
pub fn carried(message: &Carried) -> Option<(DialogueId, MessageId)> {
    let id = MessageId::try_from(message.external.clone()).ok().filter(|_| is_ours(&message.connector))?;
    Some((dialogue(&message.chat)?, id))
}

/// The files as they are to be fetched.
pub fn sources(files: &[Attachment]) -> Vec<FileSource> {
    let source = |file: &Attachment| FileSource {
        id: file.id,
        name: tidy(&file.name),
        is_image: file.is_image,
        mime: file.mime.clone(),
        size: file.size,
        width: file.width,
        height: file.height,
        download: file.download.clone(),
        link: file.link.clone(),
    };
    files.iter().map(source).collect()
}

/// The dialogue that a chat's external id names; none for what another connector of this id left behind.
fn dialogue(chat: &str) -> Option<DialogueId> {
    chat.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::events::Delivery;
    use crate::ids::ImId;
    use crate::store::{Own, Setting};

    const CHAT: &str = "v-0123456789abcdef0123456789abcdef";

    const ID: &str = "0192b6a1-7c1f-7d2e-8000-1234567890ab";

    fn nobody(_: u64, _: LineId) -> Speaker {
        Speaker::default()
    }

    /// A recorded event, as if it were about our connector and one of our dialogues.
    fn event(fixture: &str) -> Event {
        let path = format!("{}/../tests/fixtures/bitrix24/{fixture}", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read_to_string(path).unwrap();
        let body = body.replace("site_widget", CONNECTOR).replace("v-5f0c2a7e4b", CHAT);
        Event::of(&Delivery::read(body.as_bytes()).unwrap().body)
    }

    #[test]
    fn an_operators_message_is_said() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEADD.text-ru.form"), 5, 9, &nobody);
        let said = InboxAct::Said {
            dialogue: CHAT.parse().unwrap(),
            im: ImId { chat: 1807, message: 86497 },
            line: LineId(107),
            author: Author::Operator,
            name: Some("Анна Петрова".to_owned()),
            text: "Здравствуйте! Чем могу помочь? 🙂".to_owned(),
            looks: Looks {
                face: Face::default(),
                signature: Signature::Perhaps(
                    Own {
                        name: None, text: "[b]Анна Петрова:[/b] [br]Здравствуйте! Чем могу помочь? 🙂".to_owned()
                    },
                    Setting::Unknown,
                ),
                attached: String::new(),
            },
            files: Vec::new(),
            vote: None,
            at: 5,
        };
        assert_eq!(acts, [said]);
    }

    #[test]
    fn automatic_texts_are_the_systems() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEADD.closing-text.form"), 5, 9, &nobody);
        assert!(matches!(&acts[0], InboxAct::Said { author: Author::System, name: None, .. }));
    }

    #[test]
    fn a_request_for_a_rating_names_its_session_and_no_digits() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEADD.vote-request.form"), 5, 9, &nobody);
        let InboxAct::Said { author: Author::System, name: None, text, vote, .. } = &acts[0] else {
            panic!("{acts:?}")
        };
        assert_eq!(text, "Пожалуйста, оцените качество обслуживания.");
        assert_eq!(*vote, Some(Vote { session: 3282, until: None }), "no limit");
    }

    #[test]
    fn files_come_with_all_that_the_portal_tells_of_them() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEADD.file.form"), 5, 9, &nobody);
        let InboxAct::Said { text, name, files, .. } = &acts[0] else { panic!("{acts:?}") };
        assert_eq!((text.as_str(), name.as_deref()), ("", Some("Анна Петрова")));
        let photo = FileSource {
            id: None,
            name: "photo.jpg".to_owned(),
            is_image: true,
            mime: Some("image/jpeg".to_owned()),
            size: Some(187_654),
            width: Some(1280),
            height: Some(960),
            download: Some("/rest/download.json?token=imopenlines%7CZmlsZT01NDM4%7C9b1c2d3e".to_owned()),
            link: Some("https://romashka.bitrix24.ru/~vT8Ls#img.jpg".to_owned()),
        };
        assert_eq!((files[0].name.as_str(), files[0].is_image), ("Прайс-лист 2026.pdf", false));
        assert_eq!(files[1], photo);
    }

    #[test]
    fn blocks_are_told_beside_the_words() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEADD.attach.form"), 5, 9, &nobody);
        let InboxAct::Said { text, looks, .. } = &acts[0] else { panic!("{acts:?}") };
        assert_eq!(text, "Ваш заказ");
        let order = "Заказ №1542\nСумма: 4 500 ₽\n[url=https://example.com/pay/1542]Оплатить[/url]";
        assert_eq!(looks.attached, order);
    }

    #[test]
    fn a_message_without_words_may_have_files() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEADD.file-only-notext.form"), 5, 9, &nobody);
        let InboxAct::Said { text, files, .. } = &acts[0] else { panic!("{acts:?}") };
        assert_eq!((text.as_str(), files.len()), ("", 1));
        assert_eq!(files[0].download, None, "older portals give a link alone");
    }

    #[test]
    fn edits_keep_the_portals_time() {
        let acts = acts(&event("event.ONIMCONNECTORMESSAGEUPDATE.form"), 5, 9, &nobody);
        assert!(matches!(&acts[0], InboxAct::Edited { at: 1_773_759_161_000, .. }), "{acts:?}");
    }

    #[test]
    fn a_visitors_message_that_its_line_repeats_has_arrived() {
        let body = |event: &str, from: &str, to: &str| {
            let path = format!("{}/../tests/fixtures/bitrix24/{event}", env!("CARGO_MANIFEST_DIR"));
            let body = std::fs::read_to_string(path).unwrap().replace("m-1001", ID).replace(from, to);
            let body = body.replace("site_widget", CONNECTOR).replace("v-5f0c2a7e4b", CHAT);
            Event::of(&Delivery::read(body.as_bytes()).unwrap().body)
        };
        let at_portal = AtPortal { chat: Some(1807), session: None, user: Some(585) };
        let id = MessageId::try_from(ID.to_owned()).unwrap();
        let arrived = InboxAct::Arrived { dialogue: CHAT.parse().unwrap(), id, at_portal };
        const RECORDED: &str = "event.ONOPENLINEMESSAGEADD.form";
        assert_eq!(acts(&body(RECORDED, "", ""), 5, 9, &nobody), std::slice::from_ref(&arrived));
        assert_eq!(
            acts(&body(RECORDED, "%5BDATA%5D%5B0%5D", "%5BDATA%5D"), 5, 9, &nobody),
            [arrived],
            "the source's shape"
        );
        let outgoing = body(RECORDED, "&ts=", "&data%5BCONNECTOR%5D=otklik&ts=");
        assert_eq!(acts(&outgoing, 5, 9, &nobody), [], "what an operator said");
        let outgoing = body(RECORDED, "&ts=", "&data%5BDATA%5D%5B0%5D%5Bmessage%5D%5Bchat_id%5D=1807&ts=");
        assert_eq!(acts(&outgoing, 5, 9, &nobody), []);
    }

    #[test]
    fn deletions_conversations_and_lines_are_told() {
        assert!(matches!(
            &acts(&event("event.ONIMCONNECTORMESSAGEDELETE.form"), 5, 9, &nobody)[..],
            [InboxAct::Deleted { external: None, .. }]
        ));
        let started = InboxAct::Started { dialogue: CHAT.parse().unwrap(), session: 3282, user: Some(585) };
        assert_eq!(acts(&event("event.ONIMCONNECTORDIALOGSTART.form"), 5, 9, &nobody), [started]);
        let finished = InboxAct::Finished { dialogue: CHAT.parse().unwrap(), session: 3282 };
        assert_eq!(acts(&event("event.ONIMCONNECTORDIALOGFINISH.form"), 5, 9, &nobody), [finished]);
        assert_eq!(
            acts(&event("event.ONIMCONNECTORLINEDELETE.form"), 5, 9, &nobody),
            [InboxAct::LineDeleted { line: LineId(107) }]
        );
        assert_eq!(
            acts(&event("event.ONIMCONNECTORSTATUSDELETE.form"), 5, 9, &nobody),
            [],
            "the portal is asked first"
        );
    }

    #[test]
    fn others_are_passed_over() {
        let mut event = event("event.ONIMCONNECTORMESSAGEADD.text-ru.form");
        let What::MessageAdd { connector, messages, .. } = &mut event.what else { panic!() };
        messages[0].chat = "v-1".to_owned();
        *connector = "OTKLIK".to_owned();
        assert_eq!(acts(&event, 5, 9, &nobody), [], "not a dialogue of ours");
        let What::MessageAdd { connector, .. } = &mut event.what else { panic!() };
        *connector = "telegrambot".to_owned();
        assert_eq!(acts(&event, 5, 9, &nobody), []);
    }
}
