import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.guard import AddressRefusedError, check_address, is_public


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
def test_promise_22_everything_else_is_not(address):
    assert not is_public(address)


@given(st.ip_addresses())
def test_an_ipv4_address_is_judged_alike_in_each_of_its_ipv6_dresses(address):
    if address.version == 4:
        number = int(address)
        assert is_public(str(address)) == is_public(f"::ffff:{address}")
        assert is_public(str(address)) == is_public(f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}")


def test_an_address_that_is_not_public_is_refused_without_leave():
    with pytest.raises(AddressRefusedError, match=r"127\.0\.0\.1"):
        check_address("127.0.0.1", private=False)
    check_address("8.8.8.8", private=False)
    check_address("127.0.0.1", private=True)
