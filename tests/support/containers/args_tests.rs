use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn run_as_the_local_aws_calls_it() {
    let wanted = wanted(&words(
        "-d --name t1-app --label fakecloud-ecs-task=t1 --network net1 --cap-drop ALL --publish 8080/tcp \
         --health-cmd true --health-interval=5s -e A=b=c -v /data:/data:ro --stop-timeout 30 \
         --user 1:1 --entrypoint /bin/sh 127.0.0.1:4566/repo:tag -c run -v",
    ))
    .unwrap();
    assert_eq!(wanted.name.as_deref(), Some("t1-app"));
    assert_eq!(wanted.image, "127.0.0.1:4566/repo:tag");
    assert_eq!(wanted.command, ["-c", "run", "-v"]);
    assert_eq!(wanted.entrypoint.as_deref(), Some("/bin/sh"));
    assert_eq!(wanted.labels["fakecloud-ecs-task"], "t1");
    assert_eq!(wanted.env, ["A=b=c"]);
    assert_eq!(wanted.ports, [(None, 8080)]);
    assert_eq!(wanted.volumes, ["/data:/data:ro"]);
    assert_eq!(wanted.stop_timeout, Some(30));
    assert_eq!(wanted.passed_on, ["--cap-drop", "ALL"]);
    let health = wanted.health.unwrap();
    assert_eq!((health.interval, health.timeout, health.retries), (5, 5, 3));
}

#[test]
fn port_mappings_in_all_their_forms() {
    assert_eq!(published("8080/tcp").unwrap(), (None, 8080));
    assert_eq!(published(":3306").unwrap(), (None, 3306));
    assert_eq!(published("0:80/tcp").unwrap(), (None, 80));
    assert_eq!(published("9000:80").unwrap(), (Some(9000), 80));
    assert_eq!(published("127.0.0.1:9000:80").unwrap(), (Some(9000), 80));
    assert!(published("http").is_err());
}

#[test]
fn switches_take_no_value_and_a_missing_value_is_named() {
    let parsed = parse(&words("-a --filter label=x --format {{.ID}}"), false, &[]).unwrap();
    assert!(parsed.has(&["-a"]));
    assert_eq!(parsed.value(&["--filter"]), Some("label=x"));
    assert!(parsed.words.is_empty());
    let error = parse(&words("--filter"), false, &[]).unwrap_err();
    assert_eq!(error.to_string(), "option --filter needs a value");
}

#[test]
fn an_image_is_needed() {
    assert_eq!(wanted(&words("-d --name x")).unwrap_err().to_string(), "the image is missing");
}
