//! IP addresses and networks as the API server reads them (`ParseIPSloppy`, `ParseCIDRSloppy`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::check::Release;
use super::words::Broken;

const NO_ADDRESS: Broken = "is no IP address, such as `10.9.8.7` or `2001:db8::1`";
const NO_NETWORK: Broken = "is no network, such as `10.9.8.0/24` or `2001:db8::/64`";
const ZEROS: Broken = "must not have leading zeros";
const MAPPED: Broken = "must not be an IPv4 address written as IPv6";

/// Reads an address; zeros may lead its numbers, which clusters since 1.36 refuse.
pub(super) fn address(text: &str, release: Release) -> Result<IpAddr, Broken> {
    let ip = sloppy(text).ok_or(NO_ADDRESS)?;
    if is_strict(release) {
        if text.parse::<IpAddr>().is_err() {
            return Err(ZEROS);
        }
        if is_mapped(ip) {
            return Err(MAPPED);
        }
    }
    Ok(ip)
}

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy)]
pub(super) struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`.
    pub fn parse(text: &str, release: Release) -> Result<Self, Broken> {
        let (written, digits) = text.split_once('/').ok_or(NO_NETWORK)?;
        let address = sloppy(written).ok_or(NO_NETWORK)?;
        let bits = number(digits, if address.is_ipv4() { 32 } else { 128 }).ok_or(NO_NETWORK)?;
        let network = Self { address, bits };
        if is_strict(release) {
            if written.parse::<IpAddr>().is_err() || digits.len() > 1 && digits.starts_with('0') {
                return Err(ZEROS);
            }
            if is_mapped(address) {
                return Err(MAPPED);
            }
            if network.bits_of(address) << bits.min(127) << (bits / 128) != 0 {
                return Err("must not have bits set beyond the length of its prefix");
            }
        }
        Ok(network)
    }

    /// `true` if `other` is a part of it, and not all of it.
    pub fn has_within(self, other: Self) -> bool {
        let shift = 128 - u32::from(self.bits);
        let first = |address| self.bits_of(address).checked_shr(shift).unwrap_or_default();
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.bits < other.bits
            && first(self.address) == first(other.address)
    }

    /// The address at the upper end of 128 bits.
    fn bits_of(self, address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
            IpAddr::V6(ip) => ip.to_bits(),
        }
    }
}

fn is_strict(release: Release) -> bool {
    release >= Release(36)
}

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

fn sloppy(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let mut parts = text.split('.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        *octet = number(parts.next()?, u8::MAX)?;
    }
    parts.next().is_none().then_some(IpAddr::V4(Ipv4Addr::from(octets)))
}

fn number(digits: &str, most: u8) -> Option<u8> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        let (old, new) = (Release(35), Release(36));
        for good in ["10.0.0.1", "::1", "2001:db8::ffff"] {
            assert!(address(good, new).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0", "10.0.0.256", " 10.0.0.1", "localhost", "10.0.0.1/8", "+1.0.0.0", "fe80::1%eth0"] {
            assert!(address(bad, old).is_err(), "{bad}");
        }
        for odd in ["010.0.0.1", "::ffff:10.0.0.1"] {
            assert!(address(odd, old).is_ok() && address(odd, new).is_err(), "{odd}");
        }
        for good in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "10.0.0.1/32", "::1/128", "2001:db8::/32"] {
            assert!(Network::parse(good, new).is_ok(), "{good}");
        }
        for odd in ["10.0.0.5/8", "010.0.0.0/8", "10.0.0.0/08"] {
            assert!(Network::parse(odd, old).is_ok() && Network::parse(odd, new).is_err(), "{odd}");
        }
        for bad in ["10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "/8", "a/8"] {
            assert!(Network::parse(bad, old).is_err(), "{bad}");
        }
        let within = |whole: &str, part: &str| {
            Network::parse(whole, old).unwrap().has_within(Network::parse(part, old).unwrap())
        };
        assert!(within("10.0.0.0/8", "10.1.0.0/16") && within("0.0.0.0/0", "10.0.0.0/8"));
        assert!(!within("10.0.0.0/8", "10.0.0.0/8") && !within("10.0.0.0/8", "11.0.0.0/16"));
        assert!(!within("0.0.0.0/0", "::/1"));
    }
}
