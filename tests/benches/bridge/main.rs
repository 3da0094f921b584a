//! How fast the bridge carries while the portal's limits hold: `cargo xtask bench bridge`, or one scene by its name.
//!
//! The relay is the real one, in this process; the portal is the stand-in with its real bucket (50 calls at once, then two
//! a second), and takes 20 ms for each message, as the aims assume. Times are real. It fails where an aim is missed.

mod crowd;
mod figures;
mod flood;
mod rush;
mod steady;
mod ways;

use figures::Table;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // Cargo adds words of its own, which begin with dashes.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let mut tables: Vec<Table> = Vec::new();
    if is_wanted("steady") {
        tables.push(steady::measured().await);
    }
    if is_wanted("rush") {
        tables.push(rush::measured().await);
    }
    if is_wanted("ways") {
        tables.push(ways::measured().await);
    }
    if is_wanted("flood") {
        tables.push(flood::measured().await);
    }
    let missed: Vec<String> = tables.iter().flat_map(Table::missed).collect();
    for table in &tables {
        println!("\n{table}");
    }
    if missed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("missed: {}", missed.join("; "));
    ExitCode::FAILURE
}
