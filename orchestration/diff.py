"""What changed between two moments in what the published file knew, and which release or sync changed it.

Here: reading the two moments, the SQL that sets what was known at one against what was known at the other, and
the words for the answer. Not here: options, tables and files of the command (cli.py); how versions come about
(warehouse/promote.py); what a version is (core.fct_event_version and core.events_as_known_on, in dbt).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import duckdb

from expectations.reference import countries
from orchestration.published import dicts, plain

EVENT_FEEDS = ("ucdp", "acled", "insecurity_insight")
"""The feeds whose events have versions; the others tell of media, people or money."""

CHANGE_COLUMNS = (
    "feed", "event_key", "country_iso3", "date_end", "change", "field", "old_value", "new_value",
    "source_release", "recorded_at", "attempt_id", "payload_sha256",
)  # fmt: skip
"""Of CSV and JSON: one row per event and changed field. An event that came or went has one row, its deaths."""

DEATHS = "fatalities_best"
NOT_COMPARED = (
    *("event_version_key", "event_key", "version_number", "previous_version_number", "change_kind"),
    *("is_withdrawn", "is_current", "first_recorded_at", "first_released_at"),
    *("recorded_from", "recorded_to", "released_at", "released_to", "attempt_id", "payload_sha256"),
    *("feed", "source_event_id", "source_release", "source_stream"),
)
"""Columns of a version that say which version it is and where it came from; all others are what it tells."""

MOST_FIELDS = 6
MOST_CAUSES = 6
LONGEST_VALUE = 40
COUNTRY_SUMS = (
    *("events_before", "events_came", "events_withdrawn", "events_moved_in", "events_moved_out", "events_after"),
    *("deaths_before", "deaths_came", "deaths_withdrawn", "deaths_revised", "deaths_moved", "deaths_after"),
)  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """A point in time as the user named it: a day means its end."""

    at: datetime
    told: str

    @classmethod
    def read(cls, text: str, now: datetime) -> "Moment":
        """An ISO day or instant. Raises ``ValueError`` with the remedy for anything else, and for the future."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is neither a day nor an instant; write e.g. 2026-03-01 or 2026-03-01T12:00"
            ) from None
        instant = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if (day > now.date()) if day else (instant > now):
            raise ValueError(
                f"{text} is in the future; what will be known then is not known yet, write {now:%Y-%m-%d} at the latest"
            )
        if day:
            end = datetime.combine(day, time(), UTC) + timedelta(days=1, microseconds=-1)
            return cls(end, day.isoformat())
        return cls(instant, f"{instant:%Y-%m-%dT%H:%M:%S}Z")

    @property
    def naive(self) -> datetime:
        """As the database has times: UTC without saying so."""
        return self.at.replace(tzinfo=None)


@dataclass(frozen=True)
class Question:
    """Two moments, the earlier first, and what to look at: a feed or a country, or all there is."""

    since: Moment
    until: Moment
    feed: str | None = None
    country: str | None = None


@dataclass(frozen=True)
class Answer:
    """What differs. ``changes`` has a row per event and field, ``events`` one per event, the largest first."""

    question: Question
    newest_load_at: datetime | None
    feeds: tuple[dict[str, Any], ...]
    """By feed: when it was first loaded; how many events changed and changed back, or were published again."""
    country_sums: tuple[dict[str, Any], ...]
    """By feed and country: COUNTRY_SUMS. Before + came - withdrawn + moved in - moved out = after."""
    changes: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]


