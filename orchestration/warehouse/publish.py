"""Publication: core, marts and audit as one read-only DuckDB file plus Parquet and a manifest.

A version is written beside, checked by the query pack, and renamed into place; readers of the old one
keep it. Nothing of landing, raw or the ledger leaves the warehouse.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from expectations.reference import read_seed
from expectations.report import MADE_BANNER
from orchestration.failpoints import failpoint
from orchestration.settings import Settings
from orchestration.warehouse.connection import STORAGE_VERSION, open_published
from orchestration.warehouse.ledger import fetch_dicts

SCHEMAS = ("core", "marts", "audit")
KEPT_VERSIONS = 3
QUERIES = Path(__file__).resolve().parents[2] / "queries"


class PublishRefused(RuntimeError):
    """The new version is not fit to be published; the message says why. The one in place stays."""


@dataclass(frozen=True)
class Published:
    """A published version: where it is and what is in it."""

    path: Path
    version: str
    tables: dict[str, int]
    queries: int


def publish(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    manifest: dict[str, Any],
    *,
    public: bool = False,
) -> Published:
    """Write, check and put in place a new version. ``manifest`` is dbt's, for the descriptions.

    Raises ``PublishRefused`` when there is nothing to publish, a promised query does not run, or
    ``public`` is asked for while a feed's licence forbids redistribution.
    """
    sources = read_seed("source")
    if public:
        _refuse_restricted(connection, settings, sources)
    tables = _public_tables(connection)
    if not tables:
        raise PublishRefused("there are no marts to publish; run `sahel build` first")
    name = f"{settings.now():%Y%m%dT%H%M%SZ}-{hashlib.sha256(os.urandom(8)).hexdigest()[:6]}"
    work = settings.published / "versions" / f".{name}.tmp"
    _sweep(settings.published)
    work.mkdir(parents=True)
    try:
        file = work / "sahel.duckdb"
        counts = _copy_tables(connection, file, tables, manifest, settings)
        failpoint("publish.tables_copied")
        queries = check(file, counts)
        _write_parquet(file, work / "parquet", counts)
        _write_manifest(connection, settings, work, counts, sources)
        failpoint("publish.checked")
        for path in sorted(work.rglob("*")):
            if path.is_file():
                _sync(path)
        file.chmod(0o444)
        version_folder = settings.published / "versions" / name
        os.replace(work, version_folder)
        _sync(version_folder.parent)
        _put_in_place(settings, version_folder)
        failpoint("publish.renamed")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _forget_old_versions(settings)
    return Published(path=settings.bi_file, version=name, tables=counts, queries=queries)


def check(file: Path, counts: dict[str, int]) -> int:
    """Open a version as a reader would and run every promised query on it. Returns how many ran.

    Raises ``PublishRefused`` naming the table or the query that is wrong.
    """
    with open_published(file) as reader:
        for table, rows in counts.items():
            found = reader.execute(f"select count(*) from {table}").fetchone()[0]
            if found != rows:
                raise PublishRefused(f"{table} has {found} rows in the new file and {rows} in the warehouse")
        paths = sorted(QUERIES.glob("*.sql"))
        for path in paths:
            try:
                reader.execute(path.read_text(encoding="utf-8")).fetchall()
            except duckdb.Error as error:
                raise PublishRefused(
                    f"the promised query {path.stem} does not run: {str(error).splitlines()[0]}"
                ) from error
    return len(paths)


def _refuse_restricted(
    connection: duckdb.DuckDBPyConnection, settings: Settings, sources: list[dict[str, str]]
) -> None:
    """Also where a feed is no longer enabled: what it has brought is still there."""
    restricted = [row["feed"] for row in sources if row["redistribution_allowed"] != "true"]
    if enabled := [feed for feed in restricted if feed in settings.feeds]:
        raise PublishRefused(
            f"--public: the licence of {', '.join(enabled)} forbids redistribution; leave it out of SAHEL_FEEDS"
        )
    loaded = _feeds_with_rows(connection)
    if held := [feed for feed in restricted if feed in loaded]:
        raise PublishRefused(
            f"--public: this warehouse holds rows of {', '.join(held)}, whose licence forbids redistribution; publish "
            "from a home that never loaded it (--home)"
        )


def _feeds_with_rows(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Feeds of which any row came, loaded or not: quarantine and failing samples hold refused rows verbatim."""
    rows = connection.execute(
        "select distinct feed from ledger.load_attempt where rows_parsed > 0"
    ).fetchall()
    return {feed for (feed,) in rows}


def _public_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    # dbt builds beside and renames; a killed build leaves its workings behind, which are no tables of ours.
    return connection.execute(
        """select schema_name, table_name from duckdb_tables()
           where schema_name in ('core', 'marts', 'audit') and not table_name like '%\\_\\_dbt\\_%' escape '\\'
           order by 1, 2"""
    ).fetchall()


def _copy_tables(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    tables: list[tuple[str, str]],
    manifest: dict[str, Any],
    settings: Settings,
) -> dict[str, int]:
    described = {
        (node["schema"], node["alias"]): node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["schema"] in SCHEMAS
    }
    counts = {}
    connection.execute(f"attach '{_quoted(file)}' as publication (storage_version '{STORAGE_VERSION}')")
    # One transaction: a commit for each of a thousand comments takes longer than the tables.
    connection.begin()
    try:
        for schema in SCHEMAS:
            connection.execute(f"create schema publication.{schema}")
        for schema, table in tables:
            name = f'{schema}."{table}"'
            connection.execute(f"create table publication.{name} as select * from {name}")
            counts[f"{schema}.{table}"] = connection.execute(
                f"select count(*) from publication.{name}"
            ).fetchone()[0]
            _comment(connection, f"publication.{name}", described.get((schema, table)), settings.is_made)
        _copy_macros(connection)
    except BaseException:
        connection.rollback()
        connection.execute("detach publication")
        raise
    connection.commit()
    connection.execute("checkpoint publication")
    connection.execute("detach publication")
    return counts


