//! XML by meaning, and the definition of a job.

use std::time::Duration;

use crate::jenkins::{
    Checkout, ItemPath, Owner, Param, PipelineJob, Trigger, jenkinsfile,
    xml::{Element, differences},
};

fn job(script: &str) -> PipelineJob {
    let path: ItemPath = "acme/build".parse().unwrap();
    let mut job =
        PipelineJob::new(path, Owner::new("acme"), "Builds <it> & \"more\".").stage("Run", script);
    job.parameters = vec![
        Param::text("RELEASE", "1.0", "Release to build."),
        Param::flag("FORCE", false, "Build again."),
        Param::choice("TARGET", &["author", "live"], "Where to."),
    ];
    job.label = Some("linux".to_owned());
    job.triggers = vec![Trigger::Cron("H 2 * * *".to_owned())];
    job
}

fn parse(xml: &str) -> Element {
    Element::parse(xml).unwrap()
}

#[test]
fn a_job_reads_back_from_its_config_xml() {
    let job = job("if [ \"$A\" < 1 ] && true; then\n\techo 'é' ]]>\nfi");
    let xml = job.config_xml().unwrap();
    let read = parse(&xml);
    assert_eq!(read.name, "flow-definition");
    assert_eq!(read.child("definition").unwrap().child_text("script"), jenkinsfile(&job));
    assert_eq!(
        read.child_text("description"),
        "Builds <it> & \"more\".\n\nManaged by CloudOps for AWS (instance acme)"
    );
    assert_eq!(read.to_string(), xml);
    assert!(xml.contains("<name>CLOUDOPS_RUN</name>"), "{xml}");
}

