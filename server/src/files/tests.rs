//! The folder: what is written, left, swept, copied.

use super::*;

fn key(nth: u8) -> FileKey {
    FileKey::from([nth; 16])
}

async fn written(files: &Files, key: FileKey, bytes: &'static [u8]) -> (Look, Claim) {
    let mut writer = files.write(key).await.unwrap();
    writer.write(&Bytes::from_static(bytes)).await.unwrap();
    writer.finish().await.unwrap()
}

async fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
        Err(_) => Vec::new(),
    };
    names.sort();
    names
}

#[tokio::test]
async fn a_file_is_there_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let files = Files::beside(&place.path().join("otklik.redb"), 100);
    let mut writer = files.write(key(1)).await.unwrap();
    writer.write(&Bytes::from_static(b"half")).await.unwrap();
    assert_eq!(files.write(key(1)).await.unwrap_err().kind(), ErrorKind::AlreadyExists, "one writer at a time");
    drop(writer);
    assert_eq!(names(&files.folder).await, Vec::<String>::new());
    let (look, _claim) = written(&files, key(1), b"GIF89a\x02\0\x01\0").await;
    assert_eq!(look, Look { size: 10, image: Some(Image { mime: "image/gif", width: 2, height: 1 }) });
    assert!(files.open(key(1)).await.is_ok());
}

#[tokio::test]
async fn a_sweep_takes_what_nobody_knows() {
    let place = tempfile::tempdir().unwrap();
    let files = Files::beside(&place.path().join("otklik.redb"), 100);
    assert_eq!(files.idle().await.unwrap(), Vec::<PathBuf>::new(), "no folder yet");
    let (_, known) = written(&files, key(1), b"known").await;
    let (_, stray) = written(&files, key(2), b"stray").await;
    let (_, _new) = written(&files, key(3), b"not yet in the store").await;
    std::fs::write(files.path(key(4)).with_extension("part"), b"cut off").unwrap();
    drop((known, stray));
    let idle = files.idle().await.unwrap();
    drop(written(&files, key(5), b"after the look").await);
    files.sweep(idle, &HashSet::from([key(1)])).await.unwrap();
    assert_eq!(names(&files.folder).await, [key(1).to_string(), key(3).to_string(), key(5).to_string()]);
}

#[tokio::test]
async fn a_sweep_spares_what_came_in_the_place_of_what_it_saw() {
    let place = tempfile::tempdir().unwrap();
    let files = Files::beside(&place.path().join("otklik.redb"), 100);
    drop(written(&files, key(1), b"whole, and in no store when the relay was killed").await);
    let (idle, known) = (files.idle().await.unwrap(), HashSet::new());
    drop(written(&files, key(1), b"fetched again, and in the store").await);
    files.sweep(idle, &known).await.unwrap();
    assert_eq!(names(&files.folder).await, [key(1).to_string()]);
    files.sweep(files.idle().await.unwrap(), &known).await.unwrap();
    assert_eq!(names(&files.folder).await, Vec::<String>::new(), "nobody's by the next sweep");
}

#[tokio::test]
async fn a_copy_is_put_back_and_what_was_there_stays_beside() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("otklik.redb");
    let files = Files::beside(&data, 100);
    drop(written(&files, key(1), b"one").await);
    let copy = place.path().join("copy.files");
    files.copy_to(&copy).await.unwrap();
    drop(written(&files, key(2), b"two").await);
    Files::restore(&copy, &data).await.unwrap();
    assert_eq!(names(&files.folder).await, [key(1).to_string()]);
    assert_eq!(names(&place.path().join("otklik.files.before")).await.len(), 2);
    Files::restore(&place.path().join("none.files"), &data).await.unwrap();
    assert_eq!(names(&files.folder).await, [key(1).to_string()], "a copy without files takes none away");
}
