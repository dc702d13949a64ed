//! What stacks cost a month, before they are there.
//!
//! [`estimate()`] reads a template and the values of its parameters, finds what costs money by the
//! hour or the month whether it is used or not, and multiplies it with the price table
//! ([`table_date`] says how old that is). [`difference`] compares two estimates. Nothing here
//! calls AWS.
//!
//! An estimate is loud about what it cannot know: what depends on use ([`Monthly::Usage`]), and
//! what nobody can say yet or this version has no price for ([`Monthly::Unknown`]). A number is
//! never a guess; what it takes for granted stands next to it ([`Line::assumption`]).
//!
//! ```
//! use std::collections::BTreeMap;
//! use cloudops_aws::{cfn::template::Template, cost};
//!
//! let text = "Resources:\n  Gateway:\n    Type: AWS::EC2::NatGateway\n";
//! let template = Template::parse("network.yaml", text)?;
//! let estimate = cost::estimate(&template, &BTreeMap::new(), &"eu-west-1".parse()?, None);
//! assert_eq!(estimate.total().to_string(), "$35.04");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod data;
mod difference;
mod edge;
mod estimate;
mod evaluate;
#[cfg(feature = "stacks")]
mod graph;
mod hosts;
mod kinds;
mod money;
mod network;
mod prices;
#[cfg(feature = "stacks")]
mod resources;
mod tasks;

pub use difference::{Change, Created, Difference, PlanCosts, difference};
pub use estimate::{Estimate, Line, Monthly, Values, bare, estimate, estimate_values};
#[cfg(feature = "stacks")]
pub use graph::{Running, of_graph, of_plan};
pub use kinds::{Kind, kind};
pub use money::Usd;
pub use prices::{HOURS_PER_MONTH, table_date};
#[cfg(feature = "stacks")]
pub use resources::{Planned, resources};
