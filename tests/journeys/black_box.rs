//! A release whose server ends as soon as it starts: what a roll-back would erase is told, and
//! told again later.

use std::path::Path;

use crate::stand::{ends, ready_to_deploy, with_stage};

/// What the server says last.
const LAST_WORDS: &str = "the catalog has no currency";
/// What a person needs to know: which container, with which code, and its last words.
const TOLD: [&str; 3] = ["cortex", "ended with 3", LAST_WORDS];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_at_its_start_says_why() {
    with_stage("black-box", |stage| async move {
        let instance = stage.instance("acme", 51).await.unwrap();
        breaks_at_its_start(&instance.folder.join("commerce"));
        ready_to_deploy(&stage, &instance).await;

        let failed = ends(&instance, "clouddeploy deploy --env qa --yes", 9).await;
        let shown = ends(&instance, "clouddeploy show", 0).await;
        let json = ends(&instance, "clouddeploy show --output json", 0).await;
        for finished in [failed, shown, json] {
            let (line, text) = (&finished.command, finished.text());
            for word in TOLD {
                assert!(text.contains(word), "`{line}` did not say `{word}`, but:\n{text}");
            }
        }
        ends(&instance, "clouddeploy show --html run.html", 0).await;
        let page = fs_err::read_to_string(instance.folder.join("run.html")).unwrap();
        assert!(page.contains(LAST_WORDS), "{page}");
    })
    .await;
}

/// The storefront of this distribution ends its server with code 3 while it starts.
fn breaks_at_its_start(distribution: &Path) {
    let webapp = distribution.join("extensions/cortex/ext-cortex-webapp/src/main");
    let class = webapp.join("java/org/example/commerce/cortex/CortexServlet.java");
    let ends = format!(
        "    @Override\n    public void init() {{\n        System.err.println(\"{LAST_WORDS}\");\n\
         \x20       Runtime.getRuntime().halt(3);\n    }}\n\n    @Override\n    protected Object"
    );
    replace(&class, "    @Override\n    protected Object", &ends);
    let servlet = "CortexServlet</servlet-class>";
    let at_start = format!("{servlet}<load-on-startup>1</load-on-startup>");
    replace(&webapp.join("webapp/WEB-INF/web.xml"), servlet, &at_start);
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = fs_err::read_to_string(file).unwrap();
    assert!(text.contains(from), "{}: {text}", file.display());
    fs_err::write(file, text.replacen(from, to, 1)).unwrap();
}