def question(
    since: str, until: str, now: datetime, feed: str | None = None, country: str | None = None
) -> Question:
    """The question as asked on the command line. Raises ``ValueError`` with the remedy if it cannot be asked."""
    first, last = Moment.read(since, now), Moment.read(until, now)
    if first.at == last.at:
        raise ValueError(
            f"both dates are {first.told}; name two, as {first.told} and {now:%Y-%m-%d}, or two instants of a day"
        )
    if first.at > last.at:
        raise ValueError(f"{first.told} is after {last.told}; write the earlier one first")
    if feed is not None and feed not in EVENT_FEEDS:
        raise ValueError(
            f"--feed: {feed} has no events with versions, only {', '.join(EVENT_FEEDS)} have; "
            "for articles that were rewritten ask `sahel query what_changed`"
        )
    if country is not None and country.upper() not in {known.country_iso3 for known in countries()}:
        raise ValueError(f"--country: {country!r} is not an ISO 3166-1 alpha-3 code; write e.g. MLI")
    return Question(first, last, feed, country.upper() if country else None)


def compare(reader: duckdb.DuckDBPyConnection, asked: Question) -> Answer:
    """What the published file knew at the one moment against the other. Makes temporary tables in ``reader``."""
    moments = {"since": asked.since.naive, "until": asked.until.naive}
    feed, country = {"feed": asked.feed}, {"country": asked.country}
    reader.execute(_KNOWN, moments | feed | country)
    reader.execute(_STEP, moments | feed)
    reader.execute(_TOLD.format(fields=_fields(reader)))
    reader.execute(_FIELD)
    reader.execute(_CHANGE)
    return Answer(
        question=asked,
        newest_load_at=reader.execute("select max(recorded_at) from audit.load_history").fetchone()[0],
        feeds=dicts(reader, _FEEDS, feed | country),
        country_sums=dicts(reader, _COUNTRY_SUMS, country),
        changes=dicts(reader, _CHANGES),
        events=dicts(reader, _EVENTS),
    )


def attributions(reader: duckdb.DuckDBPyConnection, feeds: set[str] | None = None) -> list[str]:
    """How to name those of ``feeds`` (None: all that the file holds) whose licence restricts what may be done with
    their figures."""
    rows = reader.execute(
        """select attribution from core.dim_source
           where not redistribution_allowed and accessed_at is not null and ($feeds is null or list_contains($feeds, feed))
           order by feed""",
        {"feeds": sorted(feeds) if feeds is not None else None},
    ).fetchall()
    return [text for (text,) in rows]


def heading(answer: Answer) -> str:
    """What is compared, and how far the published file reaches."""
    asked = answer.question
    about = " ".join(filter(None, (asked.feed, asked.country)))
    newest = f"{answer.newest_load_at:%Y-%m-%d %H:%M}" if answer.newest_load_at else "none"
    return (
        f"what was known {_spoken(asked.since)}, and {_spoken(asked.until)} (UTC){f', only {about}' if about else ''}; "
        f"newest load in the published file: {newest}"
    )


def summary(answer: Answer) -> list[str]:
    """The answer in plain words, feed by feed. Feeds are never added up: they tell of the same incidents."""
    asked = answer.question
    lines = []
    for feed in answer.feeds:
        name, first = feed["feed"], feed["first_recorded_at"]
        if first > asked.until.naive:
            lines.append(
                f"{name}: nothing was known before {first:%Y-%m-%d %H:%M}, its first load; ask for later dates"
            )
            continue
        lines.append(_sentence(answer, name))
        if feed["changed_back"]:
            lines.append(
                f"{name}: {_counted(feed['changed_back'], 'event')} changed and changed back in between"
            )
        if feed["published_again"]:
            lines.append(
                f"{name}: {_counted(feed['published_again'], 'event')} published again, "
                "with no difference in what this file holds of them"
            )
        if first > asked.since.naive:
            lines.append(
                f"{name}: nothing was known before {first:%Y-%m-%d %H:%M}, its first load, "
                "so all that came with it counts as come"
            )
    if not lines:
        about = " ".join(filter(None, (asked.feed, asked.country))) or "any event"
        lines.append(f"nothing was known of {about} at either date; `sahel status` tells what is loaded")
    return lines


