//! The commands: settings, telemetry, signals and exit codes. What they do is the library's.

use clap::{Parser, Subcommand};
use otklik_server::admin::{self, Order};
use otklik_server::check::{Finding, Verdict};
use otklik_server::clock::Clock;
use otklik_server::config::Config;
use otklik_server::ids::DialogueId;
use otklik_server::telemetry;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A chat for websites whose operators answer in Bitrix24.
#[derive(Parser)]
#[command(name = "otklik", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The settings file; each key also as OTKLIK_… in the environment.
    #[arg(long, global = true, default_value = "otklik.toml")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the relay until it is told to stop.
    Serve,
    /// Looks whether everything holds that must, and says what to do where not.
    Check,
    /// Copies everything into FILE, also while the relay runs.
    Backup { file: PathBuf },
    /// Puts the copy FILE back. What was there stays beside it.
    Restore { file: PathBuf },
    /// Prints everything of one visitor as JSON.
    Export { dialogue: DialogueId },
    /// Removes everything of one visitor for good.
    Erase { dialogue: DialogueId },
}

/// Anything that ends a command, as one line with its causes.
type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match outcome(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("otklik: {}", telemetry::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn outcome(arguments: Arguments) -> Outcome {
    let config = Config::load(&arguments.config, std::env::vars())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let order = match arguments.command {
        Command::Serve => return runtime.block_on(serve(config)),
        Command::Restore { file } => return runtime.block_on(restore(&config, &file)),
        Command::Check => return runtime.block_on(check(config)),
        Command::Backup { file } => Order::Backup { file: std::path::absolute(file)? },
        Command::Export { dialogue } => Order::Export { dialogue },
        Command::Erase { dialogue } => Order::Erase { dialogue },
    };
    let told = runtime.block_on(admin::ask(config, order))?;
    println!("{told:#}");
    Ok(())
}

/// Prints what the doctor found, a line for each thing.
async fn check(config: Config) -> Outcome {
    let findings: Vec<Finding> = serde_json::from_value(admin::ask(config, Order::Check).await?)?;
    for Finding { what, verdict, told } in &findings {
        let mark = match verdict {
            Verdict::Holds => "ok  ",
            Verdict::Fails => "FAIL",
            Verdict::Unknown => "?   ",
        };
        println!("{mark}  {what}: {told}");
    }
    match findings.iter().filter(|finding| finding.verdict != Verdict::Holds).count() {
        0 => Ok(()),
        count => Err(format!("{count} of {} do not hold, or could not be looked at", findings.len()).into()),
    }
}

async fn restore(config: &Config, file: &Path) -> Outcome {
    admin::restore(&config.data, file, Clock::real().now()).await?;
    println!("{} is as it was in {}", config.data.display(), file.display());
    Ok(())
}

async fn serve(config: Config) -> Outcome {
    telemetry::start();
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|error| format!("listen: {} cannot be had: {error}", config.listen))?;
    let shutdown = CancellationToken::new();
    let run = otklik_server::run(listener, config, Clock::real(), shutdown.clone());
    tokio::pin!(run);
    tokio::select! {
        ended = &mut run => return Ok(ended?),
        asked = told_to_stop() => asked?,
    }
    shutdown.cancel();
    Ok(run.await?)
}

/// Returns at Ctrl-C, or when the system asks the process to end.
async fn told_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
