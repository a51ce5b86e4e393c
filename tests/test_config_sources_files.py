from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.folders import join_folder, split_folder
from config.model import Endpoint, Source
from config.sources_csv import guard_formula, scan_csv
from config.sources_files import read_sources, scan_sources, write_csv, write_opml
from config.sources_opml import scan_opml
from config.vocabulary import EndpointKind, Role


def csv_file(tmp_path, text, name="list.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def told(path):
    with pytest.raises(ConfigError) as caught:
        read_sources(path)
    return [(one.line, one.message, one.hint) for one in caught.value.findings]


# ---------------------------------------------------------------- laws

_word = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(str.strip).filter(bool)
_endpoint = st.builds(
    lambda kind, path, links, pages: Endpoint(
        kind=kind,
        url="spider-name" if kind is EndpointKind.SPIDER else f"https://{path}.example/x?a=1&b=%20",
        links=links if kind is EndpointKind.LISTING else None,
        next_page="a.next" if pages and kind is EndpointKind.LISTING else None,
        pages=pages if kind is EndpointKind.LISTING else None,
    ),
    st.sampled_from(EndpointKind),
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.none() | st.sampled_from(["h3 a", 'a[href^="/news"]']),
    st.none() | st.integers(1, 20),
)
_source = st.builds(
    Source,
    name=_word,
    endpoints=st.lists(_endpoint, min_size=1, max_size=3).map(tuple),
    language=st.none() | st.sampled_from(["en", "zh-Hans"]),
    country=st.none() | st.sampled_from(["UA", "EU"]),
    role=st.sampled_from(Role),
    interval=st.none() | st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    articles=st.none() | st.booleans(),
    paused=st.booleans(),
    private_addresses=st.none() | st.booleans(),
    user_agent=st.none()
    | st.from_regex(r"[!-~][ -~]{2,30}", fullmatch=True).map(str.strip).filter(lambda t: len(t) > 2),
    proxy=st.none() | st.sampled_from(["KYIV_PROXY", "direct"]),
    obey_robots=st.none() | st.booleans(),
    verify_tls=st.booleans(),
    folder=st.none()
    | st.lists(_word | st.sampled_from(["RU", "official", "a/b", "c\\"]), min_size=1, max_size=3)
    .map(tuple)
    .map(join_folder)
    .filter(bool),
)
_sources = st.lists(_source, min_size=1, max_size=6, unique_by=lambda source: source.name)


HERE = Path("list")


@settings(max_examples=40, deadline=None)
@given(_sources)
def test_csv_out_and_in_again_is_the_same(sources):
    scanned = scan_csv(write_csv(sources), HERE)
    assert not scanned.findings
    assert [row.source for row in scanned.rows] == sources


@settings(max_examples=40, deadline=None)
@given(_sources)
def test_opml_out_and_in_again_is_the_same(sources):
    scanned = scan_opml(write_opml(sources).encode(), HERE)
    assert not scanned.findings
    back = {row.source.name: row.source for row in scanned.rows}
    assert back == {source.name: source for source in sources}


@given(st.text(max_size=200), st.binary(max_size=200))
def test_anything_is_sources_or_findings(text, content):
    for scan, value in ((scan_csv, text), (scan_opml, content)):
        with suppress(ConfigError):
            scanned = scan(value, HERE)
            assert isinstance(scanned.rows, tuple)


@given(st.text(max_size=8))
def test_promise_31_no_cell_is_a_formula(text):
    guarded = guard_formula(text)
    figure = guarded == text and text.lstrip("+-").replace(".", "", 1).isdigit()
    assert figure or guarded[:1] not in set("=+-@\t\r")


# ---------------------------------------------------------------- CSV


def test_rows_of_one_name_are_endpoints_in_order(tmp_path):
    path = csv_file(
        tmp_path,
        "name,url,kind,language,country,role,links,interval\n"
        "A,https://a.example/rss,rss,en,UA,official,,2m\n"
        "B,https://b.example/,html,,-,,h3 a,\n"
        "A,https://a.example/news,listing,,,,h2 a,\n",
    )
    first, second = read_sources(path)
    assert [(e.kind.value, e.links) for e in first.endpoints] == [("feed", None), ("listing", "h2 a")]
    assert (first.role, first.interval) == (Role.OFFICIAL, timedelta(minutes=2))
    assert (second.country, second.role, second.endpoints[0].kind.value) == (None, Role.MEDIA, "listing")


def test_semicolons_byte_order_mark_comments_and_blank_lines_are_read(tmp_path):
    path = csv_file(tmp_path, "\ufeff# ours\n\nName;URL\n# group\nA;https://a.example/x,y\n;\n")
    assert read_sources(path)[0].endpoints[0].url == "https://a.example/x,y"


def test_every_fault_is_told_with_its_line(tmp_path):
    path = csv_file(
        tmp_path,
        'name,url,kind,role,note\nA,https://a.example,fed,media,\n,https://b.example,,,\n"C\nC",gopher://c,feed,medai,\n'
        "D,https://d.example,feed,media,x,y\nE,https://e.example,feed,media,\nE,https://e.example/2,feed,official,\n",
    )
    found = told(path)
    assert [line for line, *_ in found] == [2, 3, 4, 4, 6, 8]
    assert found[0][2] == "did you mean `feed`?"
    assert "on line 7" in found[5][1]
    assert [row.source.name for row in scan_sources(path).rows] == ["E"]


def test_the_first_line_must_name_the_columns(tmp_path):
    found = told(csv_file(tmp_path, "nam,url,url\nA,https://a.example,x\n"))
    assert {message for _, message, _ in found} == {
        "the column `name` is missing",
        "unknown column `nam`",
        "the column `url` is there twice",
    }
    assert found[1][2] == "did you mean `name`?"


def test_an_empty_list_is_told(tmp_path):
    assert "empty" in told(csv_file(tmp_path, "# nothing\n"))[0][1]


def test_an_open_quotation_mark_is_told(tmp_path):
    assert "not readable as CSV" in told(csv_file(tmp_path, 'name,url\n"A,https://a.example\n'))[0][1]


def test_bytes_that_are_not_utf8_are_told(tmp_path):
    assert "not UTF-8" in told(csv_file(tmp_path, b"name,url\nA,\xff\n"))[0][1]


# ---------------------------------------------------------------- OPML


def test_foreign_opml_is_read_with_folders_and_categories(tmp_path):
    path = csv_file(
        tmp_path,
        """<?xml version="1.0"?><opml version="1.0"><head><title>x</title></head><body>
        <outline text="UA"><outline title="official">
          <outline title="Ministry" type="rss" xmlUrl="https://m.example/rss" language="EN"/></outline>
        </outline>
        <outline text="News" xmlUrl="https://a.example/rss" category="/PL/state-media,/Tech"/>
        <outline text="News" xmlUrl="https://b.example/rss"/>
        <outline text="News" xmlUrl="https://b.example/rss2"/>
        <outline xmlUrl="https://c.example/rss"/>
        <outline text="a folder" url="https://ignored.example/"/>
        </body></opml>""",
        "list.opml",
    )
    found = read_sources(path)
    assert [(one.name, one.country, one.role.value, one.language) for one in found] == [
        ("Ministry", "UA", "official", "en"),
        ("News", "PL", "state-media", None),
        ("News (b.example)", None, "media", None),
        ("News (b.example) 2", None, "media", None),
        ("c.example", None, "media", None),
    ]


def test_opml_is_known_by_its_first_character_too(tmp_path):
    path = csv_file(tmp_path, '<opml><body><outline text="A" xmlUrl="https://a.example"/></body></opml>', "list.txt")
    assert read_sources(path)[0].name == "A"


def test_promise_20_entities_are_refused(tmp_path):
    bomb = '<!DOCTYPE opml [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><opml><body><outline text="&b;"/></body></opml>'
    assert "entity" in told(csv_file(tmp_path, bomb, "bomb.opml"))[0][1]
    outside = '<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><body>&a;</body></opml>'
    assert "entity" in told(csv_file(tmp_path, outside, "file.opml"))[0][1]


def test_broken_opml_is_placed(tmp_path):
    found = told(csv_file(tmp_path, "<opml>\n<body></opml>", "list.opml"))
    assert (found[0][0], "mismatched" in found[0][1]) == (2, True)


@pytest.mark.parametrize("url", ["https://a.example/?a=1&b=2", "https://a.example/&nbsp;"])
def test_an_ampersand_written_by_hand_is_told_with_its_cure(tmp_path, url):
    found = told(csv_file(tmp_path, f'<opml><body>\n<outline text="A" xmlUrl="{url}"/></body></opml>', "hand.opml"))
    assert (found[0][0], "&amp;" in found[0][2]) == (2, True)


def test_opml_without_feeds_is_told(tmp_path):
    assert "no feeds" in told(csv_file(tmp_path, "<opml><body/></opml>", "list.opml"))[0][1]


def test_an_opml_row_with_a_fault_is_told_by_line(tmp_path):
    text = '<opml><body>\n<outline text="A" xmlUrl="gopher://a"/>\n</body></opml>'
    assert told(csv_file(tmp_path, text, "list.opml"))[0][0] == 2


FOLDERS = """<opml version="2.0"><body>
  <outline text="Capitals"><outline text="RU"><outline text="Press / radio">
    <outline text="A" xmlUrl="https://a.example/rss"/></outline></outline>
    <outline text="B" xmlUrl="https://b.example/rss"/></outline>
  <outline text="C" xmlUrl="https://c.example/rss"/>
</body></opml>"""


def test_folders_are_kept_from_opml_through_csv_to_opml(tmp_path):
    found = read_sources(csv_file(tmp_path, FOLDERS, "in.opml"))
    assert [(one.name, one.folder, one.country) for one in found] == [
        ("A", "Capitals/Press \\/ radio", "RU"),
        ("B", "Capitals", None),
        ("C", None, None),
    ]
    through = read_sources(csv_file(tmp_path, write_csv(found)))
    assert through == found
    out = write_opml(through)
    assert out.index('text="Capitals"') < out.index('text="Press / radio"') < out.index('text="A"')
    assert out.count('text="Capitals"') == 1
    assert {one.name: one for one in read_sources(csv_file(tmp_path, out, "out.opml"))} == {o.name: o for o in found}


@given(st.lists(st.text(max_size=8), max_size=4).map(tuple))
def test_a_folder_is_the_names_it_was_made_of(names):
    kept = tuple(name.strip() for name in names if name.strip())
    assert split_folder(join_folder(names)) == kept
    assert join_folder(split_folder(join_folder(names))) == join_folder(names)
