from contextlib import closing
from datetime import UTC, datetime, timedelta

from storage.database import open_reader, open_writer
from storage.hosts import find_host, list_held, prune_hosts, save_hosts
from storage.model import HostState

NOW = datetime(2023, 5, 17, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SLOW = HostState("slow.example", delay=4.5 * SECOND, latency=5 * SECOND)
HELD = HostState("held.example", robots_delay=2 * SECOND, back_off_until=NOW + timedelta(hours=1), refusals=2)


def test_what_was_saved_is_found_as_it_was_and_the_newest_stands(tmp_path):
    path = tmp_path / "hosts.db"
    db = open_writer(path)
    save_hosts(db, [HostState("slow.example", delay=SECOND), HELD], NOW)
    save_hosts(db, [SLOW], NOW + SECOND)
    with closing(db.conn), closing(open_reader(path)) as connection:
        assert find_host(connection, "slow.example") == SLOW
        assert find_host(connection, "held.example") == HELD
        assert find_host(connection, "other.example") is None
        assert list_held(connection, NOW) == (HELD,)
        assert list_held(connection, NOW + timedelta(hours=1)) == ()


def test_a_host_of_which_nothing_was_learned_for_long_is_forgotten_unless_it_is_let_alone(database):
    save_hosts(database, [SLOW, HELD], NOW)
    assert prune_hosts(database, NOW + SECOND) == 1
    assert prune_hosts(database, NOW + timedelta(hours=2)) == 1
