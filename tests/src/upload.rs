//! A visitor's files, without a browser.

use reqwest::{Response, StatusCode};
use shared::{File, FileId, MessageId, Refusal, ToServer, ToWidget};

use crate::{
    http,
    visitor::{Visitor, message_id},
};

/// A name for a new file, as a widget makes it.
pub fn file_id() -> FileId {
    FileId::try_from(message_id().to_string()).expect("a UUID names a file")
}

impl Visitor {
    /// Asks for a file's address on the relay, from the chat's own page.
    pub fn at_file(&self, method: reqwest::Method, id: &FileId, name: &str) -> reqwest::RequestBuilder {
        let request = http().request(method, format!("{}/v1/files/{id}", self.relay()));
        let request = request.query(&[("name", name)]).header("origin", self.relay());
        request.bearer_auth(self.session.as_deref().unwrap_or_default())
    }

    /// Uploads a file.
    pub async fn upload(&self, name: &str, bytes: impl Into<reqwest::Body>) -> File {
        let answer = self.try_upload(&file_id(), name, bytes).await;
        assert_eq!(answer.status(), StatusCode::OK, "the relay takes {name}");
        answer.json().await.expect("it says what the file is")
    }

    /// Uploads a file that the relay may refuse.
    pub async fn try_upload(&self, id: &FileId, name: &str, bytes: impl Into<reqwest::Body>) -> Response {
        self.at_file(reqwest::Method::PUT, id, name).body(bytes).send().await.expect("the relay answers")
    }

    /// Sends a message with files, and waits until the relay has it on disk.
    pub async fn send_files(&mut self, text: &str, files: &[&File]) -> MessageId {
        let id = message_id();
        let answer = self.try_send(&id, text, files.iter().map(|file| file.id.clone()).collect()).await;
        assert!(matches!(answer, ToWidget::Accepted { .. }), "instead of accepting it: {answer:?}");
        id
    }

    /// Sends a message with files that the relay may refuse.
    pub async fn try_send(&mut self, id: &MessageId, text: &str, files: Vec<FileId>) -> ToWidget {
        let (id, text) = (id.clone(), text.to_owned());
        self.send(&ToServer::Say { id: id.clone(), text, reply_to: None, files }).await;
        self.wait_for(move |frame| match frame {
            ToWidget::Accepted { id: of, .. } | ToWidget::Refused { id: Some(of), .. } => *of == id,
            _ => false,
        })
        .await
    }
}

/// Why the relay refused a request.
pub async fn refusal(answer: Response) -> Refusal {
    match answer.json().await.expect("a refusal is a frame") {
        ToWidget::Refused { code, .. } => code,
        other => panic!("instead of a refusal: {other:?}"),
    }
}
