//! How the portal stores what was sent, which is not always as it went: by that a message is recognised that it gave no
//! id, and what of its files it has. Pure.

use super::parcel::{self, files};
use super::wording::{JOINER, wording};
use crate::bitrix::events::Attachment;
use crate::bitrix::methods::history::Past;
use crate::files::{Addresses, Place};
use crate::ids::{DialogueId, FileKey};
use crate::store::Errand;
use shared::{File, Millis};

/// What stands in the place of the digit that was taken for a rating (`imconnector.send.messages`).
const LIKE: &str = "[like]";
const DISLIKE: &str = "[dislike]";

/// What stands behind the words for a file that the portal's drive has no room for.
const NO_ROOM: &str = "[FILE]";

/// Before every address has ended.
const EVER: Millis = 0;

/// Something that was sent.
#[derive(Clone, Copy)]
pub struct Sent<'a> {
    pub dialogue: DialogueId,
    pub what: &'a Errand,
    /// What operators call the visitor.
    pub title: &'a str,
    /// Reads the addresses that went in the place of files.
    pub addresses: &'a Addresses,
}

impl Sent<'_> {
    /// Whether `past` may be it.
    pub fn may_be(&self, past: &Past) -> bool {
        let (text, words, files) = (bare(&past.text), wording(self.what, self.title), files(self.what));
        let words = bare(&words);
        if text == words && words.is_empty() {
            let is_ours = |kept: &Attachment| files.iter().any(|file| is_named(kept, file) || is_long(kept, file));
            return past.file_count > 0 && (past.files.is_empty() || past.files.iter().any(is_ours));
        }
        let marks = text.strip_prefix(words).map(str::split_whitespace);
        let no_room =
            marks.is_some_and(|mut marks| marks.clone().count() <= files.len() && marks.all(|it| it == NO_ROOM));
        no_room || thumb(words).is_some_and(|thumb| text == thumb)
    }

    /// Whether `past` is the addresses of its files, which went in their place.
    pub fn is_linked(&self, past: &Past) -> bool {
        self.are_links(bare(&past.text))
    }

    /// Which of its files `past`, which is it, does not have.
    pub fn lost(&self, past: &Past) -> Vec<File> {
        let files = files(self.what);
        let most = files.len().saturating_sub(past.file_count);
        if most == 0 || self.is_linked(past) {
            return Vec::new();
        }
        // The portal may have called one otherwise, where it had its name already.
        let mut kept = past.files.clone();
        let mut lost: Vec<&File> = files.iter().collect();
        for is_it in [is_named, is_long] {
            lost.retain(|file| match kept.iter().position(|kept| is_it(kept, file)) {
                Some(place) => {
                    kept.swap_remove(place);
                    false
                }
                None => true,
            });
        }
        lost.into_iter().take(most).cloned().collect()
    }

    /// Whether `text` is the addresses of its files, as `parcel::links` writes them.
    fn are_links(&self, text: &str) -> bool {
        let leads_to = |line: &str, file: &File| {
            let token = line.strip_prefix(&parcel::name(file)).and_then(|address| address.rsplit_once("/files/"));
            let key = FileKey::of(self.dialogue, &file.id);
            token.is_some_and(|(_, token)| self.addresses.read(token, EVER) == Place::Here(key))
        };
        let files = files(self.what);
        !files.is_empty()
            && text.lines().count() == files.len()
            && text.lines().zip(files).all(|(line, file)| leads_to(line, file))
    }
}

/// Without what nobody sees: a text is guarded or not by what was known when it went.
fn bare(text: &str) -> &str {
    text.trim().trim_start_matches(JOINER).trim_start()
}

/// What operators see in the place of words that were taken for a rating.
fn thumb(words: &str) -> Option<String> {
    let (thumb, rest) = match words.split_at_checked(1)? {
        ("1", rest) => (LIKE, rest),
        ("0", rest) => (DISLIKE, rest),
        _ => return None,
    };
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| format!("{thumb}{rest}"))
}

fn is_named(kept: &Attachment, file: &File) -> bool {
    kept.name == parcel::name(file)
}

