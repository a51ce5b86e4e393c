"""Folded text: what is smoothed away, what is not, and the way back to the original."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.folding import cjk_bigrams, fold, index_columns, tokenize

LETTERS = st.text(
    st.sampled_from("aB c烏٣ىٱЖёЙйиі\u0301\u0306\u00adß’李辉ガ푸ﬁＷ 1İıøم\u064fปู\u200b.Pрcс"), max_size=40
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Straße", "strasse"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Zełenskiego ÉTÉ smørrebrød Œuvre", "zelenskiego ete smorrebrod oeuvre"),
        ("Хрущёв, Китай, Україна, Ґанок", "хрущев, китай, україна, ґанок"),
        ("и\u0306 е\u0308 о\u0301", "й е о"),
        ("İSTANBUL ışık", "istanbul isik"),
        ("don’t “quote” „me“", 'don\'t "quote" "me"'),
        ("Pu\u00adt\u200bin\ufeff", "putin"),
        ("ガギ ﾌﾟｰﾁﾝ", "ガギ プーチン"),
        ("\u1112\u1161\u11ab", "한"),
        ("مُحَمَّد أحمد", "محمد احمد"),
        ("ﬁne ㎞ ①", "fine km 1"),
        ("烏克蘭總統與習近平會談，後天", "乌克兰总统与习近平会谈,后天"),
        ("أحمد إلى آل ٱلله مدينة مبنى فــي", "احمد الي ال الله مدينه مبني في"),
        ("تهران کشتی", "تهران كشتي"),
        ("٢٠٢٣ ۲۰۲۳ २०२३ ２０２３", "2023 2023 2023 2023"),
        ("שָׁלוֹם שלום", "שלום שלום"),
        ("half \ud83d of a pair", "half   of a pair"),
    ],
)
def test_what_readers_take_as_the_same_is_folded_alike(written, folded):
    assert fold(written).text == folded


@pytest.mark.parametrize(
    ("mixed", "repaired"),
    [
        ("Пyтин", "путин"),  # Latin y
        ("Рutin", "putin"),  # Cyrillic Р
        ("Mосква", "москва"),
        ("Mocквa", "москва"),  # Latin letters are the more, but к and в are no look-alikes when small
        ("жx", "жх"),
        ("qж", "qж"),  # neither can become the other
        ("СССР USSR", "ссср ussr"),  # whole words are left alone
    ],
)
def test_a_look_alike_letter_follows_the_script_of_its_word(mixed, repaired):
    assert fold(mixed).text == repaired


ALPHABETS = [chr(code) for code in (*range(0xAC00), *range(0xF900, 0x1FB00)) if code != 0x61]


def test_every_character_folds_to_something_that_stays_when_folded_again():
    once = fold("a".join(ALPHABETS)).text
    assert fold(once).text == once


@given(st.text(st.sampled_from(ALPHABETS), max_size=20))
def test_a_character_folds_alike_wherever_it_stands(text):
    apart = " ".join(fold(character).text for character in unicodedata.normalize("NFC", text))
    assert fold(" ".join(unicodedata.normalize("NFC", text))).text == apart


@given(LETTERS)
def test_the_fast_ways_agree_with_folding_each_character(text):
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert fold(unicodedata.normalize("NFD", text)).text == fold(unicodedata.normalize("NFC", text)).text


def by_the_table(text):
    """Each character by itself, with its place."""
    pieces = [(fold("1" + character).text[1:], at) for at, character in enumerate(text)]
    return "".join(piece for piece, _ in pieces), [at for piece, at in pieces for _ in piece]


@pytest.mark.parametrize("alphabet", [ALPHABETS, [chr(code) for code in range(0x3000, 0xA000, 7)]])
def test_a_text_folds_as_its_characters_do(alphabet):
    alphabet = [one for one in alphabet if not unicodedata.combining(one) and unicodedata.is_normalized("NFC", one)]
    alphabet = [one for one in alphabet if not 0x1160 <= ord(one) <= 0x11FF and one not in "\uff9e\uff9f"]
    for at in range(0, len(alphabet), 500):
        text = " ".join(alphabet[at : at + 500])
        folded = fold(text)
        assert (folded.text, list(folded.starts)) == by_the_table(text)


@given(
    st.text(max_size=60) | LETTERS | st.text(st.sampled_from("ab_ \n\x1c\x00\x85\xa0Ж北ひ한ก่कि…ß–’½²ª①ﾌﾟ"), max_size=30)
)
def test_words_are_what_tokenizing_finds(text):
    folded = fold(text)
    tokens = tokenize(folded)
    assert folded.words == [token.text for token in tokens]
    assert list(zip(*folded.word_bounds, strict=True)) == [(token.start, token.end) for token in tokens]
    assert [folded.text[start:end] for start, end in zip(*folded.folded_bounds, strict=True)] == folded.words


def test_words_of_every_character_are_what_tokenizing_finds():
    for at in range(0, len(ALPHABETS), 50):
        folded = fold("a".join(ALPHABETS[at : at + 50]))
        assert folded.words == [token.text for token in tokenize(folded)]


@given(st.text(max_size=60))
def test_folding_never_raises_and_tokens_lie_in_order_in_the_original(text):
    tokens = tokenize(fold(text))
    for before, after in pairwise(tokens):
        assert before.end <= after.end
        assert before.start <= after.start
    assert all(text[token.start : token.end] for token in tokens)


def test_words_and_single_characters_become_tokens():
    text = "Putin在北京, 2023-05 (l’État)"
    tokens = fold(text).tokens
    assert [text[token.start : token.end] for token in tokens] == ["Putin", "在", "北", "京", "2023", "05", "l", "État"]
    assert [token.joined for token in tokens] == [False, True, True, True, False, False, False, False]
    assert [token.unspaced for token in tokens] == [False, True, True, True, False, False, False, False]


def test_a_span_of_folded_characters_leads_back_to_the_original():
    text = "the Stra\u00adße ﬁnally"
    folded = fold(text)
    start = folded.text.index("strasse")
    assert text[slice(*folded.span(start, start + 7))] == "Stra\u00adße"


def test_the_index_holds_words_apart_from_pairs_of_chinese_characters():
    assert index_columns("", "Xi在北京 met Li—Hui")[1] == "xi met li hui"
    assert cjk_bigrams("普京会见李辉, 辉 x 東京") == "普京 京会 会见 见李 李辉 辉 东京"
    assert cjk_bigrams("nothing") == ""
