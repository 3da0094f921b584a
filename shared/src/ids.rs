//! Identifiers that cross the wire, checked once at the door. No I/O; knows nothing of where they are kept.

use std::fmt;

/// What is wrong with an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("{0} characters, where {1} to {2} are right")]
    Length(usize, usize, usize),
    #[error("the character {0:?}")]
    Character(char),
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $least:expr, $most:expr, $allowed:pat) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                match text.chars().find(|c| !matches!(c, $allowed)) {
                    Some(stray) => Err(IdError::Character(stray)),
                    None if ($least..=$most).contains(&text.len()) => Ok(Self(text)),
                    None => Err(IdError::Length(text.len(), $least, $most)),
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Which site a page belongs to: 1 to 32 of `a-z`, `0-9`, `-`, made when a line is connected. Public.
    SiteKey, 1, 32, 'a'..='z' | '0'..='9' | '-'
);

text_id!(
    /// The name of one message. The widget makes it (a UUID) before the first attempt, so a repeat is recognised;
    /// the relay makes it for an operator's message. 8 to 36 of `0-9`, `a-f`, `-`.
    MessageId, 8, 36, '0'..='9' | 'a'..='f' | '-'
);

text_id!(
    /// The name of one file of a dialogue. The widget makes it (a UUID) before the upload, so a repeat is recognised;
    /// the relay makes it for an operator's file. 8 to 36 of `0-9`, `a-f`, `-`.
    FileId, 8, 36, '0'..='9' | 'a'..='f' | '-'
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_what_is_wrong() {
        assert_eq!(SiteKey::try_from("Gl".to_owned()), Err(IdError::Character('G')));
        assert_eq!(SiteKey::try_from(String::new()), Err(IdError::Length(0, 1, 32)));
        assert!(MessageId::try_from("0192b6a1-7c1f-7d2e-8000-1234567890ab".to_owned()).is_ok());
        assert_eq!(MessageId::try_from("a|b45678".to_owned()), Err(IdError::Character('|')));
    }
}
