"""dbt reads the project once for all tests of this folder."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def one_parse_for_all_homes(dbt_parses_once: None) -> None:
    """Each file has a home of its own."""
