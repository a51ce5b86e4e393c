"""The gazetteer's data: complete, and written as its head says."""

import pytest

from config.countries import load_countries
from config.lexicon import load_lexicon
from config.persons import fold_name
from config.places import load_places, parse_places
from config.vocabulary import LANGUAGES


def test_every_state_has_a_city_save_those_whose_capital_bears_the_countrys_name():
    known = {place.country for place in load_places().cities}
    states = load_countries().words.keys() - load_countries().organisations - {"EU", "UN", "NA"}
    assert states - known == set()


def test_there_are_some_five_hundred_places_each_named_once():
    labels = [fold_name(place.label) for place in load_places().cities]
    assert len(labels) > 450
    assert len(set(labels)) == len(labels)


def test_every_place_has_a_chinese_russian_and_ukrainian_entry():
    bare = {"Rancho Mirage", "Palma"}  # known abroad by their longer names
    for place in load_places().cities:
        assert {"zh", "ru", "uk"} <= set(place.forms) or place.label in bare, place.label
        assert set(place.forms) <= set(LANGUAGES)


def test_what_must_stand_close_is_written_as_some_place_or_lexicon_writes_it():
    for language, close in load_places().close.items():
        written = {form.rstrip("~") for place in load_places().cities for form in place.forms.get(language, ())}
        assert {form for form in close if form[0].islower()} == set(), language
        assert len(close & written) > len(close) // 2, language


def test_a_lexicons_own_city_without_accents_is_one_of_the_gazetteers():
    known = {fold_name(place.label) for place in load_places().cities}
    missing = {city for language in LANGUAGES for city in load_lexicon(language).places if fold_name(city) not in known}
    assert len(missing) < 10, missing


@pytest.mark.parametrize(
    ("row", "complaint"),
    [("{zh: 巴黎}", "Paris: the country is missing"), ("{country: FR, xx: Paris}", "Paris: unknown key 'xx'")],
)
def test_a_faulty_row_is_told(row, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_places(f"places:\n  Paris: {row}\n")


def test_a_language_of_latin_script_writes_the_english_label_unless_told_otherwise():
    (place,) = parse_places("places:\n  Davos: {country: CH, zh: 达沃斯, pl: [], de: Davos}\n").cities
    assert (place.forms["es"], place.forms["pl"], place.forms["zh"]) == (("Davos",), (), ("达沃斯",))
    assert "ru" not in place.forms
