//! US dollars.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

use serde::{Serialize, Serializer};

/// An amount in US dollars, kept in whole cents so that sums are those a person sees.
///
/// ```
/// use cloudops_aws::cost::Usd;
///
/// assert_eq!(Usd::from_dollars(1234.565).to_string(), "$1,234.57");
/// assert_eq!((Usd::from_dollars(1.0) - Usd::from_dollars(2.5)).to_string(), "-$1.50");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Dollars, rounded to the nearest cent.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Self {
        // A float turns into the nearest integer there is, so a wild number cannot wrap around.
        Self((dollars * 100.0).round() as i64)
    }

    /// As dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// With a sign in front, also when it is positive: `+$3.65`.
    #[must_use]
    pub fn signed(self) -> String {
        if self.0 > 0 { format!("+{self}") } else { self.to_string() }
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (dollars, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        write!(f, "{sign}${}.{cents:02}", grouped(dollars))
    }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Usd {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::add)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        let check = |dollars: f64, expect: &str| {
            assert_eq!(Usd::from_dollars(dollars).to_string(), expect);
        };
        check(0.0, "$0.00");
        check(0.004, "$0.00");
        check(32.85, "$32.85");
        check(-7.3, "-$7.30");
        check(1_234_567.0, "$1,234,567.00");
        assert_eq!(Usd::from_dollars(3.65).signed(), "+$3.65");
        assert_eq!(Usd::from_dollars(-3.65).signed(), "-$3.65");
    }
}
