//! The page of a recorded run: its structure here, its looks in a browser.

use super::{html, sample};

/// How often a text is in another one.
fn times(page: &str, what: &str) -> usize {
    page.matches(what).count()
}

#[test]
fn the_page_of_a_failed_run_says_what_went_wrong_first() {
    let page = html(&sample::failed());
    let order = [
        "<h1>clouddeploy deploy</h1>",
        "✕</span> Failed after 12 min 28 s",
        "id=\"wrong\"",
        "<strong>Database cluster</strong> <code>Cluster</code>",
        "2 more failures",
        "id=\"timeline\"",
        "id=\"plan\"",
        "id=\"outputs\"",
        "id=\"remarks\"",
        "id=\"log\"",
    ];
    let places: Vec<Option<usize>> = order.iter().map(|text| page.find(text)).collect();
    assert!(places.iter().all(Option::is_some), "{order:?} {places:?}");
    assert!(places.is_sorted(), "{order:?} {places:?}");
    assert_eq!(times(&page, "<h1>"), 1);
    assert!(page.contains("not tried"), "a stack that never began is there too");
}

#[test]
fn the_page_needs_nothing_from_outside_and_runs_nothing() {
    let page = html(&sample::failed());
    for outside in ["<script", "<link", "<img", "src=", "url(", "@import", "http-equiv=\"refresh\""]
    {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("balancer &amp; &lt;firewall&gt;") && !page.contains("<firewall>"));
}

#[test]
fn the_critical_path_is_marked_in_the_timeline() {
    let page = html(&sample::done());
    let path = page.split("<ol class=\"path\">").nth(1).unwrap().split("</ol>").next().unwrap();
    let steps = ["network of the environment", "database of Author", "service integration"];
    assert_eq!(times(path, "<li>"), 3, "{path}");
    assert!(steps.iter().all(|step| path.contains(step)), "{path}");
    // One in each row, and one in the legend.
    assert_eq!(times(&page, "◆"), 4);
    assert!(page.contains("bar wait"), "waiting is shown");
    assert!(!page.contains("id=\"wrong\""));
}

#[test]
fn every_element_is_closed() {
    for page in [html(&sample::failed()), html(&sample::done()), html(&sample::short_failure())] {
        for name in [
            "section",
            "details",
            "summary",
            "ol",
            "ul",
            "li",
            "table",
            "tr",
            "td",
            "th",
            "span",
            "div",
            "dl",
            "dd",
            "p",
            "i",
            "code",
            "strong",
            "main",
            "header",
            "blockquote",
        ] {
            let opened = times(&page, &format!("<{name}>")) + times(&page, &format!("<{name} "));
            assert_eq!(opened, times(&page, &format!("</{name}>")), "{name}");
        }
    }
}

#[test]
fn a_run_without_events_is_a_page_too() {
    let mut run = sample::done();
    run.events.clear();
    run.report.ended = None;
    let page = html(&run);
    assert!(page.contains("Cut off") && !page.contains("id=\"timeline\""));
}
