//! What a script has in store for the next requests, and the requests that are held.

use std::sync::{Arc, Weak};
use std::time::Duration;

use fastrand::Rng;

use super::channel::Reception;
use super::damage::Damage;
use super::data::{Data, Reply};
use super::{Held, Hold, Request};
use crate::one_shot::OneShot;
use crate::store::{StoreError, StoreErrorKind};
use crate::sync::plain::Mutex;
use crate::time::{Due, Tick, after};

pub(super) type Answered = Result<Reply, StoreError>;

/// The answer to a request, at once or later.
pub(super) enum Sent {
    Now(Answered),
    Later(Arc<OneShot<Answered>>),
}

/// A way to the data, with a script of its own.
pub(super) struct Connection {
    pub(super) data: Arc<Data>,
    pub(super) script: Mutex<Script>,
}

#[derive(Default)]
pub(super) struct Script {
    pub(super) faults: Faults,
    pub(super) hold: Option<(Hold, Option<Duration>)>,
    pub(super) damage: Option<Damage>,
    pub(super) requests: Vec<Request>,
    pub(super) is_closed: bool,
    pub(super) reception: Reception,
    held: Vec<HeldRequest>,
    /// The number of requests so far, which is the number of the last.
    sent: u64,
}

/// Which requests fail.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) down: Option<StoreErrorKind>,
    pub(super) reads: Option<(u64, StoreErrorKind)>,
    pub(super) writes: Option<(u64, StoreErrorKind)>,
    pub(super) some: Option<(Rng, f64, StoreErrorKind)>,
    pub(super) lost_replies: u64,
}

struct HeldRequest {
    number: u64,
    request: Request,
    /// The reply, once the request has been carried out.
    reply: Option<Answered>,
    has_arrived: bool,
    /// Where the answer goes, until there is one.
    caller: Option<Arc<OneShot<Answered>>>,
    /// It is kept for as long as the timer may need it.
    _timer: Option<Arc<Timer>>,
}

impl HeldRequest {
    fn is_over(&self) -> bool {
        self.has_arrived && self.caller.is_none()
    }
}

/// Answers a request when its time has come.
struct Timer {
    connection: Weak<Connection>,
    number: u64,
}

impl Due for Timer {
    fn due(self: Arc<Self>, _: Tick) -> Option<Tick> {
        if let Some(connection) = self.connection.upgrade() {
            connection.answer(self.number);
        }
        None
    }
}

impl Faults {
    /// How a request fails before it is carried out, if it does.
    fn before(&mut self, is_write: bool) -> Option<StoreErrorKind> {
        if self.down.is_some() {
            return self.down;
        }
        let next = if is_write { &mut self.writes } else { &mut self.reads };
        if let Some((left, kind)) = next
            && *left > 0
        {
            *left -= 1;
            return Some(*kind);
        }
        let (rng, share, kind) = self.some.as_mut()?;
        (rng.f64() < *share).then_some(*kind)
    }

    /// Whether the reply to a request is lost.
    fn loses_reply(&mut self, is_write: bool) -> bool {
        let loses = is_write && self.lost_replies > 0;
        self.lost_replies -= u64::from(loses);
        loses
    }
}

fn scripted(kind: StoreErrorKind) -> StoreError {
    let what = match kind {
        StoreErrorKind::Closed => "it was closed",
        _ => "its script lets the request fail",
    };
    StoreError::new(kind, format!("scripted: {what}"))
}

impl Script {
    fn carry_out(&mut self, data: &Data, request: &Request) -> Answered {
        if let Request::Publish { topic, message } = request {
            data.messages.add(topic.clone(), message.clone());
        }
        let mut contents = data.lock();
        let mut reply = contents.carry_out(request)?;
        if let Some(damage) = &mut self.damage {
            damage.apply(&mut reply, contents.map());
        }
        Ok(reply)
    }
}

impl Connection {
    pub(super) fn new(data: Arc<Data>) -> Arc<Self> {
        Arc::new(Self { data, script: Mutex::default() })
    }

