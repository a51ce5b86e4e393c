"""Stories in the database: what an article has in common with those of the last days, and with which it tells one.

Everything happens in the article's transaction. A story is a row as soon as two articles tell it, copies included,
which share the story of their first. The tables of traits, terms and links hold the articles of the last days alone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Final

from storage.model import from_text, to_text
from storage.rarities import rarities_of
from storage.rows import dump_json
from storage.story_groups import LINK, central, grouped, named, pair
from storage.story_terms import add_terms, articles_of, drop_terms
from storage.term_counts import count_terms, counts_of
from storage.traits import Profile, likeness, pack, profile_of, traits_of, unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from sqlite_utils import Database

    from storage.copies import Kin
    from storage.model import Reading, Traits

WINDOW: Final = timedelta(days=3)
"""Articles of one story are published within so long of one another."""
KEPT: Final = WINDOW + timedelta(days=1)
_MOST_OF_TERM: Final = 80
_MOST_COMPARED: Final = 24
_MOST_REGROUPED: Final = 30
"""Articles that are put in groups anew when one comes in; in a larger story it only finds its place."""
COUNT_ALL: Final = 20_000
SAMPLE: Final = 8
"""Words are counted in each of the first articles of an archive, then in one of so many."""
_COPIED, _SAME_MEETING = 2.0, 1.2
"""How like each other copies are, and articles that claim the same meeting."""
_FORGET: Final = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What a reading has in common with stored articles: its own profile, and those that tell the same."""

    profile: Profile
    links: Mapping[int, float] = field(default_factory=dict)
    stories: frozenset[int] = frozenset()

    def is_told_by(self, article_id: int, story_id: int | None) -> bool:
        """Whether a stored article tells the same story."""
        return article_id in self.links or (story_id is not None and story_id in self.stories)


# ---------------------------------------------------------------- finding


def find_kindred(db: Database, reading: Reading, kin: Kin) -> Found:
    """The articles of the last days that tell what a reading tells."""
    traits = reading.traits or traits_of(reading.text.title, reading.text.text)
    return kindred_of(db, traits, reading.text.language, reading.published_at, kin.firsts)


def kindred_of(
    db: Database,
    traits: Traits,
    language: str | None,
    at: datetime,
    firsts: Iterable[int],
    *,
    is_earlier: bool = False,
) -> Found:
    """The articles that tell the same within the window; `firsts` are of its groups of copies.

    One of the backlog `is_earlier`: it has those of the days after it, which lie next above it.
    """
    profile = profile_of(traits, rarities_of(db, traits))
    links = _links(db, profile, language, at, is_earlier=is_earlier)
    links |= dict.fromkeys(firsts, _COPIED)
    if not links:
        return Found(profile)
    rows = db.execute(
        "SELECT DISTINCT story_id FROM articles WHERE story_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        [dump_json(list(links))],
    )
    return Found(profile, links, frozenset(row[0] for row in rows))


def _links(db: Database, profile: Profile, language: str | None, at: datetime, *, is_earlier: bool) -> dict[int, float]:
    having = articles_of(db, profile.probes, _MOST_OF_TERM, first=is_earlier)
    hits = Counter(chain.from_iterable(having.values()))
    shared = {one: 0.0 for one, times in hits.items() if times > 1}
    for term, articles in having.items():
        for one in shared.keys() & articles if shared else ():
            shared[one] += profile.weights[term]
    likely = sorted(shared, key=lambda one: (-shared[one], one))[:_MOST_COMPARED]
    links = {}
    for kept in _kept(db, likely) if likely else ():
        alike = kept.likeness(profile, language, at)
        if alike >= LINK:
            links[kept.id] = alike
    return links


@dataclass(frozen=True, slots=True)
class _Kept:
    """An article of the last days."""

    id: int
    at: datetime
    language: str | None
    profile: Profile

    def likeness(self, profile: Profile, language: str | None, at: datetime) -> float:
        if abs(self.at - at) > WINDOW:
            return 0.0
        return likeness(self.profile, profile, same_language=_base(language) == _base(self.language))


