//! Recorded runs on a terminal in memory.

use std::sync::{Mutex, PoisonError};

use indicatif::{InMemoryTerm, ProgressDrawTarget};

use super::*;
use crate::{run_page::sample, state::runs::RunDocument};

/// Plays the events of a run up to a second of its clock; gives what the terminal shows then.
fn shown(run: &RunDocument, until: i64, width: u16) -> String {
    let (term, mut terminal) = play(run, until, width);
    let contents = visible(&term);
    terminal.finish();
    contents
}

/// Lines with their blanks at the beginning.
fn visible(term: &InMemoryTerm) -> String {
    term.contents().lines().map(|line| format!("|{line}\n")).collect()
}

fn play(run: &RunDocument, until: i64, width: u16) -> (InMemoryTerm, Terminal) {
    let term = InMemoryTerm::new(30, width);
    let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
    let now = Arc::new(Mutex::new(run.report.began));
    let read = Arc::clone(&now);
    let clock = Arc::new(move || *read.lock().unwrap_or_else(PoisonError::into_inner));
    let bars = MultiProgress::with_draw_target(target);
    let mut terminal = Terminal::on(bars, Style { color: false }, clock, false);
    let end = run.report.began + SignedDuration::from_secs(until);
    for event in run.events.iter().filter(|event| event.time <= end) {
        *now.lock().unwrap_or_else(PoisonError::into_inner) = event.time;
        terminal.event(event);
    }
    // At the time of the last event every line is as it would move to by itself.
    let bars = |running: &Running| {
        running.bar.tick();
        running.resources.iter().filter_map(|one| one.bar.as_ref()).for_each(ProgressBar::tick);
    };
    terminal.running.values().for_each(bars);
    (term, terminal)
}

#[test]
fn what_is_worked_on_is_a_tree_and_what_is_done_is_a_line() {
    let run = sample::failed();
    insta::assert_snapshot!(shown(&run, 150, 90), @r"
    | note  the parent zone must name these servers: ns-1.example.com
    |  --   storage (acme-live-storage): nothing to change
    |  ok   network of the environment (acme-live-network): done in 120.4 s
    |  ⠁   cluster (acme-live-cluster), 1 done, 1 at work                    0:20 of about 1:30
    |          group of hosts Machines, create in progress                                 0:10
    |  ⠁   message broker of Author (acme-live-author-broker), 1 at work     0:20 of about 1:30
    |          message broker Broker, create in progress                                   0:19
    |  ⠁   database of Author (acme-live-author-data), 1 done, 3 at work    0:20 of about 10:00
    |          database cluster Cluster, create in progress                                0:00
    |          database instance ReaderInstance, create in progress                        0:00
    |          database instance WriterInstance, create in progress                        0:00
    |  ·   waiting: service integration, balancer & <firewall>
    ");
}

#[test]
fn failures_stay_and_finished_work_collapses() {
    let run = sample::failed();
    insta::assert_snapshot!(shown(&run, 405, 110), @r"
    | note  the parent zone must name these servers: ns-1.example.com
    |  --   storage (acme-live-storage): nothing to change
    |  ok   network of the environment (acme-live-network): done in 120.4 s
    |  ok   cluster (acme-live-cluster): done in 82.9 s
    | fail  acme-live-author-data: ReaderInstance (AWS::RDS::DBInstance): Resource creation cancelled
    | fail  acme-live-author-data: Cluster (AWS::RDS::DBCluster): The engine version 8.0.mysql_aurora.3.99.0 is not
    | available in us-west-2 (Service: Rds, Status Code: 400)
    |  ok   balancer & <firewall> (acme-live-edge): done in 197.8 s
    | fail  acme-live-author-data: WriterInstance (AWS::RDS::DBInstance): Resource creation cancelled
    |  ⠁   message broker of Author (acme-live-author-broker), 1 at work                         4:43 of about 1:30
    |          message broker Broker, create in progress                                                       4:42
    |  ⠁   database of Author (acme-live-author-data), 4 done, 1 at work                        4:43 of about 10:00
    |          encryption key Key, delete in progress                                                          0:00
    |  ·   waiting: service integration
    ");
}

#[test]
fn at_the_end_only_lines_are_left() {
    let run = sample::failed();
    let (term, mut terminal) = play(&run, 9999, 300);
    terminal.finish();
    insta::assert_snapshot!(visible(&term), @r"
    | note  the parent zone must name these servers: ns-1.example.com
    |  --   storage (acme-live-storage): nothing to change
    |  ok   network of the environment (acme-live-network): done in 120.4 s
    |  ok   cluster (acme-live-cluster): done in 82.9 s
    | fail  acme-live-author-data: ReaderInstance (AWS::RDS::DBInstance): Resource creation cancelled
    | fail  acme-live-author-data: Cluster (AWS::RDS::DBCluster): The engine version 8.0.mysql_aurora.3.99.0 is not available in us-west-2 (Service: Rds, Status Code: 400)
    |  ok   balancer & <firewall> (acme-live-edge): done in 197.8 s
    | fail  acme-live-author-data: WriterInstance (AWS::RDS::DBInstance): Resource creation cancelled
    | fail  database of Author (acme-live-author-data): stack acme-live-author-data ended in ROLLBACK_COMPLETE: Cluster (AWS::RDS::DBCluster): The engine version 8.0.mysql_aurora.3.99.0 is not available in us-west-2 (Service: Rds, Status Code: 400)
    |  ok   message broker of Author (acme-live-author-broker): done in 626.8 s
    | skip  service integration (acme-live-author-svc-integration-long): a stack it depends on failed
    ");
}

#[test]
fn a_narrow_terminal_breaks_no_line() {
    let run = sample::failed();
    let text = shown(&run, 200, 40);
    let running: Vec<&str> = text.lines().filter(|line| line.contains("at work")).collect();
    assert!(text.lines().all(|line| line.chars().count() <= 41), "{text}");
    assert!(running.len() <= 4, "{text}");
}
