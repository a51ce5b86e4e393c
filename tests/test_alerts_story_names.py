from datetime import date

import pytest

from alerts.names import NameFinder
from alerts.story_names import LEAD, story_names
from config.people import load_people

DAY = date(2023, 5, 17)


@pytest.fixture(scope="module")
def finder():
    return NameFinder(load_people((), {}))


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "Li Hui in Kyiv", "The envoy met Zelensky."),
        ("ru", "Ли Хуэй прибыл в Киев", "Посланник встретился с Зеленским."),
        ("uk", "Лі Хуей прибув до Києва", "Посланник зустрівся із Зеленським."),
        ("zh", "李辉抵达基辅", "特使会见了泽连斯基。"),
    ],
)
def test_the_same_people_and_places_are_named_in_every_script(finder, language, title, text):
    assert story_names(finder, title, text, language, DAY) >= {"Li Hui", "Kyiv"}


def test_a_declined_place_is_known_by_its_stem_and_a_longer_word_is_none(finder):
    assert "Moscow" in story_names(finder, "", "Они встретились под Москвой вечером.", "ru", DAY)
    assert not story_names(finder, "Romeo and Parisian life", "", "en", DAY)


def test_what_stands_far_down_is_not_what_it_is_about(finder):
    assert not story_names(finder, "", "x " * LEAD + "Kyiv", "en", DAY)


def test_a_language_without_lexicon_names_nobody(finder):
    assert (
        story_names(finder, "Li Hui", "Kyiv", "sw", DAY) == story_names(finder, "Li Hui", "", None, DAY) == frozenset()
    )