    pub(super) fn send(self: &Arc<Self>, request: Request) -> Sent {
        let sent = self.send_alone(request);
        self.data.messages.deliver();
        sent
    }

    fn send_alone(self: &Arc<Self>, request: Request) -> Sent {
        let is_write =
            matches!(request, Request::Write { .. } | Request::Raise { .. } | Request::Publish { .. });
        let mut guard = self.script.lock();
        let script = &mut *guard;
        script.sent += 1;
        script.requests.push(request.clone());
        if matches!(request, Request::Close) {
            script.is_closed = true;
            return Sent::Now(Ok(Reply::Closed));
        }
        if script.is_closed {
            return Sent::Now(Err(scripted(StoreErrorKind::Closed)));
        }
        if let Some(kind) = script.faults.before(is_write) {
            return Sent::Now(Err(scripted(kind)));
        }
        if script.faults.loses_reply(is_write) {
            let reply = script.carry_out(&self.data, &request);
            return Sent::Now(reply.and(Err(scripted(StoreErrorKind::TimedOut))));
        }
        let Some((what, time)) = script.hold else {
            return Sent::Now(script.carry_out(&self.data, &request));
        };
        let has_arrived = what == Hold::Reply;
        let reply = has_arrived.then(|| script.carry_out(&self.data, &request));
        let number = script.sent;
        let caller = Arc::new(OneShot::new());
        let timer = time.map(|_| Arc::new(Timer { connection: Arc::downgrade(self), number }));
        let held = HeldRequest {
            number,
            request,
            reply,
            has_arrived,
            caller: Some(caller.clone()),
            _timer: timer.clone(),
        };
        script.held.push(held);
        drop(guard);
        if let (Some(timer), Some(time)) = (timer, time) {
            let clock = &self.data.clock;
            let timer: Weak<dyn Due> = Arc::<Timer>::downgrade(&timer);
            clock.call_at(after(clock.now(), time), timer);
        }
        Sent::Later(caller)
    }

    pub(super) fn held(&self) -> Vec<Held> {
        let held = |held: &HeldRequest| Held {
            number: held.number,
            request: held.request.clone(),
            has_arrived: held.has_arrived,
            is_answered: held.caller.is_none(),
        };
        self.script.lock().held.iter().map(held).collect()
    }

    /// Carries out a held request, if that was not done. Returns whether it is held.
    pub(super) fn arrive(&self, number: u64) -> bool {
        let is_held = self.arrive_alone(number);
        self.data.messages.deliver();
        is_held
    }

    fn arrive_alone(&self, number: u64) -> bool {
        let mut script = self.script.lock();
        let Some(at) = script.held.iter().position(|held| held.number == number) else { return false };
        if !script.held[at].has_arrived {
            let request = script.held[at].request.clone();
            let reply = script.carry_out(&self.data, &request);
            script.held[at].reply = Some(reply);
            script.held[at].has_arrived = true;
        }
        script.held.retain(|held| !held.is_over());
        true
    }

    /// Carries out a held request and answers it. Returns whether somebody waits for an answer.
    pub(super) fn answer(&self, number: u64) -> bool {
        self.arrive(number) && self.end(number, |held| held.reply.take())
    }

    /// Answers a held request with an error. Returns whether somebody waits for an answer.
    pub(super) fn fail(&self, number: u64, kind: StoreErrorKind) -> bool {
        self.end(number, |_| Some(Err(scripted(kind))))
    }

    fn end(&self, number: u64, answer: impl FnOnce(&mut HeldRequest) -> Option<Answered>) -> bool {
        let mut script = self.script.lock();
        let held = script.held.iter_mut().find(|held| held.number == number && held.caller.is_some());
        let Some(held) = held else { return false };
        let (answer, caller) = (answer(held), held.caller.take());
        script.held.retain(|held| !held.is_over());
        drop(script);
        let Some((answer, caller)) = answer.zip(caller) else { return false };
        caller.put(answer);
        true
    }

    pub(super) fn forget(&self, number: u64) -> bool {
        let mut script = self.script.lock();
        let before = script.held.len();
        script.held.retain(|held| held.number != number);
        script.held.len() < before
    }
}
