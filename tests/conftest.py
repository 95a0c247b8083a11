"""What every test gets: no network but loopback, no settings from the developer's shell, a home of its own.

Here: fixtures that more than one folder of tests uses. Not here: a feed's fixtures and servers, which lie
beside the tests that use them.
"""

import os
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_socket import SocketBlockedError
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from orchestration.settings import Settings, is_loopback
from tests.collector import keep_what_is_loaded

# Once for all folders: a fixture that two conftest files import is two fixtures, and made twice.
from tests.served import real_home, registry_home

__all__ = ["real_home", "registry_home"]

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)

# Nothing that a test starts reports on it; subprocesses inherit this.
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
os.environ["GX_ANALYTICS_ENABLED"] = "false"

_real_getaddrinfo = socket.getaddrinfo


def _guarded_getaddrinfo(host, *args, **kwargs):
    """Answers for this machine and for plain addresses; asks nobody about a name.

    pytest-socket (configured in pyproject.toml) refuses the connection; a look-up alone would still leave
    the machine, and tell what was looked up.
    """
    name = host.decode() if isinstance(host, bytes) else host
    if not name or is_loopback(name) or name == socket.gethostname() or _is_address(name):
        return _real_getaddrinfo(host, *args, **kwargs)
    raise SocketBlockedError(f"A test tried to look up {name!r}.")


def _is_address(name: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name)
        except OSError:
            continue
        return True
    return False


ONE_PROCESS = {
    "tests/pipeline/test_real_data.py": "real_home",
    "tests/pipeline/test_publish.py": "real_home",
    "tests/pipeline/test_real_marts.py": "real_home",
    "tests/pipeline/test_real_alerts.py": "real_home",
    "tests/pipeline/test_alerts.py": "real_home",
    "tests/pipeline/test_real_actors.py": "registry_home",
    "tests/pipeline/test_real_places.py": "registry_home",
    "tests/pipeline/test_made_world.py": "made_home",
    "tests/pipeline/test_diff.py": "made_home",
    "tests/pipeline/test_alert_delivery.py": "made_home",
    "tests/pipeline/test_made_marts.py": "made_home",
    "tests/pipeline/test_made_alert_thresholds.py": "made_home",
    "tests/pipeline/test_sitrep.py": "made_home",
    "tests/pipeline/test_made_firsts_and_feeds.py": "made_home",
    "tests/queries/test_promised_questions.py": "real_home",
    "tests/queries/test_actor_questions.py": "real_home",
    "tests/queries/test_alert_questions.py": "real_home",
    "tests/queries/test_forecast_question.py": "real_home",
}
"""Files that share a fixture too dear to make twice. (xdist's own groups do nothing under pytest 9.)"""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """With several processes, a file's tests stay in one and in order; so do files that share a fixture."""

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return ONE_PROCESS.get(file, file)

    return ByFile(config, log)


def pytest_collection_finish() -> None:
    keep_what_is_loaded()


@pytest.fixture(autouse=True, scope="session")
def no_name_lookups() -> Iterator[None]:
    """No test asks a name server."""
    socket.getaddrinfo = _guarded_getaddrinfo
    yield
    socket.getaddrinfo = _real_getaddrinfo


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard() -> None:
    """A shell starts background jobs deaf to Ctrl-C, and Python leaves it so; the tests of Ctrl-C need ears."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own SAHEL_* and DAGSTER_HOME change no test."""
    for name in list(os.environ):
        if name.startswith("SAHEL_") or name == "DAGSTER_HOME":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def dbt_parses_once() -> Iterator[None]:
    """See ``tests.shortcuts.one_parse``; for whoever builds more than one home."""
    # Here, because loading dbt takes seconds and most tests need none.
    from tests.shortcuts import one_parse

    with one_parse():
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real publishers' data beside the project, for tests that need it. Skips where it is not there."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no real data beside the project (../shared/data)")
    return SHARED_DATA


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, which SAHEL_HOME names too."""
    path = tmp_path / "home"
    monkeypatch.setenv("SAHEL_HOME", str(path))
    return path


@pytest.fixture
def frozen_now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The load's clock stands still, in this process and in those it starts."""
    monkeypatch.setenv("SAHEL_NOW", NOW.isoformat())
    return NOW


@pytest.fixture
def settings(home: Path, frozen_now: datetime) -> Settings:
    """Settings on an empty home with the clock standing still and the default country scope."""
    return Settings.from_env(home)
