import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.sizes import parse_size, render_size


@pytest.mark.parametrize(
    ("written", "size"), [("500MB", 500 * 2**20), ("20 GB", 20 * 2**30), ("1.5gb", 3 * 2**29), ("2TB", 2**41)]
)
def test_a_size_is_read_as_people_write_it(written, size):
    assert parse_size(written) == size


@pytest.mark.parametrize("written", ["20", 20, True, None, "20 lots", "GB", "-1GB", "1e3MB"])
def test_what_is_no_size_is_told_with_an_example(written):
    with pytest.raises(ValueError, match="write it as 500MB or 20GB"):
        parse_size(written)


@given(st.integers(0, 2**30))
def test_what_is_rendered_is_read_as_the_same(size):
    assert parse_size(render_size(size)) == size
