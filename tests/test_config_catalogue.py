import re

import pytest

from config.catalogue import all_sources, select
from config.errors import UsageError
from config.vocabulary import EndpointKind, Role


def test_the_catalogue_is_sound():
    sources = all_sources()
    assert len(sources) > 100
    assert len({source.name.casefold() for source in sources}) == len(sources)
    addresses = [endpoint.url for source in sources for endpoint in source.endpoints]
    assert len(set(addresses)) == len(addresses)
    assert not [url for url in addresses if "{" in url]
    assert all(source.language and source.country for source in sources)


def test_kinds_fit_their_addresses():
    for source in all_sources():
        for endpoint in source.endpoints:
            assert (endpoint.kind is EndpointKind.TELEGRAM) == endpoint.url.startswith("https://t.me/s/")
            assert endpoint.kind is not EndpointKind.FEED or not re.search(r"sitemap", endpoint.url)


def test_official_sources_of_the_principal_capitals_have_a_second_address():
    chains = {source.name: len(source.endpoints) for source in select(["role:official"])}
    assert chains["Kremlin (en)"] == chains["Russian MFA (ru)"] == 3
    assert chains["President of Ukraine (en)"] == chains["Russian MFA (en)"] == 3
    assert chains["President of Ukraine (uk)"] == chains["US State Department"] == chains["White House"] == 2


def test_choices_by_country_language_role_and_all():
    assert {source.country for source in select(["ru"])} == {"RU"}
    assert {source.country for source in select(["UA", "country:cn"])} == {"UA", "CN"}
    assert {source.language for source in select(["lang:ru"])} == {"ru"}
    assert {source.role for source in select(["role:official"])} == {Role.OFFICIAL}
    assert select(["all"]) == list(all_sources())


def test_overlapping_choices_give_each_source_once_in_the_order_of_the_file():
    both = select(["role:official", "ru", "ru"])
    assert both == [source for source in all_sources() if source in both]


@pytest.mark.parametrize(
    ("choice", "hint"),
    [
        ("role:oficial", "did you mean `role:official`?"),
        ("official", "role:official"),
        ("lang:xx", "lang:LANGUAGE"),
        ("", "all"),
    ],
)
def test_an_unknown_choice_is_told_with_what_there_is(choice, hint):
    with pytest.raises(UsageError) as caught:
        select([choice])
    assert hint in caught.value.hint


def test_choices_joined_by_a_plus_must_all_apply_and_one_may_be_named():
    found = select(["ru+role:official+lang:en"])
    assert {(one.country, one.role, one.language) for one in found} == {("RU", Role.OFFICIAL, "en")}
    assert [one.name for one in select(["name:TASS (en)", "name:kremlin (EN)"])] == ["Kremlin (en)", "TASS (en)"]


@pytest.mark.parametrize(
    ("choice", "told"),
    [("ru+role:oficial", "'role:oficial'"), ("fr+lang:zh", "all of 'fr+lang:zh'"), ("name:TASS", "'name:TASS'")],
)
def test_a_choice_of_which_a_part_names_nothing_is_told(choice, told):
    with pytest.raises(UsageError) as caught:
        select([choice])
    assert told in str(caught.value)
