import json
import os
import subprocess
import sys

import pytest

from config.sources_files import read_sources
from envoywatch.cli import main
from tests.outlet import serving
from tests.seeding import Said

pytest_plugins = ("tests.crawler_fixtures",)

CONFIG = """\
crawl: {private_addresses: true, delay: 0s}
sources:
  - name: Ministry            # ours
    endpoints: [feed: 'https://m.example/rss']
  - name: Quiet
    paused: true
    endpoints: [feed: 'https://user:pw@q.example/rss']
"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour Gazette</title><link>{base}/</link>
<description>x</description>
<item><title>Envoy arrives\u202e</title><link>{base}/a1</link><pubDate>Fri, 01 May 2026 09:00:00 GMT</pubDate></item>
<item><title>Tide table</title><link>{base}/a2</link></item></channel></rss>"""
ARTICLE = "<html><body><article><h1>Envoy arrives</h1>" + "<p>The harbour was quiet when the envoy came ashore.</p>" * 9
PAGES = {
    "/": ("text/html", '<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>'),
    "/feed.xml": ("application/rss+xml", FEED),
    "/list": ("text/html", '<html><body><h3><a href="/a1">Envoy arrives</a></h3><a href="/x">x</a></body></html>'),
    "/a1": ("text/html", ARTICLE + "</article></body></html>"),
}


@pytest.fixture
def config(tmp_path, monkeypatch):
    path = tmp_path / "envoywatch.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("ENVOYWATCH_CONFIG", str(path))
    return path


@pytest.fixture
def outlet():
    with serving(PAGES) as address:
        yield address


@pytest.fixture
def program(world, monkeypatch, capsys):
    """Runs a command that fetches, on the one reactor that a process may have."""
    monkeypatch.setattr("envoywatch.cli.sources_net.run", lambda work: world.run(work()))
    monkeypatch.setattr("crawler.engine.run", lambda work: world.run(work()))

    def run(*arguments):
        capsys.readouterr()
        code = main.run(arguments)
        return Said(code, *capsys.readouterr())

    return run


def process(*arguments):
    """The same as its user runs it."""
    script = "from envoywatch.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


# ---------------------------------------------------------------- list


