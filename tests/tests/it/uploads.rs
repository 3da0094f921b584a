//! What visitors attach reaches the operator: with the words or without, once, in order, and at last as a link.

use otklik_server::{
    clock::Clock,
    ids::{DialogueId, FileKey},
};
use otklik_tests::{
    http,
    portal::{Chat, Fault, Message},
    signing::Signer,
    stage::{ANNA, Stage},
    upload::{file_id, refusal},
    visitor::{Visitor, message_id},
    wait::until,
};
use reqwest::{Method, StatusCode};
use shared::{File, FileKind, MessageId, MessageState, Refusal, ToServer, ToWidget};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";

/// A GIF of three by two pixels.
const PICTURE: &[u8] = b"GIF89a\x03\0\x02\0\x80\0\0";

async fn begun_on(stage: Stage) -> (Stage, Visitor) {
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    (stage, visitor)
}

async fn begun() -> (Stage, Visitor) {
    begun_on(Stage::start().await).await
}

/// What the visitor said, as the operator sees it: words, then the files' names.
fn seen(chat: &Chat) -> Vec<String> {
    let spell = |message: &Message| {
        let names = message.files.iter().map(|file| format!("+{}", file.file.name));
        [message.text.clone()].into_iter().filter(|text| !text.is_empty()).chain(names).collect::<Vec<_>>().join(" ")
    };
    chat.messages.iter().filter(|message| chat.is_of_visitor(message)).map(spell).collect()
}

async fn wait_seen(stage: &Stage, expected: &[&str]) -> Chat {
    let is_it = |chat: &Chat| seen(chat) == expected;
    stage.portal.wait_any_chat(is_it).await
}

#[tokio::test]
async fn a_visitors_files_reach_the_operator_with_the_words() {
    let (stage, mut visitor) = begun().await;
    let photo = visitor.upload("../../Фото [b]кружки[/b].png", PICTURE).await;
    assert_eq!((photo.name.as_str(), photo.kind), ("b].png", FileKind::Image), "no path in a name");
    let photo = visitor.upload("Фото [b]кружки.gif", PICTURE).await;
    assert_eq!((photo.size, photo.width, photo.height), (13, Some(3), Some(2)));
    let spec = visitor.upload(&format!("{}.pdf", "д".repeat(70)), "%PDF-1.7").await;
    let id = visitor.send_files("Вот фото", &[&photo, &spec]).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один", "Вот фото"]).await;
    let files = &chat.messages.last().expect("it is there").files;
    assert_eq!(files[0].file.bytes, PICTURE);
    assert_eq!((files[0].file.name.as_str(), files[0].file.mime.as_str()), ("Фото [\u{2060}b]кружки.gif", "image/gif"));
    assert_eq!((files[1].file.name.chars().count(), files[1].file.mime.as_str()), (50, "application/pdf"));
    let own = visitor.messages().into_iter().find(|message| message.id == id).expect("the visitor sees it");
    assert_eq!(own.files.len(), 2);
    let href = own.files[0].href.clone().expect("an address");
    let answer = http().get(format!("{}{href}", stage.url())).send().await.expect("the relay answers");
    assert_eq!(answer.bytes().await.expect("its bytes"), PICTURE);
}

#[tokio::test]
async fn files_alone_are_a_message_and_keep_their_place() {
    let (stage, mut visitor) = begun().await;
    for nth in 0..3 {
        let file = visitor.upload(&format!("{nth}.pdf"), "%PDF").await;
        visitor.send_files("", &[&file]).await;
        visitor.say(&format!("после {nth}")).await;
    }
    wait_seen(&stage, &["один", "+0.pdf", "после 0", "+1.pdf", "после 1", "+2.pdf", "после 2"]).await;
}