def _base(language: str | None) -> str:
    return (language or "").partition("-")[0]


def _kept(db: Database, ids: Collection[int]) -> list[_Kept]:
    rows = db.execute(
        "SELECT article_id, at, language, profile FROM traits WHERE article_id IN (SELECT value FROM json_each(?))"
        " ORDER BY article_id",
        [dump_json(list(ids))],
    )
    return [_Kept(row[0], from_text(row[1]), row[2], unpack(row[3])) for row in rows.fetchall()]


# ---------------------------------------------------------------- entering


def enter(db: Database, article_id: int, reading: Reading, found: Found, meeting_ids: Collection[int]) -> None:
    """Give a stored article its story; `meeting_ids` are the meetings that it claims."""
    give_story(db, article_id, reading.published_at, reading.text.language, found, meeting_ids)


def give_story(
    db: Database, article_id: int, at: datetime, language: str | None, found: Found, meeting_ids: Collection[int]
) -> None:
    """As `enter`, by what of a reading counts: when and in which language it was published."""
    first = _first_of(db, article_id)
    if first == article_id:
        _keep(db, article_id, at, language, found.profile)
    links: dict[int, float] = {}
    for other, alike in (*_by_meeting(db, article_id, meeting_ids, at).items(), *found.links.items()):
        links[_first_of(db, other)] = alike
    is_copy = first != article_id or links.pop(first, None) is not None
    if links or is_copy:
        _regroup(db, first, links)


def _first_of(db: Database, article_id: int) -> int:
    row = db.execute("SELECT coalesce(copy_of, id) FROM articles WHERE id = ?", [article_id]).fetchone()
    return int(row[0])


def _by_meeting(db: Database, article_id: int, meeting_ids: Collection[int], at: datetime) -> dict[int, float]:
    """Articles that claim one of the meetings too, and were published within the window."""
    if not meeting_ids:
        return {}
    rows = db.execute(
        "SELECT DISTINCT coalesce(a.copy_of, a.id) FROM claims c JOIN articles a ON a.id = c.article_id"
        " WHERE c.meeting_id IN (SELECT value FROM json_each(?)) AND c.withdrawn_at IS NULL"
        " AND c.status <> 'background' AND a.published_at BETWEEN ? AND ? AND a.id <> ? ORDER BY a.id DESC LIMIT ?",
        [dump_json(list(meeting_ids)), to_text(at - WINDOW), to_text(at + WINDOW), article_id, _MOST_COMPARED],
    )
    return dict.fromkeys((row[0] for row in rows), _SAME_MEETING)


def _keep(db: Database, article_id: int, at: datetime, language: str | None, profile: Profile) -> None:
    db.execute(
        "INSERT OR REPLACE INTO traits (article_id, at, language, profile) VALUES (?, ?, ?, ?)",
        [article_id, to_text(at), language, pack(profile)],
    )
    add_terms(db, article_id, profile.probes)


# ---------------------------------------------------------------- at the end of a transaction


def end_with(db: Database, ids: Collection[int]) -> None:
    """Count the words of the articles that a transaction stored, and let older ones go that are out of the window."""
    if ids:
        count_words(db, ids)
        latest = db.execute("SELECT read_at FROM articles WHERE id = ?", [max(ids)]).fetchone()[0]
        _forget(db, from_text(latest) - KEPT, _FORGET * len(ids))


def count_words(db: Database, ids: Collection[int]) -> None:
    """Count the words of these articles, by which rare ones are told from common ones."""
    if counts_of(db).articles > COUNT_ALL:
        ids = [one for one in ids if not one % SAMPLE]
    if ids:
        count_terms(db, [one.profile.terms.tolist() for one in _kept(db, ids)])


def _forget(db: Database, before: datetime, most: int) -> None:
    """What the backlog has brought is its own to let go."""
    rows = db.execute(
        "SELECT article_id FROM traits WHERE at < ? AND article_id > (SELECT coalesce(max(newest), 0) FROM backlog)"
        " ORDER BY at LIMIT ?",
        [to_text(before), most],
    )
    _drop(db, [row[0] for row in rows.fetchall()])


