"""One incident as the published file knows it: who said what, when, how it was linked, and how to undo or make a link.

Here: finding the incident that an id means today, reading its page, and the words for it. Not here: options and files of
the command (cli.py); which records make one incident (intermediate.int_incident__membership, in dbt).
"""

import csv
import io
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from orchestration.published import NotFound, dicts, plain, sources

CONFIRMED = "dbt_project/seeds/incident_links_confirmed.csv"
DENIED = "dbt_project/seeds/incident_links_denied.csv"

MOST_MEANT = 5
NEAR_DAYS, NEAR_KM = 3, 50
SAME_PLACE_KM = 5
"""Points nearer than this are one place, as in the evidence."""
PARTS = ("time", "distance", "place_name", "actors", "class", "deaths")

RULES = {
    "score": "the evidence is rather for one incident than against it",
    "part": "one of the two feeds splits what the other tells of in one record",
    "publisher_id": "their publisher gives both the same id, in several topics",
    "confirmed": "a person found them to be one incident",
}
"""How a record came to the incident, by bridge_incident_event.match_rule; the anchor came by no link."""

METHODS = {
    "ucdp_id": "by the UCDP id",
    "alias": "by the name",
    "alias_normalised": "by the name, spelt otherwise",
    "ucdp_list": "only on the UCDP actor list",
    "source_kind": "by the kind that the source states",
    "split_rule": "an umbrella, told apart by area and date",
}
ROLES = {"side_a": "side A", "side_b": "side B", "associate_a": "with side A", "associate_b": "with side B"}
OUTCOMES = {
    "unknown_event": "without effect: no feed loaded here ever told of one of the two",
    "withdrawn_event": "without effect: one of the two was withdrawn",
    "overruled": "without effect: a denied pair keeps the two apart",
}
CHANGES = {
    "new": "first told",
    "revised": "revised",
    "withdrawn": "withdrawn",
    "restored": "restored after a withdrawal",
}


class NoSuchIncident(NotFound):
    """No incident, or more than one, is meant; the message is one line with what to do."""


@dataclass(frozen=True)
class Found:
    """What an id means: an event, and the incident that it tells of now; none if its publisher took it back."""

    asked: str
    event_key: str
    incident_id: str | None


@dataclass(frozen=True)
class Page:
    """An incident with all its records. Deaths of different feeds stand side by side, never summed."""

    asked: str
    event_key: str
    """The event that ``asked`` means; of an incident id, the record that named it."""
    incident: dict[str, Any]
    actors: tuple[dict[str, Any], ...]
    records: tuple[dict[str, Any], ...]
    """In the order in which they came to the incident, each with its ``sides``, ``link`` and the link's ``evidence``."""
    agreement: dict[str, Any] | None
    """What the feeds dispute (audit.source_agreement); none where only one feed tells of it."""
    decisions: tuple[dict[str, Any], ...]
    """What persons decided on links of these records."""
    sources: tuple[dict[str, Any], ...]

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Withdrawn:
    """An event that its publisher took back, so that no incident holds it; ``record`` is what it said last."""

    asked: str
    event_key: str
    withdrawal: dict[str, Any]
    record: dict[str, Any]
    nearby: tuple[dict[str, Any], ...]
    """Incidents that other records tell of near it, as its own may be among them."""
    sources: tuple[dict[str, Any], ...]

    def as_record(self) -> dict[str, Any]:
        return asdict(self) | {"incident": None}


