//! Ports of a story's own. Not out of the range from which the kernel serves everybody else (`ip_local_port_range`, from 32768 on): there a
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
    for _ in 0..1000 {
        let first = 10_000 + u16::try_from(RandomState::new().build_hasher().finish() % 20_000).expect("below 20,000");
        if free(first) && free(first + 1) {
            return [first, first + 1];
        }
    }
    panic!("no two neighbouring free ports")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_gives_nobody_the_ports_of_a_story() {
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        let from: u16 = range.split_whitespace().next().unwrap().parse().unwrap();
        for _ in 0..20 {
            assert!(free_pair().iter().all(|port| *port < from), "{range}");
        }
    }
}
