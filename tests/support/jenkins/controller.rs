//! Queue and executors.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    auth::Auth,
    definition::Definition,
    options::Options,
    queue::{Item, Place},
    run,
    store::{Record, Store, Value},
};

/// The running server.
pub(super) struct Controller {
    pub(super) options: Options,
    pub(super) store: Store,
    pub(super) auth: Auth,
    /// Address with a slash at the end.
    pub(super) url: String,
    pub(super) quiet: AtomicBool,
    /// Whether it restarts.
    pub(super) away: AtomicBool,
    /// Shared by all that look for new commits because of a message.
    pub(super) polling: Arc<tokio::sync::RwLock<()>>,
    state: Mutex<State>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    /// By number.
    items: BTreeMap<u64, Item>,
    running: BTreeMap<(String, u64), CancellationToken>,
    workspaces: HashSet<PathBuf>,
    last_id: u64,
    stopping: bool,
}

impl Controller {
    pub(super) fn new(options: Options, url: String) -> io::Result<Self> {
        let store = Store::new(&options.home)?;
        let tokens = store.home().join("tokens.json");
        let auth = Auth::new(&options.user, options.password_file.clone(), tokens);
        let controller = Self {
            auth,
            store,
            url,
            options,
            quiet: AtomicBool::new(false),
            away: AtomicBool::new(false),
            polling: Arc::default(),
            state: Mutex::default(),
            tasks: TaskTracker::new(),
        };
        controller.end_interrupted()?;
        Ok(controller)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Builds that ran when the server died have lost their shell.
    fn end_interrupted(&self) -> io::Result<()> {
        for job in self.store.jobs("") {
            for number in self.store.builds(&job) {
                let Some(mut record) = self.store.record(&job, number) else {
                    continue;
                };
                self.raise_last_id(record.queue_id);
                if record.result.is_none() {
                    let text = "Resuming build after Jenkins restart\n\
                                ERROR: script returned exit code -1\nFinished: FAILURE\n";
                    run::append(&self.store.log(&job, number), text)?;
                    record.duration = Timestamp::now().as_millisecond() - record.started;
                    record.result = Some("FAILURE".to_owned());
                    self.store.write_record(&job, &record)?;
                }
            }
        }
        Ok(())
    }

    fn raise_last_id(&self, id: u64) {
        let mut state = self.state();
        state.last_id = state.last_id.max(id);
    }

    /// Puts a build into the queue. Jenkins gives the item that waits already when one with the
    /// same parameters does.
    pub(super) fn enqueue(
        self: &Arc<Self>,
        job: &str,
        parameters: Vec<Value>,
        delay: Duration,
        cause: &str,
    ) -> u64 {
        let id = {
            let mut state = self.state();
            let mut waiting = state.items.values().filter(|item| item.waits());
            if let Some(same) = waiting.find(|i| i.job == job && i.parameters == parameters) {
                return same.id;
            }
            state.last_id += 1;
            let id = state.last_id;
            let item = Item {
                id,
                job: job.to_owned(),
                parameters,
                cause: cause.to_owned(),
                since: Timestamp::now(),
                not_before: Instant::now() + delay,
                place: Place::Waits("???".to_owned()),
            };
            state.items.insert(id, item);
            id
        };
        self.schedule();
        if !delay.is_zero() {
            let controller = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                controller.schedule();
            });
        }
        id
    }

    /// Puts a build with the defaults into the queue, because there are new commits.
    pub(super) fn enqueue_changed(self: &Arc<Self>, job: &str, definition: &Definition) {
        let defaults = definition.parameters.iter().flatten().filter_map(|parameter| {
            let class = parameter.classes().1.to_owned();
            Some(Value { class, name: parameter.name.clone(), value: parameter.value(None).ok()? })
        });
        let delay = self.options.quiet_period;
        self.enqueue(job, defaults.collect(), delay, "Started by an SCM change");
    }

    /// As [`Controller::enqueue_changed`], for a job that is known by its name.
    pub(super) fn enqueue_again(self: &Arc<Self>, job: &str) {
        if let Some(definition) = self.store.definition(job) {
            self.enqueue_changed(job, &definition);
        }
    }

    /// Restarts as Jenkins does in order: for a while it is not there; then sessions and the
    /// items that left the queue are forgotten, and builds and waiting items go on.
    pub(super) fn restart(self: &Arc<Self>) {
        self.away.store(true, Ordering::Relaxed);
        let controller = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(controller.options.restart_time).await;
            controller.auth.forget_sessions();
            controller.state().items.retain(|_, item| item.waits());
            controller.quiet.store(false, Ordering::Relaxed);
            controller.away.store(false, Ordering::Relaxed);
            controller.schedule();
        });
    }

    /// Starts what can start, and says why the others wait.
    pub(super) fn schedule(self: &Arc<Self>) {
        let mut state = self.state();
        let waiting: Vec<_> = state.items.values().filter(|item| item.waits()).cloned().collect();
        for item in waiting {
            let place = match self.obstacle(&state, &item) {
                Some(why) => Place::Waits(why),
                None => match self.start(&mut state, &item) {
                    Ok(number) => Place::Left { number, at: Instant::now() },
                    Err(error) => Place::Waits(error.to_string()),
                },
            };
            if let Some(kept) = state.items.get_mut(&item.id) {
                kept.place = place;
            }
        }
    }

    fn obstacle(&self, state: &State, item: &Item) -> Option<String> {
        if state.stopping || self.quiet.load(Ordering::Relaxed) {
            return Some("Jenkins is about to shut down".to_owned());
        }
        let left = item.not_before.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            return Some(format!("In the quiet period. Expires in {} ms", left.as_millis()));
        }
        let definition = self.store.definition(&item.job)?;
        let mut own = state.running.keys().filter(|(job, _)| *job == item.job);
        if let Some((_, number)) = own.next().filter(|_| !definition.concurrent) {
            return Some(format!("Build #{number} is already in progress (ETA: N/A)"));
        }
        let full = state.running.len() >= self.options.executors;
        full.then(|| "Waiting for next available executor".to_owned())
    }

    fn start(self: &Arc<Self>, state: &mut State, item: &Item) -> io::Result<u64> {
        let number = self.store.take_number(&item.job)?;
        let record = Record {
            number,
            queue_id: item.id,
            parameters: item.parameters.clone(),
            started: Timestamp::now().as_millisecond(),
            duration: 0,
            result: None,
            artifacts: Vec::new(),
            cause: item.cause.clone(),
            checkouts: Vec::new(),
        };
        self.store.write_record(&item.job, &record)?;
        let workspace = self.take_workspace(state, &item.job);
        let cancel = CancellationToken::new();
        state.running.insert((item.job.clone(), number), cancel.clone());
        let (controller, job) = (self.clone(), item.job.clone());
        self.tasks.spawn(async move {
            run::build(&controller, &job, record, &workspace, &cancel).await;
            {
                let mut state = controller.state();
                state.running.remove(&(job, number));
                state.workspaces.remove(&workspace);
            }
            controller.schedule();
        });
        Ok(number)
    }

    /// The workspace of a job; builds at the same time get `@2` and so on behind it.
    fn take_workspace(&self, state: &mut State, job: &str) -> PathBuf {
        let base = self.store.home().join("workspace").join(job);
        let mut workspace = base.clone();
        let mut number = 1;
        while !state.workspaces.insert(workspace.clone()) {
            number += 1;
            workspace = PathBuf::from(format!("{}@{number}", base.display()));
        }
        workspace
    }

    /// A queue item, until its time is over.
    pub(super) fn item(&self, id: u64) -> Option<Item> {
        let mut state = self.state();
        let ttl = self.options.queue_ttl;
        state.items.retain(|_, item| match item.place {
            Place::Waits(_) => true,
            Place::Left { at, .. } | Place::Cancelled { at } => at.elapsed() < ttl,
        });
        state.items.get(&id).cloned()
    }

    /// The items that wait, oldest first.
    pub(super) fn waiting(&self) -> Vec<Item> {
        let state = self.state();
        state.items.values().filter(|item| item.waits()).cloned().collect()
    }

    /// Takes an item out of the queue, and says whether it waited.
    pub(super) fn cancel(&self, id: u64) -> bool {
        let mut state = self.state();
        let Some(item) = state.items.get_mut(&id) else {
            return false;
        };
        let waits = item.waits();
        if waits {
            item.place = Place::Cancelled { at: Instant::now() };
        }
        waits
    }

    pub(super) fn is_running(&self, job: &str, number: u64) -> bool {
        self.state().running.contains_key(&(job.to_owned(), number))
    }

    /// Stops a build, when it runs.
    pub(super) fn abort(&self, job: &str, number: u64) {
        if let Some(cancel) = self.state().running.get(&(job.to_owned(), number)) {
            cancel.cancel();
        }
    }

    /// Forgets an item that is deleted: its builds are stopped, its queue items cancelled.
    pub(super) fn forget(&self, name: &str) {
        let inside = |job: &str| job == name || job.starts_with(&format!("{name}/"));
        let mut state = self.state();
        for ((job, _), cancel) in &state.running {
            if inside(job) {
                cancel.cancel();
            }
        }
        for item in state.items.values_mut() {
            if inside(&item.job) && item.waits() {
                item.place = Place::Cancelled { at: Instant::now() };
            }
        }
    }

    /// Stops all builds and waits until their shells are gone.
    pub(super) async fn stop(&self) {
        {
            let mut state = self.state();
            state.stopping = true;
            state.running.values().for_each(CancellationToken::cancel);
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}