#[tokio::test]
async fn a_repeated_upload_and_a_repeated_message_change_nothing() {
    let (stage, mut visitor) = begun().await;
    let id = file_id();
    for _ in 0..2 {
        let answer = visitor.try_upload(&id, "a.pdf", "%PDF").await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let message = message_id();
    for _ in 0..2 {
        let answer = visitor.try_send(&message, "вот", vec![id.clone()]).await;
        assert!(matches!(answer, ToWidget::Accepted { .. }));
    }
    visitor.wait_for_state(&message, MessageState::Delivered).await;
    wait_seen(&stage, &["один", "вот +a.pdf"]).await;
}

/// Somebody who sent a file and signed in afterwards, as a person who has a conversation already.
async fn signed_in_after_a_file() -> (Stage, Visitor, File, MessageId) {
    let (stage, mut before) = begun().await;
    let signer = Signer::make(&stage, before.site()).await;
    let anna = || Some(signer.sign("anna", stage.clock.now() / 1000 + 3_600));
    let (mut home, _) = Visitor::come_as(&stage.url(), before.site(), anna(), None).await;
    home.say("из дома").await;
    wait_seen(&stage, &["из дома"]).await;
    let file = before.upload("a.pdf", "%PDF-a").await;
    let first = before.send_files("вот", &[&file]).await;
    before.wait_for_state(&first, MessageState::Delivered).await;
    let (site, session) = (before.site().clone(), before.session.clone());
    let (mut signed, _) = Visitor::come_as(&stage.url(), &site, anna(), session).await;
    signed.hear("вот").await;
    (stage, signed, file, first)
}

/// Its words failed, or may be lost, and were said before the person signed in: they send them again.
#[tokio::test]
async fn a_file_from_before_signing_in_can_be_sent_again_afterwards() {
    let (stage, mut signed, file, first) = signed_in_after_a_file().await;
    let again = signed.send_files("ещё раз", &[&file]).await;
    signed.wait_for_state(&again, MessageState::Delivered).await;
    let chat = wait_seen(&stage, &["из дома", "ещё раз +a.pdf"]).await;
    assert_eq!(chat.messages.last().expect("it is there").files[0].file.bytes, "%PDF-a");
    let own = signed.messages().into_iter().find(|message| message.id == again).expect("the visitor sees it");
    let href = own.files[0].href.clone().expect("an address");
    let answer = http().get(format!("{}{href}", stage.url())).send().await.expect("the relay answers");
    assert_eq!(answer.bytes().await.expect("its bytes"), "%PDF-a");
    signed.accepted(|id| ToServer::Delete { id, of: first }).await;
    let other = signed.at_file(Method::POST, &file.id, "").send().await.expect("the relay answers");
    assert_eq!(other.status(), StatusCode::OK, "the one has its own copy");
}

#[tokio::test]
async fn a_file_from_before_signing_in_that_is_gone_is_refused_for_good_and_holds_up_no_word() {
    let (stage, mut signed, file, _) = signed_in_after_a_file().await;
    let folder = stage.data().with_extension("files");
    let kept = std::fs::read_dir(&folder).expect("the relay's files").map(|entry| entry.expect("one of them").path());
    let kept: Vec<_> = kept.filter(|path| path.is_file()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    std::fs::remove_file(&kept[0]).expect("it goes");
    let again = signed.try_send(&message_id(), "ещё раз", vec![file.id]).await;
    assert!(matches!(again, ToWidget::Refused { code: Refusal::FileUnknown, .. }), "{again:?}");
    signed.say("дальше").await;
    wait_seen(&stage, &["из дома", "дальше"]).await;
}

#[tokio::test]
async fn a_file_that_the_portal_dropped_comes_by_itself() {
    let (stage, mut visitor) = begun().await;
    let (first, second) = (visitor.upload("a.pdf", "%PDF-a").await, visitor.upload("b.pdf", "%PDF-b").await);
    stage.portal.fault_on(SEND, Fault::FileDropped, 1);
    let id = visitor.send_files("вот", &[&first, &second]).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    wait_seen(&stage, &["один", "вот +b.pdf", "+a.pdf"]).await;
}

#[tokio::test]
async fn a_file_that_the_portal_never_takes_is_a_link_at_last() {
    let (stage, mut visitor) = begun_on(Stage::by_hand().await).await;
    let file = visitor.upload("a.pdf", "%PDF-a").await;
    stage.portal.fault_on(SEND, Fault::FileDropped, 100);
    let _hurry = stage.hurry();
    let id = visitor.send_files("", &[&file]).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts().len() == 2).await;
    let text = chat.visitor_texts()[1].to_owned();
    let link = text.strip_prefix("a.pdf: ").expect("its name and its address");
    let answer = http().get(link).send().await.expect("the relay answers");
    assert_eq!(answer.bytes().await.expect("its bytes"), "%PDF-a");
    let calls = stage.portal.calls(SEND).len();
    assert_eq!(calls, 5, "the first word, three tries, the link");
}

/// “1 ” begins a mark of the operator's service while one is waited for.
#[tokio::test]
async fn the_name_of_a_file_that_comes_as_a_link_is_no_rating() {
    let (stage, mut visitor) = begun_on(Stage::by_hand().await).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
    let file = visitor.upload("1 чек.pdf", "%PDF-a").await;
    stage.portal.fault_on(SEND, Fault::FileDropped, 100);
    let _hurry = stage.hurry();
    visitor.send_files("", &[&file]).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 2).await;
    assert!(chat.visitor_texts()[1].starts_with("\u{2060}1 чек.pdf: http"), "{:?}", chat.visitor_texts());
    assert!(chat.ratings().is_empty(), "no mark of 5");
}