def country_rows(answer: Answer) -> list[dict[str, Any]]:
    """The sums of the countries in which something changed, and of each feed; deaths are best estimates."""
    rows = []
    for feed in dict.fromkeys(row["feed"] for row in answer.country_sums):
        sums = [row for row in answer.country_sums if row["feed"] == feed]
        shown = [row for row in sums if _has_changed(row)]
        if shown and len(sums) > 1:
            shown.append(
                {"feed": feed, "country_iso3": "all"} | {n: sum(r[n] for r in sums) for n in COUNTRY_SUMS}
            )
        rows += shown
    has_moves = any(row["events_moved_in"] or row["events_moved_out"] for row in answer.country_sums)
    return [_country_row(row, has_moves) for row in rows]


def event_lines(answer: Answer, limit: int) -> list[str]:
    """The largest changes, by the deaths that they move, each with the release or sync that made it."""
    fields_of: dict[str, list[dict[str, Any]]] = {}
    for change in answer.changes:
        fields_of.setdefault(change["event_key"], []).append(change)
    return [_event_line(event, fields_of[event["event_key"]]) for event in answer.events[:limit]]


# --- words --------------------------------------------------------------------------------------


def _spoken(moment: Moment) -> str:
    return f"at the end of {moment.told}" if len(moment.told) == len("2026-03-01") else f"at {moment.told}"


def _sentence(answer: Answer, feed: str) -> str:
    """One feed's changes and their causes, as an analyst would write them below a figure."""
    asked = answer.question
    between = f"between {asked.since.told} and {asked.until.told}"
    events = [event for event in answer.events if event["feed"] == feed]
    if not events:
        known = sum(row["events_after"] for row in answer.country_sums if row["feed"] == feed)
        if not known:
            where = f" in {asked.country}" if asked.country else ""
            return f"{feed}: no event{where} was known at either date"
        return f"{feed}: nothing changed {between}; {_counted(known, 'event')} known at both"
    counted = Counter(event["change"] for event in events)
    deaths = {
        name: sum(row[f"deaths_{name}"] for row in answer.country_sums if row["feed"] == feed)
        for name in ("came", "withdrawn")
    }
    return (
        f"{feed}: {_counted(counted['appeared'], 'event')} came{_of_deaths(deaths['came'])}, "
        f"{counted['withdrawn']:,} {'was' if counted['withdrawn'] == 1 else 'were'} withdrawn{_of_deaths(-deaths['withdrawn'])}, "
        f"{counted['revised']:,} revised{_revisions(answer, feed)} {between}; because of: {_causes(answer, feed)}"
    )


def _revisions(answer: Answer, feed: str) -> str:
    """In how many events each field was revised, deaths first."""
    changes = [row for row in answer.changes if row["feed"] == feed and row["change"] == "revised"]
    fields = Counter(row["field"] for row in changes)
    told = []
    if by := fields.pop(DEATHS, 0):
        net = sum(
            _deaths(row["new_value"]) - _deaths(row["old_value"]) for row in changes if row["field"] == DEATHS
        )
        told.append(f"{DEATHS}: {_counted(by, 'event')}, {net:+,} deaths net")
    told += [f"{field}: {_counted(by, 'event')}" for field, by in fields.most_common(MOST_FIELDS)]
    if len(fields) > MOST_FIELDS:
        told.append(f"{_counted(len(fields) - MOST_FIELDS, 'more field')}")
    return f" ({'; '.join(told)})" if told else ""


def _causes(answer: Answer, feed: str) -> str:
    """Releases and syncs in the order in which they were recorded, each with how many events it changed.

    An event that several of them revised counts with each. Of many, as of a feed with weekly edits, the newest are named.
    """
    order: dict[str, int] = {}
    changed: dict[tuple[str, str], set[str]] = {}
    for row in answer.changes:
        if row["feed"] == feed:
            release = row["source_release"] or "an unnamed load"
            order[release] = max(order.get(release, 0), row["attempt_id"] or 0)
            changed.setdefault((release, row["kind"]), set()).add(row["event_key"])
    told = [
        f"{release} ({', '.join(f'{len(events):,} {kind}' for (of, kind), events in sorted(changed.items()) if of == release)})"
        for release in sorted(order, key=lambda release: (order[release], release))
    ]
    earlier = len(told) - MOST_CAUSES
    return (f"{earlier} earlier ones, " if earlier > 0 else "") + ", ".join(told[-MOST_CAUSES:])


