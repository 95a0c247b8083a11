"""DuckDB with one thread, for the feeds' loads of a few rows each, whose statements cost less than the threads do.

What many threads may do to the order of many rows is for tests/pipeline, which keeps the configuration of users.
"""

from collections.abc import Iterator

import pytest

from orchestration.warehouse.connection import WAREHOUSE_CONFIG


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(WAREHOUSE_CONFIG, "threads", "1")
        yield