#[test]
fn the_jenkinsfile_has_one_shell_step() {
    insta::assert_snapshot!(jenkinsfile(&job("printf 'a\\n'\necho '''x'")), @r"
    pipeline {
        agent { label 'linux' }
        stages {
            stage('Run') {
                steps {
                    sh '''printf 'a\\n'
    echo \'\'\'x\''''
                }
            }
        }
    }
    ");
}

#[test]
fn what_jenkins_saves_means_the_same() {
    let ours = job("echo hi").config_xml().unwrap();
    let saved = ours
        .replace("version='1.1'", "version=\"1.0\"")
        .replace("<flow-definition>", "<flow-definition plugin=\"workflow-job@1400\">\n\n")
        .replace("  <disabled>false</disabled>\n", "")
        .replace("  <triggers/>\n", "  <triggers></triggers><!-- saved --><quietPeriod/>\n")
        .replace("<name>RELEASE</name>", "<name><![CDATA[RELEASE]]></name>")
        .replace("      <trim>false</trim>\n", "")
        .replace("<actions/>", "<actions><org.x.DeclarativeJobAction plugin='a@1'/></actions>");
    assert_ne!(ours, saved);
    assert!(parse(&ours).same_meaning(&parse(&saved)));
    assert_eq!(told(&parse(&ours), &parse(&saved)), [""; 0]);
}

#[test]
fn another_value_order_or_setting_means_another_thing() {
    let ours = job("echo hi").config_xml().unwrap();
    for (from, to) in [
        ("echo hi", "echo hi "),
        ("<string>author</string>", "<string></string>"),
        ("<sandbox>true</sandbox>", "<sandbox>false</sandbox>"),
        ("<numToKeep>50<", "<numToKeep>51<"),
        ("<name>RELEASE<", "<name>RELEASES<"),
        (" class=\"hudson.tasks.LogRotator\"", ""),
    ] {
        let other = ours.replace(from, to);
        assert_ne!(ours, other, "{from}");
        assert!(!parse(&ours).same_meaning(&parse(&other)), "{from}");
        assert!(!differences(&parse(&ours), &parse(&other)).is_empty(), "{from}");
    }
    let mut swapped = job("echo hi");
    swapped.parameters.swap(0, 1);
    let swapped = parse(&swapped.config_xml().unwrap());
    assert!(!parse(&ours).same_meaning(&swapped));
    assert_eq!(
        told(&parse(&ours), &swapped),
        [format!(
            "{PARAMETERS}/@order: \"RELEASE, FORCE, TARGET, CLOUDOPS_RUN\" -> \
         \"FORCE, RELEASE, TARGET, CLOUDOPS_RUN\""
        )]
    );
}

const PARAMETERS: &str =
    "properties/hudson.model.ParametersDefinitionProperty/parameterDefinitions";

fn told(from: &Element, to: &Element) -> Vec<String> {
    differences(from, to).iter().map(ToString::to_string).collect()
}

#[test]
fn differences_name_their_places() {
    let ours = job("one");
    let mut other = job("two");
    other.parameters.remove(0);
    other.parameters.push(Param::text("NEW", "1", ""));
    other.label = None;
    other.triggers = Vec::new();
    let (from, to) = (parse(&ours.config_xml().unwrap()), parse(&other.config_xml().unwrap()));
    let places: Vec<_> = differences(&from, &to).into_iter().map(|found| found.path).collect();
    assert_eq!(
        places,
        [
            "definition/script".to_owned(),
            format!("{PARAMETERS}/RELEASE"),
            format!("{PARAMETERS}/NEW"),
            "properties/org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"
                .to_owned(),
        ]
    );
    assert_eq!(told(&from, &from), [""; 0]);
}

#[test]
fn broken_xml_names_its_line() {
    for (text, line, part) in [
        ("<a>\n<b>\n</a>", 3, "closed by another name"),
        ("<a>\n&nbsp;</a>", 1, "unknown entity"),
        ("<a/><b/>", 1, "after the root"),
        ("<!DOCTYPE a><a/>", 1, "document type"),
        ("<a x='1' x='2'/>", 1, "twice"),
        ("<a>\u{b}</a>", 1, "not allowed"),
        ("", 1, "missing"),
    ] {
        let error = Element::parse(text).unwrap_err();
        assert!(error.reason.contains(part), "{text:?}: {error}");
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

#[test]
fn a_definition_that_cannot_work_is_refused() {
    let refusal = |change: &dyn Fn(&mut PipelineJob)| {
        let mut job = job("true");
        change(&mut job);
        job.config_xml().unwrap_err().to_string()
    };
    let empty = refusal(&|job| job.stages[0].script = " ".to_owned());
    assert_eq!(empty, "definition of Jenkins job acme/build: the script of stage Run is empty");
    assert!(refusal(&|job| job.parameters.push(Param::text("A-B", "", ""))).contains("A-B"));
    assert!(refusal(&|job| job.parameters.push(Param::text("FORCE", "", ""))).contains("twice"));
    assert!(
        refusal(&|job| job.parameters.push(Param::text("CLOUDOPS_RUN", "", "")))
            .contains("by itself")
    );
    assert!(refusal(&|job| job.parameters.push(Param::choice("C", &[], ""))).contains("no values"));
    assert!(refusal(&|job| job.stages.clear()).contains("no stage"));
    assert!(refusal(&|job| job.stages.push(job.stages[0].clone())).contains("Run stands twice"));
    assert!(refusal(&|job| job.timeout = Some(Duration::ZERO)).contains("zero"));
    let hides = |job: &mut PipelineJob| job.environment = vec![("FORCE".to_owned(), String::new())];
    assert!(refusal(&hides).contains("FORCE stands twice"));
    let never = |job: &mut PipelineJob| job.triggers = vec![Trigger::Cron("H 25 * * *".to_owned())];
    assert!(refusal(&never).contains("the hour `25`"));
    let checkout = |repository: &str, folder: &str| Checkout {
        repository: repository.to_owned(),
        branches: vec!["main".to_owned()],
        credentials: None,
        folder: folder.to_owned(),
    };
    for (repository, folder, part) in [
        ("https://x/y", "../z", "not a folder"),
        ("--upload-pack=x", "s", "not a repository"),
        ("${NONE}", "s", "no text parameter"),
        ("${FORCE}", "s", "no text parameter"),
        ("$RELEASE", "s", "begins no"),
    ] {
        let change = |job: &mut PipelineJob| job.checkout = Some(checkout(repository, folder));
        assert!(refusal(&change).contains(part), "{repository}");
    }
    let polls = |job: &mut PipelineJob| {
        job.triggers = vec![Trigger::Poll("H * * * *".to_owned())];
        job.checkout = Some(checkout("${RELEASE}", "s"));
    };
    assert!(refusal(&polls).contains("depends on the last build"));
    assert!(refusal(&|job| job.stages[0].script = "echo \u{1b}[1m".to_owned()).contains("XML"));
}

proptest::proptest! {
    #[test]
    fn every_text_survives(text in "[ -~é\n\t]{0,60}") {
        let mut element = Element { name: "a".to_owned(), ..Element::default() };
        element.text.clone_from(&text);
        element.attributes.insert("x".to_owned(), text.clone().replace(['\n', '\t'], " "));
        proptest::prop_assert_eq!(parse(&element.to_string()), element);
    }
}
