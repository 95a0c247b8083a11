"""Accounts and tokens are found nowhere, however a publisher repeats them: every surface of a home is searched.

Here: the publishers with an account (ACLED, ReliefWeb, UCDP's API), good and hostile, and all that the command line
leaves behind. Not here: Dagster's storage and pages (test_dagster_feeds), and the spellings themselves
(tests/unit/feeds/test_secrecy.py).
"""

import base64
import html
import json
import logging
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main as command_line
from orchestration.feeds import http, ucdp_api
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.made_world.acled import Acled
from orchestration.made_world.acled_api import AcledApi
from orchestration.made_world.publishers import Answer, Api, Request
from orchestration.made_world.reliefweb import made_api
from orchestration.made_world.ucdp_api import UcdpApi, told_by
from tests.served import rows_of
from tests.shortcuts import no_data_tests

SECRETS = {
    "ACLED_USERNAME": "Canary.User+7@made.example",
    "ACLED_PASSWORD": 'canary p/ss?&="wôrd\\',
    "RELIEFWEB_APPNAME": "canary-appname 7+/Q",
    "UCDP_TOKEN": "canary-Token-7f3a",
}
ISSUED = "made-access-"
"""How each token begins that the made ACLED gives out."""
LOADS = {
    "acled": ("load", "acled"),
    "reliefweb": ("load", "reliefweb"),
    "ucdp_api": ("load", "ucdp", "--release", "26.0.4"),
}
"""What is asked of each publisher."""
BODIES = ("page", "within", "error")
STATUSES = ("400", "401", "403", "500")
BESIDE = ("headers", "sent_on")
REDIRECTS = ("sent_elsewhere", "sent_nowhere")


def spelt(secret: str) -> list[str]:
    """A secret as a server may repeat it."""
    return [
        secret,
        secret.swapcase(),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", "\\/"),
        html.escape(secret),
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"a:{secret}".encode()).decode(),
        base64.urlsafe_b64encode(f"ab:{secret}".encode()).decode(),
    ]


class Echoing:
    """A publisher that answers as its API does, or repeats in one of the ways above all that it knows of us."""

    def __init__(self, api: Api, prefix: str) -> None:
        self.api = api
        self.prefix = prefix
        self.how: str | None = None
        self.at_login = False
        self.echoes: Counter[str] = Counter()

    def handle(self, request: Request, as_of: datetime) -> Answer:
        good = self.api.handle(request, as_of)
        is_login = request.path == "/oauth/token"
        if self.how is None or is_login is not self.at_login or "leak" in request.query:
            return good
        self.echoes[self.how] += 1
        came = [*request.headers.values(), *request.query.values(), request.body.decode()]
        said = [*(text for secret in SECRETS.values() for text in spelt(secret)), *came]
        return self._echo(request, good, said)

    def _echo(self, request: Request, good: Answer, said: list[str]) -> Answer:
        how, page = self.how, "\n".join(said)
        if how == "page":
            return Answer(f"<!DOCTYPE html><html><body>{page}</body></html>".encode(), "text/html")
        if how == "error":
            return _json({"error": page, "message": page, "status": page})
        if how == "within":
            return _json({**json.loads(good.body), "echo": said})
        if how in STATUSES:
            return Answer(page.encode(), "text/plain", status=int(how), headers=_headers(said))
        if how == "headers":
            first = _headers(said)["X-Echo"]
            media_type = f'application/json; charset="utf-8"; echo="{first[:3000]}"'
            return replace(good, etag=f'"{first[:3000]}"', content_type=media_type, headers=_headers(said))
        secret = quote(SECRETS["ACLED_PASSWORD"], safe="")
        here = f"http://{request.headers['host']}/{self.prefix}"
        location = {
            "sent_on": f"{here}{request.path}?{urlencode({**request.query, 'leak': ' '.join(SECRETS.values())})}",
            "sent_nowhere": f"{here}/{secret}/{quote(SECRETS['UCDP_TOKEN'])}?leak={secret}",
            "sent_elsewhere": f"ftp://{quote(SECRETS['RELIEFWEB_APPNAME'], safe='')}.example/{secret}",
        }[how]
        return Answer(b"", "text/plain", status=302, headers={"Location": location, **_headers(said)})


def _headers(said: list[str]) -> dict[str, str]:
    fit = " ".join("".join(sign for sign in text if sign.isprintable()) for text in said)
    fit = fit.encode("latin-1", "replace").decode("latin-1")[:6000]
    return {"X-Echo": fit, "Set-Cookie": f"echo={fit}; Path=/", "Last-Modified": fit, "Retry-After": "0"}


def _json(told: Any) -> Answer:
    return Answer(json.dumps(told, ensure_ascii=False).encode(), "application/json")


