//! Git, through the git command line with the user's own configuration and credentials.
//!
//! An import has no working copy: files go into the repository and come out of it by their
//! content alone, so no attribute, filter, line ending or ignore rule of anybody changes them.
//!
//! | file | holds |
//! |---|---|
//! | `command.rs` | runs git |
//! | `clone.rs` | a bare clone to work in |
//! | `fast_import.rs` | commits made of files or trees |
//! | `merge.rs` | merges, and what conflicts in them |
//! | `export.rs` | the files of a commit |
//! | `worktree.rs` | working copies, for builds |
//! | `address.rs` | addresses: which are taken, how they show |
//! | `error.rs`, `failure.rs` | what went wrong, and the texts it is known by |

pub mod address;
mod clone;
mod command;
mod error;
pub mod export;
mod failure;
pub mod fast_import;
pub mod merge;
pub mod worktree;

pub use address::shown;
pub use clone::Clone;
pub use command::{Options, head};
pub use error::GitError;
pub use failure::Cause;
