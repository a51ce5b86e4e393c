import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.rarities import rarities_without
from storage.term_counts import TermCounts
from storage.traits import code, days_in, likeness, pack, profile_of, rarity, terms_of, traits_of, unpack

NOTHING = TermCounts()


def profile(title, text="", names=()):
    traits = traits_of(title, text, names)
    return profile_of(traits, rarities_without(NOTHING, traits))


def alike(one, other, *, same_language=True):
    return likeness(profile(*one), profile(*other), same_language=same_language)


BRIDGE = ("Bridge over the Strel closed after flood", "The old bridge over the Strel in Zenda was closed on Monday.")
AGAIN = ("Zenda: flooded Strel closes the old bridge", "Nobody may cross the bridge over the Strel since Monday.")
GRAIN = ("Farmers of Hentzau sell less grain", "Prices of grain in Hentzau fell for the third week running.")


def test_what_tells_the_same_is_more_alike_than_what_does_not():
    assert alike(BRIDGE, AGAIN) > 0.7
    assert alike(BRIDGE, GRAIN) < 0.2
    assert alike(BRIDGE, BRIDGE) > 1.5


def test_cases_of_a_word_are_one_term_and_chinese_goes_by_pairs():
    assert terms_of("посланника посланнику") == ["посла", "посла"]
    assert terms_of("特使，抵达 Kyiv") == ["kyiv", "特使", "抵达"]


def test_a_form_for_another_day_is_another_story():
    monday = ("Weather in Zenda on 8 May", "On 8 May rain is expected in Zenda, from the west, and wind.")
    tuesday = ("Weather in Zenda on 9 May", "On 9 May rain is expected in Zenda, from the west, and wind.")
    assert alike(monday, monday) - alike(monday, tuesday) > 0.59


def test_a_title_that_names_what_the_other_has_nowhere_counts_against():
    one = ("Weather report for Zenda", "Rain is expected, from the west, and wind in the evening.")
    other = ("Weather report for Hentzau", "Rain is expected, from the west, and wind in the evening.")
    assert alike(one, other) < alike(one, one) - 0.4


def test_names_join_scripts_and_a_single_one_does_not():
    names = ["Boris Vale", "Anna Bell", "Zenda"]
    zh, en = ("特使抵达", "特使今天抵达首都。", names), ("Envoy arrives", "He came by train.", names)
    assert alike(zh, en, same_language=False) == pytest.approx(1.0)
    assert alike(zh, (*en[:2], names[:2]), same_language=False) == 0


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on 16 May", (5, 16)),
        ("May 16, 2023", (5, 16)),
        ("16 мая", (5, 16)),
        ("16 травня", (5, 16)),
        ("5月16日", (5, 16)),
        ("16. Mai", (5, 16)),
        ("16 de mayo", (5, 16)),
        ("le 16 mai", (5, 16)),
        ("16 maja", (5, 16)),
        ("16.05.2023", (5, 16)),
        ("2023-05-16", (5, 16)),
    ],
)
def test_days_are_read_as_each_language_writes_them(text, day):
    assert days_in(text) == (day[0] * 32 + day[1],)


def test_what_is_no_day_is_none():
    assert days_in("16 men, 99 May, May 16:30, 2023-99-99, version 1.2.3") == ()


def test_common_words_tell_little_and_what_the_archive_is_full_of_less():
    traits = traits_of("the envoy", "")
    assert [traits.terms[place] for place in traits.common] == [code("the")]
    assert rarity(0.5, 0, 0) < rarity(0.0, 900, 1000) < rarity(0.0, 0, 1000)
    assert rarity(1.0, 10**6, 10**6) == 0


texts = st.text(st.sampled_from("abc ABC 特使抵 5 мая\n."), max_size=200)


@given(texts, texts, texts, texts)
def test_likeness_is_the_same_both_ways_and_survives_keeping(title, text, other_title, other_text):
    one, other = profile(title, text, ["Zenda"]), profile(other_title, other_text)
    assert likeness(one, other, same_language=True) == pytest.approx(likeness(other, one, same_language=True))
    kept = unpack(pack(one))
    assert (kept.head, kept.names, kept.days) == (one.head, one.names, one.days)
    assert kept.weights == pytest.approx(one.weights, rel=0.001)


def test_an_empty_article_is_like_nothing():
    assert alike(("", ""), BRIDGE) < 0.5
