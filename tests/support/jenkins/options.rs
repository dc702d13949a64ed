//! Command line of `cloudops-jenkins`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// What the stand-in is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder that holds jobs, builds and workspaces.
    pub home: PathBuf,
    /// The one user.
    pub user: String,
    /// File with the password. While it does not exist, the controller is booting.
    pub password_file: PathBuf,
    /// Lock file of the image that the server would run of; its plugins are said to be installed.
    pub plugins_file: Option<PathBuf>,
    /// Environment of the job shells, as an agent's tools would set it.
    pub env: Vec<(String, String)>,
    /// How long a queue item is known after its build started.
    pub queue_ttl: Duration,
    /// How long a build waits in the queue, unless the request says `delay=`. Jenkins: 5 seconds.
    pub quiet_period: Duration,
    /// Builds at the same time.
    pub executors: usize,
    /// File with the credentials of the server: a list of objects with `kind`, `id` and values.
    pub credentials_file: Option<PathBuf>,
    /// Labels of the agents; without any, every label is taken.
    pub labels: Vec<String>,
    /// Pause between two looks for new commits; without it, only `notifyCommit` makes it look.
    pub poll_interval: Option<Duration>,
    /// Token of `/git/notifyCommit`.
    pub notify_token: Option<String>,
    /// How long a restart takes.
    pub restart_time: Duration,
    /// Takes what it does not know in a `config.xml`, and drops it in silence as Jenkins does.
    pub lenient: bool,
}

impl Options {
    /// Options with the defaults, listening on a free port of this machine.
    #[must_use]
    pub fn new(home: PathBuf, password_file: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            home,
            user: "admin".to_owned(),
            password_file,
            plugins_file: None,
            env: Vec::new(),
            queue_ttl: Duration::from_secs(300),
            quiet_period: Duration::ZERO,
            executors: 2,
            credentials_file: None,
            labels: Vec::new(),
            poll_interval: None,
            notify_token: None,
            restart_time: Duration::from_millis(500),
            lenient: false,
        }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// A sentence about the argument that is wrong or missing.
    pub fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::new(PathBuf::new(), PathBuf::new());
        let mut rest = args.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().ok_or_else(|| format!("{name} lacks its value"))?;
            options.set(name, value)?;
        }
        if options.home.as_os_str().is_empty() || options.password_file.as_os_str().is_empty() {
            return Err("--home and --password-file are needed".to_owned());
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let wrong = || format!("{name}: `{value}` is not of the right form");
        let seconds = || value.parse().map(Duration::from_secs).map_err(|_| wrong());
        let milliseconds = || value.parse().map(Duration::from_millis).map_err(|_| wrong());
        match name {
            "--listen" => self.listen = value.parse().map_err(|_| wrong())?,
            "--home" => self.home = value.into(),
            "--user" => value.clone_into(&mut self.user),
            "--password-file" => self.password_file = value.into(),
            "--env" => {
                let (key, text) = value.split_once('=').ok_or_else(wrong)?;
                self.env.push((key.to_owned(), text.to_owned()));
            }
            "--plugins" => self.plugins_file = Some(value.into()),
            "--queue-ttl" => self.queue_ttl = seconds()?,
            "--quiet-period" => self.quiet_period = seconds()?,
            "--credentials" => self.credentials_file = Some(value.into()),
            "--labels" => self.labels = value.split(',').map(str::to_owned).collect(),
            "--poll-interval" => self.poll_interval = Some(milliseconds()?),
            "--notify-token" => self.notify_token = Some(value.to_owned()),
            "--restart-time" => self.restart_time = milliseconds()?,
            "--lenient" => self.lenient = value.parse().map_err(|_| wrong())?,
            "--executors" => self.executors = value.parse().map_err(|_| wrong())?,
            _ => return Err(format!("unknown argument {name}")),
        }
        Ok(())
    }
}
