//! What `clouddeploy package inspect` shows.

use std::fmt::{self, Write};

use cloudops_aws::{
    package::inspect::{Inspection, Item, WebAppContents},
    terminal::{Report, Style, Table},
};

/// So many shared jars are shown to people, the largest first.
const LARGEST: usize = 10;

/// What is in a package.
pub(super) struct Inspected(pub(super) Inspection);

impl Report for Inspected {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let found = &self.0;
        writeln!(out, "{}  {} bytes  {}", style.bold(&found.name), found.size, found.digest)?;
        writeln!(out, "{}", versions(found))?;
        if !found.webapps.is_empty() {
            write!(out, "\n{}", webapps(found, style))?;
        }
        write!(out, "\n{}", files(found, style))?;
        shared(found, out, style)?;
        refused(found, out, style)
    }

    fn json(&self) -> serde_json::Value {
        let found = &self.0;
        let needs = found.needs.as_ref().map(|(spec, source)| {
            serde_json::json!({"java": spec.java, "tomcat": spec.tomcat, "from": source.as_str()})
        });
        let refused: Vec<String> = found.refused.iter().map(ToString::to_string).collect();
        serde_json::json!({
            "file": found.name,
            "digest": found.digest,
            "size": found.size,
            "suite": found.suite,
            "needs": needs,
            "webapps": found.webapps,
            "shared": found.shared,
            "shared_saves": found.saved(),
            "tomcat": found.tomcat,
            "database": found.database,
            "drivers": found.drivers,
            "tools": found.tools,
            "broker": found.broker,
            "plugins": found.plugins,
            "others": found.others,
            "refused": refused,
        })
    }
}

fn versions(found: &Inspection) -> String {
    let suite = found.suite.as_deref().unwrap_or("of an unknown version");
    match &found.needs {
        Some((spec, source)) => format!(
            "suite {suite}, needs Java {} and Tomcat {} (by its {})",
            spec.java,
            spec.tomcat,
            source.as_str()
        ),
        None => format!("suite {suite}, does not say which Java and Tomcat it needs"),
    }
}

fn webapps(found: &Inspection, style: Style) -> Table {
    let headings = ["WEB APPLICATION", "VERSION", "BYTES", "FILES", "JARS", "SHARED", "DIGEST"];
    let mut table = Table::new(style, &headings);
    let shared = |webapp: &WebAppContents| {
        found.shared.iter().filter(|jar| jar.webapps.contains(&webapp.artifact)).count()
    };
    for webapp in &found.webapps {
        table.row([
            webapp.artifact.clone(),
            webapp.version.clone(),
            webapp.size.to_string(),
            webapp.files.to_string(),
            webapp.jars.len().to_string(),
            shared(webapp).to_string(),
            webapp.digest.as_ref().map_or("broken", |digest| digest.short()).to_owned(),
        ]);
    }
    table
}

fn files(found: &Inspection, style: Style) -> Table {
    let kinds: [(&str, &[Item]); 7] = [
        ("Tomcat", &found.tomcat),
        ("database", &found.database),
        ("driver", &found.drivers),
        ("tool", &found.tools),
        ("broker", &found.broker),
        ("plugin", &found.plugins),
        ("other", &found.others),
    ];
    let mut table = Table::new(style, &["FILE", "KIND", "VERSION", "BYTES", "DIGEST"]);
    for (kind, items) in kinds {
        for item in items {
            let file = item.entry.rsplit('/').next().unwrap_or(&item.entry);
            table.row([
                file,
                kind,
                item.version.as_deref().unwrap_or("-"),
                &item.size.to_string(),
                item.digest.as_ref().map_or("broken", |digest| digest.short()),
            ]);
        }
    }
    table
}

fn shared(found: &Inspection, out: &mut dyn Write, style: Style) -> fmt::Result {
    let count = found.shared.len();
    if count == 0 {
        return Ok(());
    }
    let saved = found.saved();
    writeln!(
        out,
        "\njars in several web applications: {count}; kept once, they save {saved} bytes"
    )?;
    let mut largest: Vec<_> = found.shared.iter().collect();
    largest.sort_by_key(|jar| std::cmp::Reverse(jar.saved()));
    let mut table = Table::new(style, &["SHARED JAR", "BYTES", "IN", "SAVED"]);
    for jar in largest.iter().take(LARGEST) {
        let (size, saved) = (jar.size.to_string(), jar.saved().to_string());
        table.row([jar.name.clone(), size, jar.webapps.len().to_string(), saved]);
    }
    write!(out, "{table}")?;
    if count > LARGEST {
        writeln!(out, "and {} more: --output json has all of them", count - LARGEST)?;
    }
    Ok(())
}

