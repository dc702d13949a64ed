use super::*;

fn lease(host: &str, pid: u32) -> Lease {
    let now = Timestamp::UNIX_EPOCH;
    Lease {
        owner: Owner { user: "ann".to_owned(), host: host.to_owned(), pid },
        run: "r1".to_owned(),
        command: "cloudcore init".to_owned(),
        program: "cloudcore".to_owned(),
        acquired_at: now,
        expires_at: after(now, LEASE),
        fence: 3,
        held: true,
    }
}

#[test]
fn only_a_dead_process_of_this_host_is_certainly_dead() {
    let us = Owner { user: "bob".to_owned(), host: "here".to_owned(), pid: 7 };
    assert!(is_dead(&lease("here", 6), &us, |_| false));
    assert!(!is_dead(&lease("here", 6), &us, |_| true));
    assert!(!is_dead(&lease("there", 6), &us, |_| false));
    assert!(!is_dead(&lease("here", 7), &us, |_| false));
}

#[test]
fn a_held_lock_says_by_whom_since_when_and_what_to_do() {
    let held = |expired| LockError::Held {
        scope: "instance".to_owned(),
        lease: Box::new(lease("here", 6)),
        expired,
    };
    assert_eq!(
        held(false).to_string(),
        "`cloudcore init` is running: ann on here (process 6) has held the lock `instance` \
         since 1970-01-01 00:00:00 UTC"
    );
    assert_eq!(
        held(true).hints(),
        [
            "If that run is certainly dead, remove its lock with `cloudcore unlock --scope instance --run r1`."
        ]
    );
    assert_eq!(held(true).class(), Class::Locked);
}
