//! Running other programs so that one sees what happens and how long it took.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// What went wrong, in a line for whoever ran the command.
pub type Done = Result<(), String>;

/// The workspace's folder.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Where this build puts its programs (`target/debug`): this one is among them.
pub fn programs() -> Result<PathBuf, String> {
    let own = env::current_exe().map_err(|e| format!("this program does not know where it is: {e}"))?;
    Ok(own.parent().unwrap_or(&own).to_owned())
}

/// The cargo that runs us, in the workspace's folder. Its build scripts show the widget's progress on our terminal.
pub fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(words);
    let terminal = PathBuf::from(format!("/proc/{}/fd/2", std::process::id()));
    if terminal.exists() {
        command.env("BUILD_PROGRESS", terminal);
    }
    command
}

/// Says what is done, does it, and says how long it took.
pub fn run(title: &str, command: &mut Command) -> Done {
    eprintln!("\n=== {title}");
    let began = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|e| format!("{title}: {program} does not start: {e}"))?;
    if !status.success() {
        return Err(format!("{title}: failed after {} s ({status})", began.elapsed().as_secs()));
    }
    eprintln!("=== {title}: {} s", began.elapsed().as_secs());
    Ok(())
}

/// Whether `program` is there and answers.
pub fn answers(program: &str, words: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(words).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
