"""What is timed: each case is a function run in a process of its own, which reports seconds and peak memory.

Made data only. Ours, the limit (bare DuckDB on the same bytes) and the usual way (pandas) stand side by
side here; the order of runs, medians and ratios are ``bench.__main__``'s business.
"""

import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import duckdb

from bench import alerts, change_points, forecasts, incidents, splink_beside
from expectations.contracts import contract_for
from orchestration.settings import Settings

MONTH_START, MONTH_END = date(2026, 5, 1), date(2026, 5, 30)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
CONFIG = {"memory_limit": "1GB", "threads": "4", "preserve_insertion_order": "false"}

Case = Callable[[Path, Path], dict[str, Any]]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    """Register a case: (data folder, empty work folder) -> measurements, ``seconds`` among them."""
    CASES[function.__name__] = function
    return function


def _settings(work: Path, **changes: Any) -> Settings:
    return replace(Settings.from_env(work / "home", environ={}), fixed_now=NOW, countries=None, **changes)


def _warm() -> None:
    """Import what every process of the pipeline imports once; the cold start is a case of its own."""
    from expectations import audit

    audit.self_check()


@case
def ged_bare(data: Path, work: Path) -> dict[str, Any]:
    """The limit: one ``create table as select * from read_csv``."""
    connection = duckdb.connect(str(work / "bare.duckdb"), config=CONFIG)
    started = perf_counter()
    connection.execute(f"create table ged as select * from read_csv('{data / 'ged.csv'}', header = true)")
    connection.execute("checkpoint")
    seconds = perf_counter() - started
    rows = connection.execute("select count(*) from ged").fetchone()[0]
    return {"seconds": seconds, "rows": rows}


@case
def ged_load(data: Path, work: Path) -> dict[str, Any]:
    """Ours: store, parse, land, audit, promote, ledger; all countries."""
    from orchestration import steps
    from orchestration.records import LoadRequest

    _warm()
    run = steps.Run(_settings(work))
    started = perf_counter()
    report = steps.load(run, LoadRequest("ucdp", file=data / "ged.csv", release="26.1"))
    seconds = perf_counter() - started
    return {"seconds": seconds, "rows": report.rows_loaded, "failed": report.failed}


@case
def gdelt_limit(data: Path, work: Path) -> dict[str, Any]:
    """The limit: unzip everything, then one ``read_csv`` of all columns, typed, into a table."""
    files = sorted((data / "gdelt" / "gdeltv2").glob("*.zip"))
    connection = duckdb.connect(str(work / "limit.duckdb"), config=CONFIG)
    started = perf_counter()
    for path in files:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(work / "csv")
    connection.execute(f"create table event as select * from {_read_csv(str(work / 'csv' / '*'))}")
    connection.execute("checkpoint")
    seconds = perf_counter() - started
    return {"seconds": seconds, "rows": connection.execute("select count(*) from event").fetchone()[0]}


@case
def gdelt_pandas(data: Path, work: Path) -> dict[str, Any]:
    """The usual way: pandas over each zip, appended to a table."""
    import pandas as pd

    contract = contract_for("gdelt_event")
    names = [column.name for column in contract.publisher_columns]
    text = {column.name: "str" for column in contract.publisher_columns if column.dtype == "VARCHAR"}
    columns = ", ".join(f"{column.name} {column.dtype}" for column in contract.publisher_columns)
    connection = duckdb.connect(str(work / "pandas.duckdb"), config=CONFIG)
    connection.execute(f"create table event ({columns})")
    started = perf_counter()
    for path in sorted((data / "gdelt" / "gdeltv2").glob("*.zip")):
        frame = pd.read_csv(path, sep="\t", header=None, names=names, dtype=text, quoting=3)
        connection.register("frame", frame)
        connection.execute("insert into event select * from frame")
        connection.unregister("frame")
    connection.execute("checkpoint")
    seconds = perf_counter() - started
    return {"seconds": seconds, "rows": connection.execute("select count(*) from event").fetchone()[0]}


