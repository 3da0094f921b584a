//! `otklik-portal`: a stand-in portal to look at, alone or with a relay and a shop.

use std::{error::Error, process::ExitCode, time::Duration};

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
}

/// Events of a real portal take a moment.
const EVENT_DELAY: Duration = Duration::from_millis(300);

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve => serve().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("otklik-portal: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let portal = Portal::start(Options { event_delay: EVENT_DELAY, ..Options::default() }).await?;
    println!("operator's desk  {}", portal.desk_url());
    println!("settings file    [[portal]]");
    println!("                 host = \"{}\"", portal.host());
    println!("                 client_id = \"{}\"", portal.client_id());
    println!("                 client_secret = \"{}\"", portal.client_secret());
    println!("                 oauth_url = \"{}\"", portal.oauth_url());
    println!("Save the card under “Application” on the desk once the relay runs. Ctrl-C stops.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
