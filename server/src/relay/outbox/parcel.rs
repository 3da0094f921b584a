//! Files on their way to the portal: which an errand has, where the portal finds them, and what is sent in their place
//! when it cannot have them. Pure.

use crate::bitrix::bbcode::neutralise;
use crate::bitrix::methods::messages::{OutgoingFile, Taken};
use crate::clock::millis;
use crate::files::{Addresses, cut, mime_of};
use crate::ids::FileKey;
use crate::store::{Errand, OutboxItem};
use shared::{File, FileKind, Millis};
use std::time::Duration;

/// How long the portal, and an operator who follows a link, can have a file after the last call that named it.
const LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// After so many refusals of a message that is nothing but files, their addresses are sent as a text instead.
pub const OFFERS: u32 = 3;

/// The files that go with an errand.
pub fn files(what: &Errand) -> &[File] {
    match what {
        Errand::Say { files, .. } => files,
        Errand::Resend { file } => std::slice::from_ref(file),
        _ => &[],
    }
}

/// Whether an errand is nothing but files: then what the portal refuses is the files.
pub fn is_files_alone(what: &Errand) -> bool {
    match what {
        Errand::Say { text, files, .. } => text.trim().is_empty() && !files.is_empty(),
        Errand::Resend { .. } => true,
        _ => false,
    }
}

/// Those that the portal said nothing of: it could not download them, and dropped them.
pub fn lost(what: &Errand, taken: Option<&Taken>) -> Vec<File> {
    let has = |place: &usize| taken.is_some_and(|taken| taken.files.contains(place));
    files(what).iter().enumerate().filter(|(place, _)| !has(place)).map(|(_, file)| file.clone()).collect()
}

/// The files with addresses that are good from now on.
pub fn addressed(item: &OutboxItem, addresses: &Addresses, now: Millis) -> Vec<OutgoingFile> {
    let until = now + millis(LASTS);
    let one = |file: &File| OutgoingFile {
        url: addresses.mint_whole(FileKey::of(item.dialogue, &file.id), until),
        name: name(file),
        mime: (file.kind == FileKind::File).then(|| mime_of(&file.name)),
    };
    files(&item.what).iter().map(one).collect()
}

/// What a file is called at the portal.
pub fn name(file: &File) -> String {
    cut(&neutralise(&file.name))
}

/// The files as lines of text: their names and addresses. A message of its own, never put to a visitor's words.
pub fn links(files: &[OutgoingFile]) -> String {
    files.iter().map(|file| format!("{}: {}", file.name, file.url)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::FileId;

    fn file(nth: u8, name: &str) -> File {
        let id = FileId::try_from(format!("0000000{nth}")).unwrap();
        let (width, height, state, href) = (None, None, None, None);
        File { id, name: name.to_owned(), size: 1, kind: FileKind::File, width, height, state, href }
    }

    fn say(text: &str) -> Errand {
        let files = vec![file(0, "a.pdf"), file(1, "b.pdf")];
        Errand::Say { text: text.to_owned(), reply: None, guarded: false, files }
    }

    fn taken(files: Vec<usize>) -> Taken {
        Taken { success: true, errors: Vec::new(), session: None, user: None, files }
    }

    #[test]
    fn what_the_portal_does_not_tell_of_is_lost() {
        assert_eq!(lost(&say("hi"), Some(&taken(vec![1]))), [file(0, "a.pdf")]);
        assert_eq!(lost(&say("hi"), Some(&taken(vec![0, 1]))), []);
        assert_eq!(lost(&say("hi"), Some(&taken(vec![]))).len(), 2);
        assert_eq!(lost(&Errand::Rate { like: true }, Some(&taken(vec![]))), []);
    }

    #[test]
    fn only_what_has_no_words_is_refused_for_its_files() {
        assert!(is_files_alone(&say(" ")) && is_files_alone(&Errand::Resend { file: file(0, "a") }));
        assert!(!is_files_alone(&say("hi")) && !is_files_alone(&Errand::Finish { session: 1 }));
    }
}
