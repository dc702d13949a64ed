//! The model: what we write is known, and small corruptions are found.

use std::time::Duration;

use super::check;
use crate::jenkins::{
    Checkout, CredentialsBinding, CredentialsKind, Owner, Param, PipelineJob, Retention, Trigger,
    job_xml, xml::Element,
};

/// A job with everything.
fn full() -> PipelineJob {
    let path = "acme/build".parse().unwrap();
    let mut job = PipelineJob::new(path, Owner::new("acme"), "Builds.").stage("Run", "true");
    job.parameters = vec![
        Param::text("RELEASE", "1.0", "Release."),
        Param::flag("FORCE", true, "Again."),
        Param::choice("TARGET", &["author", "live"], "Where to."),
    ];
    job.environment = vec![("A".to_owned(), "b".to_owned())];
    job.checkout = Some(Checkout {
        repository: "https://git.example/x.git".to_owned(),
        branches: vec!["refs/heads/main".to_owned()],
        credentials: Some("git".to_owned()),
        folder: "source".to_owned(),
    });
    let kind = CredentialsKind::Text("TOKEN".to_owned());
    job.credentials = vec![CredentialsBinding { id: "token".to_owned(), kind }];
    job.label = Some("cloudops".to_owned());
    job.retention = Retention { builds: Some(20), days: Some(30) };
    job.triggers =
        vec![Trigger::Cron("H 2 * * *".to_owned()), Trigger::Poll("H/5 * * * *".to_owned())];
    job.artifacts = Some("out/*".to_owned());
    job.test_reports = Some("**/TEST-*.xml".to_owned());
    job.timeout = Some(Duration::from_secs(3600));
    job
}

fn told(item: &Element) -> Vec<String> {
    check(item).iter().map(ToString::to_string).collect()
}

#[test]
fn what_we_write_is_known() {
    let plain = PipelineJob::new("x".parse().unwrap(), Owner::new("a"), "").stage("Run", "true");
    let endless = PipelineJob { retention: Retention::default(), concurrent: true, ..full() };
    for job in [plain, full(), endless] {
        let xml = job.config_xml().unwrap();
        assert_eq!(told(&Element::parse(&xml).unwrap()), [""; 0], "{xml}");
    }
    assert_eq!(told(&job_xml::folder(&Owner::new("a"), "Jobs.")), [""; 0]);
}

#[test]
fn what_jenkins_adds_is_known() {
    let saved = full()
        .config_xml()
        .unwrap()
        .replace("<flow-definition>", "<flow-definition plugin='workflow-job@1571'>")
        .replace(
            "<actions/>",
            "<actions><org.jenkinsci.plugins.pipeline.modeldefinition.actions.\
             DeclarativeJobAction plugin='x@1'/></actions>",
        )
        .replace("</strategy>", "<removeLastBuild>false</removeLastBuild></strategy>");
    assert_eq!(told(&Element::parse(&saved).unwrap()), [""; 0]);
}

#[test]
fn faults_name_their_place() {
    let xml = full().config_xml().unwrap().replace("<numToKeep>20", "<numToKeep>many");
    let place = "flow-definition/properties/jenkins.model.BuildDiscarderProperty[1]/strategy";
    let told = told(&Element::parse(&xml).unwrap());
    assert_eq!(told, [format!("{place}/numToKeep: `many` is neither -1 nor a number from 1")]);
    let other = Element::parse("<maven2-moduleset/>").unwrap();
    assert_eq!(
        check(&other)[0].to_string(),
        "maven2-moduleset: it is neither a pipeline job nor a folder"
    );
}

/// Each element is renamed, doubled, given a text, an attribute and another class; each that is
/// needed is left out, and each value of a form is spoilt.
#[test]
fn every_small_corruption_is_found() {
    let xml = Element::parse(&full().config_xml().unwrap()).unwrap();
    let mut places = Vec::new();
    walk(&xml, &mut Vec::new(), &mut places);
    assert!(places.len() > 40, "{}", places.len());
    let mut corruptions = 0;
    for place in &places {
        for (what, corrupt) in CORRUPTIONS {
            let mut copy = xml.clone();
            if corrupt(&mut copy, place) {
                corruptions += 1;
                assert!(!check(&copy).is_empty(), "{what} at {place:?} is not found:\n{copy}");
            }
        }
    }
    assert!(corruptions > 150, "{corruptions}");
}

type Corruption = fn(&mut Element, &[usize]) -> bool;

const CORRUPTIONS: [(&str, Corruption); 6] = [
    ("another name", |root, place| {
        at(root, place).name.push('s');
        true
    }),
    ("an unknown attribute", |root, place| {
        at(root, place).attributes.insert("unknown".to_owned(), "1".to_owned());
        true
    }),
    ("another class", |root, place| {
        let element = at(root, place);
        let open = element.name == "actions";
        element.attributes.insert("class".to_owned(), "other.Class".to_owned());
        !open
    }),
    ("a second one", |root, place| {
        let Some((index, parent)) = place.split_last() else { return false };
        let parent = at(root, parent);
        let copy = parent.children[*index].clone();
        parent.children.push(copy);
        parent.name != "a"
    }),
    ("a text for elements, and elements for a text", |root, place| {
        let element = at(root, place);
        if element.children.is_empty() {
            element.children.push(Element { name: "b".to_owned(), ..Element::default() });
        } else {
            element.text = "text".to_owned();
        }
        element.name != "actions"
    }),
    ("a spoilt value, or none", |root, place| {
        let element = at(root, place);
        let spoilt = match element.text.as_str() {
            "true" | "false" => element.name != "defaultValue",
            "-1" | "20" | "30" => true,
            text => text.contains("* *"),
        };
        element.text = "~".to_owned();
        spoilt && element.children.is_empty()
    }),
];

fn at<'a>(root: &'a mut Element, place: &[usize]) -> &'a mut Element {
    place.iter().fold(root, |element, index| &mut element.children[*index])
}

fn walk(element: &Element, place: &mut Vec<usize>, places: &mut Vec<Vec<usize>>) {
    places.push(place.clone());
    for (index, child) in element.children.iter().enumerate() {
        place.push(index);
        walk(child, place, places);
        place.pop();
    }
}

#[test]
fn what_is_needed_is_missed() {
    let xml = full().config_xml().unwrap();
    for name in ["script", "sandbox", "definition", "properties", "spec", "name", "strategy", "a"] {
        let mut item = Element::parse(&xml).unwrap();
        assert!(drop_first(&mut item, name), "{name}");
        assert!(told(&item).iter().any(|fault| fault.ends_with("it is missing")), "{name}");
    }
}

fn drop_first(element: &mut Element, name: &str) -> bool {
    if let Some(index) = element.children.iter().position(|child| child.name == name) {
        element.children.remove(index);
        return true;
    }
    element.children.iter_mut().any(|child| drop_first(child, name))
}
