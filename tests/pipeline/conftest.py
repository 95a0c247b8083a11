"""The made home that pipeline tests share is made in ``tests.made``, the real one in ``tests.served``; models for many
homes are in ``tests.shortcuts``.
"""

from collections.abc import Iterator
from unittest import mock

import pytest

from orchestration.steps import batches
from tests.made import made_home
from tests.shortcuts import incident_models, no_checks, no_data_tests, version_models

__all__ = ["incident_models", "made_home", "version_models"]


@pytest.fixture
def without_audit() -> Iterator[None]:
    """Every load passes unseen: see ``tests.shortcuts.no_checks``."""
    with mock.patch.object(batches.gx_audit, "run", no_checks):
        yield


@pytest.fixture
def without_data_tests() -> Iterator[None]:
    """Builds do not test what they made: see ``tests.shortcuts.no_data_tests``."""
    with no_data_tests():
        yield


@pytest.fixture(autouse=True, scope="session")
def one_parse_for_all_homes(dbt_parses_once: None) -> None:
    """Most of these tests build a home."""
