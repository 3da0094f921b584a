//! The transcripts of PROTOCOL.md are what the types say: each frame is read, and written again the same.

use serde_json::Value;
use shared::{ToServer, ToWidget};

#[test]
fn every_frame_of_the_transcripts_is_one() {
    let page = include_str!("../PROTOCOL.md");
    let (mut asked, mut told) = (0, 0);
    for line in page.lines() {
        if let Some(frame) = line.strip_prefix("→ ") {
            let read: ToServer = serde_json::from_str(frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
            assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::from_str::<Value>(frame).unwrap());
            asked += 1;
        } else if let Some(frame) = line.strip_prefix("← ") {
            let read: ToWidget = serde_json::from_str(frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
            assert_ne!(read, ToWidget::Unknown, "{frame}");
            assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::from_str::<Value>(frame).unwrap());
            told += 1;
        }
    }
    assert!(asked >= 5 && told >= 9, "{asked} and {told} frames");
}
