"""What docs/sources.md shows, done."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from config.model import RawConfig
from config.sources_files import read_sources
from crawler.spider_runner import run_spider
from storage.model import Access, FaultKind
from tests.crawler_world import answer_of, running_engine

pytest_plugins = ("tests.crawler_fixtures",)

PAGE = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_spider_of_the_page_reads_an_archive(world, site, tmp_path):
    (code,) = blocks("python")
    (tmp_path / "ministry.py").write_text(code.replace("https://ministry.example", site.url("")), encoding="utf-8")
    row = '<tr><td class="day">2023-05-1{n}</td><td><a href="/story/{n}">Envoy, day {n}</a></td></tr>'
    older = '<a class="older" href="/archive?page=2">older</a>'
    rows = [row.format(n=n) for n in range(4)]
    site.routes |= {
        "/archive": answer_of(f"<table class='archive'>{''.join(rows[:2])}</table>{older}".encode()),
        "/archive?page=2": answer_of(f"<table class='archive'>{''.join(rows[2:])}</table>".encode()),
    }

    async def crawl():
        async with running_engine(spiders=tmp_path) as engine:
            return await run_spider(engine, "ministry", access=Access(private_addresses=True))

    found = world.run(crawl())
    assert [entry.title for entry in found.entries] == [f"Envoy, day {n}" for n in range(4)]
    assert [entry.published_at.day for entry in found.entries] == [10, 11, 12, 13]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_piece_of_configuration_on_the_page_is_valid(text):
    if text.lstrip().startswith("- listing"):
        text = "  - name: X\n    endpoints:\n" + text
    value = YAML(typ="safe").load(text if "sources:" in text else f"sources:\n{text}")
    assert RawConfig.model_validate(value).sources


def test_the_list_of_the_page_is_read(tmp_path):
    text = re.search(r"(?:    .*\n)+", PAGE[PAGE.index("CSV: a row") :])[0]
    path = tmp_path / "list.csv"
    path.write_text(re.sub(r"^    ", "", text, flags=re.MULTILINE), encoding="utf-8")
    (source,) = read_sources(path)
    assert (source.folder, [one.kind.value for one in source.endpoints]) == ("Capitals/Kyiv", ["feed", "listing"])


def test_the_page_names_every_fault_a_person_can_mend():
    assert {kind.value for kind in FaultKind} - {"internal-error"} <= set(re.findall(r"`([a-z-]+)`", PAGE))
