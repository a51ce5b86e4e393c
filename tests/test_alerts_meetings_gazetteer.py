"""Places in sentences: in every case and language, and not where a city's name means something else."""

import pytest

from alerts.meetings.cues import compiled
from alerts.meetings.gazetteer import english_label


def places(language, text):
    lexicon = compiled(language)
    return [city for _, city in lexicon.places(lexicon.tokenizer.words(text, 0, len(text)))]


@pytest.mark.parametrize(
    ("language", "text", "city"),
    [
        ("en", "They met in Khujand on Monday.", "Khujand"),
        ("en", "They sat down at the resort of Bürgenstock.", "Bürgenstock"),
        ("en", "talks in St. Petersburg", "Saint Petersburg"),
        ("en", "Leaders gather in Nice on Sunday.", "Nice"),
        ("en", "in Xi'an, the old capital", "Xi'an"),
        ("en", "in Bogota", "Bogotá"),
        ("zh", "习近平在西安同托卡耶夫会谈", "Xi'an"),
        ("zh", "双方在比尔根山举行会谈", "Bürgenstock"),
        ("ru", "встретились в Худжанде", "Khujand"),
        ("ru", "прибыл в Казань", "Kazan"),
        ("ru", "переговоры в Нижнем Новгороде", "Nizhny Novgorod"),
        ("ru", "в Порт-Судане", "Port Sudan"),
        ("uk", "зустрілися у Львові", "Lviv"),
        ("uk", "переговори в Празі", "Prague"),
        ("uk", "у Самарканді", "Samarkand"),
        ("de", "trafen sich in Kapstadt", "Cape Town"),
        ("fr", "se sont vus à Charm el-Cheikh", "Sharm El Sheikh"),
        ("fr", "à Montréal", "Montreal"),
        ("pl", "spotkali się w Rzeszowie", "Rzeszów"),
        ("pl", "rozmowy w Samarkandzie", "Samarkand"),
        ("pl", "do Hawany", "Havana"),
        ("es", "se reunieron en Ciudad del Cabo", "Cape Town"),
        ("es", "en Leticia", "Leticia"),
    ],
)
def test_a_city_is_found_as_the_language_writes_it(language, text, city):
    assert places(language, text) == [city]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "in a nice gesture they met"),
        ("en", "he wrote in the New York Times"),
        ("en", "Riyadh rejected the offer"),
        ("en", "in a series of male-only talks"),
        ("zh", "在上海合作组织框架内会见"),
        ("zh", "北京时间今天"),
        ("ru", "в Минских соглашениях"),
        ("es", "en la lista de nuevos lagos"),
        ("de", "beim gemeinsamen Essen"),
    ],
)
def test_a_word_that_only_looks_like_a_city_is_none(language, text):
    assert places(language, text) == []


def test_the_longest_name_wins():
    assert places("en", "in Guatemala City") == ["Guatemala City"]
    assert places("es", "en Santiago de Chile") == ["Santiago"]


def test_a_city_is_labelled_alike_whichever_list_knows_it():
    assert english_label("Krakow") == "Kraków"
    assert english_label("Atlantis") == "Atlantis"
