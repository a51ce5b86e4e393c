"""The address guard: which addresses may be connected to.

`connections` checks the very address it hands to the socket: whatever a name resolves to, however an address is
written, at every hop, a name that changes its address between check and use cannot pass.
"""

from __future__ import annotations

import ipaddress

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RELAYS = ipaddress.ip_network("192.88.99.0/24")  # 6to4 anycast, withdrawn by RFC 7526


class AddressRefusedError(Exception):
    """The address is not public and the request has no leave for private ones."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not a public address")
        self.address = address


def is_public(address: str) -> bool:
    """Whether a numeric address is public unicast, looking through the ways IPv6 carries IPv4; a name never is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global and not found.is_multicast and not found.is_reserved and found not in _RELAYS
    carried = found.ipv4_mapped or found.sixtofour
    if carried is None and found in _NAT64:
        carried = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if carried is not None:
        return is_public(str(carried))
    return found in _GLOBAL_UNICAST and found.is_global and found.teredo is None


def check_address(address: str, *, private: bool) -> None:
    """Raise AddressRefusedError for an address that may not be connected to; `private` is the leave for any."""
    if not private and not is_public(address):
        raise AddressRefusedError(address)