fn refused(found: &Inspection, out: &mut dyn Write, style: Style) -> fmt::Result {
    match found.refused.len() {
        0 => return writeln!(out, "\n{}", style.good("nothing is wrong with it")),
        1 => writeln!(out, "\n{}", style.bad("it would be refused:"))?,
        count => {
            writeln!(out, "\n{}", style.bad(&format!("it would be refused, for {count} reasons:")))?
        }
    }
    for error in &found.refused {
        writeln!(out, "  {error}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cloudops_aws::{
        ids::Digest,
        package::{
            OpsSpec, PackageError, SpecSource,
            inspect::{Jar, SharedJar},
        },
    };

    use super::*;

    fn digest(text: &str) -> Option<Digest> {
        Some(Digest::of(text.as_bytes()))
    }

    fn webapp(artifact: &str, jars: &[(&str, u64)]) -> WebAppContents {
        let jar = |(name, size): &(&str, u64)| Jar {
            name: (*name).to_owned(),
            size: *size,
            crc32: 7,
            digest: digest(name),
        };
        WebAppContents {
            artifact: artifact.to_owned(),
            version: "8.3.0".to_owned(),
            entry: format!("webapps/{artifact}-8.3.0.war"),
            size: 4096,
            digest: digest(artifact),
            files: 12,
            unpacked: 9000,
            jars: jars.iter().map(jar).collect(),
        }
    }

    fn item(entry: &str, version: Option<&str>) -> Item {
        let version = version.map(str::to_owned);
        Item { entry: entry.to_owned(), version, size: 100, digest: digest(entry) }
    }

    fn found() -> Inspection {
        let shared = SharedJar {
            name: "core-8.3.0.jar".to_owned(),
            size: 1000,
            digest: Digest::of(b"core-8.3.0.jar"),
            webapps: vec!["ext-cm-webapp".to_owned(), "ext-cortex-webapp".to_owned()],
        };
        Inspection {
            name: "package.zip".to_owned(),
            size: 20_000,
            digest: Digest::of(b"package"),
            suite: Some("8.3.0".to_owned()),
            needs: Some((
                OpsSpec { java: "8".to_owned(), tomcat: "9.0.50".to_owned() },
                SpecSource::Table,
            )),
            webapps: vec![
                webapp("ext-cm-webapp", &[("core-8.3.0.jar", 1000)]),
                webapp("ext-cortex-webapp", &[("core-8.3.0.jar", 1000), ("own-1.jar", 50)]),
            ],
            shared: vec![shared],
            tomcat: vec![item("webapps/apache-tomcat-9.0.50.zip", Some("9.0.50"))],
            database: vec![item("database/ext-data-8.3.0.jar", Some("8.3.0"))],
            drivers: Vec::new(),
            tools: Vec::new(),
            broker: Vec::new(),
            plugins: vec![item("plugins/plugins.json", None)],
            others: Vec::new(),
            refused: Vec::new(),
        }
    }

    fn text(found: Inspection) -> String {
        let mut text = String::new();
        Inspected(found).human(&mut text, Style { color: false }).unwrap();
        text
    }

    #[test]
    fn a_good_package_is_shown() {
        insta::assert_snapshot!(text(found()), @r"
        package.zip  20000 bytes  sha256:bc4a71180870f7945155fbb02f4b0a2e3faa2a62d6d31b7039013055ed19869a
        suite 8.3.0, needs Java 8 and Tomcat 9.0.50 (by its version table)

         WEB APPLICATION    VERSION  BYTES  FILES  JARS  SHARED  DIGEST
         ext-cm-webapp      8.3.0    4096   12     1     1       1f80d36cfa77
         ext-cortex-webapp  8.3.0    4096   12     2     1       24ffbd4be77f

         FILE                      KIND      VERSION  BYTES  DIGEST
         apache-tomcat-9.0.50.zip  Tomcat    9.0.50   100    eb0de8eaf04d
         ext-data-8.3.0.jar        database  8.3.0    100    4aedfcfd7f83
         plugins.json              plugin    -        100    de28a883d96a

        jars in several web applications: 1; kept once, they save 1000 bytes
         SHARED JAR      BYTES  IN  SAVED
         core-8.3.0.jar  1000   2   1000

        nothing is wrong with it
        ");
    }

    #[test]
    fn every_reason_is_shown() {
        let mut found = found();
        found.needs = None;
        found.shared.clear();
        let one = || PackageError::Lacks {
            name: "package.zip".to_owned(),
            what: "webapps/ext-batch-webapp-<version>.war".to_owned(),
            user: "batch".to_owned(),
        };
        found.refused = vec![one()];
        assert!(
            text(found).contains("it would be refused:\n  package.zip has no webapps/ext-batch")
        );
        let mut found = self::found();
        found.webapps[0].digest = None;
        found.refused = vec![one(), one()];
        insta::assert_snapshot!(text(found), @r"
        package.zip  20000 bytes  sha256:bc4a71180870f7945155fbb02f4b0a2e3faa2a62d6d31b7039013055ed19869a
        suite 8.3.0, needs Java 8 and Tomcat 9.0.50 (by its version table)

         WEB APPLICATION    VERSION  BYTES  FILES  JARS  SHARED  DIGEST
         ext-cm-webapp      8.3.0    4096   12     1     1       broken
         ext-cortex-webapp  8.3.0    4096   12     2     1       24ffbd4be77f

         FILE                      KIND      VERSION  BYTES  DIGEST
         apache-tomcat-9.0.50.zip  Tomcat    9.0.50   100    eb0de8eaf04d
         ext-data-8.3.0.jar        database  8.3.0    100    4aedfcfd7f83
         plugins.json              plugin    -        100    de28a883d96a

        jars in several web applications: 1; kept once, they save 1000 bytes
         SHARED JAR      BYTES  IN  SAVED
         core-8.3.0.jar  1000   2   1000

        it would be refused, for 2 reasons:
          package.zip has no webapps/ext-batch-webapp-<version>.war, which batch of the topology needs
          package.zip has no webapps/ext-batch-webapp-<version>.war, which batch of the topology needs
        ");
    }

    #[test]
    fn programs_get_everything() {
        let json = serde_json::to_string_pretty(&Inspected(found()).json()).unwrap();
        insta::assert_snapshot!(json);
    }
}
