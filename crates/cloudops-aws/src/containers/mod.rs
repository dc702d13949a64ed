//! Container services and one-off tasks (ECS).

mod account;
#[cfg(feature = "logs")]
mod black_box;
mod loose;
mod service;
mod task;
mod verdict;

pub use account::{clusters, fargate_cpu_units};
#[cfg(feature = "logs")]
pub use black_box::black_box;
pub use loose::stop_loose_tasks;
pub use service::{Deployment, ServiceState, images, service};
pub use task::{Placement, TaskEnd, TaskError, TaskRequest, run_task, stopped_reasons};
pub use verdict::{Verdict, judge};
