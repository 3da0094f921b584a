//! The last way to an operator's file: by its number at the portal, which only histories tell. To have read the history of
//! a chat is also what gives us its files (`imopenlines.session.history.get`).

use crate::bitrix::client::{Portal, Urgency};
use crate::bitrix::error::PortalError;
use crate::bitrix::events::Attachment;
use crate::bitrix::methods::drive::DownloadFile;
use crate::files::tidy;
use crate::relay::Relay;
use crate::relay::histories::{self, Spot};
use crate::store::{Fetch, FileSource};

/// An address that the portal gives for the file's number, good once; none where nobody tells the number.
pub async fn address(relay: &Relay, portal: &Portal, fetch: &Fetch) -> Result<Option<String>, PortalError> {
    let portal = portal.for_calls_of(Urgency::Upkeep);
    match number(relay, &portal, fetch).await {
        Some((chat, id)) => portal.call(&DownloadFile::of(chat, id)).await.map(Some),
        None => Ok(None),
    }
}

/// The portal's chat, and the file's number in it.
async fn number(relay: &Relay, portal: &Portal, fetch: &Fetch) -> Option<(u64, u64)> {
    let record = relay.store.dialogue(fetch.dialogue).await.ok()??;
    if let Some(id) = fetch.source.id {
        return record.portal_chat.map(|chat| (chat, id));
    }
    let im = fetch.im?;
    if relay.store.ways(portal.host()).await.ok()?.history_refused.is_some() {
        return None;
    }
    let shown = histories::look(portal, &[Spot::of(Some(&record))]).await.pop()?;
    let of_chat = shown.read().filter(|history| history.chat == Some(im.chat));
    let past = of_chat.flat_map(|history| &history.messages).find(|past| past.id == im.message)?;
    let id = same(&past.files, fetch.nth, &fetch.source)?.id?;
    Some((im.chat, id))
}

/// Which of a message's files is the one that its event told of as the `nth`.
fn same<'a>(files: &'a [Attachment], nth: usize, told: &FileSource) -> Option<&'a Attachment> {
    let is_it = |file: &&Attachment| {
        let sizes = file.size.zip(told.size);
        tidy(&file.name) == told.name && sizes.is_none_or(|(shown, told)| shown == told)
    };
    files.get(nth).filter(is_it).or_else(|| files.iter().find(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_again_by_its_name_and_size_and_by_its_place_among_such() {
        let file =
            |id, name: &str, size| Attachment { id: Some(id), name: name.to_owned(), size, ..Attachment::default() };
        let files = [file(1, "a.pdf", Some(7)), file(2, "a.pdf", Some(7)), file(3, "b.pdf", None)];
        let found = |nth, name: &str, size| {
            let told = FileSource { name: name.to_owned(), size, ..FileSource::default() };
            same(&files, nth, &told).and_then(|file| file.id)
        };
        assert_eq!(found(0, "a.pdf", Some(7)), Some(1));
        assert_eq!(found(1, "a.pdf", Some(7)), Some(2));
        assert_eq!(found(0, "b.pdf", Some(7)), Some(3), "the portal left something out");
        assert_eq!(found(0, "a.pdf", Some(8)), None);
        assert_eq!(found(9, "c.pdf", None), None);
    }
}