def _copy_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """The table macros that answer for a past date, as dbt made them."""
    main = _main_database(connection)
    macros = connection.execute(
        """select schema_name, function_name, array_to_string(parameters, ', '), macro_definition
           from duckdb_functions()
           where database_name = ? and function_type = 'table_macro' and list_contains(?, schema_name)
           order by schema_name, function_name""",
        [main, list(SCHEMAS)],
    ).fetchall()
    connection.execute("use publication")
    try:
        for schema, name, parameters, definition in macros:
            connection.execute(f'create macro {schema}."{name}"({parameters}) as table {definition}')
    finally:
        connection.execute(f'use "{main}"')


def _comment(
    connection: duckdb.DuckDBPyConnection, table: str, node: dict[str, Any] | None, is_made: bool
) -> None:
    """Descriptions into the database; DuckDB takes no parameters here, hence the quoting."""
    if node is None:
        return
    label = f"[{MADE_BANNER}] " if is_made else ""
    connection.execute(f"comment on table {table} is '{_quoted(label + _folded(node['description']))}'")
    for column, told in node["columns"].items():
        if told["description"]:
            connection.execute(
                f"""comment on column {table}."{column}" is '{_quoted(_folded(told["description"]))}'"""
            )


def _write_parquet(file: Path, folder: Path, counts: dict[str, int]) -> None:
    with duckdb.connect(str(file), read_only=True) as reader:
        for table in counts:
            schema, name = table.split(".")
            (folder / schema).mkdir(parents=True, exist_ok=True)
            target = folder / schema / f"{name}.parquet"
            reader.execute(f"copy {table} to '{_quoted(target)}' (format parquet, compression zstd)")


def _write_manifest(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    work: Path,
    counts: dict[str, int],
    sources: list[dict[str, str]],
) -> None:
    fresh = fetch_dicts(
        connection,
        """select feed, max(newest_record_at) as newest_record_at,
                  max(recorded_at) filter (where status in ('ok', 'empty', 'unchanged')) as last_success_at
           from ledger.load_attempt group by feed order by feed""",
    )
    attributions = dict(
        connection.execute(
            "select feed, attribution from core.dim_source where attribution is not null"
        ).fetchall()
    )
    files = {
        str(path.relative_to(work)): {"sha256": _digest(path), "size": path.stat().st_size}
        for path in sorted(work.rglob("*"))
        if path.is_file()
    }
    manifest = {
        "built_at": settings.now(),
        "is_made": settings.is_made,
        "notice": MADE_BANNER if settings.is_made else None,
        "data_as_of": {row.pop("feed"): row for row in fresh},
        "row_counts": counts,
        "files": files,
        "versions": {name: version(name) for name in ("sahel-monitor", "duckdb", "dbt-core", "dbt-duckdb")},
        "storage_version": STORAGE_VERSION,
        "sources": [
            {name: row[name] for name in ("feed", "licence", "citation", "redistribution_allowed")}
            | {"attribution": attributions.get(row["feed"])}
            for row in sources
        ],
    }
    (work / "manifest.json").write_text(
        json.dumps(manifest, indent=1, ensure_ascii=False, default=_encode), encoding="utf-8"
    )


def _put_in_place(settings: Settings, version_folder: Path) -> None:
    """Point the stable names at the new version, each by one rename."""
    target = version_folder.relative_to(settings.published)
    _replace_by(settings.published / "parquet", lambda path: path.symlink_to(target / "parquet"))
    _replace_by(
        settings.published / "manifest.json", lambda path: os.link(version_folder / "manifest.json", path)
    )
    _replace_by(settings.bi_file, lambda path: os.link(version_folder / "sahel.duckdb", path))
    _sync(settings.published)


def _replace_by(path: Path, make: Any) -> None:
    beside = path.with_name(f".{path.name}.tmp")
    beside.unlink(missing_ok=True)
    make(beside)
    os.replace(beside, path)


def _sweep(published: Path) -> None:
    """Remove what a killed publication left."""
    for path in (published / "versions").glob(".*.tmp"):
        shutil.rmtree(path)
    for path in published.glob(".*.tmp"):
        path.unlink()


def _forget_old_versions(settings: Settings) -> None:
    versions = sorted(
        path for path in (settings.published / "versions").iterdir() if not path.name.startswith(".")
    )
    current = os.readlink(settings.published / "parquet").split("/")[1]
    by_age = sorted(
        (path for path in versions if path.name != current), key=lambda path: path.stat().st_mtime
    )
    for path in by_age[: max(len(by_age) - (KEPT_VERSIONS - 1), 0)]:
        shutil.rmtree(path)


def _main_database(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute(
        "select database_name from duckdb_databases() where not internal and database_name not in ('publication', 'temp') "
        "order by database_oid limit 1"
    ).fetchone()
    return row[0]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _encode(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: Any) -> str:
    return str(text).replace("'", "''")
