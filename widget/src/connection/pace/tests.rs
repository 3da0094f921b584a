//! The pace, by hand-moved time.

use super::*;

fn up(now: Millis) -> Pace {
    let mut pace = Pace::new();
    pace.start(now);
    assert_eq!((pace.due(), pace.tick(now)), (Some(now), Some(Act::Open(Way::Socket))));
    pace.heard(now);
    pace.greeted(Way::Socket, now);
    pace
}

#[test]
fn attempts_come_ever_more_rarely_and_every_third_is_a_poll() {
    let mut pace = Pace::new();
    pace.start(0);
    let (mut now, mut waits, mut ways) = (0, Vec::new(), Vec::new());
    for _ in 0..8 {
        let due = pace.due().unwrap();
        waits.push(due - now);
        now = due;
        let Some(Act::Open(way)) = pace.tick(now) else { panic!("an attempt is due") };
        ways.push(way);
        pace.lost(now, 1.0, 0);
    }
    assert_eq!(waits, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert_eq!(ways.iter().filter(|way| **way == Way::Poll).count(), 2);
    assert_eq!((ways[2], ways[5]), (Way::Poll, Way::Poll));
}

#[test]
fn a_quiet_connection_is_asked_and_a_dead_one_dropped() {
    let mut pace = up(0);
    assert_eq!((pace.due(), pace.tick(27_999)), (Some(28_000), None));
    assert_eq!(pace.tick(28_000), Some(Act::Ping));
    assert_eq!((pace.due(), pace.tick(38_000)), (Some(38_000), Some(Act::Drop)));
    let mut pace = up(0);
    pace.asked(1_000);
    pace.heard(2_000);
    assert_eq!(pace.due(), Some(30_000), "an answer came");
}

#[test]
fn after_sleep_a_passed_deadline_is_doubted_first() {
    let mut pace = up(0);
    pace.asked(1_000);
    assert_eq!(pace.due(), Some(11_000));
    let woken = 3_600_000;
    assert_eq!(pace.tick(woken), Some(Act::Ping));
    assert_eq!((pace.due(), pace.tick(woken + 4_000)), (Some(woken + 4_000), Some(Act::Drop)));
}

#[test]
fn a_returning_network_is_tried_at_once() {
    let mut pace = up(0);
    pace.lost(0, 0.0, 0);
    pace.nudge(10);
    assert_eq!((pace.due(), pace.tick(10)), (Some(10), Some(Act::Open(Way::Socket))));
    let mut pace = up(0);
    pace.nudge(20_000);
    assert_eq!(pace.tick(20_000), Some(Act::Ping), "and a standing connection is asked");
    assert_eq!(pace.tick(24_000), Some(Act::Drop));
}

#[test]
fn requests_give_way_to_a_socket_when_one_gets_through() {
    let mut pace = up(0);
    pace.greeted(Way::Poll, 0);
    for (due, now) in [(60_000, 60_000), (180_000, 190_000), (430_000, 430_000)] {
        pace.heard(due - 1_000);
        assert_eq!((pace.due(), pace.tick(now)), (Some(due), Some(Act::Probe)));
        assert_eq!(pace.tick(now), None);
    }
    pace.greeted(Way::Socket, 430_000);
    pace.heard(430_000);
    assert_eq!(pace.due(), Some(458_000));
}

#[test]
fn the_relay_may_ask_for_a_longer_wait() {
    let mut pace = up(0);
    pace.lost(0, 0.0, 12_000);
    assert_eq!(pace.due(), Some(12_000));
}
