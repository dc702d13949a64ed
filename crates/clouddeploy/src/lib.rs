//! clouddeploy operations as a library.