def _event_line(event: dict[str, Any], changes: list[dict[str, Any]]) -> str:
    if event["change"] == "revised":
        ordered = sorted(changes, key=lambda row: (row["field"] != DEATHS, row["field"]))
        told = "; ".join(
            f"{row['field']} {_value(row['old_value'])} -> {_value(row['new_value'])}"
            for row in ordered[:MOST_FIELDS]
        )
        if len(ordered) > MOST_FIELDS:
            told += f"; {_counted(len(ordered) - MOST_FIELDS, 'more field')}"
    else:
        told = _counted(_deaths(changes[0]["new_value"]) + _deaths(changes[0]["old_value"]), "death")
    day = f"{event['date_end']:%Y-%m-%d}" if event["date_end"] else "no date"
    return (
        f"{event['change']:<9}  {event['country_iso3'] or 'unknown'} {day} {_value(event['event_key'])}: {told}  "
        f"[{event['steps']}]"
    )


def _country_row(row: dict[str, Any], has_moves: bool) -> dict[str, Any]:
    """A row of sums as it is shown; moves to and from other countries only where there are any."""
    moved = row["events_moved_in"] - row["events_moved_out"]
    return {
        "feed": row["feed"],
        "country": row["country_iso3"] or "unknown",
        "events before": row["events_before"],
        "came": row["events_came"],
        "withdrawn": -row["events_withdrawn"],
        **({"moved": moved} if has_moves else {}),
        "events after": row["events_after"],
        "deaths before": row["deaths_before"],
        "by new": row["deaths_came"],
        "by withdrawal": row["deaths_withdrawn"],
        "by revision": row["deaths_revised"],
        **({"by move": row["deaths_moved"]} if has_moves else {}),
        "deaths after": row["deaths_after"],
    }


def _value(text: str | None) -> str:
    """A publisher's value on one line of a terminal: short, and without signs that would steer it."""
    if text is None:
        return "(none)"
    told = plain(text)
    return told if len(told) <= LONGEST_VALUE else f"{told[: LONGEST_VALUE - 1]}…"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _of_deaths(number: int) -> str:
    return f" ({_counted(number, 'death')})" if number else ""


def _deaths(text: str | None) -> int:
    return int(text or 0)


def _has_changed(row: dict[str, Any]) -> bool:
    """Whether a country's sums moved; a revision of deaths within one that leaves the sum is in the events."""
    return any(row[name] for name in COUNTRY_SUMS if not name.endswith(("_before", "_after")))


# --- SQL ----------------------------------------------------------------------------------------


def _fields(reader: duckdb.DuckDBPyConnection) -> str:
    """Every column that tells of the event, as a list of (field, value as text)."""
    names = [name for name, *_ in reader.execute("describe core.fct_event_version").fetchall()]
    return ", ".join(
        f"""{{'field': '{name}', 'value': cast(version."{name}" as varchar)}}"""
        for name in names
        if name not in NOT_COMPARED
    )


