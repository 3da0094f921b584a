//! Visitors with open pages, and when each word of theirs, and each answer, arrived.

use futures_util::{StreamExt, stream};
use otklik_server::clock::Clock;
use otklik_tests::{
    portal::{Author, Chat, Millis, Options, Portal, Work},
    stage::{ANNA, SALES, Stage},
    visitor::{Visitor, plain},
    wait,
};
use shared::{Author as From, Happening};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// No visitor is refused for haste: what is measured is the bridge.
const LIMITS: &str = "[limits]\nsession_burst = 1000000\nsession_per_minute = 1000000\naddress_burst = 1000000\n\
    address_per_minute = 1000000\nsessions_burst = 1000000\nsessions_per_minute = 1000000\n\
    address_connections = 1000000\n";

/// What the stand-in takes for a message.
const MESSAGE: Duration = Duration::from_millis(20);

/// How long everything may take to arrive in the end, far beyond any aim.
const END: Duration = Duration::from_secs(300);

/// How many pages open at the same time.
const AT_ONCE: usize = 50;

/// Longer than any scene.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// When something was said, or arrived, by its words.
pub type Times = HashMap<String, Millis>;

/// A portal, a relay, and visitors of one site.
pub struct Crowd {
    pub stage: Stage,
    people: Vec<mpsc::UnboundedSender<String>>,
    said: Mutex<Times>,
    heard: Arc<Mutex<Times>>,
}

impl Crowd {
    /// So many visitors, who have opened the chat and said nothing.
    pub async fn gather(count: usize) -> Self {
        let work = Work { message: MESSAGE, ..Work::default() };
        let mut stage = Stage::empty_at(Options { work, ..Options::default() }, Clock::real(), LIMITS).await;
        stage.start_here().await;
        stage.install().await;
        let site = stage.connect(SALES, &["https://shop.example"]).await.key;
        let heard: Arc<Mutex<Times>> = Arc::default();
        let clock = stage.portal.clock().clone();
        let people = stream::iter(0..count).map(|_| async {
            let visitor = stage.visitor(&site).await;
            let (words, told) = mpsc::unbounded_channel();
            tokio::spawn(live(visitor, told, Arc::clone(&heard), clock.clone()));
            words
        });
        let people = people.buffered(AT_ONCE).collect().await;
        Self { stage, people, said: Mutex::default(), heard }
    }

    /// As `gather`, and each has a talk with an operator. The chats stand in the order of the visitors.
    pub async fn in_talks(count: usize) -> (Self, Vec<Chat>) {
        let crowd = Self::gather(count).await;
        let greeting = |nth: usize| format!("добрый день {nth}");
        for nth in 0..count {
            crowd.say(nth, greeting(nth));
        }
        crowd.all_arrived().await;
        let of = |chat: &Chat| chat.visitor_texts().first().map(|text| (*text).to_owned());
        let mut chats: HashMap<String, Chat> =
            crowd.stage.portal.chats().into_iter().filter_map(|chat| Some((of(&chat)?, chat))).collect();
        let chats = (0..count).map(|nth| chats.remove(&greeting(nth)).expect("each greeting opened a chat")).collect();
        crowd.said.lock().unwrap_or_else(PoisonError::into_inner).clear();
        (crowd, chats)
    }

    /// A visitor presses Send. Words are said once by anybody.
    pub fn say(&self, who: usize, words: String) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(words.clone(), self.stage.portal.now());
        self.people[who].send(words).expect("the visitor's page is open");
    }

    /// An operator answers in `chat`.
    pub fn answer(&self, chat: &Chat, words: String) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(words.clone(), self.stage.portal.now());
        self.stage.portal.operator_says(chat.id, ANNA, &words).expect("Anna may answer");
    }

    /// Waits until the portal has all that visitors said, and visitors all that operators did.
    pub async fn all_arrived(&self) {
        self.arrived("").await;
    }

    /// As `all_arrived`, of words that begin so.
    pub async fn arrived(&self, beginning: &str) {
        let said: Vec<String> = self.said.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        let said: Vec<String> = said.into_iter().filter(|words| words.starts_with(beginning)).collect();
        let arrived = || async {
            let (there, heard) = (arrivals(&self.stage.portal), self.heard());
            said.iter().all(|words| there.contains_key(words) || heard.contains_key(words)).then_some(())
        };
        wait::until_within(END, "all words to arrive", arrived).await;
    }

    /// How long the words that begin so took to the operator.
    pub fn to_operator(&self, beginning: &str) -> Vec<Duration> {
        self.took(beginning, &arrivals(&self.stage.portal))
    }

    /// How long the words that begin so took to the visitor's screen.
    pub fn to_screen(&self, beginning: &str) -> Vec<Duration> {
        self.took(beginning, &self.heard())
    }

    /// How many calls the portal refused for haste.
    pub fn refused(&self) -> usize {
        self.stage.portal.all_calls().iter().filter(|call| call.status == Some(503)).count()
    }

    fn heard(&self) -> Times {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn took(&self, beginning: &str, there: &Times) -> Vec<Duration> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let of = said.iter().filter(|(words, _)| words.starts_with(beginning));
        of.filter_map(|(words, at)| there.get(words).map(|arrived| arrived.since(*at))).collect()
    }
}

/// When each visitor's message came to the portal.
fn arrivals(portal: &Portal) -> Times {
    let chats = portal.chats();
    let messages = chats.iter().flat_map(|chat| &chat.messages);
    let visitors = messages.filter(|message| matches!(message.author, Author::Visitor(_)));
    visitors.map(|message| (message.text.clone(), message.at)).collect()
}

/// One visitor's open page.
async fn live(
    mut visitor: Visitor,
    mut words: mpsc::UnboundedReceiver<String>,
    heard: Arc<Mutex<Times>>,
    clock: otklik_tests::portal::Clock,
) {
    let mut read = 0;
    loop {
        tokio::select! {
            said = words.recv() => match said {
                Some(text) => { visitor.say(&text).await; }
                None => return,
            },
            frame = visitor.read_within(FOR_EVER) => if frame.is_none() { return },
        }
        for entry in &visitor.log[read..] {
            if let Happening::Said { from: From::Operator, body, .. } = &entry.what {
                heard.lock().unwrap_or_else(PoisonError::into_inner).insert(plain(body), clock.now());
            }
        }
        read = visitor.log.len();
    }
}
