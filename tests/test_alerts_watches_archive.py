"""The full-text expression of a query finds at least what the matcher does, in a real FTS5 table."""

import sqlite3
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.watches.archive import fts_expression, fts_superset
from alerts.watches.matcher import compile_watches
from alerts.watches.query import QueryError, parse_query
from config.vocabulary import Role
from storage.model import Document
from storage.search import Indexed, index_article

NAMES = {"li-hui": {"en": ["Li Hui"], "ru": ["Ли Хуэй"], "zh": ["李辉"]}, "xi": {"zh": ["习"]}}
QUERIES = [
    "talks",
    "Путин",
    "普京",
    "普京会见",
    "弗拉基米尔·普京",
    "京",
    "putin* -talks",
    '"Putin talks" OR 李辉',
    '"Путин война"~3',
    "@li-hui NEAR/s (Putin OR 普京)",
    "@xi talks",
    "title:Путиным",
    "text:(F-16 普京)",
    "/ta.ks/ Putin",
    "é lang:ru",
    "ปูติน OR talks",
    "role:media OR talks",
    "푸틴 NEAR/3 Putin",
    "Зеленський -Putin",
    "普京*",
    "C罗",
    "a OR (b Hui)",
    "शांति",
    "role:state-media talks",
    "talks -lang:ru",
    'source:"Ruritania Today"',
    "source:ruritania talks",
    "Putin -(普京 OR talks)",
    "putin* lang:zh",
    "-talks Путин",
    '"Putin talk"',
    "Путин NEAR/1 война",
    "Putin NEAR/2 talks",
    "@li-hui NEAR/3 talks",
    '"Li Hui talks"~2',
]
PIECES = ["Putin", "Putin’s", "Pu\u00adtin", "Рutin", "Путиным", "о войне", "普京", "会见", "普", "京", "李辉", "习"]
PIECES += [
    "Li Hui",
    "Ли Хуэй",
    "talks",
    "talk",
    "F-16",
    "É",
    "e\u0301",
    "弗拉基米尔・",
    "·",
    "푸틴은",
    "ปูติน",
    "C罗",
    "शांति",
]
PIECES += ["Зеленським", "a", "b", ".", "\U0001f642", "\ue000", "_", "習", "putinist", "ﬁ", "\n"]


class People:
    def forms_of(self, reference):
        return NAMES[reference]


@pytest.fixture(scope="module")
def index():
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE articles_fts USING fts5 (title, text, cjk, tags, content = '', "
        "tokenize = 'unicode61 remove_diacritics 2')"
    )
    yield connection
    connection.close()


def finds(connection, expression, document):
    connection.execute("INSERT INTO articles_fts (articles_fts) VALUES ('delete-all')")
    index_article(connection, 1, Indexed(*(getattr(document, name) for name in Indexed._fields)))
    return connection.execute("SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?", (expression,)).fetchall()


pieces = st.lists(st.sampled_from(PIECES), max_size=8)
texts = pieces.map(" ".join) | pieces.map("".join)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(QUERIES) | st.sampled_from(PIECES[:14]).map(lambda piece: f'"{piece}"'),
    texts,
    texts,
    st.sampled_from([None, "en", "ru", "zh-Hans", "uk"]),
    st.sampled_from([Role.MEDIA, Role.STATE_MEDIA]),
)
def test_nothing_that_matches_is_missed_and_an_exact_expression_finds_nothing_else(
    index, text_of_query, title, text, language, role
):
    query = parse_query(text_of_query)
    expression = fts_expression(query, People())
    document = Document(title, text, language, source="Ruritania – Today", role=role)
    matches = compile_watches([("w", query)], People()).match(document)
    if expression is not None:
        found = finds(index, expression.text, document)
        assert found or not matches
        assert matches or not (found and expression.is_exact)


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("=talks", '{title text} : "talks"'),
        ("=talks =peace", '({title text} : "talks" AND {title text} : "peace")'),
        ("title:=talks OR =peace", '({title} : "talks" OR {title text} : "peace")'),
        ("negotiat*", '{title text} : "negotiat" *'),
        ("=talks -=peace lang:ru", '((tags : "langru" AND {title text} : "talks") NOT {title text} : "peace")'),
        ("=talks -/peace/", '{title text} : "talks"'),
        ("role:state-media OR country:CN", '(tags : "rolestatemedia" OR tags : "countrycn")'),
        ("普京会见", 'cjk : "普京 京会 会见"'),
        ("=F-16", '{title text} : "f 16"'),
        ("弗拉基米尔·普京", '(cjk : "弗拉 拉基 基米 米尔" AND cjk : "普京")'),
        ("=C罗 =talks", '({title text} : "c" AND {title text} : "talks")'),
    ],
)
def test_the_expression_says_what_must_be_there(query, expression):
    assert fts_superset(parse_query(query), People()) == expression


@pytest.mark.parametrize("query", ["京", "/talks/", "-role:media", "talks OR 京", "@xi", "=talks OR /x/", "ปูติน"])
def test_where_nothing_must_be_there_every_article_is_to_be_read(query):
    assert fts_superset(parse_query(query), People()) is None


def test_a_query_of_very_many_words_is_still_taken_by_sqlite(index):
    query = parse_query(" OR ".join(f"=w{number}" for number in range(1_900)))
    assert finds(index, fts_superset(query, People()), Document("", "here is w1899"))
    query = parse_query(" OR ".join("wort" + "".join(pair) for pair in product("abcdefghijklmnopqrst", repeat=2)))
    assert fts_superset(query, People()) is None


def test_an_unknown_person_is_named():
    with pytest.raises(QueryError, match="nobody is known as @nobody"):
        fts_superset(parse_query("@nobody"), People())
