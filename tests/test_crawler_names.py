import asyncio

import pytest

from crawler.names import Names, NoAddressError, look_up


class Book:
    def __init__(self, *addresses):
        self.addresses, self.asked = list(addresses), []

    def __call__(self, name):
        self.asked.append(name)
        if not self.addresses:
            raise NoAddressError(name)
        return list(self.addresses)


async def test_an_answer_is_remembered_for_five_minutes_and_then_asked_for_again():
    clock, book = [1000.0], Book("192.0.2.1", "2001:db8::1")
    names = Names(book, clock=lambda: clock[0])
    assert await names.addresses("news.example") == await names.addresses("news.example") == book.addresses
    assert book.asked == ["news.example"]
    clock[0] += 301
    book.addresses = ["192.0.2.2"]
    assert await names.addresses("news.example") == ["192.0.2.2"]
    names.close()


async def test_all_who_wait_for_a_name_share_one_look_up():
    book = Book("192.0.2.1")
    names = Names(book)
    assert await asyncio.gather(*(names.addresses("news.example") for _ in range(5))) == [["192.0.2.1"]] * 5
    assert book.asked == ["news.example"]
    names.close()


async def test_a_failed_look_up_is_not_remembered():
    book = Book()
    names = Names(book)
    with pytest.raises(NoAddressError):
        await names.addresses("news.example")
    book.addresses = ["192.0.2.1"]
    assert await names.addresses("news.example") == ["192.0.2.1"]
    names.close()


async def test_who_gives_up_waiting_takes_nothing_from_the_others():
    names = Names(Book("192.0.2.1"))
    impatient, patient = (asyncio.ensure_future(names.addresses("news.example")) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == ["192.0.2.1"]
    names.close()


async def test_the_oldest_names_are_forgotten(monkeypatch):
    monkeypatch.setattr("crawler.names._KEPT", 2)
    book = Book("192.0.2.1")
    names = Names(book)
    for name in ("one", "two", "three", "one"):
        await names.addresses(name)
    assert book.asked == ["one", "two", "three", "one"]
    names.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::ffff:127.0.0.1"])
async def test_a_number_is_its_own_address(host):
    names = Names(Book())
    assert await names.addresses(host) == [host]
    names.close()


def test_the_system_knows_other_forms_of_numbers_and_tells_when_there_is_no_address():
    assert look_up("0x7f.1") == ["127.0.0.1"]
    with pytest.raises(NoAddressError):
        look_up("nowhere.invalid")
    with pytest.raises(UnicodeError):
        look_up("x" * 70 + ".example")
