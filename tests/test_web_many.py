from contextlib import closing

import pytest

from storage.database import open_writer
from storage.model import to_text
from tests.mission_database import NOW, seed
from tests.test_web_pages import Page

MANY = 130


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A page over a database with more of everything than stands on one page, and the ids of the mission in it."""
    path = tmp_path_factory.mktemp("many") / "envoywatch.db"
    mission = seed(path)
    at = to_text(NOW)
    db = open_writer(path)
    with closing(db.conn), db.conn:
        article, source = db.execute("SELECT id, source_id FROM articles ORDER BY id LIMIT 1").fetchone()
        meeting = db.execute(
            "INSERT INTO meetings (key, participants, level, status, first_reported_at, updated_at)"
            " VALUES ('much', '[\"Ann Example\", \"Ben Example\"]', 'leader', 'held', ?, ?) RETURNING id",
            [at, at],
        ).fetchone()[0]
        story = db.execute(
            "INSERT INTO stories (title, articles, sources, first_at, last_at) VALUES ('A long story', ?, 1, ?, ?)"
            " RETURNING id",
            [MANY, at, at],
        ).fetchone()[0]
        for n in range(MANY):
            one = db.execute(
                "INSERT INTO articles (url, title, text, source, source_id, role, published_at, seen_at, read_at,"
                " origin, text_hash, copy_of, story_id) SELECT url || '?' || ?, 'Told ' || ?, text, source, ?, role, ?,"
                " ?, ?, 'page', text_hash, id, ? FROM articles WHERE id = ? RETURNING id",
                [n, n, source, at, at, at, story, article],
            ).fetchone()[0]
            db.execute(
                "INSERT INTO claims (article_id, meeting_id, participants, level, status, evidence, field, start,"
                " end, cues, rule, confidence, at) VALUES (?, ?, '[]', 'leader', 'held', ?, 'text', 0, 4, '[]', 'met',"
                " 1, ?)",
                [one, meeting, f"Sentence number {n}.", at],
            )
            db.execute("INSERT INTO matches (article_id, watch, spans, at) VALUES (?, 'Often', '[]', ?)", [one, at])
            db.execute(
                "INSERT INTO alerts (key, kind, title, created_at, watch, article_id) VALUES (?, 'match', ?, ?, ?, ?)",
                [f"many:{n}", f"Alert number {n}", at, "Often", one],
            )
            made = db.execute(
                "INSERT INTO meetings (key, participants, level, status, date, first_reported_at, updated_at)"
                " VALUES (?, ?, 'leader', 'held', '2023-01-01', ?, ?) RETURNING id",
                [f"many:{n}", f'["Cid Example", "Host {n}"]', at, at],
            ).fetchone()[0]
            people = [("Cid Example", made), (f"Host {n}", made)]
            db.conn.executemany("INSERT INTO meeting_people (person, meeting_id) VALUES (?, ?)", people)
    return Page(path), {"article": article, "meeting": meeting, "story": story}, mission


async def test_today_shows_the_latest_alerts_and_counts_all(many):
    page, _, mission = many
    text = (await page.get("/")).text
    assert text.count('id="alert-') < MANY
    assert "80 earlier matches not shown" in text
    assert f"{MANY + len(mission.alerts)} alerts since" in text
    assert "The latest 5" in text


async def test_earlier_meetings_sentences_and_articles_are_a_link_away(many):
    page, ids, _ = many
    first = (await page.get("/meetings")).text
    assert '<a href="/meetings?skip=100" rel="next">Earlier</a>' in first
    assert "Host 1<" in (await page.get("/meetings?skip=100")).text + first
    assert "There is nothing older." in (await page.get("/meetings?skip=5000")).text
    assert (await page.get("/meetings?skip=100001")).status_code == 400

    meeting = f"/meetings/{ids['meeting']}"
    told = "".join([(await page.get(f"{meeting}?skip={skip}")).text for skip in (0, 50, 100)])
    assert all(f"Sentence number {n}." in told for n in range(MANY))
    assert f'<a href="{meeting}?skip=50" rel="next">Earlier</a>' in told

    story = f"/stories/{ids['story']}"
    told = "".join([(await page.get(f"{story}?skip={skip}")).text for skip in (0, 100)])
    assert all(f">Told {n}<" in told for n in range(MANY))
    assert f'<a href="{story}?skip=100" rel="next">Later</a>' in told


async def test_of_many_copies_the_first_are_listed_and_all_counted(many):
    page, ids, _ = many
    assert f"The first 40 of {MANY} are shown." in (await page.get(f"/articles/{ids['article']}")).text


async def test_meetings_of_two_are_those_of_both_in_any_case(many):
    page, _, _ = many
    found = (await page.get("/meetings", params={"person": "cid example", "with": "host 7"})).text
    assert found.count("data-item") == 1


async def test_pages_are_sent_packed_to_who_can_unpack_them(many):
    page, _, _ = many
    packed = await page.get("/", headers={"accept-encoding": "gzip"})
    plain = await page.get("/", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.text.count('id="alert-') == plain.text.count('id="alert-')
    assert "content-encoding" not in plain.headers