def test_sources_are_listed_before_anything_was_polled(config, capsys):
    assert main.run(["sources", "list"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["Ministry", "never-read"], ["Quiet", "paused"]]
    assert main.run(["sources", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed[0]["health"] == "never-read"
    assert listed[1]["endpoints"] == [{"kind": "feed", "url": "https://***@q.example/rss"}]
    assert main.run(["sources", "list", "--faulty"]) == 0
    assert "no source is in trouble" in capsys.readouterr().out


def test_sources_are_listed_with_their_health(config, program, capsys, outlet):
    config.write_text(CONFIG.replace("https://m.example/rss", f"{outlet}/feed.xml"), encoding="utf-8")
    done = program("poll", "Ministry")
    assert done.code == 0, done.err
    assert main.run(["sources", "list", "--json"]) == 0
    ministry = json.loads(capsys.readouterr().out)[0]
    assert ministry["health"] == "well"
    assert ministry["last_ok_at"].endswith("Z")
    assert main.run(["sources", "list"]) == 0
    assert "well" in capsys.readouterr().out


# ---------------------------------------------------------------- add, remove


def test_a_source_is_added_as_it_is_and_removed_again(config, capsys):
    arguments = [
        "https://n.example/list",
        "--kind",
        "listing",
        "--links",
        "h2 a",
        "--language",
        "uk",
        "--interval",
        "2m",
    ]
    assert main.run(["sources", "add", *arguments]) == 0
    added = config.read_text(encoding="utf-8")
    assert added == CONFIG + (
        "  - name: n.example\n    language: uk\n    interval: 2m\n"
        "    endpoints:\n      - listing: https://n.example/list\n        links: h2 a\n"
    )
    assert main.run(["sources", "remove", "n.example"]) == 0
    assert config.read_text(encoding="utf-8") == CONFIG
    assert main.run(["sources", "remove", "n.example"]) == 2
    assert "no 'n.example' in this file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["https://m.example/rss"], "reads that address already"),
        (["https://x.example/", "--name", "ministry"], "already"),
        (["gopher://x.example/"], "not an http"),
        (["https://x.example/", "--language", "English"], "two-letter code"),
        (["https://x.example/", "--interval", "soon"], "not a duration"),
    ],
)
def test_what_would_be_a_fault_is_not_added(config, capsys, arguments, words):
    assert main.run(["sources", "add", "--kind", "feed", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert config.read_text(encoding="utf-8") == CONFIG


def test_a_host_whose_name_is_taken_gets_another(config):
    for path in ("a", "b", "c"):
        assert main.run(["sources", "add", "--kind", "feed", f"https://x.example/{path}"]) == 0
    text = config.read_text(encoding="utf-8")
    assert "- name: x.example (x.example)\n" in text
    assert "- name: x.example (x.example) 2\n" in text


def test_a_feed_is_found_and_added_with_its_title(config, outlet):
    done = process("sources", "add", outlet)
    assert done.code == 0, done.err
    text = config.read_text(encoding="utf-8")
    assert f"  - name: Harbour Gazette\n    endpoints:\n      - feed: {outlet}/feed.xml\n" in text


def test_what_would_be_read_is_shown_before_anything_is_saved(config, program, outlet):
    before = config.read_text(encoding="utf-8")
    done = program("sources", "add", outlet, "--dry-run")
    assert done.code == 0, done.err
    assert f"feed  {outlet}/feed.xml" in done.out
    assert "Envoy arrives" in done.out
    assert "nothing was changed" in done.err
    assert config.read_text(encoding="utf-8") == before


def test_an_address_without_anything_to_read_is_told(config, program):
    done = program("sources", "add", "http://127.0.0.1:1/")
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert "refuses the connection" in done.err


# ---------------------------------------------------------------- test


def test_a_url_is_tried_without_recording_anything(config, outlet):
    done = process("sources", "test", outlet)
    assert done.code == 0, done.err
    assert f"Harbour Gazette: feed {outlet}/feed.xml: 2 entries" in done.out
    assert "from the page, language en" in done.out
    assert "Envoy arrives" in done.out
    assert "\u202e" not in done.out
    assert "characters from the page" in done.out
    assert sorted(path.name for path in config.parent.iterdir()) == ["envoywatch.yaml"]


def test_a_source_of_the_configuration_is_tried_by_name_and_told_as_json(config, program, outlet):
    config.write_text(CONFIG.replace("https://m.example/rss", f"{outlet}/gone.xml"), encoding="utf-8")
    done = program("sources", "test", "Ministry", "--json")
    assert done.code == 1
    assert json.loads(done.out)["poll"]["fault"]["kind"] == "gone"


def test_each_address_of_a_source_is_tried_and_the_one_that_would_deliver_is_named(config, program, outlet):
    chain = f"{{feed: '{outlet}/gone.xml'}}, {{listing: '{outlet}/list', links: h3 a}}, {{feed: '{outlet}/feed.xml'}}"
    config.write_text(CONFIG.replace("feed: 'https://m.example/rss'", chain), encoding="utf-8")
    done = program("sources", "test", "Ministry")
    assert done.code == 0, done.err
    assert f"Ministry address 1: feed {outlet}/gone.xml: the server answered 404 Not Found" in done.out
    assert f"Ministry address 2: listing {outlet}/list: 1 entry\n" in done.out
    assert f"Ministry address 3: feed {outlet}/feed.xml: 2 entries (stands by)" in done.out
    assert "from address 2:" in done.out
    assert "find" in done.out.partition("404 Not Found\n")[2].partition("\n")[0].lower()


def test_an_address_that_cannot_be_read_is_not_taken_for_what_lies_elsewhere(config, program, outlet):
    done = program("sources", "test", f"{outlet}/gone")
    assert done.code == 1
    assert f"{outlet}/gone cannot be read: " in done.err
    assert "404" in done.err


def test_an_unknown_name_is_told_with_the_nearest(config, program):
    done = program("sources", "test", "Minstry")
    assert done.code == 2
    assert "did you mean `Ministry`?" in done.err


def test_a_selector_is_tried_on_the_page_that_is_named(config, program, outlet):
    done = program("sources", "test", f"{outlet}/list", "--links", "h3 a", "--json")
    assert done.code == 0, done.err
    assert [entry["url"] for entry in json.loads(done.out)["poll"]["entries"]] == [f"{outlet}/a1"]


# ---------------------------------------------------------------- import, export


def test_import_takes_what_is_new_into_a_file_of_its_own(config, tmp_path, capsys):
    offered = tmp_path / "in" / "list.opml"
    offered.parent.mkdir()
    offered.write_text(
        '<opml><body><outline text="Ministry" xmlUrl="https://other.example/rss"/>'
        '<outline text="Known" xmlUrl="https://m.example/rss"/><outline text="B" xmlUrl="https://b.example/rss"/>'
        "</body></opml>"
    )
    assert main.run(["sources", "import", str(offered)]) == 0
    assert [source.name for source in read_sources(tmp_path / "list.csv")] == ["Ministry (other.example)", "B"]
    assert config.read_text(encoding="utf-8") == CONFIG + "  - include: list.csv\n"
    assert "2 sources put into" in capsys.readouterr().err
    assert main.run(["check"]) == 0
    assert main.run(["sources", "import", str(offered)]) == 0
    assert "nothing new" in capsys.readouterr().err


def test_a_list_of_others_permits_itself_nothing_unless_it_is_trusted(config, tmp_path, capsys):
    offered = tmp_path / "in" / "list.csv"
    offered.parent.mkdir()
    offered.write_text(
        "name,url,kind,private_addresses,obey_robots,verify_tls,proxy\n"
        "A,https://a.example/rss,feed,true,false,false,HOUSE\nB,listing,spider,,,,\n"
    )
    assert main.run(["sources", "import", str(offered)]) == 0
    (found,) = read_sources(tmp_path / "list.csv")
    assert (found.private_addresses, found.obey_robots, found.verify_tls, found.proxy) == (None, None, True, None)
    told = capsys.readouterr().err
    assert "left out 'B': it names a spider" in told
    assert "left out of the list: obey_robots, private_addresses, proxy, verify_tls" in told
    config.write_text(CONFIG, encoding="utf-8")
    assert main.run(["sources", "import", str(offered), "--trust"]) == 0
    kept = {source.name: source for source in read_sources(tmp_path / "list-2.csv")}
    assert (kept["A"].private_addresses, kept["A"].proxy) == (True, "HOUSE")
    assert kept["B"].endpoints[0].kind.value == "spider"


def test_import_never_overwrites_a_file(config, tmp_path):
    (tmp_path / "more.csv").write_text("mine")
    offered = tmp_path / "in" / "more.csv"
    offered.parent.mkdir()
    offered.write_text("name,url\nB,https://b.example/rss\n")
    assert main.run(["sources", "import", str(offered)]) == 0
    assert (tmp_path / "more.csv").read_text() == "mine"
    assert (tmp_path / "more-2.csv").exists()


def test_a_faulty_list_is_told_line_by_line_and_not_imported(config, tmp_path, capsys):
    offered = tmp_path / "list.csv"
    offered.write_text("name,url\nB,gopher://b\nC,\n")
    assert main.run(["sources", "import", str(offered)]) == 2
    assert [line.split(": ")[0][-3:] for line in capsys.readouterr().err.splitlines()] == ["2:1", "3:1"]
    assert config.read_text(encoding="utf-8") == CONFIG


@pytest.mark.parametrize("form", ["csv", "opml"])
def test_promise_36_an_exported_list_opens_nothing(config, capsys, monkeypatch, form):
    monkeypatch.setenv("FEED_TOKEN", "0pen-5esame")
    url = "https://me:hush-hush@closed.example/${FEED_TOKEN}/rss?token=written-here"
    config.write_text(CONFIG + f"  - {{name: Closed, endpoints: [{{feed: '{url}'}}]}}\n", encoding="utf-8")
    assert main.run(["sources", "export", "--format", form]) == 0
    said = capsys.readouterr()
    assert "https://***@closed.example/***/rss?token=***" in said.out
    assert "https://m.example/rss" in said.out
    assert "addresses of 2 of them" in said.err
    assert not any(secret in said.out + said.err for secret in ("0pen-5esame", "hush-hush", "written-here"))


def test_export_writes_csv_or_opml_and_overwrites_only_when_told(config, tmp_path, capsys):
    assert main.run(["sources", "export"]) == 0
    assert capsys.readouterr().out.startswith("name,url,kind")
    for name in ("out.csv", "out.opml"):
        assert main.run(["sources", "export", str(tmp_path / name)]) == 0
        assert [source.name for source in read_sources(tmp_path / name)] == ["Ministry", "Quiet"]
    assert main.run(["sources", "export", str(tmp_path / "out.csv")]) == 2
    assert main.run(["sources", "export", str(tmp_path / "out.csv"), "--force"]) == 0
    assert main.run(["sources", "export", "--format", "opml"]) == 0
    assert "<opml" in capsys.readouterr().out