def find(reader: duckdb.DuckDBPyConnection, asked: str) -> Found:
    """The event and incident that an id means: of an incident, an event key, or a publisher's id that is unique.

    An incident is named by its first record, so that every id ever published is found by it, whatever incident the
    record tells of today. Raises ``NoSuchIncident``.
    """
    wanted = asked.strip().lower()
    rows = dicts(reader, _BY_KEY, {"key": wanted.removeprefix("i-").replace(":", "-")})
    if not rows:
        rows = dicts(reader, _BY_PUBLISHERS_ID, {"id": wanted})
    # What still stands is meant before what was withdrawn.
    meant = [row for row in rows if row["incident_id"]] or list(rows)
    if not meant:
        raise NoSuchIncident(_unknown(reader, asked))
    if len({row["incident_id"] or row["event_key"] for row in meant}) > 1:
        keys = [plain(row["event_key"]) for row in meant[:MOST_MEANT]]
        more = len(meant) - MOST_MEANT
        raise NoSuchIncident(
            f"{plain(asked)!r} may mean {', '.join(keys)}{f' or {more} more' if more > 0 else ''}; "
            "ask for one of them by its event key"
        )
    return Found(asked, meant[0]["event_key"], meant[0]["incident_id"])


def read(reader: duckdb.DuckDBPyConnection, found: Found) -> Page | Withdrawn:
    """The page of what ``find`` found."""
    if found.incident_id is None:
        return _read_withdrawn(reader, found)
    asked = {"incident_id": found.incident_id}
    (incident,) = dicts(reader, "select * from core.fct_incident where incident_id = $incident_id", asked)
    records = dicts(reader, _RECORDS, asked)
    sides = dicts(reader, _SIDES, {"events": [row["event_key"] for row in records]})
    links = {row["event_key"]: row for row in dicts(reader, _LINKS, asked)}
    meanings = {
        (row["part"], row["level"]): row["meaning"]
        for row in dicts(reader, "select part, level, meaning from core.dim_incident_evidence")
    }
    told = [
        row
        | {"sides": [_without_event(side) for side in sides if side["event_key"] == row["event_key"]]}
        | {"link": _link(links[row["event_key"]], meanings)}
        for row in records
    ]
    agreement = dicts(reader, "select * from audit.source_agreement where incident_id = $incident_id", asked)
    return Page(
        asked=found.asked,
        event_key=found.event_key,
        incident=incident,
        actors=dicts(reader, _ACTORS, asked),
        records=tuple(told),
        agreement=agreement[0] if agreement else None,
        decisions=dicts(reader, _DECISIONS, {"events": [row["event_key"] for row in records]}),
        sources=sources(reader, (row["feed"] for row in records)),
    )


def heading(page: Page | Withdrawn) -> list[str]:
    """What the id means now."""
    if isinstance(page, Withdrawn):
        gone, name = page.withdrawal, plain(page.event_key)
        by = (
            f" by {_source_of(page.event_key)} ({plain(gone['source_release'])})"
            if gone["source_release"]
            else ""
        )
        lines = [
            f"{name} was withdrawn{by}, as we recorded on {_instant(gone['recorded_at'])}; no incident holds it now"
        ]
        if page.asked.strip().lower() != page.event_key.lower():
            lines.append(f"asked for {plain(page.asked)}, which means that event")
        return lines
    incident = page.incident
    lines = [plain(incident["incident_id"])]
    if page.asked.strip().lower() != incident["incident_id"].lower():
        lines.append(
            f"asked for {plain(page.asked)}: the record {plain(page.event_key)} tells of this incident"
        )
    return lines


def incident_lines(page: Page) -> list[str]:
    """What is held to be so, and which record each chosen value is from."""
    incident = page.incident
    named = "; ".join(f"{plain(row['actor_name'])} ({plain(row['actor_id'])})" for row in page.actors)
    deaths = [
        f"{name} {_deaths(*(incident[column] for column in columns))}"
        for name, columns in (
            ("UCDP", ("fatalities_ucdp_low", "fatalities_ucdp", "fatalities_ucdp_high")),
            ("ACLED", ("fatalities_acled",)),
            ("Insecurity Insight, of its topics only,", ("fatalities_insecurity_insight",)),
        )
        if any(incident[column] is not None for column in columns)
    ]
    return [
        f"  days    {_days(incident)}, as {plain(incident['date_event_key'])} says",
        f"  place   {_where(incident)}, {_how_precise(incident)}, as {plain(incident['place_event_key'])} says",
        f"  class   {plain(incident['violence_class'] or 'unclassified')}, as {plain(incident['class_event_key'])} says",
        f"  actors  {named or 'none that the registry knows'}",
        f"  deaths  {' | '.join(deaths) or 'no source gives a number'}",
        f"  told    by {_counted(incident['event_count'], 'record')} of {_counted(incident['feed_count'], 'feed')}; "
        f"first recorded {_instant(incident['first_recorded_at'])}, newest version {_instant(incident['recorded_at'])}",
    ]


