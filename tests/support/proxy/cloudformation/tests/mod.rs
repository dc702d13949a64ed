//! Tests of whole operations, against a small stand-in for the emulator's Cloud Control.

mod changes;
mod drift;
mod lifecycle;
mod nested;
mod nested_change_sets;
mod refusals;
mod stand_in;
mod statuses;
mod updates;
