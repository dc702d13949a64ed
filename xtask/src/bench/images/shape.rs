//! What is in the package of a benchmark: which services, and which jars in which WAR.

/// A service of the built-in topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Service {
    /// Name of its image.
    pub(super) name: &'static str,
    /// Artifact of its large web application.
    pub(super) artifact: &'static str,
    /// Context path of that.
    pub(super) context: &'static str,
}

const fn service(name: &'static str, artifact: &'static str, context: &'static str) -> Service {
    Service { name, artifact, context }
}

/// All services, in the order in which growing packages get them.
pub(super) const SERVICES: [Service; 6] = [
    service("cortex", "ext-cortex-webapp", "cortex"),
    service("search", "ext-search-webapp", "search"),
    service("cm", "ext-cm-webapp", "cm"),
    service("integration", "ext-integration-webapp", "integration"),
    service("batch", "ext-batch-webapp", "batch"),
    service("data-sync", "ext-sync-webapp", "datasync"),
];

/// The small web application that the image of the first service holds too: pages, no libraries.
pub(super) const STUDIO: Service = service("cortex", "ep-rest-studio", "studio");
/// The tool whose image is made beside the services.
pub(super) const TOOL: &str = "data-pop-tool";
/// Its artifact.
pub(super) const TOOL_ARTIFACT: &str = "ext-data-population-cli";
/// Version of all artifacts.
pub(super) const VERSION: &str = "8.5.0";
/// The service of which a class changes.
pub(super) const CHANGED: &str = "cm";

/// Jars that all large web applications carry, and jars that each of them has alone.
const SHARED: usize = 150;
const OWN: usize = 17;
/// Jars beyond this many bytes are left out: a web application has none so large.
const LARGEST: u64 = 25_000_000;

/// A package to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// How many services are of full size. The others have a class and a page: the topology wants
    /// all of them.
    pub(super) services: usize,
    /// Every how manieth jar is taken, by size: 1 is the full size, 2 about half of it.
    pub(super) every: usize,
    /// Whether a class of [`CHANGED`] is another one.
    pub(super) changed: bool,
}

impl Shape {
    /// The package of the goals.
    pub(super) const FULL: Self = Self { services: SERVICES.len(), every: 1, changed: false };
    /// The same, rebuilt after one class was changed.
    pub(super) const REBUILT: Self = Self { changed: true, ..Self::FULL };

    /// A name for files.
    pub(super) fn name(self) -> String {
        let rebuilt = if self.changed { "-rebuilt" } else { "" };
        format!("package-{}-1of{}{rebuilt}", self.services, self.every)
    }
}

/// Names of all images that are made.
pub(super) fn images() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|service| service.name).chain([TOOL])
}

/// A jar that may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Jar {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// Which jars are where, by file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// In every large web application.
    pub(super) shared: Vec<String>,
    /// In one of them, in the order of [`SERVICES`].
    pub(super) own: Vec<Vec<String>>,
}

/// Chooses among all jars there are, by sorted name, so that every machine chooses the same.
pub(super) fn plan(jars: &[Jar], shape: Shape) -> Plan {
    let fits = |jar: &&Jar| jar.bytes <= LARGEST;
    let mut jars: Vec<&Jar> = jars.iter().filter(fits).collect();
    jars.sort_by_key(|jar| &jar.name);
    jars.truncate(SHARED + OWN * SERVICES.len());
    let (shared, rest) = jars.split_at(jars.len().min(SHARED));
    let of = |index: usize| rest.iter().copied().skip(index).step_by(SERVICES.len());
    let own = (0..shape.services.min(SERVICES.len())).map(|index| take(of(index), shape.every));
    Plan { shared: take(shared.iter().copied(), shape.every), own: own.collect() }
}

/// Names, sorted, of one in `every` of the jars, by turns the largest and the smallest of as many:
/// so that they have about that part of the bytes.
fn take<'a>(jars: impl Iterator<Item = &'a Jar>, every: usize) -> Vec<String> {
    let mut jars: Vec<&Jar> = jars.collect();
    jars.sort_by_key(|jar| (std::cmp::Reverse(jar.bytes), &jar.name));
    let one_of = |(turn, jars): (usize, &[&'a Jar])| {
        let jar = if turn % 2 == 0 { jars.first() } else { jars.last() };
        jar.map(|jar| jar.name.clone())
    };
    let mut names: Vec<String> = jars.chunks(every).enumerate().filter_map(one_of).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jars() -> Vec<Jar> {
        let jar = |number| Jar { name: format!("{number:03}.jar"), bytes: 1 };
        let mut jars: Vec<Jar> = (0..300).rev().map(jar).collect();
        jars.push(Jar { name: "000-large.jar".to_owned(), bytes: LARGEST + 1 });
        jars
    }

    #[test]
    fn the_full_package_shares_150_of_252_jars() {
        let plan = plan(&jars(), Shape::FULL);
        assert_eq!((plan.shared.len(), plan.own.len()), (150, 6));
        assert!(plan.own.iter().all(|own| own.len() == 17));
        assert_eq!((&*plan.shared[0], &*plan.own[1][0]), ("000.jar", "151.jar"));
        let mut all: Vec<&String> = plan.shared.iter().chain(plan.own.iter().flatten()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 252);
    }

    #[test]
    fn half_has_half_of_the_jars_and_fewer_services_the_same_ones() {
        let full = plan(&jars(), Shape::FULL);
        let half = plan(&jars(), Shape { every: 2, ..Shape::FULL });
        assert_eq!((half.shared.len(), half.own[0].len()), (75, 9));
        let two = plan(&jars(), Shape { services: 2, ..Shape::FULL });
        assert_eq!((&two.shared, two.own.as_slice()), (&full.shared, &full.own[..2]));
        assert_eq!(plan(&[], Shape::FULL).shared.len(), 0);
    }

    #[test]
    fn names_tell_packages_apart() {
        assert_eq!(Shape::FULL.name(), "package-6-1of1");
        assert_eq!(Shape::REBUILT.name(), "package-6-1of1-rebuilt");
    }
}
