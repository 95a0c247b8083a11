"""Incident matching against the truth of made worlds: the worlds, the scores, and the plain rule beside.

Here: what is right and what is found, as pairs and clusters of publishers' records, and the counting of the weights
of the evidence. Not here: how records are linked (the models), Splink (``bench.splink_beside``), tables (``report``).
"""

import csv
import hashlib
import json
import math
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb

from orchestration.made_world.truth import EVENT_FEEDS, EventId, Truth
from orchestration.settings import MADE_MARKER, Settings

ROOT = Path(__file__).resolve().parents[1]
SCORED_SEEDS = (7, 11, 12)
COUNTED_SEEDS = (101, 102, 103)
"""The weights of the evidence were counted on these; they are not scored."""
REMATCHED_SEED, REMATCHED_SCALE = 5, 2.77
"""About 50,000 events."""
PLAIN_DAYS, PLAIN_KM = 1, 25
ONE_TO_ONE_PRIOR = 2
"""Added to the counted prior: one-to-one linking leaves of a record's candidates the best ones only."""

PairOfRecords = frozenset[EventId]


@dataclass(frozen=True)
class Known:
    """What a made world knows of its standing records."""

    incidents: dict[EventId, tuple[str, ...]]
    kinds: dict[PairOfRecords, str]
    """All true pairs: same, part, or duplicate, which may be found or left out."""
    cases: dict[EventId, str]
    """The hard case that a record was planted for."""

    @classmethod
    def of(cls, truth: Truth) -> "Known":
        cases = {
            (record.feed, record.source_id): word.removeprefix("hard:")
            for records in (truth.ucdp_records(), truth.acled_records(), truth.insecurity_insight_records())
            for record in records
            for word in record.note.split()
            if word.startswith("hard:")
        }
        kinds = {frozenset((pair.one, pair.other)): pair.kind for pair in truth.pairs()}
        return cls(truth.standing(), kinds, cases)

    def write(self, path: Path) -> None:
        told = {
            "incidents": [[*key, *incidents] for key, incidents in self.incidents.items()],
            "kinds": [[*one, *other, kind] for (one, other), kind in self.kinds.items()],
            "cases": [[*key, case] for key, case in self.cases.items()],
        }
        path.write_text(json.dumps(told), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Known":
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            {(feed, key): tuple(incidents) for feed, key, *incidents in told["incidents"]},
            {frozenset(((a, one), (b, other))): kind for a, one, b, other, kind in told["kinds"]},
            {(feed, key): case for feed, key, case in told["cases"]},
        )

    def within(self, records: Iterable[EventId]) -> "Known":
        """The same of some of the records, such as those of a few countries."""
        kept = set(records)
        return Known(
            {key: incidents for key, incidents in self.incidents.items() if key in kept},
            {pair: kind for pair, kind in self.kinds.items() if pair <= kept},
            {key: case for key, case in self.cases.items() if key in kept},
        )


# --- the worlds --------------------------------------------------------------------------------------


def world_folder(data: Path, seed: int, scale: float = 1.0) -> Path:
    """Named by what made it too, so that another made world is another folder."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "orchestration" / "made_world").iterdir()):
        if path.is_file():
            digest.update(path.read_bytes())
    return data / "incidents" / digest.hexdigest()[:12] / f"seed{seed}_scale{scale}"


def make_world(folder: Path, seed: int, scale: float = 1.0) -> None:
    """The three feeds of events of a made world, loaded; and its truth. Once; ``build`` follows the models."""
    from orchestration import steps
    from orchestration.made_world import WORLD_END, Publishers, World, serve
    from orchestration.records import LoadRequest

    if (folder / "truth.json").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / "home"
    home.mkdir(parents=True)
    (home / MADE_MARKER).write_text("made\n")
    publishers = Publishers(World(seed=seed, scale=scale, rows_per_slot=2), as_of=WORLD_END, gdelt_windows=())
    with serve(publishers) as served:
        settings = _settings(folder, **served.environment())
        for feed in EVENT_FEEDS:
            report = steps.load(steps.Run(settings), LoadRequest(feed))
            if report.failed:
                raise SystemExit(f"seed {seed}: {feed} could not be loaded: {report.problems}")
    Known.of(Truth(publishers)).write(folder / "truth.json")


def _settings(folder: Path, **environment: str) -> Settings:
    from orchestration.made_world import WORLD_END

    given = {
        **environment,
        "SAHEL_FEEDS": ",".join(EVENT_FEEDS),
        "SAHEL_NOW": WORLD_END.isoformat(),
    }
    return Settings.from_env(folder / "home", environ=given)


def build_world(folder: Path) -> Path:
    """Build the models where they or the rows are new; the warehouse's path."""
    from orchestration import steps

    settings = _settings(folder)
    report = steps.build(steps.Run(settings))
    failed = [node.name for node in report.failed_nodes]
    if failed:
        print(f"{folder.name}: failed or skipped: {', '.join(failed)}", file=sys.stderr)
    if set(failed) & set(REMATCH):
        raise SystemExit("there are no incidents to score")
    return settings.warehouse


