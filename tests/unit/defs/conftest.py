"""The real definitions, loaded once for the tests of this folder, without a home or a network."""

import dagster as dg
import pytest


@pytest.fixture(scope="session")
def defs() -> dg.Definitions:
    from orchestration.definitions import build_definitions

    return build_definitions()
