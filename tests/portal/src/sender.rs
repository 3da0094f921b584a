//! The queue service behind the portal: sends each event once, when it is due, and never again.

use std::time::Duration;

use reqwest::header;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Millis,
    events::{Delivery, Job},
    http,
    portal::Shared,
    world::World,
};

/// How long a handler may take. The real figure is not documented.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends what falls due, by as many workers side by side as there are, and rings alarms, until `stop`.
pub(crate) async fn run(shared: Shared, stop: CancellationToken) {
    let workers = shared.look(|world| world.options.workers.max(1));
    let working = (0..workers).map(|_| work(shared.clone(), stop.clone()));
    futures_util::future::join_all(working).await;
}

/// One worker: one event after another.
async fn work(shared: Shared, stop: CancellationToken) {
    let client = http::client(HANDLER_TIMEOUT);
    let mut changed = shared.changes();
    while !stop.is_cancelled() {
        changed.mark_unchanged();
        match shared.change_quietly(next) {
            Next::Send(job) => {
                let delivery = send(&client, shared.clock().now(), job).await;
                shared.change(|world| {
                    world.sending -= 1;
                    world.deliveries.push(delivery);
                });
            }
            Next::Rang => shared.change(|_| ()),
            Next::Nothing(due) => {
                let clock = shared.clock();
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = changed.changed() => {}
                    () = async { match due {
                        Some(due) => clock.sleep_until(due).await,
                        None => std::future::pending().await,
                    } } => {}
                }
            }
        }
    }
}

enum Next {
    Send(Job),
    /// Something had fallen due and was done.
    Rang,
    /// Nothing before this moment.
    Nothing(Option<Millis>),
}

fn next(world: &mut World) -> Next {
    let now = world.clock.now();
    if world.alarms.iter().any(|alarm| alarm.due <= now) {
        world.ring();
        return Next::Rang;
    }
    if let Some(at) = world.queue.iter().position(|job| job.due <= now) {
        world.sending += 1;
        return Next::Send(world.queue.remove(at));
    }
    let jobs = world.queue.iter().map(|job| job.due);
    Next::Nothing(jobs.chain(world.alarms.iter().map(|alarm| alarm.due)).min())
}

async fn send(client: &reqwest::Client, sent_at: Millis, job: Job) -> Delivery {
    let started = tokio::time::Instant::now();
    let body = job.body(sent_at);
    let answer = client
        .post(&job.handler)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
        .header(header::USER_AGENT, "Bitrix24 Webhook Engine")
        .body(body.clone())
        .send()
        .await;
    let status = answer.ok().map(|answer| answer.status().as_u16());
    if status != Some(200) {
        tracing::info!(event = %job.event, ?status, "an event was not taken; it is lost");
    }
    Delivery { event: job.event, handler: job.handler, body, sent_at, took: started.elapsed(), status }
}
