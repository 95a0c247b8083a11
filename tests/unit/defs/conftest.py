"""The real definitions, loaded once for the tests of this folder, without a home or a network."""

import dagster as dg
import pytest

from tests.shortcuts import keep_what_is_loaded


@pytest.fixture(autouse=True, scope="session")
def one_parse_for_all_homes(dbt_parses_once: None) -> None:
    """The definitions are made of what dbt parsed."""


@pytest.fixture(scope="session")
def defs() -> dg.Definitions:
    from orchestration.definitions import build_definitions

    made = build_definitions()
    keep_what_is_loaded()
    return made
