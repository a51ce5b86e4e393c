import sqlite3
from contextlib import closing
from datetime import timedelta

from storage.database import open_reader
from storage.views import ArticleFilters, get_story, matches_by_watch
from storage.views_search import newest_ids
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


def test_a_story_that_became_part_of_another_is_found_under_either_id(tmp_path):
    path = seed(tmp_path).path
    with closing(sqlite3.connect(path)) as db, db:
        for number, into in ((77, None), (78, 77), (79, None)):
            db.execute(
                "INSERT INTO stories (id, title, articles, first_at, last_at, merged_into)"
                " VALUES (?, 'Talks', ?, '2023-05-17T00:00:00Z', '2023-05-18T00:00:00Z', ?)",
                [number, 0 if into else 2, into],
            )
        db.execute("UPDATE articles SET story_id = 77 WHERE id <= 2")
    with closing(open_reader(path)) as connection:
        for number, ids in ((77, [2, 1]), (78, [2, 1]), (79, []), (80, [])):
            assert newest_ids(connection, None, ArticleFilters(story=number), limit=9) == ids
        assert (get_story(connection, 78).line.id, get_story(connection, 78).asked_for) == (77, 78)
