//! Ports of a story's own. Not out of the range from which the kernel serves everybody else (`ip_local_port_range`): there a
//! port is somebody's as soon as it is let go, and a server that is started again finds it taken.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::TcpListener;

/// A port that is free now.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    free_pair()[0]
}

/// Two neighbouring ports that are free now.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn free_pair() -> [u16; 2] {
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let (from, to) = ours(&std::fs::read_to_string(KERNEL_S).unwrap_or_default());
    for _ in 0..1000 {
        let at = RandomState::new().build_hasher().finish() % u64::from(to - from);
        let first = from + u16::try_from(at).expect("below a port");
        if free(first) && free(first + 1) {
            return [first, first + 1];
        }
    }
    panic!("no two neighbouring free ports")
}

/// The first and the last port that the kernel gives away.
const KERNEL_S: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// The fewest ports that stories share.
const ENOUGH: u16 = 1000;

/// The first and the last port of stories: below what the kernel gives away, else above it. A machine
/// where it gives away everything leaves nothing to choose.
fn ours(kernel_s: &str) -> (u16, u16) {
    let mut numbers = kernel_s.split_whitespace().filter_map(|number| number.parse::<u16>().ok());
    let (first, last) = (numbers.next().unwrap_or(32_768), numbers.next().unwrap_or(60_999));
    let below = (10_000, first.min(30_000).saturating_sub(1));
    let above = (last.saturating_add(1), u16::MAX - 1);
    [below, above].into_iter().find(|(from, to)| to.saturating_sub(*from) >= ENOUGH).unwrap_or((10_000, 30_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_gives_nobody_the_ports_of_a_story() {
        for (kernel_s, expected) in [
            ("32768\t60999\n", (10_000, 29_999)),
            ("16384 60999", (10_000, 16_383)),
            ("1024 60999", (61_000, 65_534)),
            ("1024 65535", (10_000, 30_000)),
            ("", (10_000, 29_999)),
        ] {
            assert_eq!(ours(kernel_s), expected, "{kernel_s}");
        }
        assert!(free_pair().iter().all(|port| *port >= 10_000));
    }
}
