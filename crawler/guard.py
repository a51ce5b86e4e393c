"""The address guard: which addresses may be connected to, and the reactor that refuses the others.

The check sits on `connectTCP`, where the address is the one really connected to: whatever a name resolves to, however
an address is written, at every hop, a name that changes its address between check and use cannot pass.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from zope.interface import implementer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RELAYS = ipaddress.ip_network("192.88.99.0/24")  # 6to4 anycast, withdrawn by RFC 7526
_NAMES_KEPT = 10_000
_NAMES_FRESH_S = 300.0


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


@implementer(IReactorPluggableNameResolver)
class GuardedReactor:
    """Twisted's reactor with its `connectTCP` guarded and names looked up through `resolver`."""

    def __init__(self, reactor: Any, resolver: Any, *, private: bool) -> None:
        self._reactor = reactor
        self._private = private
        self.nameResolver = resolver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def installNameResolver(self, resolver: Any) -> Any:  # noqa: N802 (Twisted's name)
        """Replace the resolver and return the one before, as Twisted asks."""
        before, self.nameResolver = self.nameResolver, resolver
        return before

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 (Twisted's name)
        """Connect, or raise AddressRefusedError; `host` is numeric here, for endpoints resolve names first."""
        if not self._private and not is_public(host):
            raise AddressRefusedError(host)
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class _Collector:
    """Passes a resolution on and keeps its addresses."""

    def __init__(self, receiver: Any, done: Callable[[list[Any]], None]) -> None:
        self._receiver = receiver
        self._done = done
        self._addresses: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802 (Twisted's name)
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802 (Twisted's name)
        self._addresses.append(address)
        self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802 (Twisted's name)
        self._done(self._addresses)
        self._receiver.resolutionComplete()


class _Answered:
    """A resolution that needed no look-up."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Nothing is under way."""


@implementer(IHostnameResolver)
class CachingResolver:
    """Keeps found addresses for five minutes; Scrapy's own caches keep them for ever, and a host may move."""

    def __init__(self, resolver: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._resolver = resolver
        self._clock = clock
        self._known: OrderedDict[tuple[str, int], tuple[float, list[Any]]] = OrderedDict()

    def resolveHostName(  # noqa: N802 (Twisted's name)
        self,
        resolutionReceiver: Any,  # noqa: N803 (Twisted's name)
        hostName: str,  # noqa: N803 (Twisted's name)
        portNumber: int = 0,  # noqa: N803 (Twisted's name)
        addressTypes: Sequence[Any] | None = None,  # noqa: N803 (Twisted's name)
        transportSemantics: str = "TCP",  # noqa: N803 (Twisted's name)
    ) -> Any:
        """Answer from memory when fresh, else look up; addresses carry the port, so it is part of the key."""
        key = (hostName, portNumber)
        at, addresses = self._known.get(key, (0.0, []))
        if addresses and self._clock() - at < _NAMES_FRESH_S:
            answered = _Answered(hostName)
            resolutionReceiver.resolutionBegan(answered)
            for address in addresses:
                resolutionReceiver.addressResolved(address)
            resolutionReceiver.resolutionComplete()
            return answered
        collector = _Collector(resolutionReceiver, lambda found: self._keep(key, found))
        return self._resolver.resolveHostName(collector, hostName, portNumber, addressTypes, transportSemantics)

    def _keep(self, key: tuple[str, int], addresses: list[Any]) -> None:
        self._known.pop(key, None)
        if addresses:
            self._known[key] = (self._clock(), addresses)
        while len(self._known) > _NAMES_KEPT:
            self._known.popitem(last=False)
