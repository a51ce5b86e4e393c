import sqlite3
from contextlib import closing
from datetime import timedelta

from storage.database import open_reader
from storage.views import matches_by_watch
from tests.seeding import NOW, seed


def test_articles_of_one_story_stand_under_the_first_that_the_watch_met(tmp_path):
    path = seed(tmp_path).path
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO stories (id, title, articles, sources, independent, first_at, last_at)"
            " VALUES (77, 'Talks', 4, 4, 2, '2023-05-17T00:00:00Z', '2023-05-18T00:00:00Z')"
        )
        db.execute(
            "INSERT OR IGNORE INTO matches (article_id, watch, spans, at)"
            " SELECT id, 'Grain', '[]', seen_at FROM articles"
        )
        db.execute("UPDATE articles SET story_id = 77 WHERE copy_of IS NULL")
    with closing(open_reader(path)) as connection:
        found = matches_by_watch(connection, NOW - timedelta(days=9), NOW + timedelta(days=1))
    (story,) = next(one.articles for one in found if one.watch == "Grain")
    assert (story.sources, story.independent) == (4, 2)
    assert story.others
    assert all(one.published_at >= story.article.published_at for one in story.others)