#[tokio::test]
async fn a_file_without_room_in_the_drive_is_a_link_too() {
    let (stage, mut visitor) = begun_on(Stage::by_hand().await).await;
    let file = visitor.upload("a.pdf", "%PDF-a").await;
    stage.portal.fault_on(SEND, Fault::DriveFull, 100);
    let _hurry = stage.hurry();
    visitor.send_files("вот", &[&file]).await;
    let is_link = |chat: &Chat| chat.visitor_texts().last().is_some_and(|text| text.starts_with("a.pdf: http"));
    let chat = stage.portal.wait_any_chat(is_link).await;
    assert_eq!(chat.visitor_texts()[1], "вот [FILE]");
}

#[tokio::test]
async fn a_slow_download_holds_up_no_other_visitor() {
    let (stage, mut visitor) = begun_on(Stage::by_hand().await).await;
    let file = visitor.upload("a.pdf", "%PDF").await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(40)), 1);
    visitor.send_files("вот", &[&file]).await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один", "вот"]).await;
    visitor.say("ещё").await;
    let mut other = stage.visitor(&stage.site().await).await;
    other.say("а мне?").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["а мне?"]).await;
    let words = |chat: &Chat| chat.visitor_texts().contains(&"ещё");
    assert!(!stage.portal.chats().iter().any(words), "behind its own file");
    let _hurry = stage.hurry();
    wait_seen(&stage, &["один", "вот +a.pdf", "ещё"]).await;
}

#[tokio::test]
async fn files_under_way_in_a_crash_arrive_once() {
    let (mut stage, mut visitor) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry();
    let file = visitor.upload("a.pdf", "%PDF").await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(60)), 1);
    visitor.send_files("", &[&file]).await;
    until("the call", || async { (stage.portal.calls(SEND).len() == 2).then_some(()) }).await;
    stage.kill().await;
    stage.start_here().await;
    let mut back = visitor.resume().await;
    back.say("два").await;
    wait_seen(&stage, &["один", "+a.pdf", "два"]).await;
}

#[tokio::test]
async fn what_the_relay_does_not_take_it_says() {
    let stage =
        Stage::start_with(Clock::real(), "[limits]\nfile_mb = 1\nfiles_burst = 8\nfiles_per_message = 2\n").await;
    let (_stage, mut visitor) = begun_on(stage).await;
    let large = visitor.try_upload(&file_id(), "a.bin", vec![0; 1_100_000]).await;
    assert_eq!((large.status(), refusal(large).await), (StatusCode::PAYLOAD_TOO_LARGE, Refusal::TooLarge));
    let parts = (0..70).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 16_384]));
    let unsized_body = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    let unsized_file = visitor.try_upload(&file_id(), "a.bin", unsized_body).await;
    assert_eq!(refusal(unsized_file).await, Refusal::TooLarge, "a size that was not told");
    let empty = visitor.try_upload(&file_id(), "a.txt", "").await;
    assert_eq!((empty.status(), refusal(empty).await), (StatusCode::UNPROCESSABLE_ENTITY, Refusal::Empty));
    let mut files = Vec::new();
    for _ in 0..3 {
        files.push(visitor.upload("a.txt", "a").await.id);
    }
    let many = visitor.try_send(&message_id(), "", files).await;
    assert!(matches!(many, ToWidget::Refused { code: Refusal::TooManyFiles, .. }), "{many:?}");
    let unknown = visitor.try_send(&message_id(), "", vec![file_id()]).await;
    assert!(matches!(unknown, ToWidget::Refused { code: Refusal::FileUnknown, .. }), "{unknown:?}");
    for _ in 0..3 {
        visitor.try_upload(&file_id(), "a.txt", "a").await;
    }
    let hasty = visitor.try_upload(&file_id(), "a.txt", "a").await;
    assert!(hasty.headers().contains_key("retry-after"));
    assert_eq!(refusal(hasty).await, Refusal::TooManyFiles);
    visitor.say("текст проходит").await;
}