@dataclass
class Home:
    """A home, its publishers, and all that was printed or logged."""

    path: Path
    publishers: Publishers
    environment: dict[str, str]
    outcomes: dict[tuple[str, ...], Result] = field(default_factory=dict)
    printed: list[str] = field(default_factory=list)

    def now(self) -> dict[str, str]:
        return {
            **self.environment,
            "SAHEL_HOME": str(self.path),
            "SAHEL_NOW": self.publishers.as_of.isoformat(),
        }

    def sahel(self, *arguments: str) -> Result:
        result = CliRunner().invoke(command_line, list(arguments), env=self.now())
        assert not isinstance(result.exception, Exception), result.exception
        self.printed.append(result.output)
        return result

    def load(self, name: str, how: str) -> Result:
        """Two hours on, so that no pause of an earlier refusal is in the way."""
        self.publishers.as_of += timedelta(hours=2)
        result = self.outcomes[name, how] = self.sahel(*LOADS[name])
        return result


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.exc_info} {record.args}")


@pytest.fixture(scope="module")
def heard() -> Iterator[_Heard]:
    """All log records, as of somebody who wants to see everything."""
    handler, root = _Heard(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, heard: _Heard) -> Iterator[Home]:
    """After good loads, hostile ones in every way, and good ones again; built and published."""
    world = World(seed=5, scale=0.1, rows_per_slot=2)
    publishers = Publishers(world, as_of=WORLD_END, gdelt_windows=())
    reliefweb = made_api(world)
    reliefweb.appnames = frozenset({SECRETS["RELIEFWEB_APPNAME"]})
    apis = {
        "acled": AcledApi(Acled(world), {SECRETS["ACLED_USERNAME"]: SECRETS["ACLED_PASSWORD"]}),
        "reliefweb": reliefweb,
        "ucdp_api": UcdpApi(told_by(publishers.ucdp), SECRETS["UCDP_TOKEN"]),
    }
    echoing = {name: Echoing(api, name) for name, api in apis.items()}
    publishers.apis.update(echoing)
    with pytest.MonkeyPatch.context() as patch, serve(publishers) as served, no_data_tests():
        # What is waited for between attempts is of no interest here.
        patch.setattr(http, "BACKOFF_BASE_S", 0.0)
        patch.setattr(ucdp_api, "WAITS_S", (0.0, 0.0))
        environment = {
            **served.environment(),
            **SECRETS,
            "SAHEL_FEEDS": "ucdp,acled,reliefweb",
            "SAHEL_COUNTRIES": "MLI BFA",
        }
        home = Home(tmp_path_factory.mktemp("secrets"), publishers, environment)
        for name in LOADS:
            assert home.load(name, "good").exit_code == 0, home.printed[-1]
        for how in (*BODIES, *STATUSES, *REDIRECTS, *BESIDE):
            for name, publisher in echoing.items():
                publisher.how = how
                home.load(name, how)
                publisher.how = None
        echoing["acled"].at_login = True
        for how in (*BODIES, *STATUSES, *REDIRECTS):
            echoing["acled"].how = how
            home.load("acled", f"login {how}")
            home.outcomes["doctor", f"login {how}"] = home.sahel("doctor")
        echoing["acled"].how = None
        for name in LOADS:
            assert home.load(name, "good again").exit_code == 0, home.printed[-1]
        for arguments in (
            ("build",),
            ("publish",),
            ("status",),
            ("status", "--json"),
            ("query", "select * from audit.load_history"),
            ("query", "select * from core.fct_event", "--format", "json"),
            ("diff", "2026-06-30", f"{publishers.as_of:%Y-%m-%d}"),
            ("doctor", "--json"),
            ("publish", "--public"),
        ):
            home.outcomes[arguments] = home.sahel(*arguments)
        yield home


def holders(home: Home, heard: _Heard, *whats: list[str]) -> list[list[str]]:
    """For each list of texts, where any of them stands, in whatever case. One walk through all surfaces."""
    sought = [_shortest({text.lower().encode() for text in what}) for what in whats]
    found: list[set[str]] = [set() for _ in whats]
    for name, held in _surfaces(home, heard):
        for wanted, names in zip(sought, found, strict=True):
            if any(text in held for text in wanted):
                names.add(name)
    return [sorted(names) for names in found]


def _shortest(texts: set[bytes]) -> list[bytes]:
    """Those that hold no other one of them: where a longer one stands, that one stands too."""
    return [text for text in texts if not any(other in text for other in texts - {text})]


@pytest.fixture(scope="module")
def searched(home: Home, heard: _Heard) -> tuple[list[str], list[str]]:
    """Where secrets are found, and what certainly stands in a home."""
    secrets, known = holders(
        home, heard, searched_for(), ["acled_event", "Military Forces of Mali", '"feed": "acled"']
    )
    return secrets, known


def _surfaces(home: Home, heard: _Heard) -> Iterator[tuple[str, bytes]]:
    yield "printed", "\n".join(home.printed).lower().encode()
    yield "logged", "\n".join(heard.lines).lower().encode()
    for path in sorted(path for path in home.path.rglob("*") if path.is_file()):
        name = str(path.relative_to(home.path))
        yield name, path.read_bytes().lower()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for table in _tables(path):
                    yield f"{name}:{table}", _texts(connection, table)
        elif path.suffix == ".parquet":
            with duckdb.connect() as connection:
                yield f"{name}:rows", _texts(connection, f"read_parquet('{path}')")


