import copy
import multiprocessing
import pickle
import tracemalloc
from concurrent.futures import ProcessPoolExecutor

import pytest
from pydantic import ValidationError

from config.model import Config, Source
from config.slim import slim

ROW = {
    "name": "Gazette",
    "endpoints": [{"feed": "http://example.org/rss"}, {"listing": "http://example.org/news", "pages": 3}],
    "country": "FR",
    "interval": "1h",
    "folder": "Europe/Capitals",
}


def source(**more):
    return Source.model_validate({**ROW, **more})


def test_a_slim_source_is_the_same_source():
    whole, light = source(), slim(source())
    assert light == whole
    assert whole == light
    assert hash(light) == hash(whole)
    assert repr(light) == repr(whole)
    assert light.model_dump() == whole.model_dump()
    assert light.model_dump(exclude_unset=True) == whole.model_dump(exclude_unset=True)
    assert light.model_dump_json() == whole.model_dump_json()
    assert light != slim(source(name="Another"))


def test_a_slim_source_can_still_be_copied_and_sent_to_another_process():
    light = slim(source())
    sent = pickle.loads(pickle.dumps(light))  # noqa: S301 (our own)
    assert copy.deepcopy(light) == copy.copy(light) == sent == light
    assert Config(sources=(light,)).sources == (source(),)


def test_what_was_set_in_a_copy_is_not_set_in_the_sources_that_share_its_set():
    first, second = slim(source()), slim(source(name="Another"))
    copied = first.model_copy(update={"language": "fr"})
    assert copied.language == "fr"
    assert "language" in copied.model_fields_set
    assert "language" not in first.model_fields_set | second.model_fields_set


def test_a_slim_source_cannot_be_changed_either():
    with pytest.raises(ValidationError, match="frozen"):
        slim(source()).name = "Another"


def memory_of_each():
    """Of sources as they are and slim, in bytes."""

    def size(make):
        tracemalloc.start()
        kept = [make(Source.model_validate(ROW)) for _ in range(300)]
        now, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return now / len(kept)

    slim(source())  # what all share is made once
    return size(lambda whole: whole), size(slim)


def test_a_slim_source_takes_less_than_half_of_the_memory():
    # In a process of its own: a class shares the keys of its objects only while all of them get the same ones.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        whole, light = pool.submit(memory_of_each).result()
    assert light < whole / 2
