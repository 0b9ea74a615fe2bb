//! The channel of a scripted store.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::script::Connection;
use super::{Reply, Request, ScriptedStore};
use crate::store::{Answer, Channel, Listener};
use crate::sync::plain::Mutex;

/// Those who listen, by way of all connections, and the messages on their way to them.
#[derive(Default)]
pub(super) struct Messages(Mutex<State>);

#[derive(Default)]
struct State {
    listening: Vec<Listening>,
    messages: VecDeque<(Bytes, Bytes)>,
    /// A thread hands messages over, one after the other.
    is_at_work: bool,
}

#[derive(Clone)]
struct Listening {
    connection: Weak<Connection>,
    topic: Bytes,
    listener: Weak<dyn Listener>,
}

/// What becomes of the messages that come by way of a connection.
#[derive(Default)]
pub(super) struct Reception {
    is_cut: bool,
    is_silent: bool,
    lost: u64,
}

impl Reception {
    /// Whether a message arrives.
    fn takes_one(&mut self) -> bool {
        if self.is_cut || self.is_silent {
            return false;
        }
        let loses = self.lost > 0;
        self.lost -= u64::from(loses);
        !loses
    }
}

impl Messages {
    pub(super) fn add(&self, topic: Bytes, message: Bytes) {
        self.0.lock().messages.push_back((topic, message));
    }

    /// Hands messages over, unless another thread does. Nothing is held meanwhile.
    pub(super) fn deliver(&self) {
        loop {
            let mut state = self.0.lock();
            if state.is_at_work {
                return;
            }
            let Some((topic, message)) = state.messages.pop_front() else { return };
            state.is_at_work = true;
            state.listening.retain(|one| one.listener.strong_count() > 0);
            let listening = state.listening.clone();
            drop(state);
            for one in listening.iter().filter(|one| one.topic == topic) {
                let (Some(connection), Some(listener)) = (one.connection.upgrade(), one.listener.upgrade())
                else {
                    continue;
                };
                let arrives = connection.script.lock().reception.takes_one();
                if arrives {
                    listener.message(&message);
                }
            }
            self.0.lock().is_at_work = false;
        }
    }

    /// Those who listen by way of a connection.
    fn of(&self, connection: &Arc<Connection>) -> Vec<Arc<dyn Listener>> {
        let state = self.0.lock();
        let own = state.listening.iter().filter(|one| one.connection.as_ptr() == Arc::as_ptr(connection));
        own.filter_map(|one| one.listener.upgrade()).collect()
    }
}

/// The channel. What is done to it concerns this connection only.
impl ScriptedStore {
    /// The same connection to a store that has a channel.
    #[must_use]
    pub fn with_channel(mut self) -> Self {
        self.has_channel = true;
        self
    }

    /// Cuts the channel. Who listens is told that messages may be lost.
    pub fn cut_channel(&self) {
        self.connection.script.lock().reception.is_cut = true;
        for listener in self.connection.data.messages.of(&self.connection) {
            listener.lost();
        }
    }

    /// Lets messages arrive again. Who listens is told so, if it was told that the channel was cut.
    pub fn restore_channel(&self) {
        let mut script = self.connection.script.lock();
        let was_cut = std::mem::take(&mut script.reception).is_cut;
        drop(script);
        if was_cut {
            for listener in self.connection.data.messages.of(&self.connection) {
                listener.subscribed();
            }
        }
    }

    /// Loses all messages from here on, and tells nobody.
    pub fn silence_channel(&self) {
        self.connection.script.lock().reception.is_silent = true;
    }

    /// Loses the next messages, and tells nobody.
    pub fn lose_messages(&self, count: u64) {
        self.connection.script.lock().reception.lost = count;
    }
}

impl Channel for ScriptedStore {
    fn publish<'a>(&'a self, topic: &'a Bytes, message: Bytes) -> Answer<'a, ()> {
        let request = Request::Publish { topic: topic.clone(), message };
        self.send(request, |reply| matches!(reply, Reply::Published).then_some(()))
    }

    fn subscribe(&self, topic: &Bytes, listener: Weak<dyn Listener>) {
        let connection = Arc::downgrade(&self.connection);
        let listening = Listening { connection, topic: topic.clone(), listener: listener.clone() };
        self.connection.data.messages.0.lock().listening.push(listening);
        let is_cut = self.connection.script.lock().reception.is_cut;
        if let Some(listener) = listener.upgrade().filter(|_| !is_cut) {
            listener.subscribed();
        }
    }
}
