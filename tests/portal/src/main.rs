//! `otklik-portal`: a stand-in portal to look at, alone or with a relay and a shop.

mod demo;
mod signals;

use std::{error::Error, iter, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use otklik_portal::{Options, Portal};

/// A stand-in for a Bitrix24 portal, with an operator's desk. It keeps nothing and serves this machine alone.
#[derive(Parser)]
#[command(name = "otklik-portal", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A portal and its desk, for a relay that you run yourself.
    Serve,
    /// A portal and its desk, a relay, and a shop whose visitors write to the desk.
    Demo {
        /// The relay's binary, `otklik`.
        #[arg(long)]
        relay: PathBuf,
    },
}

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome: Outcome = match Arguments::parse().command {
        Command::Serve => serve().await,
        Command::Demo { relay } => demo::run(relay).await.map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("otklik-portal: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Outcome {
    let portal = Portal::start(Options { event_delay: demo::EVENT_DELAY, ..Options::default() }).await?;
    println!("Operator's desk  {}\n\nFor the relay's settings file:\n\n{}", portal.desk_url(), portal.settings());
    println!("Once the relay runs, save the card under “Application” on the desk. Ctrl-C stops.");
    signals::told_to_stop().await?;
    Ok(())
}

/// An error with everything that led to it, as one line.
fn chain(error: &dyn Error) -> String {
    let causes = iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
