//! What the browser keeps for this site: the session, the words on their way, how far was read. All tabs share it, so
//! each change reads it afresh. Where a browser keeps nothing, nothing here fails: `Talk` has it all in memory.

use crate::dialogue::{Act, Fate, Pending};
use crate::json::{Json, parse, quote};
use shared::decode::{Node, files};
use shared::{File, FileKind, MessageId, Refusal, Seq};

/// A browser's storage of texts by name.
pub trait Shelf {
    fn get(&self, name: &str) -> Option<String>;
    /// Whether it was kept.
    fn set(&self, name: &str, text: &str) -> bool;
    fn remove(&self, name: &str);
}

pub struct Storage {
    /// `None`: the browser keeps nothing.
    shelf: Option<Box<dyn Shelf>>,
    /// Before every name: sites of one relay that a page shows do not share a visitor.
    prefix: String,
}

/// How many messages that were given up or sent anew are remembered.
const SETTLED_KEPT: usize = 50;

impl Storage {
    pub fn new(shelf: Option<Box<dyn Shelf>>, site: &str) -> Self {
        Self { shelf, prefix: ["otklik:", site, ":"].concat() }
    }

    /// Whether what is kept outlives this tab.
    pub fn lasts(&self) -> bool {
        self.shelf.is_some()
    }

    pub fn session(&self) -> Option<String> {
        self.get("session")
    }

    pub fn keep_session(&mut self, token: &str) {
        self.set("session", token);
    }

    /// Forgets the conversation, not the words on their way.
    pub fn forget_session(&mut self) {
        for name in ["session", "seen", "settled"] {
            if let Some(shelf) = &self.shelf {
                shelf.remove(&self.name(name));
            }
        }
    }

    /// The last entry that was shown to the visitor.
    pub fn seen(&self) -> Seq {
        self.get("seen").and_then(|seen| seen.parse().ok()).unwrap_or_default()
    }

    pub fn keep_seen(&mut self, seen: Seq) {
        self.set("seen", &seen.to_string());
    }

    /// Failed or doubtful messages that the visitor gave up or sent anew.
    pub fn settled(&self) -> Vec<MessageId> {
        let ids = self.get("settled").unwrap_or_default();
        ids.split(' ').filter_map(|id| MessageId::try_from(id.to_owned()).ok()).collect()
    }

    pub fn keep_settled(&mut self, ids: &[MessageId]) {
        let ids: Vec<_> = ids.iter().rev().take(SETTLED_KEPT).rev().map(MessageId::as_str).collect();
        self.set("settled", &ids.join(" "));
    }

    pub fn queue(&self) -> Vec<Pending> {
        let list = self.get("queue").and_then(|text| parse(&text)?.list()).unwrap_or_default();
        list.iter().filter_map(pending).collect()
    }

    /// Changes the words on their way as they are now, whichever tab wrote them.
    pub fn change_queue(&mut self, change: impl FnOnce(&mut Vec<Pending>)) {
        let mut queue = self.queue();
        change(&mut queue);
        let list: Vec<_> = queue.iter().map(written).collect();
        self.set("queue", &["[", &list.join(","), "]"].concat());
    }

    fn name(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }

    fn get(&self, name: &str) -> Option<String> {
        self.shelf.as_ref()?.get(&self.name(name))
    }

    fn set(&mut self, name: &str, text: &str) {
        let name = self.name(name);
        if self.shelf.as_ref().is_some_and(|shelf| !shelf.set(&name, text)) {
            self.shelf = None;
        }
    }
}

fn pending(json: &Json) -> Option<Pending> {
    let id = MessageId::try_from(json.get("id")?.text()?).ok()?;
    let at = json.get("at")?.number()? as u64;
    let refused = json.get("refused").is_some_and(|refused| refused.truth());
    let fate = if refused { Fate::Refused(Refusal::Unknown) } else { Fate::Waiting };
    let mut files = Node::get(json, "files").as_ref().map(files).unwrap_or_default();
    files.iter_mut().for_each(|file| file.href = None); // it was this page's
    let other = |name| MessageId::try_from(json.get(name)?.text()?).ok();
    let act = match json.get("act").and_then(|act| act.text()).unwrap_or_default().as_str() {
        "edit" => Act::Edit(other("of")?),
        "delete" => Act::Delete(other("of")?),
        "like" => Act::Rate(true),
        "dislike" => Act::Rate(false),
        "finish" => Act::Finish,
        _ => Act::Say { reply_to: other("of") },
    };
    Some(Pending { act, fate, files, ..Pending::new(id, json.get("text")?.text()?, at) })
}