def record_lines(page: Page) -> list[str]:
    """Each record's own claim, and the link by which it came to the incident."""
    lines = []
    for record in page.records:
        lines += ["", *claim_lines(record), *link_lines(record["link"], page.decisions)]
    return lines


def claim_lines(record: dict[str, Any]) -> list[str]:
    """What one record says, in the words of its source where there are any."""
    place = _where(record)
    if record["is_chosen_place"]:
        place += ", the chosen point"
    elif record["km_from_chosen"] is not None:
        place += f", {record['km_from_chosen']:.1f} km from the chosen point"
    if record["is_coordinate_centroid"]:
        place += " (a centroid, no place)"
    versions = _counted(record["versions"], "version")
    if record["last_changed_at"] > record["first_recorded_at"]:
        by = (
            f" by {_source_of(record['event_key'])} ({plain(record['changed_by'])})"
            if record["changed_by"]
            else ""
        )
        how = CHANGES.get(record["change_kind"], record["change_kind"])
        versions += f", last {how} {_instant(record['last_changed_at'])}{by}"
    return [
        f"  {plain(record['event_key'])}  ({plain(record['feed'])}, its id {plain(record['source_event_id'])})",
        f"    days         {_days(record)}",
        f"    place        {place}",
        *side_lines(record["sides"]),
        f"    deaths       {_deaths(record['fatalities_low'], record['fatalities_best'], record['fatalities_high'])}",
        f"    kind         {plain(record['violence_class'] or 'unclassified')}"
        f"; tactic {plain(record['tactic'] or 'not told')}"
        + (
            f"; its source's type: {plain(record['source_event_type'])}"
            if record["source_event_type"]
            else ""
        ),
        f"    recorded     {_instant(record['first_recorded_at'])}; {versions}",
    ]


def _source_of(event_key: str) -> str:
    """The feed that an event's key begins with: what it calls a release may be no more than a day."""
    return plain(event_key.split(":", 1)[0])


def side_lines(sides: list[dict[str, Any]]) -> list[str]:
    """Each side as its source names it, and whom we hold it to be."""
    lines = []
    for (role, raw), group in _grouped(sides, ("role", "actor_name_raw")):
        names = []
        for side in group:
            if side["actor_id"] is None:
                part = f" ({plain(side['actor_part_raw'])})" if side["actor_part_raw"] else ""
                names.append(f"nobody whom the registry knows{part}")
                continue
            method = METHODS.get(side["match_method"], side["match_method"])
            names.append(f"{plain(side['actor_name'])} ({plain(side['actor_id'])}, {method})")
        joint = " or ".join(names) if any(side["is_ambiguous"] for side in group) else " and ".join(names)
        if len(names) == 1 and group[0]["is_ambiguous"]:
            joint += " or another"
        told = plain(raw) if raw else "(no name)"
        lines.append(f'    {ROLES.get(role, role):<12} "{told}" is {joint}')
    return lines


