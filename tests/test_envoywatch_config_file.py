import pytest

from config.load import load_config
from envoywatch import config_file
from envoywatch.config_file import ConfigFile, Takers
from tests.seeding import NOW

HEAD = "web: {listen: 'off'}\n"
SOURCES = "sources:\n  - {name: Wire, endpoints: [feed: 'https://wire.example/rss']}\n"
MORE = "  - {name: Post, endpoints: [feed: 'https://post.example/rss']}\n"
WATCHES = "watches:\n  - {name: Grain, query: grain, send: digest}\n"
WHOLE = HEAD + SOURCES + WATCHES


class Desk:
    """What is told of the file at `path`, which is saved with a text."""

    def __init__(self, path):
        self.path = path
        self.adopted = []
        self.notes = []
        self.save(WHOLE)
        self.file = ConfigFile(load_config(path, environ={}), {}, Takers(self.adopt, self.note, lambda: NOW))

    def save(self, text):
        self.path.write_text(text, encoding="utf-8")

    async def adopt(self, loaded):
        self.adopted.append([source.name for source in loaded.config.sources])

    async def note(self, faults):
        self.notes.append(faults)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "envoywatch.yaml")


async def test_what_changed_is_taken_at_the_next_look(desk):
    await desk.file.look()
    assert desk.adopted == []
    desk.save(HEAD + SOURCES + MORE + WATCHES)
    await desk.file.look()
    assert desk.adopted == [["Wire", "Post"]]
    assert desk.notes == [None]


@pytest.mark.parametrize(
    ("half", "lost"), [(HEAD, "sources and watches"), (HEAD + SOURCES, "watches"), (HEAD + WATCHES, "sources")]
)
async def test_promise_35_a_file_that_lost_a_whole_list_is_not_taken_while_it_may_be_half_written(desk, half, lost):
    desk.save(half)
    await desk.file.look()
    await desk.file.look()
    assert desk.adopted == []
    assert desk.file.refused
    assert len(desk.notes) == 1
    assert f"has lost all of its {lost} (it may be half written" in desk.notes[0][0]
    desk.save(HEAD + SOURCES + MORE + WATCHES)  # the rest of it comes
    await desk.file.look()
    assert desk.adopted == [["Wire", "Post"]]
    assert desk.notes[1:] == [None]
    assert not desk.file.refused


async def test_faults_that_leave_out_every_source_are_told_with_it(desk):
    desk.save(WHOLE.replace("feed:", "feeed:"))
    await desk.file.look()
    assert desk.adopted == []
    told = "\n".join(desk.notes[0])
    assert "all of its sources" in told
    assert "did you mean `feed`?" in told


async def test_a_file_that_stays_without_its_sources_is_meant_so(desk, monkeypatch):
    desk.save(HEAD + WATCHES)
    await desk.file.look()
    monkeypatch.setattr(config_file, "SETTLE_S", 0.0)
    await desk.file.look()
    assert desk.adopted == [[]]
    assert desk.notes[-1] is None
    await desk.file.look()
    assert len(desk.adopted) == 1


async def test_a_file_that_changes_on_without_its_sources_is_waited_for_anew(desk, monkeypatch):
    desk.save(HEAD)
    await desk.file.look()
    monkeypatch.setattr(config_file, "SETTLE_S", 0.0)
    desk.save(HEAD + WATCHES)
    await desk.file.look()
    assert desk.adopted == []


async def test_who_asks_for_the_file_to_be_taken_means_it_as_it_is(desk):
    desk.save(HEAD + WATCHES)
    await desk.file.take()
    assert desk.adopted == [[]]


async def test_a_faulty_file_is_told_and_the_last_good_one_kept(desk):
    before = desk.file.loaded
    desk.save(WHOLE + "nonsense: 1\n")
    await desk.file.look()
    assert desk.adopted == []
    assert desk.file.refused
    assert "nonsense" in desk.notes[0][0]
    assert desk.file.loaded is before
