//! Which addresses a delivery may connect to.
//!
//! What counts is the address actually connected to: names are resolved by [`GuardedResolver`],
//! which drops refused addresses, and URLs that hold an address instead of a name are checked
//! before each request, redirects included.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Metadata services of clouds outside of the link-local range.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// The rule for addresses of destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether loopback and private addresses are allowed.
    private: bool,
}

impl AddressPolicy {
    /// Loopback and private addresses are open only to a gateway that itself listens on loopback:
    /// one that others can reach must not become their way into the local network.
    pub fn for_listener(listen: SocketAddr) -> Self {
        Self {
            private: listen.ip().to_canonical().is_loopback(),
        }
    }

    /// Whether a delivery may connect to `address`. Link-local addresses, where clouds keep their
    /// metadata, unspecified, multicast and broadcast ones never are allowed.
    pub fn allows(self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => self.allows_v4(v4),
            IpAddr::V6(v6) => self.allows_v6(v6),
        }
    }

    fn allows_v4(self, v4: Ipv4Addr) -> bool {
        let [a, b, ..] = v4.octets();
        let never = v4.is_link_local()
            || v4.is_broadcast()
            || v4.is_multicast()
            || a == 0
            || a >= 240
            || METADATA_V4.contains(&v4);
        // Shared address space of carriers (100.64.0.0/10) and benchmarking (198.18.0.0/15) are local too.
        let private = v4.is_loopback()
            || v4.is_private()
            || (a == 100 && (64..128).contains(&b))
            || (a == 198 && (b == 18 || b == 19));
        !never && (self.private || !private)
    }

    fn allows_v6(self, v6: Ipv6Addr) -> bool {
        let segments = v6.segments();
        // NAT64 (both of its prefixes), the retired IPv4-compatible form and 6to4 carry an IPv4
        // address, which decides.
        let nat64 = segments[..2] == [0x64, 0xff9b];
        let compatible = segments[..6] == [0; 6] && segments[6] != 0;
        if nat64 || compatible {
            return self.allows_v4(embedded(segments[6], segments[7]));
        }
        if segments[0] == 0x2002 {
            return self.allows_v4(embedded(segments[1], segments[2]));
        }
        let link_local = segments[0] & 0xffc0 == 0xfe80;
        let never =
            v6.is_unspecified() || v6.is_multicast() || link_local || METADATA_V6.contains(&v6);
        let private = v6.is_loopback() || segments[0] & 0xfe00 == 0xfc00
            // Site-local, the retired private range.
            || segments[0] & 0xffc0 == 0xfec0;
        !never && (self.private || !private)
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

/// The address is not one deliveries may go to.
#[derive(Debug)]
pub struct AddressRefused {
    /// The host of the destination.
    pub host: String,
}

impl std::fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} is not an address this gateway delivers to: link-local and metadata addresses never are, \
             loopback and private ones only while the gateway listens on loopback (--listen)",
            self.host
        )
    }
}

impl std::error::Error for AddressRefused {}

/// The host name has no address.
#[derive(Debug)]
pub(super) struct NameNotFound {
    /// Whether the name server said so, as opposed to failing to answer.
    pub(super) definite: bool,
}

impl std::fmt::Display for NameNotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.definite {
            "the host name does not exist"
        } else {
            "the name look-up failed"
        })
    }
}

impl std::error::Error for NameNotFound {}

/// Resolves names by the system's resolver and keeps only addresses the policy allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuardedResolver(pub(super) AddressPolicy);

type LookupError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = LookupError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, LookupError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LookupError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let policy = self.0;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            // Reserved for names that do not exist: no name server is asked.
            if host == "invalid" || host.ends_with(".invalid") {
                return Err(NameNotFound { definite: true }.into());
            }
            let found: Vec<SocketAddr> = match tokio::net::lookup_host((host.as_str(), 0)).await {
                Ok(found) => found.collect(),
                Err(error) => {
                    // The resolver's own codes are lost in `io::Error`; its text tells them apart.
                    let definite = !error.to_string().contains("emporary failure");
                    return Err(NameNotFound { definite }.into());
                }
            };
            if found.is_empty() {
                return Err(NameNotFound { definite: true }.into());
            }
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| policy.allows(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(AddressRefused { host }.into());
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_listener_may_reach() {
        let local = AddressPolicy::for_listener("127.0.0.1:4100".parse().unwrap());
        let open = AddressPolicy::for_listener("0.0.0.0:4100".parse().unwrap());
        // (address, from a loopback listener, from an open one)
        for (address, from_local, from_open) in [
            ("127.0.0.1", true, false),
            ("::1", true, false),
            ("::ffff:127.0.0.1", true, false),
            ("10.1.2.3", true, false),
            ("192.168.0.9", true, false),
            ("172.16.0.1", true, false),
            ("100.64.0.1", true, false),
            ("fd12::1", true, false),
            ("93.184.216.34", true, true),
            ("2606:2800:220:1::1", true, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("64:ff9b::a9fe:a9fe", false, false),
            ("2002:a9fe:a9fe::1", false, false),
            ("64:ff9b::7f00:1", true, false),
            ("fe80::1", false, false),
            ("fd00:ec2::254", false, false),
            ("100.100.100.200", false, false),
            ("192.0.0.192", false, false),
            ("fd20:ce::254", false, false),
            ("fd00:c1::a9fe:a9fe", false, false),
            ("::169.254.169.254", false, false),
            ("::127.0.0.1", true, false),
            ("64:ff9b:1::a9fe:a9fe", false, false),
            ("fec0::1", true, false),
            ("0.0.0.0", false, false),
            ("::", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(local.allows(ip), from_local, "{address} from loopback");
            assert_eq!(
                open.allows(ip),
                from_open,
                "{address} from an open listener"
            );
        }
    }
}
