//! Which steps a Jenkinsfile has.

use cloudops_aws::jenkins::{Owner, PipelineJob, jenkinsfile};

use super::path;
use crate::jenkins::pipeline::{Condition, Pipeline, Step};

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
        (with("sh 'a\\d'"), 4, "escape"),
        (with("sh script: 'x', returnStdout: true"), 4, "returnStdout"),
        (with(""), 5, "Nothing to execute"),
    ] {
        let error = Pipeline::parse(&source).unwrap_err();
        assert!(error.reason.contains(part), "{source}: {error}");
        assert_eq!(error.line, line, "{source}: {error}");
    }
}
