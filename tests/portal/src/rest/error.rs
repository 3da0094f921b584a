//! Errors as the portal documents them: a code, a text, an HTTP status.

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestError {
    pub status: u16,
    pub code: String,
    pub description: String,
    /// `ERROR_ARGUMENT` names what is missing.
    pub argument: Option<&'static str>,
}

/// The system errors of `_includes/system-errors.md`, with their texts where a sample of them is known.
const SYSTEM: &[(u16, &str, &str)] = &[
    (400, "CONNECTION_ERROR", "Error connecting to authorization server"),
    (400, "INVALID_REQUEST", "Https required"),
    (401, "NO_AUTH_FOUND", "Wrong authorization data"),
    (401, "authorization_error", "Unable to authorize user"),
    (401, "expired_token", "The access token provided has expired."),
    (401, "invalid_token", "Unable to get application by token"),
    (402, "PAYMENT_REQUIRED", "Payment required"),
    (403, "ACCESS_DENIED", "REST is available only on commercial plans"),
    (403, "INVALID_CREDENTIALS", "Invalid request credentials"),
    (403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method Application context required"),
    (403, "insufficient_scope", "The request requires higher privileges than provided by the access token"),
    (403, "user_access_error", "The user does not have access to the application."),
    (404, "APPLICATION_NOT_FOUND", "Application not found"),
    (404, "ERROR_MANIFEST_IS_NOT_AVAILABLE", "Manifest is not available"),
    (404, "ERROR_METHOD_NOT_FOUND", "Method not found!"),
    (405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage"),
    (400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded"),
    (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    (500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response"),
    (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    (500, "PORTAL_DELETED", "Portal was deleted"),
    (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload."),
    (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
];

impl RestError {
    pub fn new(status: u16, code: &str, description: &str) -> Self {
        Self { status, code: code.to_owned(), description: description.to_owned(), argument: None }
    }

    /// An error of the table by its code; an unknown code answers 400.
    pub fn system(code: &str) -> Self {
        match SYSTEM.iter().find(|(_, known, _)| *known == code) {
            Some((status, code, description)) => Self::new(*status, code, description),
            None => Self::new(400, code, code),
        }
    }

    pub fn no_method() -> Self {
        Self::system("ERROR_METHOD_NOT_FOUND")
    }

    pub fn argument(name: &'static str) -> Self {
        let description = format!("Argument '{name}' is null or empty");
        Self { argument: Some(name), ..Self::new(400, "ERROR_ARGUMENT", &description) }
    }

    pub fn access_denied() -> Self {
        Self::new(403, "ACCESS_DENIED", "Access denied! Admin rights required.")
    }

    /// The body of the answer, without `time`: the portal gives none with errors.
    pub fn body(&self) -> Value {
        let mut body = json!({"error": self.code, "error_description": self.description});
        if let Some(argument) = self.argument {
            body["argument"] = json!(argument);
        }
        body
    }
}
