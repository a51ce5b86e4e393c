import random
from contextlib import closing
from datetime import timedelta

import pytest

from config.vocabulary import EndpointKind
from storage import views
from storage.database import immediate, open_reader, open_writer
from storage.health import Health
from storage.model import Endpoint, SourceSpec, to_text
from storage.sources import sync_sources
from tests.mission_database import NOW

SOURCES = 400


def disturb(db, chance):
    """Leave the sources in states as different as there can be."""

    def ago(most_h):
        return to_text(NOW - timedelta(hours=chance.uniform(0, most_h)))

    for source in range(1, SOURCES + 1):
        first, last_new = ago(2_000), ago(chance.choice([4, 12, 100, 900]))
        db.execute(
            "UPDATE sources SET first_ok_at = ?, last_new_at = ?, last_poll_at = ?, last_ok_at = ?, next_poll_at = ?,"
            " fault = ?, fault_since = ?, barren_since = ?, active = ? WHERE id = ?",
            [
                min(first, last_new), chance.choice([last_new, None]), chance.choice([ago(2), ago(2), None]), ago(50),
                to_text(NOW + timedelta(hours=chance.choice([-9, -1, 1, 1, 1]))),
                chance.choice([None, None, None, "too-slow"]), ago(50), chance.choice([None, None, None, ago(3)]),
                int(chance.random() > 0.05), source,
            ],
        )  # fmt: skip
        high, low = chance.choice([(40, 40), (40, 1), (3, 0), (1, 1)])
        for back in range(chance.choice([0, 3, 12, 40])):
            count = low if back <= 3 else high
            day = (NOW.date() - timedelta(days=back)).isoformat()
            if count:
                db.execute("INSERT INTO source_days (source_id, day, entries) VALUES (?, ?, ?)", [source, day, count])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "envoywatch.db"
    specs = [
        SourceSpec(
            f"Source {n}",
            (Endpoint(EndpointKind.FEED, f"https://s{n}.example/feed"),),
            timedelta(hours=1),
            paused=n % 50 == 0,
        )
        for n in range(SOURCES)
    ]
    db = open_writer(path)
    with closing(db.conn), immediate(db):
        sync_sources(db, specs, NOW - timedelta(days=90))
    return path


@pytest.mark.parametrize("seed", range(3))
def test_states_at_a_glance_are_those_that_each_source_is_judged_to_be_in(path, seed):
    db = open_writer(path)
    with closing(db.conn), immediate(db):
        disturb(db, random.Random(seed))  # noqa: S311 (made-up sources)
    with closing(open_reader(path)) as reader:
        states = views.judge_sources(reader, NOW)
        shown = views.list_sources(reader, NOW)
        chosen = states.ids[10:20]
        assert tuple(one.id for one in views.sources_of(reader, chosen, NOW)) == chosen
        assert views.judge_sources(reader, NOW, states.thinned) == states
    assert {health for health, count in states.counts.items() if count} == set(Health) - {Health.REMOVED}
    assert states.counts == {health: sum(one.health is health for one in shown) for health in Health}
    in_order = sorted(shown, key=lambda one: (list(Health).index(one.health), one.name.casefold()))
    assert states.ids == tuple(one.id for one in in_order)


def test_what_a_source_had_given_on_other_days_is_looked_at_again_on_the_next(path):
    db = open_writer(path)
    with closing(db.conn), immediate(db):
        disturb(db, random.Random(0))  # noqa: S311 (made-up sources)
    with closing(open_reader(path)) as reader:
        tomorrow = NOW + timedelta(days=1)
        states = views.judge_sources(reader, tomorrow, views.judge_sources(reader, NOW).thinned)
        assert states == views.judge_sources(reader, tomorrow)
