//! Bytes of untrusted input, bent: a short while each time, for hours by `cargo xtask soak --fuzz`.

mod doors;
mod long;

use otklik_tests::fuzz::{self, TARGETS};

const SEED: u64 = 20_260_821;
const CASES: u32 = 600;

fn survives(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("the reader is on the list");
    fuzz::run(target, SEED, CASES).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn no_body_of_the_portals_doors_breaks_its_reader() {
    survives("forms");
}

#[test]
fn no_event_breaks_its_reader() {
    survives("events");
}

#[test]
fn no_answer_of_a_portal_breaks_its_reader() {
    survives("answers");
}

#[test]
fn no_history_breaks_its_reader() {
    survives("histories");
}

#[test]
fn no_operators_text_becomes_more_than_text_and_safe_links() {
    survives("codes");
}

#[test]
fn no_visitors_text_outgrows_what_the_portal_takes_or_keeps_a_code() {
    survives("words");
}

#[test]
fn no_frame_breaks_its_readers_and_they_agree() {
    survives("frames");
}
