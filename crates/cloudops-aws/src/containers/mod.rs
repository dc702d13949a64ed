//! Container services and one-off tasks (ECS).

mod service;
mod task;
mod verdict;

pub use service::{Deployment, ServiceState, images, service};
pub use task::{Placement, TaskEnd, TaskError, TaskRequest, run_task, stopped_reasons};
pub use verdict::{Verdict, judge};