def _tables(path: Path) -> list[str]:
    found = rows_of(path, "select schema_name, table_name from duckdb_tables() order by all")
    return [f'"{schema}"."{table}"' for schema, table in found]


NO_TEXT = re.compile(
    r"(BOOLEAN|DATE|TIMESTAMP.*|TIME|INTERVAL|U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)"
)


def _texts(connection: duckdb.DuckDBPyConnection, table: str) -> bytes:
    """Every value of a table that can hold a text, once. Not as repr, which would spell a backslash anew."""
    found = [
        str(value)
        for column, dtype, *_ in connection.execute(f"describe select * from {table}").fetchall()
        if not NO_TEXT.fullmatch(dtype)
        for (value,) in connection.execute(f'select distinct "{column}" from {table}').fetchall()
    ]
    return "\n".join(found).lower().encode()


def searched_for() -> list[str]:
    """Each secret in each spelling, and what base64 of any longer text that holds it has for sure."""
    found = {ISSUED}
    for secret in SECRETS.values():
        found |= {text for text in spelt(secret)[:-2] if text}
        found |= {repr(secret)[1:-1], base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]}
        for before in (1, 2):
            encoded = base64.b64encode(b"x" * before + secret.encode()).decode()
            found.add(encoded[4:-4])
    return sorted(found)


def test_each_way_of_repeating_was_met(home: Home) -> None:
    """Else nothing was tried."""
    for name in LOADS:
        publisher = home.publishers.apis[name]
        expected = {*BODIES, *STATUSES, *REDIRECTS, *BESIDE}
        assert set(publisher.echoes) == expected, name


def test_no_secret_is_in_any_file_table_output_or_log(searched: tuple[list[str], list[str]]) -> None:
    assert searched[0] == []


def test_the_search_finds_what_is_there(searched: tuple[list[str], list[str]], heard: _Heard) -> None:
    found = searched[1]
    places = " ".join(found)
    for place in (
        "printed", 'warehouse.duckdb:"raw"."acled_event"', 'warehouse.duckdb:"ledger"."load_attempt"', "journal.jsonl",
        'published/sahel.duckdb:"core"."fct_event_actor"', ".parquet:rows", "payloads/acled/", "quality/", "dbt/",
        "status.json",
    ):  # fmt: skip
        assert place in places, (place, found)
    assert heard.lines


@pytest.mark.parametrize("name", LOADS)
@pytest.mark.parametrize("how", BODIES)
def test_a_body_that_repeats_a_secret_is_refused_and_not_kept(home: Home, name: str, how: str) -> None:
    told = home.outcomes[name, how]
    assert told.exit_code == 1
    assert "refused" in told.stdout
    if how == "within":
        assert "repeats your" in told.stderr and "kept" in told.stderr


@pytest.mark.parametrize("name", ["acled", "ucdp_api"])
@pytest.mark.parametrize("how", BESIDE)
def test_a_good_body_is_loaded_whatever_stands_around_it(home: Home, name: str, how: str) -> None:
    assert home.outcomes[name, how].exit_code == 0, home.outcomes[name, how].output


def test_what_reliefweb_repeats_by_design_is_taken_out_and_the_rest_kept(home: Home) -> None:
    bodies = [
        path.read_bytes()
        for path in (home.path / "payloads" / "reliefweb").rglob("*")
        if path.is_file() and path.suffix != ".json"
    ]
    assert any(b"appname=***" in body and b'"data"' in body for body in bodies)


def test_a_refused_login_is_told_in_words(home: Home) -> None:
    assert "user name or password not accepted" in home.outcomes["acled", "login 401"].stderr
    assert "user name or password not accepted" in home.outcomes["doctor", "login 401"].stdout


CRASH = """
import sys
from orchestration.feeds import acled, reliefweb_api, ucdp_api

def fault(*arguments, **named):
    raise RuntimeError("made fault")

acled.read_page = reliefweb_api._envelope = ucdp_api._envelope = fault
from orchestration.cli import main
main()
"""


@pytest.mark.parametrize("name", LOADS)
def test_a_traceback_shows_none(home: Home, name: str) -> None:
    home.publishers.as_of += timedelta(hours=2)
    done = subprocess.run(
        [sys.executable, "-c", CRASH, *LOADS[name]],
        env={**os.environ, **home.now(), "SAHEL_TRACEBACK": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "made fault" in done.stderr
    shown = f"{done.stdout}{done.stderr}".lower()
    assert [text for text in searched_for() if text.lower() in shown] == []


@pytest.mark.usefixtures("without_audit", "without_data_tests")
def test_after_a_rebuild_there_is_still_none(home: Home, heard: _Heard) -> None:
    rebuilt = home.sahel("rebuild")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert home.sahel("publish").exit_code == 0
    assert holders(home, heard, searched_for()) == [[]]
