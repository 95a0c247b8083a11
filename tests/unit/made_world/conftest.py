"""One small made world for all tests of this folder: it is never changed, so it is made once."""

from datetime import timedelta

import pytest

from orchestration.made_world import WORLD_END, Publishers, World


@pytest.fixture(scope="session")
def world() -> World:
    """The whole history, with small slots."""
    return World(seed=7, rows_per_slot=8)


@pytest.fixture(scope="session")
def made_again() -> Publishers:
    """The publishers of a world of the same seed that was made independently."""
    return Publishers(World(seed=7, rows_per_slot=8), WORLD_END)


@pytest.fixture(scope="session")
def at_the_end(world: World) -> Publishers:
    """The publishers on the day after the history's last, with lists of the last sixteen days."""
    return Publishers(world, WORLD_END, ((WORLD_END - timedelta(days=16), WORLD_END),))
