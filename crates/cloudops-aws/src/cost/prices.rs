//! The price table.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::ids::Region;

/// Hours of a month, as AWS's own calculator counts them.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// Region whose price stands in where the table has none.
const FALLBACK: &str = "us-east-1";

/// Stands for all regions in the table.
const EVERYWHERE: &str = "*";

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // Without a table everything is unknown, which is loud enough; a test reads it.
    serde_json::from_str(include_str!("prices.json")).unwrap_or_default()
});

#[derive(Debug, Default, Deserialize)]
struct Table {
    date: String,
    prices: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    per: Per,
    source: String,
    usd: BTreeMap<String, f64>,
    /// Regions whose figure was found quoted from AWS's price list.
    checked: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Per {
    Hour,
    Month,
}

/// A price from the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Price {
    /// US dollars for a month of 730 hours.
    pub(super) monthly: f64,
    /// Name of AWS's page that has it.
    pub(super) source: &'static str,
    /// Whether the region has no price of its own in the table.
    pub(super) is_fallback: bool,
    /// Whether the figure was found quoted from AWS's price list on the day of the table.
    pub(super) is_checked: bool,
}

/// Day on which the table was put together, as `2026-11-25`.
#[must_use]
pub fn table_date() -> &'static str {
    &TABLE.date
}

/// The price with this name in a region.
pub(super) fn find(name: &str, region: &Region) -> Option<Price> {
    let entry = TABLE.prices.get(name)?;
    let places = [region.as_str(), EVERYWHERE, FALLBACK];
    let (place, usd) = places.iter().find_map(|place| Some((*place, entry.usd.get(*place)?)))?;
    let hours = match entry.per {
        Per::Hour => HOURS_PER_MONTH,
        Per::Month => 1.0,
    };
    Some(Price {
        monthly: usd * hours,
        source: &entry.source,
        is_fallback: place == FALLBACK && region.as_str() != FALLBACK,
        is_checked: entry.checked.iter().any(|checked| checked == place),
    })
}

/// What is said next to a price that nobody has compared with AWS's price list.
pub(super) const UNCHECKED: &str = "list price that was not verified";

/// What is said next to a price that another region lent.
pub(super) fn fallback_note(region: &Region) -> String {
    format!("price of {FALLBACK}, none known for {region}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str) -> Region {
        code.parse().unwrap()
    }

    #[test]
    fn the_table_is_whole() {
        let table: Table = serde_json::from_str(include_str!("prices.json")).unwrap();
        assert!(table.date.parse::<jiff::civil::Date>().is_ok(), "{}", table.date);
        for (name, entry) in &table.prices {
            assert!(entry.source.ends_with(" pricing"), "{name} names its page");
            let known = [FALLBACK, EVERYWHERE].iter().any(|key| entry.usd.contains_key(*key));
            assert!(known, "{name} has something to fall back to");
            let unknown = entry.checked.iter().find(|place| !entry.usd.contains_key(*place));
            assert_eq!(unknown, None, "{name}: what was checked is there");
            for (key, usd) in &entry.usd {
                assert!(*usd > 0.0, "{name} in {key}");
                assert!(key == EVERYWHERE || key.parse::<Region>().is_ok(), "{name}: {key}");
            }
        }
    }

    #[test]
    fn a_region_without_a_price_says_so() {
        let here = find("nat-gateway", &region("eu-central-1")).unwrap();
        assert!((here.monthly - 0.052 * 730.0).abs() < 1e-9 && !here.is_fallback);
        let elsewhere = find("nat-gateway", &region("sa-east-1")).unwrap();
        assert!((elsewhere.monthly - 0.045 * 730.0).abs() < 1e-9 && elsewhere.is_fallback);
        let worldwide = find("kms-key", &region("sa-east-1")).unwrap();
        assert!(!worldwide.is_fallback, "one price everywhere is not a fallback");
        assert_eq!(worldwide.source, "AWS KMS pricing");
        let unchecked = find("nat-gateway", &region("us-west-2")).unwrap();
        assert!(here.is_checked && !unchecked.is_checked);
        assert_eq!(find("moon", &region("us-east-1")), None);
    }
}
