//! A refusal: the member's fault, told with the remedy. Never a fault of ours.

use std::fmt;

/// What the member asked for cannot be; each part is shown to them, and to their scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs; never renamed once published.
    pub code: &'static str,
    /// What is wrong: one sentence, naming the thing and the bound.
    pub message: String,
    /// What to do about it: one sentence, or nothing where the message says it all.
    pub hint: String,
}

impl Refusal {
    /// A command that was not understood, for which the exit status is another.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal::new("usage", message, hint)
    }

    /// Was the command not understood?
    pub fn is_usage(&self) -> bool {
        self.code == "usage"
    }

    /// A refusal with its remedy.
    pub fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hint.as_str() {
            "" => write!(out, "{}.", self.message),
            hint => write!(out, "{}. {hint}.", self.message),
        }
    }
}

impl std::error::Error for Refusal {}
