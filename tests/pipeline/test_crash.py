"""Killed at any point of load, build or publication, then run again: the tables of an undisturbed run.

Each run is a process of its own, killed by SIGKILL at a named point (`orchestration.failpoints`) or, in the
soak test, at a random time.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.made_world import WORLD_END, Publishers, Served, World, serve

POINTS = (
    "load.payload_stored:2",
    "load.landing_dropped:2",
    "load.landed",
    "load.audited:3",
    "load.before_commit:2",
    "load.after_commit:2",
    "build.after_dbt",
    "publish.tables_copied",
    "publish.renamed",
)
PROGRAM = "import sys; from tests.pipeline.crash_program import main; main(*sys.argv[1:])"


@pytest.fixture(scope="module")
def publishers() -> Iterator[Served]:
    """A small made world: a tenth of UCDP, the news, one day of GDELT."""
    made = Publishers(
        World(seed=5, scale=0.1, rows_per_slot=3),
        as_of=WORLD_END,
        gdelt_windows=((WORLD_END - timedelta(days=1), WORLD_END),),
    )
    with serve(made) as served:
        yield served


@pytest.fixture(scope="module")
def whole_home(publishers: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a run that nothing disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    assert _run(publishers, home).returncode == 0
    return home


@pytest.fixture(scope="module")
def undisturbed(whole_home: Path) -> dict[str, str]:
    """Digests of every table of that run."""
    return digests(whole_home)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_then_run_again(
    point: str, publishers: Served, whole_home: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    # What happens after a load does not depend on where the load was killed: its rows are compared, not the marts.
    stage = point.partition(".")[0]
    what = "all" if stage == "build" else stage
    home = tmp_path / "home"
    if stage == "publish":
        # A second publication is killed, so that there is one which readers must go on to see whole.
        shutil.copytree(whole_home, home, symlinks=True)
    killed = _run(publishers, home, what, failpoint=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert_whole(home / "published" / "sahel.duckdb")
    again = _run(publishers, home, what)
    assert again.returncode == 0, again.stderr
    found = digests(home)
    assert set(found) == {name for name in undisturbed if stage != "load" or name.startswith("raw.")}
    assert found == {name: undisturbed[name] for name in found}
    assert leftovers(home) == []


@pytest.mark.soak
def test_fifty_random_kills(publishers: Served, undisturbed: dict[str, str], tmp_path: Path) -> None:
    """Fifty kills at random times over growing runs; after each, run to the end sometimes, and always at last."""
    rng = random.Random(20261123)
    kills = rounds = 0
    while kills < 50:
        home = tmp_path / f"round_{rounds}"
        rounds += 1
        for _ in range(rng.randint(1, 4)):
            process = _start(publishers, home)
            time.sleep(rng.uniform(0.5, 30))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait()
            assert_whole(home / "published" / "sahel.duckdb")
        again = _run(publishers, home, audited="yes")
        assert again.returncode == 0, again.stderr
        assert digests(home) == undisturbed
        assert leftovers(home) == []
    print(f"{kills} kills in {rounds} rounds: every round ended with the tables of an undisturbed run")


def assert_whole(published: Path) -> None:
    """What a reader finds after a kill: nothing yet, or a whole version."""
    if published.exists():
        with duckdb.connect(str(published), read_only=True) as reader:
            assert reader.execute("select count(*) > 0 from core.fct_event").fetchone() == (True,)


def digests(home: Path) -> dict[str, str]:
    """A digest of the rows of each raw, core and marts table; run ids and machine times are in none of them."""
    result = {}
    for path, schemas in (
        (home / "warehouse.duckdb", ("raw",)),
        (home / "published" / "sahel.duckdb", ("core", "marts")),
    ):
        if not path.exists():
            continue
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where schema_name in (select unnest(?)) order by all",
                [list(schemas)],
            ).fetchall()
            for schema, table in tables:
                # Ids count attempts, and a killed run may have left one more; all else must be equal.
                count, digest = connection.execute(
                    "select count(*), coalesce(sum(hash(t)), 0)::varchar "
                    f"from (select columns(name -> name <> 'attempt_id') from {schema}.{table}) t"
                ).fetchone()
                result[f"{schema}.{table}"] = f"{count}:{digest}"
    return result


def leftovers(home: Path) -> list[str]:
    """Half-written files that a later run should have swept."""
    suspects = [*home.glob("payloads/incoming/*"), *home.glob("scratch/*"), *home.glob("published/**/*.tmp")]
    return [str(path.relative_to(home)) for path in suspects]


def _environment(served: Served, failpoint: str | None) -> dict[str, str]:
    environment = {
        **os.environ,
        "SAHEL_UCDP_URL": served.ucdp_url,
        "SAHEL_GDELT_URL": served.gdelt_url,
        "SAHEL_NEWS_FEEDS": str(served.news_feeds_path),
        "SAHEL_NOW": WORLD_END.isoformat(),
    }
    environment.pop("SAHEL_FAILPOINT", None)
    if failpoint:
        environment["SAHEL_FAILPOINT"] = failpoint
    return environment


def _run(
    served: Served, home: Path, what: str = "all", failpoint: str | None = None, audited: str = "no"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home), what, audited],
        env=_environment(served, failpoint),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )


def _start(served: Served, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home), "all", "yes"],
        env=_environment(served, None),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
