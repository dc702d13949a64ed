//! `Fn::Cidr`: blocks of equal size inside another.

use std::net::{Ipv4Addr, Ipv6Addr};

/// `count` blocks with `host_bits` host bits each, from the start of `block`.
pub(super) fn blocks(
    block: &str,
    count: u32,
    host_bits: Option<u32>,
) -> Result<Vec<String>, String> {
    let wrong = || format!("Template error: {block} is not a valid address range for Fn::Cidr");
    let (address, mask) = block.split_once('/').ok_or_else(wrong)?;
    let mask: u32 = mask.parse().map_err(|_| wrong())?;
    let (start, width) = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
        (Ok(v4), _) => (u128::from(u32::from(v4)), 32),
        (_, Ok(v6)) => (u128::from(v6), 128),
        _ => return Err(wrong()),
    };
    // AWS's default is 8 host bits, which is a /24 of IPv4.
    let host_bits = host_bits.unwrap_or(8);
    if !(1..=256).contains(&count) || mask > width || host_bits >= width {
        return Err(wrong());
    }
    let room = 1_u128.checked_shl(width - mask).unwrap_or(u128::MAX);
    let size = 1_u128 << host_bits;
    if size.saturating_mul(u128::from(count)) > room {
        return Err(format!(
            "Template error: Fn::Cidr cannot fit {count} blocks of {host_bits} bits into {block}"
        ));
    }
    let start = start & !(room.wrapping_sub(1));
    let prefix = width - host_bits;
    Ok((0..u128::from(count))
        .map(|index| format!("{}/{prefix}", address_of(start + index * size, width)))
        .collect())
}

fn address_of(number: u128, width: u32) -> String {
    match u32::try_from(number) {
        Ok(v4) if width == 32 => Ipv4Addr::from(v4).to_string(),
        _ => Ipv6Addr::from(number).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_follow_each_other() {
        let found = blocks("10.0.0.0/16", 3, Some(12)).expect("blocks");
        assert_eq!(found, ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"]);
        assert_eq!(blocks("10.1.2.3/16", 1, None).expect("blocks"), ["10.1.0.0/24"]);
        assert_eq!(blocks("fd00::/56", 2, Some(64)).expect("blocks")[1], "fd00:0:0:1::/64");
        assert!(blocks("10.0.0.0/24", 2, Some(8)).is_err());
        assert!(blocks("nonsense", 2, Some(8)).is_err());
    }
}