fn written(message: &Pending) -> String {
    let refused = if matches!(message.fate, Fate::Refused(_)) { ",\"refused\":true}" } else { "}" };
    let (text, at) = (quote(&message.text), message.at.to_string());
    let (act, of) = match &message.act {
        Act::Say { reply_to } => ("say", reply_to.as_ref()),
        Act::Edit(of) => ("edit", Some(of)),
        Act::Delete(of) => ("delete", Some(of)),
        Act::Rate(true) => ("like", None),
        Act::Rate(false) => ("dislike", None),
        Act::Finish => ("finish", None),
    };
    let of = of.map(|of| ["\",\"of\":\"", of.as_str()].concat()).unwrap_or_default();
    let id = message.id.as_str();
    let files: Vec<_> = message.files.iter().map(described).collect();
    let files = if files.is_empty() { String::new() } else { [",\"files\":[", &files.join(","), "]"].concat() };
    ["{\"id\":\"", id, "\",\"act\":\"", act, &of, "\",\"text\":", &text, ",\"at\":", &at, &files, refused].concat()
}

fn described(file: &File) -> String {
    let kind = if file.kind == FileKind::Image { "image" } else { "file" };
    let pixels = |pixels: Option<u32>| pixels.map_or("null".to_owned(), |pixels| pixels.to_string());
    let (name, size) = (quote(&file.name), file.size.to_string());
    let (width, height) = (pixels(file.width), pixels(file.height));
    [
        "{\"id\":\"",
        file.id.as_str(),
        "\",\"name\":",
        &name,
        ",\"size\":",
        &size,
        ",\"kind\":\"",
        kind,
        "\",\"width\":",
        &width,
        ",\"height\":",
        &height,
        "}",
    ]
    .concat()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use shared::FileId;
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::rc::Rc;

    /// A browser's storage, shared by its clones as by tabs.
    #[derive(Clone, Default)]
    pub struct Shared(Rc<RefCell<HashMap<String, String>>>);

    impl Shelf for Shared {
        fn get(&self, name: &str) -> Option<String> {
            self.0.borrow().get(name).cloned()
        }
        fn set(&self, name: &str, text: &str) -> bool {
            self.0.borrow_mut().insert(name.to_owned(), text.to_owned());
            true
        }
        fn remove(&self, name: &str) {
            self.0.borrow_mut().remove(name);
        }
    }

    struct Full;

    impl Shelf for Full {
        fn get(&self, _: &str) -> Option<String> {
            None
        }
        fn set(&self, _: &str, _: &str) -> bool {
            false
        }
        fn remove(&self, _: &str) {}
    }

    fn message(n: u8) -> Pending {
        let id = MessageId::try_from(format!("0000000{n}")).unwrap();
        Pending::new(id, format!("\"{n}\"\n</script>\u{2028}"), 7)
    }

    #[test]
    fn words_are_kept_as_they_were_written_and_two_tabs_keep_each_others() {
        let shelf = Shared::default();
        let mut here = Storage::new(Some(Box::new(shelf.clone())), "k3v9x");
        let mut there = Storage::new(Some(Box::new(shelf.clone())), "k3v9x");
        here.change_queue(|queue| queue.push(message(1)));
        there.change_queue(|queue| queue.push(Pending { fate: Fate::Refused(Refusal::Unknown), ..message(2) }));
        assert_eq!(here.queue().len(), 2);
        assert_eq!(here.queue()[0], message(1));
        let id = FileId::try_from("ffffffff".to_owned()).unwrap();
        let (name, kind, state, href) = ("\"a\".png".to_owned(), FileKind::Image, None, Some("blob:x".to_owned()));
        let file = File { id, name, size: 7, kind, width: Some(3), height: None, state, href };
        let with_file = |href| Pending { files: vec![File { href, ..file.clone() }], ..message(3) };
        here.change_queue(|queue| queue.push(with_file(file.href.clone())));
        assert_eq!(here.queue().pop(), Some(with_file(None)), "what its page showed is of that page");
        here.change_queue(|queue| drop(queue.pop()));
        assert_eq!(here.queue()[1].fate, Fate::Refused(Refusal::Unknown));
        let other_site = Storage::new(Some(Box::new(shelf.clone())), "k3v9y");
        assert_eq!(other_site.queue(), []);
        assert!(shelf.get("otklik:k3v9x:queue").is_some());
    }

    #[test]
    fn a_browser_that_keeps_nothing_is_known_by_the_first_attempt() {
        let mut storage = Storage::new(Some(Box::new(Full)), "k3v9x");
        assert!(storage.lasts());
        storage.keep_session("token");
        assert!(!storage.lasts());
        assert_eq!((storage.session(), storage.queue()), (None, vec![]));
    }
}