fn is_long(kept: &Attachment, file: &File) -> bool {
    kept.size == Some(file.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PublicUrl;
    use shared::{FileId, FileKind};

    fn file(nth: u8, name: &str) -> File {
        let id = FileId::try_from(format!("0000000{nth}")).unwrap();
        let (width, height, state, href) = (None, None, None, None);
        File { id, name: name.to_owned(), size: 10 + u64::from(nth), kind: FileKind::File, width, height, state, href }
    }

    fn kept(name: &str, size: u64) -> Attachment {
        Attachment { name: name.to_owned(), size: Some(size), ..Attachment::default() }
    }

    fn past(text: &str, files: Vec<Attachment>) -> Past {
        Past { text: text.to_owned(), file_count: files.len(), files, ..Past::default() }
    }

    fn say(text: &str, files: Vec<File>) -> Errand {
        Errand::Say { text: text.to_owned(), reply: None, guarded: false, files }
    }

    fn sent<T>(what: &Errand, read: impl FnOnce(Sent<'_>) -> T) -> T {
        let origin: PublicUrl = "https://chat.example.ru".parse().unwrap();
        let addresses = Addresses::new([7; 32], origin);
        read(Sent { dialogue: DialogueId::from_bytes([5; 16]), what, title: "Visitor 1", addresses: &addresses })
    }

    fn is(what: &Errand, text: &str) -> bool {
        sent(what, |sent| sent.may_be(&past(text, Vec::new())))
    }

    #[test]
    fn words_are_recognised_as_they_went_and_as_ratings_are_shown() {
        let hi = say("[b]hi[/b]", Vec::new());
        assert!(is(&hi, "[\u{2060}b]hi[\u{2060}/b] ") && !is(&hi, "hi") && !is(&hi, ""));
        let (like, dislike) = (Errand::Rate { like: true }, Errand::Rate { like: false });
        assert!(is(&like, "1") && is(&like, "[like]") && is(&dislike, "0") && is(&dislike, "[dislike]"));
        assert!(!is(&like, "0") && !is(&like, "[dislike]") && !is(&like, "[like] да"));
        assert!(is(&say("1 спасибо", Vec::new()), "[like] спасибо") && !is(&say("10", Vec::new()), "[like]0"));
        assert!(is(&say("1", Vec::new()), "\u{2060}1"), "guarded or not, it is the same");
    }

    #[test]
    fn words_are_recognised_though_the_drive_had_no_room_for_their_files() {
        let two = vec![file(0, "a.pdf"), file(1, "b.pdf")];
        assert!(is(&say("вот", two.clone()), "вот [FILE]") && is(&say("вот", two.clone()), "вот [FILE] [FILE]"));
        assert!(is(&say("", two.clone()), "[FILE]") && is(&Errand::Resend { file: file(0, "a.pdf") }, "[FILE]"));
        assert!(!is(&say("вот", two), "вот [FILE] [FILE] [FILE]") && !is(&say("вот", Vec::new()), "вот [FILE]"));
    }

    #[test]
    fn files_without_words_are_recognised_by_themselves() {
        let what = Errand::Resend { file: file(0, "a.pdf") };
        let has = |files| sent(&what, |sent| sent.may_be(&past("", files)));
        assert!(has(vec![kept("a.pdf", 99)]) && has(vec![kept("a (1).pdf", 10)]));
        assert!(!has(vec![kept("b.pdf", 11)]) && !has(Vec::new()));
        let untold = Past { file_count: 1, ..Past::default() };
        assert!(sent(&what, |sent| sent.may_be(&untold)), "the history does not say which");
    }

    #[test]
    fn a_file_that_went_as_a_link_is_recognised_by_its_address() {
        let (a, b) = (file(0, "a.pdf"), file(1, "b.pdf"));
        let what = Errand::Resend { file: a.clone() };
        sent(&what, |sent| {
            let line = |file: &File, of| {
                format!("{}: {}", file.name, sent.addresses.mint_whole(FileKey::of(of, &file.id), 9_000))
            };
            let here = sent.dialogue;
            assert!(sent.is_linked(&past(&line(&a, here), Vec::new())));
            assert!(!sent.is_linked(&past(&line(&b, here), Vec::new())), "another file");
            assert!(
                !sent.is_linked(&past(&line(&a, DialogueId::from_bytes([6; 16])), Vec::new())),
                "another visitor's"
            );
            assert!(!sent.is_linked(&past("a.pdf: https://chat.example.ru/files/AAAA", Vec::new())));
            assert_eq!(sent.lost(&past(&line(&a, here), Vec::new())), [], "nothing more can be done for it");
            let both = Sent { what: &say("", vec![a.clone(), b.clone()]), ..sent };
            assert!(both.is_linked(&past(&[line(&a, here), line(&b, here)].join("\n"), Vec::new())));
        });
    }

    #[test]
    fn what_the_portal_does_not_have_of_the_files_is_lost() {
        let (a, b, c) = (file(0, "a.pdf"), file(1, "b.pdf"), file(2, "c.pdf"));
        let what = say("вот", vec![a.clone(), b.clone(), c.clone()]);
        let lost = |files| sent(&what, |sent| sent.lost(&past("вот", files)));
        assert_eq!(lost(vec![kept("a.pdf", 10), kept("b.pdf", 11), kept("c.pdf", 12)]), []);
        assert_eq!(lost(vec![kept("c.pdf", 12), kept("a.pdf", 10)]), std::slice::from_ref(&b));
        assert_eq!(
            lost(vec![kept("a (1).pdf", 10), kept("b.pdf", 11)]),
            std::slice::from_ref(&c),
            "it was called otherwise"
        );
        assert_eq!(lost(Vec::new()), [a, b, c]);
        let untold = Past { file_count: 3, ..Past::default() };
        assert_eq!(sent(&what, |sent| sent.lost(&untold)), []);
        assert_eq!(sent(&say("hi", Vec::new()), |sent| sent.lost(&past("hi", Vec::new()))), []);
    }
}
