//! Whom to call: the mail servers that the domain's MX records name, at which of their addresses; `dane` and `mta_sts`
//! call the same, so that a host is called once.

use std::net::IpAddr;

use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Call, Called, Pending, Response, Service, View};
use crate::mail::mx::target::{Addresses, by_preference, questions, targets};

/// How many mail servers are called, the preferred first: a call takes longer than all of the DNS, and further servers
/// are mostly spares set up alike.
pub(in crate::mail) const MOST_CALLED: usize = 2;

/// A mail server that may be called, and what is known of its addresses.
#[derive(Debug)]
pub(in crate::mail) struct Callee<'f> {
    /// Its name.
    pub host: &'f Name,
    /// Its addresses.
    pub addresses: Addresses,
}

/// The mail servers to call, from the reply to the question for the MX records.
pub(in crate::mail) fn callees<'f>(mx: &'f Response, view: &mut View<'_>) -> Result<Vec<Callee<'f>>, Pending> {
    let mut hosts = targets(&by_preference(mx));
    hosts.truncate(MOST_CALLED);
    let asked: Vec<_> = hosts.into_iter().map(|host| Callee::look_up(host, view)).collect();
    asked.into_iter().collect()
}

impl<'f> Callee<'f> {
    /// Looks up the addresses of a host.
    pub(in crate::mail) fn look_up(host: &'f Name, view: &mut View<'_>) -> Result<Self, Pending> {
        let replies = view.get_all(questions(host))?;
        Ok(Self { host, addresses: Addresses::of(host, &replies) })
    }

    /// The call to one of its services; `None` where no address is known.
    pub(in crate::mail) fn call(&self, service: Service) -> Option<Call> {
        let address = address(&self.addresses.found)?;
        Some(Call { host: self.host.clone(), address, service })
    }

    /// What comes of calling it at port 25.
    pub(in crate::mail) fn smtp<'v>(&self, view: &mut View<'v>) -> Result<Option<(Call, &'v Called)>, Pending> {
        let Some(call) = self.call(Service::Smtp) else { return Ok(None) };
        let called = view.get(call.clone())?;
        Ok(Some((call, called)))
    }
}

/// Which of a host's addresses to connect to: a public one, of IPv4 rather than IPv6, to which many networks have no
/// way. Where none is public the first: the guard of all connections knows what the operator allows.
pub(in crate::mail) fn address(addresses: &[IpAddr]) -> Option<IpAddr> {
    let public = addresses.iter().filter(|address| !is_private(**address));
    public.min_by_key(|address| address.is_ipv6()).or(addresses.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_called_and_one_of_ipv4_before_others() {
        let (private, public) = ("10.0.0.1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let (other, six) = ("192.0.2.2".parse().unwrap(), "2001:db8::1".parse().unwrap());
        assert_eq!(address(&[six, private, public, other]), Some(public));
        assert_eq!(address(&[private, six]), Some(six));
        assert_eq!(address(&[private]), Some(private));
        assert_eq!(address(&[]), None);
    }
}