_KNOWN = f"""
    -- Each event that was known at either moment, with both sides beside each other.
    create or replace temp table known as
    select
        event_key,
        coalesce(after.feed, before.feed) as feed,
        before.version_number as version_before,
        after.version_number as version_after,
        before.country_iso3 as country_before,
        after.country_iso3 as country_after,
        coalesce(before.{DEATHS}, 0) as deaths_before,
        coalesce(after.{DEATHS}, 0) as deaths_after,
        before.{DEATHS} as told_deaths_before,
        after.{DEATHS} as told_deaths_after,
        coalesce(after.date_end, before.date_end) as date_end,
        before.version_number is not null and after.version_number is not null
            and before.country_iso3 is distinct from after.country_iso3 as has_moved
    from core.events_as_known_on($since) as before
    full join core.events_as_known_on($until) as after using (event_key)
    where
        ($feed is null or coalesce(after.feed, before.feed) = $feed)
        and ($country is null or before.country_iso3 = $country or after.country_iso3 = $country)
"""
_STEP = """
    -- Each version recorded in between: what was done, and by which release or sync. What the same load superseded was
    -- never known to a reader, yet it may be what changed a value.
    create or replace temp table step as
    select
        version.event_key,
        version.feed,
        version.version_number,
        version.change_kind,
        version.is_withdrawn,
        version.country_iso3,
        coalesce(version.source_release, load.partition_key) as source_release,
        version.recorded_from as recorded_at,
        version.attempt_id,
        version.payload_sha256
    from core.fct_event_version as version
    left join audit.load_history as load on version.attempt_id = load.attempt_id
    where
        version.recorded_from > $since
        and version.recorded_from <= $until
        and ($feed is null or version.feed = $feed)
"""
_TOLD = """
    -- What each version told, field by field, of the events known at both moments in different versions.
    create or replace temp table told as
    select
        version.event_key,
        version.version_number,
        version.change_kind <> 'superseded' as was_seen,
        unnest([{fields}], recursive := true)
    from core.fct_event_version as version
    inner join known on version.event_key = known.event_key
    where
        known.version_before < known.version_after
        and version.version_number between known.version_before and known.version_after
"""
_FIELD = """
    -- Old against new, not step by step. What made the new value is the version after the last that told another.
    create or replace temp table field as
    select
        told.event_key,
        told.field,
        any_value(told.value) filter (told.version_number = known.version_before) as old_value,
        newest.value as new_value,
        max(told.version_number) filter (told.value is distinct from newest.value) as last_other_version,
        bool_or(told.was_seen and told.value is distinct from newest.value) as has_differed
    from told
    inner join known on told.event_key = known.event_key
    inner join told as newest
        on
            told.event_key = newest.event_key
            and told.field = newest.field
            and known.version_after = newest.version_number
    group by told.event_key, told.field, newest.value
"""
_CHANGE = f"""
    -- One row per event and changed field, with the version that made it so: the first after the last that told
    -- otherwise.
    create or replace temp table change as
    with came_or_went as (
        select
            known.event_key,
            known.version_after is null as has_gone,
            known.told_deaths_before,
            known.told_deaths_after,
            coalesce(max(step.version_number) filter (step.is_withdrawn <> (known.version_after is null)), 0)
                as last_other_version
        from known
        left join step on known.event_key = step.event_key
        where known.version_before is null or known.version_after is null
        group by all
    ),

    differing as (
        select
            event_key,
            case when has_gone then 'withdrawn' else 'appeared' end as change,
            '{DEATHS}' as field,
            cast(told_deaths_before as varchar) as old_value,
            cast(told_deaths_after as varchar) as new_value,
            last_other_version
        from came_or_went

        union all

        select event_key, 'revised' as change, field, old_value, new_value, last_other_version
        from field
        where old_value is distinct from new_value
    )

    select
        differing.* exclude (last_other_version),
        min(step.version_number) as version_number,
        -- An event that came is new or restored; the first version that a reader saw says which.
        arg_min(step.change_kind, step.version_number) filter (step.change_kind <> 'superseded') as seen_kind
    from differing
    left join step
        on differing.event_key = step.event_key and differing.last_other_version < step.version_number
    group by all
"""
_CHANGES = f"""
    select
        known.feed,
        known.event_key,
        coalesce(known.country_after, known.country_before) as country_iso3,
        known.date_end,
        change.change,
        change.field,
        change.old_value,
        change.new_value,
        step.source_release,
        step.recorded_at,
        step.attempt_id,
        step.payload_sha256,
        -- Not for files: the summary's word for what the release did.
        case change.change when 'appeared' then change.seen_kind else change.change end as kind
    from change
    inner join known on change.event_key = known.event_key
    left join step on change.event_key = step.event_key and change.version_number = step.version_number
    order by known.feed, change.change, known.date_end, known.event_key, change.field <> '{DEATHS}', change.field
"""
_EVENTS = """
    with differing as (
        select event_key, any_value(change) as change, count(*) as fields from change group by event_key
    ),

    chain as (
        select
            event_key,
            string_agg(
                concat_ws(' ', source_release, change_kind, strftime(recorded_at, '%Y-%m-%d')),
                ' > ' order by version_number
            ) as steps
        from step
        group by event_key
    )

    select
        known.feed,
        known.event_key,
        coalesce(known.country_after, known.country_before) as country_iso3,
        known.date_end,
        differing.change,
        chain.steps
    from differing
    inner join known on differing.event_key = known.event_key
    left join chain on differing.event_key = chain.event_key
    order by
        abs(known.deaths_after - known.deaths_before) desc, differing.fields desc, known.date_end desc, known.event_key
"""
_FEEDS = """
    -- Touched in between and no different at the end: changed and changed back, or published again.
    with touched as (
        select
            step.feed,
            step.event_key,
            known.event_key is null
            or bool_or(step.change_kind = 'withdrawn')
            or step.event_key in (select event_key from field where has_differed) as is_back
        from step
        left join known on step.event_key = known.event_key
        where step.change_kind <> 'superseded' and step.event_key not in (select event_key from change)
        group by step.feed, step.event_key, known.event_key
        having
            -- A tombstone of what no reader ever knew is nothing.
            (known.event_key is not null or bool_or(step.change_kind in ('new', 'restored')))
            and ($country is null or known.event_key is not null or bool_or(step.country_iso3 = $country))
    ),

    counted as (
        select
            feed,
            count(*) filter (is_back) as changed_back,
            count(*) filter (not is_back) as published_again
        from touched
        group by feed
    )

    select
        version.feed,
        min(version.recorded_from) as first_recorded_at,
        coalesce(any_value(counted.changed_back), 0) as changed_back,
        coalesce(any_value(counted.published_again), 0) as published_again
    from core.fct_event_version as version
    left join counted on version.feed = counted.feed
    where ($feed is null or version.feed = $feed)
    group by version.feed
    order by version.feed
"""
_COUNTRY_SUMS = """
    -- Each event enters its country before with one row and its country after with another. A move carries the
    -- old deaths over, so that moves cancel out over the countries; what was revised at once counts as revised.
    with entries as (
        select
            feed,
            country_before as country_iso3,
            1 as events_before,
            0 as events_came,
            cast(version_after is null as integer) as events_withdrawn,
            0 as events_moved_in,
            cast(has_moved as integer) as events_moved_out,
            0 as events_after,
            deaths_before,
            0 as deaths_came,
            case when version_after is null then -deaths_before else 0 end as deaths_withdrawn,
            0 as deaths_revised,
            case when has_moved then -deaths_before else 0 end as deaths_moved,
            0 as deaths_after
        from known
        where version_before is not null

        union all

        select
            feed,
            country_after,
            0,
            cast(version_before is null as integer),
            0,
            cast(has_moved as integer),
            0,
            1,
            0,
            case when version_before is null then deaths_after else 0 end,
            0,
            case when version_before is null then 0 else deaths_after - deaths_before end,
            case when has_moved then deaths_before else 0 end,
            deaths_after
        from known
        where version_after is not null
    )

    select feed, country_iso3, cast(sum(columns(* exclude (feed, country_iso3))) as bigint)
    from entries
    where $country is null or country_iso3 = $country
    group by feed, country_iso3
    order by feed, country_iso3
"""