def link_lines(link: dict[str, Any], decisions: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """How a record was linked: the rule, the probability, and what spoke for and against it."""
    if link["match_rule"] == "anchor":
        return ["    link         none: the first that we knew, by which the incident is named"]
    other = plain(link["linked_event_key"])
    rule = RULES.get(link["match_rule"], link["match_rule"])
    if link["match_rule"] == "score" and link["match_weight"] == 0:
        rule = "the evidence is as much for one incident as against it, and nothing fits better"
    lines = [f"    link         to {other}: {rule}"]
    if link["match_rule"] == "confirmed":
        lines += [
            f"                 {plain(row['decided_by'])}, {row['decided_date']}: {plain(row['reason'])}"
            for row in decisions
            if row["decision"] == "confirmed"
            and {row["event_key_a"], row["event_key_b"]} == {link["event_key"], link["linked_event_key"]}
        ]
    if link["match_score"] is None:
        return [*lines, "                 not compared by score"]
    # A rounded 1.000 would read as certainty.
    probability = f"{link['match_score']:.3f}" if link["match_score"] < 0.9995 else "above 0.999"
    lines.append(f"                 probability {probability}, weight {link['match_weight']:+g} = the sum of")
    lines += [
        f"                 {row['weight']:+5g}  {row['part'].replace('_', ' ')}: {plain(row['meaning'] or row['level'])}"
        f"{_measured(row['part'], link)}"
        for row in link["evidence"]
    ]
    return lines


def dispute_lines(page: Page) -> list[str]:
    """What the feeds do not agree on; a line where there is nothing to compare or to dispute."""
    told = page.agreement
    if told is None:
        return ["  only one feed tells of it"]
    lines = []
    if told["date_spread_days"]:
        lines.append(f"  days: up to {_counted(told['date_spread_days'], 'day')} apart")
    if (told["distance_spread_km"] or 0) > SAME_PLACE_KM:
        lines.append(f"  place: up to {told['distance_spread_km']:.1f} km apart")
    if told["is_deaths_disputed"]:
        lines.append(
            f"  deaths: ACLED's {told['fatalities_acled']:,} lies outside UCDP's "
            f"{told['fatalities_ucdp_low']:,} to {told['fatalities_ucdp_high']:,}"
        )
    if told["is_class_disputed"]:
        classes = sorted({f"{row['feed']} {row['violence_class'] or 'unclassified'}" for row in page.records})
        lines.append(f"  class of violence: {plain(', '.join(classes))}")
    if told["is_attribution_disputed"]:
        named = [
            f"{feed} names {plain(told[f'actors_{feed}'])}"
            for feed in ("ucdp", "acled", "insecurity_insight")
            if told[f"actors_{feed}"]
        ]
        lines.append(f"  who: {' | '.join(named)}")
    return lines or ["  nothing that we compare: days, place, deaths, class, sides"]


def decision_lines(page: Page) -> list[str]:
    """What persons decided about these records, also where it has no effect."""
    return [
        f"  {row['decision']}: {plain(row['event_key_a'])} and {plain(row['event_key_b'])}, {plain(row['decided_by'])}, "
        f"{row['decided_date']}: {plain(row['reason'])}"
        + (f" ({OUTCOMES[row['outcome']]})" if row["outcome"] in OUTCOMES else "")
        for row in page.decisions
    ]


def remedy_lines(page: Page, today: date) -> list[str]:
    """How to undo each link and to make one: the line to add, in the file to which it belongs."""
    links = [row["link"] for row in page.records if row["link"]["linked_event_key"]]
    by_person = [link for link in links if link["match_rule"] == "confirmed"]
    by_rule = [link for link in links if link["match_rule"] != "confirmed"]
    lines = []
    if by_rule:
        lines.append(f"  to keep two of them apart, add its line to {DENIED}:")
        lines += [f"    {_line(link['linked_event_key'], link['event_key'], today)}" for link in by_rule]
    if by_person:
        lines.append(f"  to undo what a person confirmed, delete its line from {CONFIRMED}:")
        lines += [f"    {plain(link['linked_event_key'])},{plain(link['event_key'])},…" for link in by_person]
    if len(links) > 1:
        lines.append("  a record may stay by way of another: deny that pair as well")
    return [
        *lines,
        f"  to join a record that is missing here, add to {CONFIRMED}:",
        f"    {_line(page.records[0]['event_key'], 'ITS-EVENT-KEY', today)}",
        '  then `sahel build` and `sahel publish`; `sahel query "from audit.incident_decision"` tells what became of it',
    ]


def withdrawn_lines(page: Withdrawn) -> list[str]:
    """What a withdrawn event said last, and where else its incident may be told of."""
    lines = ["", "it said last:", *claim_lines(page.record)]
    if page.nearby:
        lines += ["", f"what others tell of within {NEAR_DAYS} days and {NEAR_KM} km:"]
        lines += [
            f"  {plain(row['incident_id'])}  {_days(row)}, {_where(row)}, {row['km_apart']:.1f} km from it; {row['feeds']}"
            for row in page.nearby
        ]
    return lines


# --- inside -------------------------------------------------------------------------------------


def _unknown(reader: duckdb.DuckDBPyConnection, asked: str) -> str:
    (known,) = reader.execute("select count(*) from core.fct_incident").fetchone()
    if not known:
        return "the published file holds no incident; load events first, e.g. `sahel load ucdp`, then `sahel run`"
    (example,) = reader.execute("select min(event_key) from core.bridge_incident_event").fetchone()
    return (
        f"no event or incident is called {plain(asked)!r}; write an id such as {plain(example)}, "
        "and find one with `sahel query one_incident_many_reports`"
    )


def _read_withdrawn(reader: duckdb.DuckDBPyConnection, found: Found) -> Withdrawn:
    asked = {"event_key": found.event_key}
    (record,) = dicts(reader, _LAST_SAID, asked)
    (gone,) = dicts(reader, _WITHDRAWAL, asked)
    record = record | {"sides": list(dicts(reader, _SIDES_LAST_SAID, asked))}
    return Withdrawn(
        asked=found.asked,
        event_key=found.event_key,
        withdrawal=gone,
        record=record,
        nearby=dicts(reader, _NEARBY, asked | {"days": NEAR_DAYS, "km": NEAR_KM, "most": MOST_MEANT}),
        sources=sources(reader, [record["feed"]]),
    )


def _without_event(side: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in side.items() if name != "event_key"}


def _link(row: dict[str, Any], meanings: dict[tuple[str, str], str]) -> dict[str, Any]:
    """A row of bridge_incident_event with its evidence as a list, the heaviest part first."""
    link = {name: value for name, value in row.items() if not name.endswith(("_level", "_weight"))}
    link["match_weight"] = row["match_weight"]
    link["evidence"] = []
    if row["match_weight"] is not None:
        parts = [(part, row[f"{part}_level"], row[f"{part}_weight"]) for part in PARTS]
        # The bridge has no column for it: it is the same for every pair of its kind.
        prior = row["match_weight"] - sum(weight for _, _, weight in parts)
        parts.sort(key=lambda part: -abs(part[2]))
        link["evidence"] = [
            {"part": part, "level": level, "weight": weight, "meaning": meanings.get((part, level))}
            for part, level, weight in [("prior", "any_pair", prior), *parts]
        ]
    return link


def _grouped(
    rows: list[dict[str, Any]], by: tuple[str, ...]
) -> list[tuple[tuple[Any, ...], list[dict[str, Any]]]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    return list(groups.items())


def _measured(part: str, link: dict[str, Any]) -> str:
    """The figure that a level was read from, where the bridge holds it."""
    if part == "time":
        return f" ({_counted(link['days_apart'], 'day')} apart)" if link["days_apart"] else ""
    return f" ({link['km_apart']:.1f} km)" if part == "distance" else ""


def _line(event_key: str, other: str, today: date) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([event_key, other, "YOUR-NAME", today.isoformat(), "WHY"])
    return plain(line.getvalue())


def _days(row: dict[str, Any]) -> str:
    if row["date_start"] == row["date_end"]:
        return str(row["date_start"])
    return f"{row['date_start']} to {row['date_end']}"


def _where(row: dict[str, Any]) -> str:
    names = [row["place_name"], row["admin1_name"], row["country_iso3"]]
    told = ", ".join(plain(name) for name in dict.fromkeys(names) if name) or "no place"
    if row["latitude"] is None or row["longitude"] is None:
        return f"{told}, without coordinates"
    return f"{told} ({row['latitude']:.4f}, {row['longitude']:.4f})"


def _how_precise(incident: dict[str, Any]) -> str:
    if incident["is_coordinate_centroid"]:
        return f"the middle of an area, no place: up to {incident['radius_km']} km off"
    return f"up to {incident['radius_km']} km off"


def _deaths(*figures: int | None) -> str:
    """Low, best and high where the source has them, else its one figure."""
    low, best, high = figures if len(figures) == 3 else (None, *figures, None)
    if best is None:
        return "no number"
    if low is None or high is None:
        return f"{best:,}"
    return f"{best:,} ({low:,} to {high:,})"


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# --- SQL ----------------------------------------------------------------------------------------

_BY_KEY = """
    select distinct version.event_key, bridge.incident_id
    from core.fct_event_version as version
    left join core.bridge_incident_event as bridge on version.event_key = bridge.event_key
    where replace(lower(version.event_key), ':', '-') = $key
    order by version.event_key
"""
_BY_PUBLISHERS_ID = """
    select distinct version.event_key, bridge.incident_id
    from core.fct_event_version as version
    left join core.bridge_incident_event as bridge on version.event_key = bridge.event_key
    where lower(version.source_event_id) = $id or lower(version.source_event_name) = $id
    order by version.event_key
"""
_ACTORS = """
    select distinct actor.actor_id, actor.actor_name
    from core.bridge_incident_event as bridge
    inner join core.fct_event_actor as side on bridge.event_key = side.event_key
    inner join core.dim_actor as actor on side.actor_id = actor.actor_id
    where bridge.incident_id = $incident_id and side.role in ('side_a', 'side_b')
    order by actor.actor_id
"""
_KM = """
    2 * 6371 * asin(sqrt(least(1,
        pow(sin(radians({a}.latitude - {b}.latitude) / 2), 2)
        + cos(radians({a}.latitude)) * cos(radians({b}.latitude))
        * pow(sin(radians({a}.longitude - {b}.longitude) / 2), 2)
    )))
"""
# Versions that no reader saw are none; publishing the same again is no change.
_HISTORY = """
    select
        version.event_key,
        count(*) filter (where version.change_kind <> 'superseded') as versions,
        max(version.recorded_from) filter (where version.change_kind in ('new', 'revised', 'withdrawn', 'restored'))
            as last_changed_at,
        arg_max(version.change_kind, version.version_number)
            filter (where version.change_kind in ('new', 'revised', 'withdrawn', 'restored')) as change_kind,
        arg_max(coalesce(version.source_release, load.partition_key), version.version_number)
            filter (where version.change_kind in ('new', 'revised', 'withdrawn', 'restored')) as changed_by
    from core.fct_event_version as version
    left join audit.load_history as load on version.attempt_id = load.attempt_id
    group by version.event_key
"""
_CLAIM = """
    event.event_key,
    event.feed,
    event.source_event_id,
    event.date_start,
    event.date_end,
    event.date_precision,
    event.country_iso3,
    event.admin1_name,
    event.place_name,
    event.latitude,
    event.longitude,
    event.where_precision,
    event.is_coordinate_centroid,
    event.violence_class,
    event.tactic,
    event.target_class,
    event.source_event_type,
    event.fatalities_low,
    event.fatalities_best,
    event.fatalities_high,
    event.event_description,
    event.first_recorded_at
"""
_RECORDS = f"""
    with history as ({_HISTORY})

    select
        {_CLAIM},
        {_KM.format(a="event", b="incident")} as km_from_chosen,
        event.event_key = incident.place_event_key as is_chosen_place,
        history.versions,
        history.last_changed_at,
        history.change_kind,
        history.changed_by
    from core.bridge_incident_event as bridge
    inner join core.fct_incident as incident on bridge.incident_id = incident.incident_id
    inner join core.fct_event as event on bridge.event_key = event.event_key
    inner join history on event.event_key = history.event_key
    where bridge.incident_id = $incident_id
    order by bridge.match_rule <> 'anchor', event.first_recorded_at, bridge.match_weight desc nulls last, event.event_key
"""
_LINKS = """
    select * exclude (incident_id, feed) from core.bridge_incident_event where incident_id = $incident_id
"""
_SIDE = """
    side.role,
    side.actor_name_raw,
    side.actor_part_raw,
    side.actor_id,
    actor.actor_name,
    side.match_method,
    side.is_ambiguous,
    side.is_joint,
    side.is_perpetrator
"""
_SIDES = f"""
    select side.event_key, {_SIDE}
    from core.fct_event_actor as side
    left join core.dim_actor as actor on side.actor_id = actor.actor_id
    where list_contains($events, side.event_key)
    order by side.event_key, side.role not in ('side_a', 'side_b'), side.role, side.actor_name_raw, side.actor_id
"""
_SIDES_LAST_SAID = f"""
    select {_SIDE}
    from core.fct_event_version_actor as side
    left join core.dim_actor as actor on side.actor_id = actor.actor_id
    where
        side.event_version_key = (
            select arg_max(event_version_key, version_number)
            from core.fct_event_version
            where event_key = $event_key
        )
    order by side.role not in ('side_a', 'side_b'), side.role, side.actor_name_raw, side.actor_id
"""
_DECISIONS = """
    select decision, event_key_a, event_key_b, decided_by, decided_date, reason, outcome
    from audit.incident_decision
    where list_contains($events, event_key_a) or list_contains($events, event_key_b)
    order by decision, event_key_a, event_key_b
"""
_LAST_SAID = f"""
    with history as ({_HISTORY})

    select
        {_CLAIM},
        cast(null as double) as km_from_chosen,
        false as is_chosen_place,
        history.versions,
        history.last_changed_at,
        history.change_kind,
        history.changed_by
    from core.fct_event_version as event
    inner join history on event.event_key = history.event_key
    where event.event_key = $event_key
    order by event.version_number desc
    limit 1
"""
# The first tombstone of the last row of them: a later release may leave it out again.
_WITHDRAWAL = """
    select
        version.recorded_from as recorded_at,
        version.released_at,
        coalesce(version.source_release, load.partition_key) as source_release
    from core.fct_event_version as version
    left join audit.load_history as load on version.attempt_id = load.attempt_id
    where
        version.event_key = $event_key
        and version.is_withdrawn
        and version.version_number > (
            select coalesce(max(version_number), 0)
            from core.fct_event_version
            where event_key = $event_key and not is_withdrawn
        )
    order by version.version_number
    limit 1
"""
_NEARBY = f"""
    with gone as (
        select date_start, date_end, latitude, longitude
        from core.fct_event_version
        where event_key = $event_key
        order by version_number desc
        limit 1
    ),

    near as (
        select
            incident.incident_id,
            incident.date_start,
            incident.date_end,
            incident.country_iso3,
            incident.admin1_name,
            incident.place_name,
            incident.latitude,
            incident.longitude,
            incident.feeds,
            {_KM.format(a="incident", b="gone")} as km_apart
        from core.fct_incident as incident
        inner join gone
            on incident.date_start <= gone.date_end + $days and incident.date_end >= gone.date_start - $days
    )

    select * from near where km_apart <= $km order by km_apart, incident_id limit $most
"""
