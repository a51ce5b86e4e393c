import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.guard import AddressRefusedError, CachingResolver, GuardedReactor, is_public


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "193.0.6.139", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_unicast_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"),
        *("224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.88.99.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1"),
        *("::ffff:127.0.0.1", "::ffff:100.64.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "::127.0.0.1"),
        *("localhost", "example.org", "", "0x7f.1", "2130706433"),
    ],
)
def test_everything_else_is_not(address):
    assert not is_public(address)


@given(st.ip_addresses())
def test_an_ipv4_address_is_judged_alike_in_each_of_its_ipv6_dresses(address):
    if address.version == 4:
        number = int(address)
        assert is_public(str(address)) == is_public(f"::ffff:{address}")
        assert is_public(str(address)) == is_public(f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}")


class Reactor:
    def __init__(self):
        self.connected = []

    def connectTCP(self, host, port, *args):  # noqa: N802 (Twisted's name)
        self.connected.append(host)
        return "connector"

    def seconds(self):
        return 42


def test_the_guarded_reactor_refuses_at_connection_time_and_passes_the_rest_on():
    reactor = Reactor()
    guarded = GuardedReactor(reactor, "resolver", private=False)
    with pytest.raises(AddressRefusedError, match=r"127\.0\.0\.1"):
        guarded.connectTCP("127.0.0.1", 80, None)
    assert guarded.connectTCP("8.8.8.8", 80, None) == "connector"
    assert GuardedReactor(reactor, "resolver", private=True).connectTCP("127.0.0.1", 80) == "connector"
    assert reactor.connected == ["8.8.8.8", "127.0.0.1"]
    assert guarded.seconds() == 42
    assert guarded.installNameResolver("other") == "resolver"
    assert guarded.nameResolver == "other"


class Receiver:
    def __init__(self):
        self.addresses, self.complete = [], False

    def resolutionBegan(self, resolution):  # noqa: N802 (Twisted's name)
        resolution.cancel()

    def addressResolved(self, address):  # noqa: N802 (Twisted's name)
        self.addresses.append(address)

    def resolutionComplete(self):  # noqa: N802 (Twisted's name)
        self.complete = True


class Names:
    def __init__(self, addresses):
        self.addresses, self.asked = addresses, []

    def cancel(self):
        pass

    def resolveHostName(self, receiver, name, port, kinds, semantics):  # noqa: N802 (Twisted's name)
        self.asked.append(name)
        receiver.resolutionBegan(self)
        for address in self.addresses:
            receiver.addressResolved(address)
        receiver.resolutionComplete()
        return self


def _resolve(resolver, name="news.example", port=443):
    receiver = Receiver()
    resolver.resolveHostName(receiver, name, port)
    assert receiver.complete
    return receiver.addresses


def test_an_answer_is_remembered_for_five_minutes_and_then_asked_for_again():
    clock = [1000.0]
    names = Names(["a", "b"])
    resolver = CachingResolver(names, clock=lambda: clock[0])
    assert _resolve(resolver) == _resolve(resolver) == ["a", "b"]
    assert names.asked == ["news.example"]
    clock[0] += 301
    names.addresses = ["c"]
    assert _resolve(resolver) == ["c"]


def test_a_failed_look_up_is_not_remembered():
    names = Names([])
    resolver = CachingResolver(names)
    assert _resolve(resolver) == []
    names.addresses = ["a"]
    assert _resolve(resolver) == ["a"]


def test_the_oldest_names_are_forgotten(monkeypatch):
    monkeypatch.setattr("crawler.guard._NAMES_KEPT", 2)
    names = Names(["a"])
    resolver = CachingResolver(names)
    for name in ("one", "two", "three", "one"):
        _resolve(resolver, name)
    assert names.asked == ["one", "two", "three", "one"]
