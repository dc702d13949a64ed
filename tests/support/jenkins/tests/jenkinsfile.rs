//! Which steps a Jenkinsfile has.

use cloudops_aws::jenkins::{Owner, PipelineJob, jenkinsfile};

use super::path;
use crate::jenkins::pipeline::{Binding, Checkout, Condition, Pipeline, Step};

fn sh(text: &str) -> Step {
    Step::Sh(text.to_owned())
}

#[test]
fn steps_stages_environment_and_post_are_read() {
    let source = r#"
// A comment with 'quotes'.
pipeline {
    agent { label 'linux && docker' }
    options { timeout(time: 1, unit: 'HOURS'); disableConcurrentBuilds() }
    environment { A = 'one'
                  B = "two" }
    stages {
        stage('First') {
            environment { C = 'three' }
            steps {
                sh 'echo $A'
                sh """
echo "b"
"""
                echo 'said'
            }
        }
        stage("Second") { steps { sh(script: 'true', label: 'x') } }
    }
    post {
        success { archiveArtifacts artifacts: 'out/**', allowEmptyArchive: true }
        cleanup { sh 'rm -rf out' }
    }
}
"#;
    let pipeline = Pipeline::parse(source).unwrap();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(pipeline.env, [pair("A", "one"), pair("B", "two")]);
    let [first, second] = &pipeline.stages[..] else { panic!("{pipeline:?}") };
    assert_eq!(first.name, "First");
    assert_eq!(first.env, [pair("C", "three")]);
    let echo = Step::Echo("said".to_owned());
    assert_eq!(first.steps, [sh("echo $A"), sh("\necho \"b\"\n"), echo]);
    assert_eq!(second.steps, [sh("true")]);
    let archive = Step::Archive { pattern: "out/**".to_owned(), allow_empty: true };
    assert_eq!(pipeline.post[0], (Condition::Success, vec![archive]));
    assert_eq!(pipeline.post[1], (Condition::Cleanup, vec![sh("rm -rf out")]));
}

#[test]
fn every_script_of_a_shell_job_comes_through() {
    for script in [
        "echo '''three''' ''''four'''' '",
        "printf 'a\\n\\t%s\\\\' \"$X\"\n\\",
        "'",
        "''",
        "'''",
        "''''",
        "'''''",
        "\\'",
        "\\'''",
        "cat <<'EOF'\n}}} // /* $(x) `y` é\nEOF\n",
        "#!/bin/bash\ntrue",
    ] {
        let owner = Owner::new("acme");
        let job = PipelineJob::new(path("x"), owner, "").stage("Run", script);
        let pipeline = Pipeline::parse(&jenkinsfile(&job)).unwrap();
        assert_eq!(pipeline.stages[0].steps, [sh(script)], "{script}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    let with = |steps: &str| {
        format!("pipeline {{\n agent any\n stages {{ stage('x') {{ steps {{\n{steps}\n}} }} }} }}")
    };
    for (source, line, part) in [
        ("node { sh 'x' }".to_owned(), 1, "declarative"),
        ("pipeline { stages { stage('x') { steps { sh 'x' } } } }".to_owned(), 1, "agent"),
        ("pipeline { agent any }".to_owned(), 1, "stages"),
        (with("bat 'x'"), 4, "No such DSL method 'bat'"),
        (with("sh \"echo $X\""), 4, "interpolation"),
        (with("sh 'x"), 4, "not closed"),
        (with("dir('x')"), 4, "must be called with a body"),
        (
            with(
                "checkout scmGit(branches: [], extensions: [x()], userRemoteConfigs: [[url: 'u']])",
            ),
            4,
            "extensions",
        ),
        (with("checkout svn('u')"), 4, "svn"),
        (with("withCredentials([string(credentialsId: 'x')]) { sh 'x' }"), 4, "\"variable\""),
        (with("junit allowEmptyResults: true"), 4, "testResults"),
        (with("sh 'a\\d'"), 4, "escape"),
        (with("sh script: 'x', returnStdout: true"), 4, "returnStdout"),
        (with(""), 5, "Nothing to execute"),
    ] {
        let error = Pipeline::parse(&source).unwrap_err();
        assert!(error.reason.contains(part), "{source}: {error}");
        assert_eq!(error.line, line, "{source}: {error}");
    }
}

#[test]
fn all_steps_of_our_jobs_are_read() {
    let steps = "dir('source') {\n deleteDir()\n checkout scmGit(branches: [[name: 'main']], \
                 extensions: [], userRemoteConfigs: [[url: 'https://x/y', credentialsId: 'c']])\n}\n\
                 withCredentials([usernamePassword(credentialsId: 'd', usernameVariable: 'U', \
                 passwordVariable: 'P')]) { sh 'true' }\n\
                 junit testResults: '**/*.xml', allowEmptyResults: true";
    let source = format!(
        "pipeline {{ agent {{ label 'a' }} options {{ timeout(time: 2, unit: 'MINUTES') }}\n\
         stages {{ stage('x') {{ steps {{ {steps} }} }} }} }}"
    );
    let pipeline = Pipeline::parse(&source).unwrap();
    assert_eq!(pipeline.label.as_deref(), Some("a"));
    assert_eq!(pipeline.timeout, Some(std::time::Duration::from_secs(120)));
    let text = |text: &str| text.to_owned();
    let checkout = Step::Checkout(Checkout {
        url: text("https://x/y"),
        branches: vec![text("main")],
        credentials: Some(text("c")),
    });
    let variables =
        vec![(text("usernameVariable"), text("U")), (text("passwordVariable"), text("P"))];
    let bindings = vec![Binding { kind: text("usernamePassword"), id: text("d"), variables }];
    assert_eq!(
        pipeline.stages[0].steps,
        [
            Step::Dir { path: text("source"), steps: vec![Step::DeleteDir, checkout] },
            Step::WithCredentials { bindings, steps: vec![sh("true")] },
            Step::Junit { pattern: text("**/*.xml"), allow_empty: true },
        ]
    );
}

proptest::proptest! {
    #[test]
    fn every_text_of_a_job_survives(
        script in "[ -~é😀'\\\\$\n\r\t]{1,80}",
        value in "[ -~é'\\\\$]{0,40}",
    ) {
        proptest::prop_assume!(!script.trim().is_empty());
        let mut job = PipelineJob::new(path("x"), Owner::new("acme"), "").stage("Run", &script);
        job.environment = vec![("VALUE".to_owned(), value.clone())];
        let pipeline = Pipeline::parse(&jenkinsfile(&job)).unwrap();
        proptest::prop_assert_eq!(&pipeline.stages[0].steps, &[sh(&script)]);
        proptest::prop_assert_eq!(&pipeline.env[0].1, &value);
    }
}
