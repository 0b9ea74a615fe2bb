//! A client of a remote service that goes on answering when the service is slow, hangs or is gone. The
//! service is a real one, on loopback, within this program, which ends it and starts it again.
//!
//! `cargo run -p example-rpc`

use std::error::Error;
use std::fmt;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::{Peek, TimedOut, memoize};
use futures::StreamExt;
use tarpc::client::RpcError;
use tarpc::context::{self, Context};
use tarpc::serde_transport::tcp;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Json;
use tokio::sync::{Mutex, RwLock};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

// ---- The service -------------------------------------------------------------------------------

/// What can be asked. `tarpc` makes a client of it, `BankClient`.
#[tarpc::service]
trait Bank {
    /// What one of a currency is worth.
    async fn rate(currency: String) -> u32;
    /// What is in an account.
    async fn balance(account: u32) -> u32;
}

/// What the service knows. It outlives each run of the service, as a database would.
#[derive(Clone, Default)]
struct Books {
    /// All figures grow by one a day, so that an answer tells when it was given.
    day: Arc<AtomicU32>,
    /// Who holds this for writing makes the service hang.
    open: Arc<RwLock<()>>,
}

impl Books {
    async fn figure(self, base: u32) -> u32 {
        let _open = self.open.read().await;
        base + self.day.load(Ordering::Relaxed)
    }

    fn next_day(&self) {
        self.day.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bank for Books {
    async fn rate(self, _: Context, currency: String) -> u32 {
        self.figure(if currency == "EUR" { 100 } else { 200 }).await
    }

    async fn balance(self, _: Context, account: u32) -> u32 {
        self.figure(account * 1000).await
    }
}

/// One run of the service.
struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(address: SocketAddr, books: &Books) -> io::Result<Self> {
        let listener = tcp::listen(address, Json::default).await?;
        let (address, books) = (listener.local_addr(), books.clone());
        // The listener, its connections and their requests are one task: with it they all end.
        let connections = listener.filter_map(|transport| ready(transport.ok())).map(move |transport| {
            let requests = BaseChannel::with_defaults(transport).execute(books.clone().serve());
            requests.for_each_concurrent(None, |request| request)
        });
        let task = tokio::spawn(connections.for_each_concurrent(None, |connection| connection));
        Ok(Self { address, task })
    }

    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()));
    }
}

// ---- Its client --------------------------------------------------------------------------------

/// Where the service is, and the connection to it.
#[derive(Clone)]
struct Link {
    address: SocketAddr,
    client: Arc<Mutex<Option<BankClient>>>,
}

impl Link {
    fn to(address: SocketAddr) -> Self {
        Self { address, client: Arc::default() }
    }

    async fn client(&self) -> Result<BankClient, Failure> {
        let mut client = self.client.lock().await;
        if client.is_none() {
            let transport = tcp::connect(self.address, Json::default).await?;
            *client = Some(BankClient::new(tarpc::client::Config::default(), transport).spawn());
        }
        client.clone().ok_or(Failure::Unreachable)
    }

    /// After a failure the next request connects anew.
    async fn outcome(&self, outcome: Result<u32, RpcError>) -> Result<u32, Failure> {
        if outcome.is_err() {
            self.client.lock().await.take();
        }
        Ok(outcome?)
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Unreachable,
    TooSlow,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "the bank cannot be reached",
            Self::TooSlow => "the bank takes too long to answer",
        })
    }
}

impl Error for Failure {}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Unreachable
    }
}

impl From<RpcError> for Failure {
    fn from(_: RpcError) -> Self {
        Self::Unreachable
    }
}

impl From<TimedOut> for Failure {
    fn from(_: TimedOut) -> Self {
        Self::TooSlow
    }
}

// ---- What is asked through it, memoized --------------------------------------------------------

/// A rate of today is wanted, and one of yesterday will do. Nobody waits for a new one: for a second after
/// its time an old one answers while a new one is fetched. If that cannot be had, the old one serves on.
#[memoize(ttl = "300ms", stale_while_revalidate = "1s", stale_if_error = "1h", skip(link))]
async fn rate(currency: String, link: Link) -> Result<u32, Failure> {
    let answer = link.client().await?.rate(context::current(), currency).await;
    link.outcome(answer).await
}

/// A balance is asked for each time. What was heard last is told only if the bank fails, or has not answered
/// after a while; where nothing was ever heard, there is an error, after a longer while.
#[memoize(origin_first, fallback_after = "300ms", timeout = "2s", skip(link))]
async fn balance(account: u32, link: Link) -> Result<u32, Failure> {
    let answer = link.client().await?.balance(context::current(), account).await;
    link.outcome(answer).await
}

// ---- What happens ------------------------------------------------------------------------------

/// On one thread, so that each run is like the other; with several threads the answers are the same.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let books = Books::default();
    let server = Server::start("127.0.0.1:0".parse()?, &books).await?;
    let link = Link::to(server.address);
    let eur = || rate("EUR".into(), link.clone());

    println!("The bank is open");
    assert_eq!((eur().await?, balance(7, link.clone()).await?), (100, 7000));
    println!("    a rate: 100, a balance: 7000");

    println!("\nThe next day: the old rate at once, and a new one in the background");
    books.next_day();
    until(async || matches!(rate::key("EUR".into()).peek().await, Peek::Stale { .. })).await;
    assert_eq!(eur().await?, 100);
    until(async || eur().await == Ok(101)).await;
    println!("    a rate: 100, then 101");
    until(async || balance(7, link.clone()).await == Ok(7001)).await;
    println!("    a balance is asked for each time: 7001");

    println!("\nThe bank hangs");
    books.next_day();
    let hung = books.open.write().await;
    assert_eq!(balance(7, link.clone()).await?, 7001);
    println!("    a balance that is known, after a moment: 7001");
    let unknown = balance(8, link.clone()).await;
    assert_eq!(unknown, Err(Failure::TooSlow));
    println!("    one that is not: {}", Failure::TooSlow);
    drop(hung);
    until(async || balance::key(7).get().await == Some(7002) && balance::key(8).get().await == Some(8002))
        .await;
    println!("    the answers came late, and are kept: 7002, 8002");

    println!("\nThe bank is gone");
    until(async || eur().await == Ok(102)).await;
    let address = server.address;
    server.kill().await;
    books.next_day();
    // Past the second in which nobody waits, too.
    until(async || {
        assert_eq!(eur().await, Ok(102));
        rate::memo().stats().fallbacks > 0
    })
    .await;
    assert_eq!(balance(7, link.clone()).await?, 7002);
    println!("    a rate: 102, a balance: 7002");
    let unknown = rate("JPY".into(), link.clone()).await;
    assert_eq!(unknown, Err(Failure::Unreachable));
    assert_eq!(balance(9, link.clone()).await, unknown);
    println!("    what is not known: {}", Failure::Unreachable);

    println!("\nThe bank is back");
    let server = Server::start(address, &books).await?;
    until(async || eur().await == Ok(103)).await;
    until(async || balance(7, link.clone()).await == Ok(7003)).await;
    assert_eq!(rate("JPY".into(), link.clone()).await?, 203);
    println!("    a rate: 103, a balance: 7003, and what was not known: 203");
    server.kill().await;
    Ok(())
}

/// Waits for what happens in its own time, and does not wait for ever.
async fn until(mut happened: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !happened().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("it happens within some seconds");
}
