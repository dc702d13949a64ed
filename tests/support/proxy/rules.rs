//! Faults and holds: what the proxy does to a call of a given name before or after it takes effect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

use super::route::Call;
use super::rule::{Effect, Rule, When};

/// A call that waits to be released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Number of the waiting call.
    pub id: u64,
    /// The rule that holds it.
    pub rule: u64,
    /// Service.
    pub service: String,
    /// Operation.
    pub operation: String,
    /// What it is about.
    pub resource: Option<String>,
    /// Whether it has taken effect.
    pub when: When,
    /// Who called.
    pub who: String,
}

/// How a waiting call goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Release {
    /// As if it had not been held.
    #[default]
    Go,
    /// Its connection is closed.
    Drop,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// Its connection is closed.
    Drop,
    /// It is answered with an error.
    Answer {
        /// HTTP status.
        status: u16,
        /// AWS error code.
        code: String,
        /// AWS error message.
        message: String,
    },
}

/// The rules in force, and the calls that wait.
#[derive(Debug, Default)]
pub struct Rules {
    inner: Mutex<Inner>,
    /// Told whenever the set of waiting calls changes.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    last_id: u64,
    rules: Vec<(Rule, u64)>,
    waiting: BTreeMap<u64, (Held, oneshot::Sender<Release>)>,
}

impl Rules {
    /// Adds a rule and gives its number.
    pub fn add(&self, mut rule: Rule) -> u64 {
        let mut inner = self.lock();
        inner.last_id += 1;
        rule.id = inner.last_id;
        let id = rule.id;
        inner.rules.push((rule, 0));
        id
    }

    /// The rules in force.
    #[must_use]
    pub fn list(&self) -> Vec<Rule> {
        self.lock().rules.iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// Removes every rule that is no hold.
    pub fn clear_faults(&self) {
        self.lock().rules.retain(|(rule, _)| rule.effect == Effect::Hold);
    }

    /// Ends a hold (all of them without a number) and lets its waiting calls go on.
    /// Gives the number of calls that were waiting.
    pub fn release(&self, rule: Option<u64>, how: Release) -> usize {
        let mut inner = self.lock();
        let meant = |id: u64| rule.is_none_or(|wanted| wanted == id);
        inner.rules.retain(|(rule, _)| rule.effect != Effect::Hold || !meant(rule.id));
        let ids: Vec<u64> = inner
            .waiting
            .iter()
            .filter(|(_, (held, _))| meant(held.rule))
            .map(|(id, _)| *id)
            .collect();
        for id in &ids {
            if let Some((_, sender)) = inner.waiting.remove(id) {
                // The caller may have gone in this moment: then nobody waits.
                let _ = sender.send(how);
            }
        }
        drop(inner);
        self.changed.notify_waiters();
        ids.len()
    }

    /// The calls that wait now.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.lock().waiting.values().map(|(held, _)| held.clone()).collect()
    }

    /// The calls that wait, as soon as there is one, or none after `limit`.
    pub async fn wait_held(&self, limit: Duration) -> Vec<Held> {
        let some = async {
            loop {
                let change = self.changed.notified();
                let held = self.held();
                if !held.is_empty() {
                    return held;
                }
                change.await;
            }
        };
        tokio::time::timeout(limit, some).await.unwrap_or_default()
    }

    /// Applies the rules to a call. A call that is held while its client goes away never goes on.
    pub async fn apply(self: &Arc<Self>, call: &Call, when: When) -> Verdict {
        for (id, effect) in self.claim(call, when) {
            match effect {
                Effect::DelayMs(delay) => tokio::time::sleep(Duration::from_millis(delay)).await,
                Effect::Drop => return Verdict::Drop,
                Effect::Answer { status, code, message } => {
                    return Verdict::Answer { status, code, message };
                }
                Effect::Hold => {
                    if self.wait(id, call, when).await == Release::Drop {
                        return Verdict::Drop;
                    }
                }
            }
        }
        Verdict::Pass
    }

    fn claim(&self, call: &Call, when: When) -> Vec<(u64, Effect)> {
        let mut met = Vec::new();
        for (rule, seen) in &mut self.lock().rules {
            if rule.matches(call, when) {
                *seen += 1;
                if rule.covers(*seen) {
                    met.push((rule.id, rule.effect.clone()));
                }
            }
        }
        met
    }

    async fn wait(self: &Arc<Self>, rule: u64, call: &Call, when: When) -> Release {
        let (sender, receiver) = oneshot::channel();
        let place = {
            let mut inner = self.lock();
            inner.last_id += 1;
            let held = Held {
                id: inner.last_id,
                rule,
                service: call.service.clone(),
                operation: call.operation.clone(),
                resource: call.resource.clone(),
                when,
                who: call.who.clone(),
            };
            let id = held.id;
            inner.waiting.insert(id, (held, sender));
            Place { rules: Arc::clone(self), id }
        };
        self.changed.notify_waiters();
        let how = receiver.await.unwrap_or_default();
        drop(place);
        how
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a waiting call; leaves the list when the call's client goes away.
struct Place {
    rules: Arc<Rules>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.rules.lock().waiting.remove(&self.id);
        self.rules.changed.notify_waiters();
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
