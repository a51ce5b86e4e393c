"""The fixtures of the crawler's tests, as a plugin: a session has one reactor, whatever modules run."""

import pytest

from tests.crawler_world import World


@pytest.fixture(scope="session")
def world():
    made = World()
    yield made
    made.close()


@pytest.fixture
def site(world):
    made = world.site()
    yield made
    world.run(made.stop())
