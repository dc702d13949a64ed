//! IPv4 ranges, and whether two of them clash. Pure.

use std::fmt;

/// An IPv4 range, such as `10.0.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    first: u32,
    bits: u32,
}

impl Range {
    /// Reads a range. Bits behind the prefix are ignored; none when it is not a range.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?;
        let octets: Vec<u8> = address.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let octets: [u8; 4] = octets.try_into().ok()?;
        Some(Self { first: u32::from_be_bytes(octets) & mask(bits), bits })
    }

    /// Whether any address is in both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let shared = mask(self.bits.min(other.bits));
        self.first & shared == other.first & shared
    }

    /// The first private range of the same size that clashes with none of `taken`.
    #[must_use]
    pub fn free(self, taken: &[Self]) -> Option<Self> {
        let step = 1_u64 << (32 - self.bits.max(8));
        let within = |text: &str| {
            let around = Self::parse(text)?;
            let end = u64::from(around.first) + (1_u64 << (32 - around.bits));
            let starts = (u64::from(around.first)..end).step_by(usize::try_from(step).ok()?);
            let mut ranges = starts.filter_map(|first| {
                Some(Self { first: u32::try_from(first).ok()?, bits: self.bits })
            });
            ranges.find(|range| !taken.iter().any(|other| other.overlaps(*range)))
        };
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].into_iter().find_map(within)
    }
}

fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.first.to_be_bytes();
        write!(f, "{a}.{b}.{c}.{d}/{}", self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).unwrap()
    }

    #[test]
    fn ranges_clash_when_they_share_an_address() {
        for (one, other, expect) in [
            ("10.0.0.0/16", "10.0.0.0/16", true),
            ("10.0.0.0/16", "10.0.255.0/24", true),
            ("10.0.0.0/16", "10.1.0.0/16", false),
            ("10.0.0.0/8", "10.200.0.0/20", true),
            ("0.0.0.0/0", "192.168.1.0/24", true),
            ("10.0.0.1/32", "10.0.0.0/32", false),
        ] {
            assert_eq!(range(one).overlaps(range(other)), expect, "{one} {other}");
            assert_eq!(range(other).overlaps(range(one)), expect, "{other} {one}");
        }
        for wrong in ["10.0.0.0", "10.0.0.0/33", "10.0.0/16", "a.b.c.d/8", "10.0.0.256/8"] {
            assert_eq!(Range::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_free_range_of_the_same_size_is_found() {
        let free = |wanted: &str, taken: &[&str]| {
            let taken: Vec<Range> = taken.iter().map(|text| range(text)).collect();
            range(wanted).free(&taken).map(|range| range.to_string())
        };
        assert_eq!(free("10.0.0.0/16", &["10.0.0.0/16"]).as_deref(), Some("10.1.0.0/16"));
        assert_eq!(free("10.0.0.0/16", &["10.0.0.0/9"]).as_deref(), Some("10.128.0.0/16"));
        assert_eq!(free("10.4.0.0/20", &["10.0.0.0/20"]).as_deref(), Some("10.0.16.0/20"));
        assert_eq!(free("10.0.0.0/16", &["10.0.0.0/8"]).as_deref(), Some("172.16.0.0/16"));
        assert_eq!(free("10.0.0.0/16", &["0.0.0.0/0"]), None);
    }
}
