//! The log's set-up. A line reads alone and carries fields; none of them is a token, a word, a name or an address of
//! a visitor.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What is told unless `RUST_LOG` says otherwise.
const USUAL: &str = "info,hyper=warn,reqwest=warn";

/// Starts logging to the standard error: lines for a terminal, JSON for everything that collects logs.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever embeds the relay may have set a log up already; theirs stays then.
    let _ = if std::io::stderr().is_terminal() {
        lines.with_target(false).try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
}

/// An error with everything that led to it, as one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