@case
def gdelt_load(data: Path, work: Path) -> dict[str, Any]:
    """Ours, the world kept: fetch from loopback, verify, store, parse, land, audit, promote, ledger."""
    return _gdelt_load(data, work, countries=None)


@case
def gdelt_load_region(data: Path, work: Path) -> dict[str, Any]:
    """Ours under the default scope of 17 countries, as most people run it."""
    return _gdelt_load(data, work, countries=Settings.from_env(work, environ={}).countries)


def _gdelt_load(data: Path, work: Path, countries: tuple[str, ...] | None) -> dict[str, Any]:
    from orchestration import steps
    from orchestration.records import LoadRequest

    _warm()
    spent = {"land": 0.0, "audit": 0.0, "promote_audited": 0.0}
    with _served(data / "gdelt") as url, _timed(steps, spent):
        run = steps.Run(replace(_settings(work, gdelt_url=url), countries=countries))
        started = perf_counter()
        report = steps.load(run, LoadRequest("gdelt", date_from=MONTH_START, date_to=MONTH_END))
        seconds = perf_counter() - started
    return {
        "seconds": seconds,
        "parse_and_land_seconds": spent["land"],
        "audit_seconds": spent["audit"],
        "promote_seconds": spent["promote_audited"],
        "rows": sum(outcome.rows_loaded for outcome in report.outcomes),
        "failed": report.failed,
    }