#[tokio::test]
async fn a_file_is_its_own_visitors_alone() {
    let (stage, mut visitor) = begun().await;
    let mut other = stage.visitor(&stage.site().await).await;
    let file = visitor.upload("a.txt", "a").await;
    let stolen = other.try_send(&message_id(), "", vec![file.id.clone()]).await;
    assert!(matches!(stolen, ToWidget::Refused { code: Refusal::FileUnknown, .. }), "{stolen:?}");
    let asked = other.at_file(Method::POST, &file.id, "").send().await.expect("the relay answers");
    assert_eq!(refusal(asked).await, Refusal::FileUnknown);
    let foreign =
        http().put(format!("{}/v1/files/{}", stage.url(), file_id())).header("origin", "https://evil.example");
    let foreign = foreign.bearer_auth(visitor.session.as_deref().unwrap_or_default()).body("a").send().await;
    assert_eq!(foreign.expect("the relay answers").status(), StatusCode::FORBIDDEN);
    visitor.session = None;
    let nobody = visitor.try_upload(&file_id(), "a.txt", "a").await;
    assert_eq!(refusal(nobody).await, Refusal::SessionUnknown);
}

#[tokio::test]
async fn an_upload_that_is_not_sent_goes() {
    let (stage, mut visitor) = begun().await;
    let (kept, dropped) = (visitor.upload("a.txt", "a").await, visitor.upload("b.txt", "b").await);
    for file in [&kept, &dropped] {
        if file.id == kept.id {
            visitor.send_files("", &[file]).await;
        }
        visitor.at_file(Method::DELETE, &file.id, "").send().await.expect("the relay answers");
    }
    let again = visitor.try_send(&message_id(), "", vec![dropped.id.clone()]).await;
    assert!(matches!(again, ToWidget::Refused { code: Refusal::FileUnknown, .. }), "{again:?}");
    wait_seen(&stage, &["один", "+a.txt"]).await;
}

/// The disk is full where the file is written: what is written to `/dev/full` meets that.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_finds_no_room_leaves_nothing_and_is_taken_once_there_is_some() {
    let (stage, mut visitor) = begun().await;
    let chat = wait_seen(&stage, &["один"]).await;
    let id = file_id();
    let dialogue: DialogueId = chat.external.parse().expect("the portal knows the dialogue");
    let folder = stage.data().with_extension("files");
    std::fs::create_dir_all(&folder).expect("a folder beside the data");
    let part = folder.join(format!("{}.part", FileKey::of(dialogue, &id)));
    std::os::unix::fs::symlink("/dev/full", &part).expect("a link can be made");
    let answer = visitor.try_upload(&id, "кружка.gif", PICTURE).await;
    assert_eq!(answer.status(), StatusCode::INSUFFICIENT_STORAGE);
    assert_eq!(refusal(answer).await, Refusal::NoRoom);
    assert_eq!(std::fs::read_dir(&folder).expect("it is there").count(), 0, "nothing half is kept");
    let refused = visitor.try_send(&message_id(), "вот", vec![id.clone()]).await;
    assert!(matches!(refused, ToWidget::Refused { code: Refusal::FileUnknown, .. }), "{refused:?}");
    let answer = visitor.try_upload(&id, "кружка.gif", PICTURE).await;
    assert_eq!(answer.status(), StatusCode::OK, "the same, once there is room");
    let taken = visitor.try_send(&message_id(), "вот", vec![id]).await;
    assert!(matches!(taken, ToWidget::Accepted { .. }), "{taken:?}");
    wait_seen(&stage, &["один", "вот +кружка.gif"]).await;
}
