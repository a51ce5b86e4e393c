from contextlib import closing

import pytest

from envoywatch.cli.sizes import file_size
from storage.database import open_reader
from storage.views import totals
from tests.seeding import Commands, seed


@pytest.fixture
def cli(tmp_path, capsys):
    return Commands(seed(tmp_path), capsys)


def test_a_backup_is_a_whole_database(cli, tmp_path):
    target = tmp_path / "copy.db"
    said = cli("backup", str(target))
    assert (said.code, said.out) == (0, "")
    assert "checked" in said.err
    with closing(open_reader(target)) as copy:
        assert totals(copy).articles == 4
    assert not list(tmp_path.glob("*.part"))


def test_a_backup_never_overwrites(cli, tmp_path):
    target = tmp_path / "copy.db"
    target.write_text("mine")
    said = cli("backup", str(target))
    assert said.code == 2
    assert "choose another file" in said.err
    assert target.read_text() == "mine"


def test_a_folder_that_is_not_there_is_a_mistake(cli, tmp_path):
    said = cli("backup", str(tmp_path / "none" / "copy.db"))
    assert said.code == 2
    assert "there is no folder" in said.err


def test_a_backup_of_nothing_is_refused(cli, tmp_path):
    cli.archive.path.unlink()
    assert cli("backup", str(tmp_path / "copy.db")).code == 2
    assert not (tmp_path / "copy.db").exists()


def test_what_the_file_system_refuses_is_told_in_a_line(cli):
    said = cli("backup", "/proc/copy.db")
    assert said.code in {1, 2}
    assert len(said.err.splitlines()) <= 2
    assert "Traceback" not in said.err


def test_progress_is_told_while_it_is_copied(cli, tmp_path):
    from envoywatch.cli.backup import _tell

    lines = []

    class Told:
        def tell(self, line):
            lines.append(line())

    _tell(Told(), 1000, 4000)
    _tell(Told(), 4000, 4000)
    assert lines == ["25 % of 4,000 pages copied", "checking"]


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 kB"), (3 * 2**20, "3.0 MB"), (5 * 2**30, "5.0 GB")]
)
def test_sizes_are_told_by_powers_of_1024(size, told):
    assert file_size(size) == told