@contextmanager
def _timed(module: Any, spent: dict[str, float]) -> Iterator[None]:
    """Add up the time spent in functions of a module, by name."""
    originals = {name: getattr(module, name) for name in spent}

    def timing(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            began = perf_counter()
            try:
                return originals[name](*arguments)
            finally:
                spent[name] += perf_counter() - began

        return call

    for name in spent:
        setattr(module, name, timing(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(module, name, original)


@case
def ticks(data: Path, work: Path) -> dict[str, Any]:
    """A tick with nothing new and one with one slot (load, build, publish), at 1 and at 10 times the history.

    Warm, in one process. History is made GDELT of 3 and 30 days (four streams, about 250 rows an export
    slot, most of them in scope) beside all of the made UCDP and news.
    """
    from orchestration.made_world import Publishers, World, serve

    _warm()
    measured: dict[str, Any] = {}
    end = datetime(2026, 5, 20, tzinfo=UTC)
    for factor in (1, 10):
        first = end - timedelta(days=3 * factor)
        world = World(seed=1, rows_per_slot=250)
        publishers = Publishers(world, as_of=end, gdelt_windows=((first, end + timedelta(days=1)),))
        publishers.prepare()
        home = work / f"history_{factor}"
        with serve(publishers) as served:
            settings = replace(
                Settings.from_env(home, environ={"SAHEL_NEWS_FEEDS": str(served.news_feeds_path)}),
                ucdp_url=served.ucdp_url,
                gdelt_url=served.gdelt_url,
                is_made=True,
            )
            _tick(replace(settings, fixed_now=end), date_from=first.date())
            measured[f"gdelt_rows_{factor}x"] = _rows(settings)
            empty, slot = [], []
            for number in range(1, 6):
                now = end + timedelta(minutes=15 * number)
                empty.append(_timed_tick(replace(settings, fixed_now=now - timedelta(minutes=10))))
                publishers.as_of = now
                slot.append(_timed_tick(replace(settings, fixed_now=now)))
            measured[f"nothing_new_{factor}x"] = sorted(empty)[2]
            measured[f"one_slot_{factor}x"] = sorted(slot)[2]
    measured["seconds"] = measured["one_slot_1x"]
    return measured


def _tick(settings: Settings, date_from: date | None = None) -> None:
    from orchestration import steps
    from orchestration.records import LoadRequest

    for feed in settings.feeds:
        window = date_from if feed == "gdelt" else None
        until = settings.now().date() if window else None
        steps.load(steps.Run(settings), LoadRequest(feed, date_from=window, date_to=until))
    if steps.build(steps.Run(settings)).skipped is None:
        steps.publish(steps.Run(settings))


def _timed_tick(settings: Settings) -> float:
    from orchestration import steps
    from orchestration.records import LoadRequest

    started = perf_counter()
    steps.load(steps.Run(settings), LoadRequest("gdelt"))
    if steps.build(steps.Run(settings)).skipped is None:
        steps.publish(steps.Run(settings))
    return perf_counter() - started


def _rows(settings: Settings) -> int:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return connection.execute("select count(*) from raw.gdelt_event").fetchone()[0]


@case
def full_build(data: Path, work: Path) -> dict[str, Any]:
    """The whole dbt build with its tests, every model anew, on the made world; then the publication."""
    from orchestration import steps
    from orchestration.made_world import WORLD_END, Publishers, World, serve
    from orchestration.records import LoadRequest

    _warm()
    with serve(Publishers(World(seed=1), as_of=WORLD_END)) as served:
        settings = replace(
            Settings.from_env(work / "home", environ={"SAHEL_NEWS_FEEDS": str(served.news_feeds_path)}),
            ucdp_url=served.ucdp_url,
            gdelt_url=served.gdelt_url,
            fixed_now=WORLD_END,
            is_made=True,
        )
        for feed in settings.feeds:
            steps.load(steps.Run(settings), LoadRequest(feed))
    steps.build(steps.Run(settings))
    started = perf_counter()
    report = steps.build(steps.Run(settings), everything=True)
    seconds = perf_counter() - started
    started = perf_counter()
    steps.publish(steps.Run(settings))
    return {"seconds": seconds, "nodes": len(report.nodes), "publish_seconds": perf_counter() - started}


@case
def incident_scores(data: Path, work: Path) -> dict[str, Any]:
    """Our incidents and the plain rule against the truth of made worlds that no weight was counted on."""
    found: dict[str, list[dict[str, Any]]] = {
        "ours": [],
        "plain_all": [],
        "plain_one_to_one": [],
        "links": [],
    }
    seconds = 0.0
    for seed in incidents.SCORED_SEEDS:
        folder = incidents.world_folder(data, seed)
        known = incidents.Known.read(folder / "truth.json")
        warehouse = incidents.build_world(folder)
        seconds += sum(incidents.rematch(folder).values())
        found["ours"].append(incidents.scores(known, incidents.incidents_found(warehouse)))
        found["links"].append(incidents.links_scored(warehouse, known))
        near = incidents.plain_pairs(warehouse)
        for name, pairs in (("plain_all", set(near)), ("plain_one_to_one", incidents.one_to_one(near))):
            clusters = incidents.components(known.incidents, pairs)
            found[name].append(incidents.scores(known, clusters, pairs))
    return {"seconds": seconds, "seeds": list(incidents.SCORED_SEEDS), **found}


@case
def incident_splink(data: Path, work: Path) -> dict[str, Any]:
    """Splink on the same records, its pairs taken one to one, best first, from several probabilities on."""
    if not splink_beside.is_installed():
        return {"seconds": 0.0, "version": None}
    from importlib.metadata import version

    found: dict[str, list[dict[str, Any]]] = {}
    started = perf_counter()
    for seed in incidents.SCORED_SEEDS:
        folder = incidents.world_folder(data, seed)
        known = incidents.Known.read(folder / "truth.json")
        likely = splink_beside.predicted_pairs(folder / "home" / "warehouse.duckdb")
        for threshold in splink_beside.THRESHOLDS:
            pairs = incidents.one_to_one(pair for probability, pair in likely if probability >= threshold)
            clusters = incidents.components(known.incidents, pairs)
            found.setdefault(f"{threshold}", []).append(incidents.scores(known, clusters, pairs))
    return {"seconds": perf_counter() - started, "version": version("splink"), "by_threshold": found}


@case
def incident_weights(data: Path, work: Path) -> dict[str, Any]:
    """The weights of the evidence as the made worlds for counting give them."""
    started = perf_counter()
    worlds = []
    for seed in incidents.COUNTED_SEEDS:
        folder = incidents.world_folder(data, seed)
        worlds.append((incidents.build_world(folder), incidents.Known.read(folder / "truth.json")))
    rows = incidents.counted_weights(worlds)
    return {"seeds": list(incidents.COUNTED_SEEDS), "rows": rows, "seconds": perf_counter() - started}


@case
def change_points_found(data: Path, work: Path) -> dict[str, Any]:
    """The rules of trend_week against jumps planted in made series, and their rates in real events if these are there."""
    started = perf_counter()
    made = change_points.measure_made()
    return {"seconds": perf_counter() - started, "made": made, "real": change_points.measure_real(work)}


@case
def incident_rematch(data: Path, work: Path) -> dict[str, Any]:
    """All incidents of about 50,000 events matched anew by dbt, in one process, warm."""
    folder = incidents.world_folder(data, incidents.REMATCHED_SEED, incidents.REMATCHED_SCALE)
    warehouse = incidents.build_world(folder)
    incidents.rematch(folder)
    started = perf_counter()
    models = incidents.rematch(folder)
    seconds = perf_counter() - started
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        events = connection.execute("select count(*) from core.bridge_incident_event").fetchone()[0]
    return {"seconds": seconds, "events": events, "models": models}


@case
def alert_rates(data: Path, work: Path) -> dict[str, Any]:
    """What the rules of alerts find in UCDP's real release 24.1, and what other floors would."""
    started = perf_counter()
    measured = alerts.measure(work)
    return {"seconds": perf_counter() - started, **measured}


def _read_csv(pattern: str) -> str:
    columns = ", ".join(
        f"'{column.name}': '{column.dtype}'" for column in contract_for("gdelt_event").publisher_columns
    )
    return (
        f"read_csv('{pattern}', delim = '\\t', quote = '', escape = '', header = false, auto_detect = false, "
        f"nullstr = '', columns = {{{columns}}})"
    )


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder from a process of its own: what the publisher's host does is not our time."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--protocol",
        "HTTP/1.1",
    ]
    server = subprocess.Popen(
        [*command, "--directory", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@case
def forecast_record(data: Path, work: Path) -> dict[str, Any]:
    """The forecasting models on the public test data, where these are."""
    return forecasts.record()


@case
def forecast_world(data: Path, work: Path) -> dict[str, Any]:
    """Every forecast and the back-test of a made world of 200 countries and 2,500 units."""
    return forecasts.world()


def make_data(folder: Path, groups: list[str]) -> None:
    """The made inputs of these groups, once: a GED-sized CSV, a month of GDELT slots, worlds of the feeds of events."""
    from orchestration.made_world import made_gdelt_month, made_ged_csv

    folder.mkdir(parents=True, exist_ok=True)
    worlds = {
        "incidents": [(seed, 1.0) for seed in incidents.SCORED_SEEDS],
        "incident-weights": [(seed, 1.0) for seed in incidents.COUNTED_SEEDS],
        "rematch": [(incidents.REMATCHED_SEED, incidents.REMATCHED_SCALE)],
    }
    for group in groups:
        for seed, scale in worlds.get(group, ()):
            incidents.make_world(incidents.world_folder(folder, seed, scale), seed, scale)
    if set(groups) <= {*worlds, "ticks", "build", "change-points", "alerts", "forecasts"}:
        return
    if not (folder / "ged.csv").is_file():
        made_ged_csv(folder / "ged.part")
        (folder / "ged.part").rename(folder / "ged.csv")
    if not (folder / "gdelt" / "gdeltv2" / "masterfilelist.txt").is_file():
        shutil.rmtree(folder / "gdelt", ignore_errors=True)
        made_gdelt_month(folder / "gdelt")