def forget_after(db: Database, article_id: int) -> None:
    """Let articles of the backlog go that are out of the window of this one, and of what comes in now."""
    latest, frontier = db.execute(
        "SELECT (SELECT read_at FROM articles ORDER BY id DESC LIMIT 1),"
        " (SELECT seen_at FROM articles WHERE id >= ? ORDER BY id LIMIT 1)",
        [article_id],
    ).fetchone()
    if frontier is None:  # all were deleted meanwhile
        return
    rows = db.execute(
        "SELECT article_id FROM traits WHERE at > ? AND at < ? AND article_id <= (SELECT max(newest) FROM backlog)",
        [to_text(from_text(frontier) + KEPT), to_text(from_text(latest) - KEPT)],
    )
    _drop(db, [row[0] for row in rows.fetchall()])


def _drop(db: Database, ids: Collection[int]) -> None:
    wanted = dump_json(list(ids))
    rows = db.execute(
        "SELECT article_id, profile FROM traits WHERE article_id IN (SELECT value FROM json_each(?))", [wanted]
    ).fetchall()
    drop_terms(db, rows)
    links = db.execute(
        "SELECT article_id, other_id FROM story_links WHERE article_id IN (SELECT value FROM json_each(?))", [wanted]
    ).fetchall()
    db.conn.executemany(
        "DELETE FROM story_links WHERE article_id = ? AND other_id = ?",
        sorted({pair for one, other in links for pair in ((one, other), (other, one))}),
    )
    db.execute("DELETE FROM traits WHERE article_id IN (SELECT value FROM json_each(?))", [wanted])


# ---------------------------------------------------------------- grouping


def _regroup(db: Database, article_id: int, links: Mapping[int, float]) -> None:
    """Put the article, those it is linked to and the others of their stories in groups anew."""
    db.conn.executemany(
        "INSERT OR REPLACE INTO story_links (article_id, other_id, likeness) VALUES (?, ?, ?)",
        [row for other, alike in links.items() for row in ((article_id, other, alike), (other, article_id, alike))],
    )
    before = _stories_of(db, {article_id, *links})
    likeness_of = _likenesses(db, before)
    groups = grouped(before, likeness_of)
    old = {article: story for article, story in before.items() if story is not None}
    names = named(groups, old)
    touched = set(old.values())
    centres: dict[int, int] = {}
    for group, story in names.items():
        if len(group) == 1 and not _has_company(db, min(group), story, before):
            _set_story(db, group, None)
            continue
        wanted = story or _new_story(db)
        _set_story(db, group, wanted)
        centres[wanted] = central(group, likeness_of)
    for story, centre in centres.items():  # when each has all that it gets, and no more what another got
        _describe(db, story, centre)
    for gone in sorted(touched.difference(centres)):
        _merge(db, gone, before)


def _stories_of(db: Database, ids: Collection[int]) -> dict[int, int | None]:
    """These articles and the others of their stories, each with its story: of a large one the newest, of none a copy.

    What was forgotten stays where it is. A new first of older copies goes on with their story.
    """
    rows = db.execute(
        "SELECT id, coalesce(story_id, (SELECT max(story_id) FROM articles copy WHERE copy.copy_of = articles.id))"
        " FROM articles WHERE id IN (SELECT value FROM json_each(?))",
        [dump_json(list(ids))],
    )
    found: dict[int, int | None] = dict(rows.fetchall())
    stories = {story for story in found.values() if story is not None}
    more = db.execute(
        "SELECT id, story_id FROM articles JOIN traits ON traits.article_id = articles.id"
        " WHERE story_id IN (SELECT value FROM json_each(?)) AND copy_of IS NULL ORDER BY id DESC LIMIT ?",
        [dump_json(sorted(stories)), _MOST_REGROUPED],
    )
    for article_id, story in more.fetchall():
        found.setdefault(article_id, story)
    return found