REMATCH = (
    "int_incident__record",
    "int_incident__pair",
    "int_incident__membership",
    "bridge_incident_event",
    "fct_incident",
    "source_agreement",
)


def rematch(folder: Path) -> dict[str, float]:
    """Match all records of a built world anew; dbt's seconds by model."""
    from orchestration.transform import run_dbt

    nodes = run_dbt(_settings(folder), ["run", "--select", *REMATCH])
    failed = [f"{node.name}: {node.message}" for node in nodes if not node.good]
    if failed:
        raise SystemExit("; ".join(failed))
    return {node.name: node.seconds for node in nodes}


# --- what was found ----------------------------------------------------------------------------------


def incidents_found(warehouse: Path) -> list[set[EventId]]:
    """The incidents of a built warehouse, as publishers' records: one id in two topics is one record."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select incident_id, feed, source_event_id "
            "from core.bridge_incident_event inner join core.fct_event using (event_key, feed)"
        ).fetchall()
    found: dict[str, set[EventId]] = defaultdict(set)
    for incident_id, feed, source_event_id in rows:
        found[incident_id].add((feed, source_event_id))
    return list(found.values())


def links_scored(warehouse: Path, known: Known) -> dict[str, list[int]]:
    """Of the links by score: how many, and how many are right, in each tenth of the score."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """select match_score, one.feed, one.source_event_id, other.feed, other.source_event_id
               from core.bridge_incident_event as link
               inner join core.fct_event as one on link.event_key = one.event_key
               inner join core.fct_event as other on link.linked_event_key = other.event_key
               where match_rule = 'score'"""
        ).fetchall()
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for score, *ends in rows:
        tenth = min(int(score * 10), 9) / 10
        count = found[f"{tenth:.1f} to {tenth + 0.1:.1f}"]
        count[0] += 1
        count[1] += frozenset((tuple(ends[:2]), tuple(ends[2:]))) in known.kinds
    return dict(sorted(found.items()))


def pairs_of(clusters: Iterable[set[EventId]]) -> set[PairOfRecords]:
    """Pairs of records of different feeds in one cluster."""
    return {
        frozenset(pair)
        for cluster in clusters
        for pair in combinations(cluster, 2)
        if pair[0][0] != pair[1][0]
    }


def components(records: Iterable[EventId], pairs: Iterable[PairOfRecords]) -> list[set[EventId]]:
    """Clusters of all that hangs together by the pairs."""
    of = {key: {key} for key in records}
    for one, other in pairs:
        if of[one] is not of[other]:
            of[one] |= of[other]
            for key in of[other]:
                of[key] = of[one]
    return list({id(cluster): cluster for cluster in of.values()}.values())


# --- how good it is ----------------------------------------------------------------------------------


def scores(
    known: Known, clusters: list[set[EventId]], pairs: set[PairOfRecords] | None = None
) -> dict[str, Any]:
    """Pair precision, recall and F1, whole and by feeds, kind and hard case; B-cubed; and the singletons.

    ``pairs`` where what was found is pairs, of which the clusters are the components.
    """
    found = pairs_of(clusters) if pairs is None else pairs
    wanted = {pair for pair, kind in known.kinds.items() if kind != "duplicate"}
    # A second record of one feed may be found or left out: it is no error either way.
    found = {pair for pair in found if known.kinds.get(pair) != "duplicate"}

    def feeds(pair: PairOfRecords) -> str:
        return ", ".join(sorted((feed for feed, _ in pair), key=EVENT_FEEDS.index))

    def case(pair: PairOfRecords) -> list[str]:
        return list({known.cases[key] for key in pair if key in known.cases})

    measured = {
        "records": len(known.incidents),
        "all": _counted(found, wanted),
        "by_feeds": _grouped(found, wanted, lambda pair: [feeds(pair)]),
        "by_kind": {
            kind: _counted(found & of_kind, of_kind)
            for kind in ("same", "part")
            if (of_kind := {pair for pair in wanted if known.kinds[pair] == kind})
        },
        "by_case": _grouped(found, wanted, case),
        "b_cubed": b_cubed(known, clusters),
    }
    linked = {key for pair in wanted for key in pair}
    alone = set(known.incidents) - linked
    found_linked = {key for pair in found for key in pair}
    measured["singletons"] = {
        "found": len(set(known.incidents) - found_linked),
        "wanted": len(alone),
        "right": len(alone - found_linked),
    }
    return measured


def _counted(found: set[PairOfRecords], wanted: set[PairOfRecords]) -> dict[str, int]:
    return {"found": len(found), "wanted": len(wanted), "right": len(found & wanted)}


def _grouped(found: set[PairOfRecords], wanted: set[PairOfRecords], groups: Any) -> dict[str, dict[str, int]]:
    by_group: dict[str, tuple[set, set]] = defaultdict(lambda: (set(), set()))
    for which, pairs in enumerate((found, wanted)):
        for pair in pairs:
            for group in groups(pair):
                by_group[group][which].add(pair)
    return {group: _counted(*sets) for group, sets in sorted(by_group.items())}


def b_cubed(known: Known, clusters: Iterable[set[EventId]]) -> dict[str, float]:
    """For each record the share of its cluster that tells of its incidents, and the share of those that is in it.

    Bagga and Baldwin (1998). A record that sums incidents belongs with the records of all of them.
    """
    tellers: dict[str, set[EventId]] = defaultdict(set)
    for key, incidents in known.incidents.items():
        for incident in incidents:
            tellers[incident].add(key)
    precision = recall = 0.0
    told = [cluster & known.incidents.keys() for cluster in clusters]
    alone = known.incidents.keys() - set().union(*told)
    for mine in [*told, *({key} for key in alone)]:
        for key in mine:
            right = {key}.union(*(tellers[incident] for incident in known.incidents[key]))
            precision += len(right & mine) / len(mine)
            recall += len(right & mine) / len(right)
    records = len(known.incidents)
    return {"precision": precision / records, "recall": recall / records, "records": records}


def added(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """The scores of several worlds as one: counts added, B-cubed weighed by records."""
    if all("precision" in one for one in measured):
        records = sum(one["records"] for one in measured)
        return {
            "records": records,
            **{
                name: sum(one[name] * one["records"] for one in measured) / records
                for name in ("precision", "recall")
            },
        }
    names = dict.fromkeys(name for one in measured for name in one)
    together: dict[str, Any] = {}
    for name in names:
        values = [one[name] for one in measured if name in one]
        together[name] = added(values) if isinstance(values[0], dict) else sum(values)
    return together


def precision_recall_f1(counts: dict[str, int]) -> tuple[float, float, float]:
    precision = counts["right"] / counts["found"] if counts["found"] else 0.0
    recall = counts["right"] / counts["wanted"] if counts["wanted"] else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision else 0.0


# --- the plain rule ----------------------------------------------------------------------------------


def plain_pairs(warehouse: Path) -> list[PairOfRecords]:
    """Pairs of violent events of different feeds within 25 km and a day, nearest in time and place first."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""
            with event as (
                select feed, source_event_id, date_start, date_end, latitude, longitude,
                       unnest(generate_series(date_start - 1, date_end + 1, interval 1 day)) as day
                from core.fct_event
                where violence_class not in ('demonstration', 'strategic') and latitude is not null
            ),
            pair as (
                select distinct
                    a.feed as feed_a, a.source_event_id as id_a, b.feed as feed_b, b.source_event_id as id_b,
                    greatest(0, date_diff('day', b.date_end, a.date_start), date_diff('day', a.date_end, b.date_start))
                        as days,
                    6371 * 2 * asin(sqrt(
                        pow(sin(radians(b.latitude - a.latitude) / 2), 2)
                        + cos(radians(a.latitude)) * cos(radians(b.latitude))
                        * pow(sin(radians(b.longitude - a.longitude) / 2), 2)
                    )) as km
                from event as a
                inner join event as b on a.day = b.day and a.feed < b.feed and abs(a.latitude - b.latitude) < 0.3
            )
            select feed_a, id_a, feed_b, id_b, min(days) as days, min(km) as km
            from pair where days <= {PLAIN_DAYS} and km <= {PLAIN_KM}
            group by all order by all
            """
        ).fetchall()
    rows.sort(key=lambda row: (row[4], row[5]))
    return [frozenset(((a, one), (b, other))) for a, one, b, other, *_ in rows]


def one_to_one(pairs: Iterable[PairOfRecords]) -> set[PairOfRecords]:
    """Each record once with each other feed, taken in the order given."""
    taken: set[tuple[EventId, str]] = set()
    kept = set()
    for pair in pairs:
        one, other = pair
        if (one, other[0]) not in taken and (other, one[0]) not in taken:
            taken |= {(one, other[0]), (other, one[0])}
            kept.add(pair)
    return kept


# --- the weights -------------------------------------------------------------------------------------


def counted_weights(worlds: Iterable[tuple[Path, Known]]) -> list[dict[str, Any]]:
    """The rows of the seed with what was counted: pairs of one incident and of two on each level, and the weight.

    The weight is the binary logarithm of the level's share among pairs of one incident over its share among pairs of
    two. Pairs with a part of an incident, and second records of one feed, count for neither.
    """
    with (ROOT / "dbt_project" / "seeds" / "incident_evidence.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        levels = list(csv.DictReader(file))
    parts = list(dict.fromkeys(row["part"] for row in levels if row["part"] != "prior"))
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for warehouse, known in worlds:
        for kind, is_topic, *found in _levels_found(warehouse, known, parts):
            if kind in (None, "same"):
                column = "topic_weight" if is_topic else "weight"
                counts[column, "prior", "any_pair", kind == "same"] += 1
                for part, level in zip(parts, found, strict=True):
                    counts[column, part, level, kind == "same"] += 1
    rows = []
    for row in levels:
        told: dict[str, Any] = {"part": row["part"], "level": row["level"]}
        for column in ("weight", "topic_weight"):
            all_one, all_two = (counts[column, "prior", "any_pair", same] for same in (True, False))
            one, two = (counts[column, row["part"], row["level"], same] for same in (True, False))
            is_prior = row["part"] == "prior"
            odds = one / two if is_prior else one / all_one / (two / all_two) if one and two else None
            counted = None if odds is None else math.log2(odds) + ONE_TO_ONE_PRIOR * is_prior
            told[column] = {"seed": float(row[column]), "counted": counted, "one": one, "two": two}
        rows.append(told)
    return rows


def _levels_found(warehouse: Path, known: Known, parts: list[str]) -> Iterator[tuple[Any, ...]]:
    """Of each compared pair: its kind in truth, whether one tells of a topic only, and its level in each part."""
    levels = ", ".join(f"{part}_level" for part in parts)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""select a.feed, a.source_event_id, b.feed, b.source_event_id, {levels}
                from intermediate.int_incident__pair
                inner join core.fct_event as a on event_key_a = a.event_key
                inner join core.fct_event as b on event_key_b = b.event_key"""
        ).fetchall()
    for feed_a, one, feed_b, other, *found in rows:
        kind = known.kinds.get(frozenset(((feed_a, one), (feed_b, other))))
        yield kind, "insecurity_insight" in (feed_a, feed_b), *found
