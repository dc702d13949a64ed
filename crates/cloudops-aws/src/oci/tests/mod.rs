//! The client against a scripted registry.