def _likenesses(db: Database, articles: Collection[int]) -> dict[tuple[int, int], float]:
    """How like each two are: as linked, else as compared now; what was forgotten keeps its links alone."""
    kept = _kept(db, articles)
    found = {
        pair(one.id, other.id): one.likeness(other.profile, other.language, other.at)
        for index, one in enumerate(kept)
        for other in kept[:index]
    }
    rows = db.execute(
        "SELECT article_id, other_id, likeness FROM story_links WHERE article_id IN (SELECT value FROM json_each(?))",
        [dump_json(list(articles))],
    )
    for one, other, alike in rows.fetchall():
        if other in articles:
            found[pair(one, other)] = alike
    return found


def _has_company(db: Database, article_id: int, story: int | None, regrouped: Collection[int]) -> bool:
    """Whether one article is a story all the same: by its copies, or by older ones that were not grouped anew."""
    row = db.execute(
        "SELECT 1 FROM articles WHERE copy_of = ?1 OR (story_id = ?2 AND copy_of IS NULL"
        " AND id NOT IN (SELECT value FROM json_each(?3))) LIMIT 1",
        [article_id, story, dump_json(list(regrouped))],
    )
    return row.fetchone() is not None


def _set_story(db: Database, articles: Collection[int], story: int | None) -> None:
    """Copies go with their first."""
    wanted = dump_json(sorted(articles))
    db.execute(
        "UPDATE articles SET story_id = ?1 WHERE story_id IS NOT ?1 AND (id IN (SELECT value FROM json_each(?2))"
        " OR copy_of IN (SELECT value FROM json_each(?2)))",
        [story, wanted],
    )


def _new_story(db: Database) -> int:
    row = db.execute("INSERT INTO stories (title, first_at, last_at) VALUES ('', '', '') RETURNING id").fetchone()
    return int(row[0])


def _describe(db: Database, story: int, central_id: int) -> None:
    """Title, counts and times of a story, from its articles."""
    db.execute(
        "UPDATE stories SET (articles, sources, independent, first_at, last_at) = (SELECT count(*),"
        " count(DISTINCT source), count(DISTINCT originator), min(published_at), max(published_at)"
        " FROM articles WHERE story_id = ?1), (title, language) = (SELECT title, language FROM articles WHERE id = ?2),"
        " article_id = ?2, merged_into = NULL WHERE id = ?1",
        [story, central_id],
    )


def _merge(db: Database, gone: int, before: Mapping[int, int | None]) -> None:
    """A story that goes on nowhere leads to the one that has most of its articles; what refers to it finds that."""
    homes = Counter(
        row[0]
        for row in db.execute(
            "SELECT story_id FROM articles WHERE story_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            [dump_json([article for article, story in before.items() if story == gone])],
        )
    )
    into = min(homes, key=lambda story: (-homes[story], story), default=None)
    db.execute("UPDATE articles SET story_id = ? WHERE story_id = ?", [into, gone])
    db.execute("UPDATE stories SET merged_into = ?, articles = 0 WHERE id = ?", [into, gone])
    db.execute("UPDATE stories SET merged_into = ? WHERE merged_into = ?", [into, gone])


def leave(db: Database, ids: Collection[int]) -> None:
    """Take articles that are about to be deleted out of their stories."""
    wanted = dump_json(sorted(ids))
    rows = db.execute(
        "SELECT DISTINCT story_id FROM articles WHERE story_id IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
        [wanted],
    )
    stories = [row[0] for row in rows.fetchall()]
    _drop(db, ids)
    db.execute("UPDATE articles SET story_id = NULL WHERE id IN (SELECT value FROM json_each(?))", [wanted])
    for story in stories:
        left = [row[0] for row in db.execute("SELECT id FROM articles WHERE story_id = ? ORDER BY id", [story])]
        if len(left) > 1:
            _describe(db, story, central(left, _likenesses(db, left)))
        else:
            db.execute("UPDATE articles SET story_id = NULL WHERE story_id = ?", [story])
            db.execute("UPDATE stories SET articles = 0, article_id = NULL WHERE id = ?", [story])
