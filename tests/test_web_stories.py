import re

import pytest

from storage.database import open_reader, open_writer
from storage.errors import NotStoredError
from storage.views import explain_article, get_story, list_stories
from tests.mission_database import seed
from tests.test_web_pages import Page


@pytest.fixture(scope="module")
def seeded(tmp_path_factory):
    path = tmp_path_factory.mktemp("stories") / "envoywatch.db"
    return path, seed(path)


@pytest.fixture
def reader(seeded):
    connection = open_reader(seeded[0])
    yield connection
    connection.close()


async def get(seeded, path):
    return (await Page(seeded[0]).get(path)).text


async def test_stories_are_listed_with_who_told_them_and_merged_ones_are_not(seeded):
    text = await get(seeded, "/stories")
    assert re.findall(r'/stories/(\d+)"', text) == ["1", "2"]
    assert "5 articles · 5 sources, 4 independent" in text
    assert 'lang="ru"' in text


async def test_stories_of_several_sources_alone_are_listed_on_demand(seeded):
    assert re.findall(r'/stories/(\d+)"', await get(seeded, "/stories?sources=3")) == ["1"]
    assert "There is nothing older" in await get(seeded, "/stories?skip=50")
    for wrong in ("sources=4", "skip=9999999", "skip=x"):
        assert (await Page(seeded[0]).get(f"/stories?{wrong}")).status_code == 400


async def test_a_story_shows_every_telling_its_copies_and_its_meetings(seeded):
    text = await get(seeded, "/stories/1")
    assert "1 copy" in text
    assert "普京会见李辉" in text
    assert re.search(r"Whose reports.*Meridian Post", text, re.DOTALL)
    assert re.search(r"/meetings/\d+", text)


async def test_a_merged_story_shows_what_it_became_part_of(seeded):
    number = seeded[1].stories["merged"]
    assert f"story {number} became part of this one" in await get(seeded, f"/stories/{number}")


async def test_an_article_names_its_story(seeded):
    assert "/stories/1" in await get(seeded, f"/articles/{seeded[1].articles['zh']}")
    assert "The story" not in await get(seeded, f"/articles/{seeded[1].articles['rumour']}")


async def test_an_empty_archive_says_that_it_has_no_story(tmp_path):
    path = tmp_path / "envoywatch.db"
    seed(path)
    page = Page(path)
    db = open_writer(path)
    db.execute("UPDATE stories SET articles = 0")
    db.conn.close()
    assert "No two articles tell the same" in (await page.get("/stories")).text
    assert (await page.get("/stories/1")).status_code == 404


def test_a_story_that_is_not_stored_is_named(reader):
    with pytest.raises(NotStoredError, match="there is no story 77"):
        get_story(reader, 77)


def test_stories_come_page_by_page(reader):
    first, second = list_stories(reader)
    assert list_stories(reader, limit=1) == (first,)
    assert list_stories(reader, limit=1, skip=1) == (second,)
    assert list_stories(reader, until=first.last_at) == tuple(
        one for one in (first, second) if one.last_at < first.last_at
    )


def test_an_explanation_names_the_story(reader, seeded):
    found = explain_article(reader, seeded[1].articles["held"])
    assert found.story is not None
    assert found.story.id == 1
