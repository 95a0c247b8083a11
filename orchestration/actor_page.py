"""One actor as the published file knows it: names, lineage in time, figures by source, and where all of it is from.

Here: finding the actor that a name means, reading its page, and the words for it. Not here: options and tables of
the command (cli.py); how a name in an event resolves (core.fct_event_version_actor, in dbt); who counts for whom
(core.actor_scope_member).
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from orchestration.published import NotFound, dicts, plain, sources

MOST_SUGGESTIONS = 5
LEAST_SIMILARITY = 0.75
WIDTH = 110

FROM_HERE = {
    "renamed_from": "is the new name of",
    "successor_of": "succeeds",
    "merged_into": "merged into",
    "member_of": "is part of",
    "splinter_of": "split from",
    "split_temporarily_from": "split for a time from",
    "allied_with": "is allied with",
    "affiliated_with": "is affiliated with",
    "contributes_to": "gives troops to",
    "rival_of": "fights",
}
"""What a relation says of the actor on whose page it stands; seen from the other side it reads as TO_HERE."""

TO_HERE = {
    "renamed_from": "is the later name",
    "successor_of": "succeeds it",
    "merged_into": "merged into it",
    "member_of": "is part of it",
    "splinter_of": "split from it",
    "split_temporarily_from": "split from it for a time",
    "allied_with": "is allied with it",
    "affiliated_with": "is affiliated with it",
    "contributes_to": "gives troops to it",
    "rival_of": "fights it",
}


class NoSuchActor(NotFound):
    """No actor, or more than one, is meant; the message is one line with what may be meant."""


@dataclass(frozen=True)
class Page:
    """What the published file holds of an actor. Figures of different sources stand side by side, never summed."""

    actor: dict[str, Any]
    names: tuple[dict[str, Any], ...]
    regimes: tuple[dict[str, Any], ...]
    relations: tuple[dict[str, Any], ...]
    """As said of it (``is_from_here``) and as others say it of it, the earliest first, undated ones last."""
    lineage: tuple[dict[str, Any], ...]
    """Who else counts for it under the scope `lineage`, and when."""
    figures: tuple[dict[str, Any], ...]
    """By source and scope. Deaths are those of the events, whoever killed; only one-sided violence says who did."""
    countries: tuple[dict[str, Any], ...]
    years: tuple[dict[str, Any], ...]
    sources: tuple[dict[str, Any], ...]

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def name_key(text: str) -> str:
    """A name as names are compared: what the macro actor_name_key of the dbt project makes of it."""
    text = re.sub(r"\(\s*\d{4}\s*[-–]\s*(\d{4})?\s*\)", " ", text)
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(sign)
    )
    return re.sub(r"[\W_]+", " ", re.sub(r"['’‘ʼ`´]", "", plain)).strip()


def find(reader: duckdb.DuckDBPyConnection, name: str) -> str:
    """The actor_id that ``name`` means: an id, a UCDP number, or any alias without regard to case and accents.

    An actor of the registry comes before one that only the UCDP list has. Raises ``NoSuchActor`` with suggestions.
    """
    wanted = name_key(name)
    if not wanted:
        raise NoSuchActor(f"{plain(name)!r} is no name; write e.g. `sahel actor jnim`")
    by_id = reader.execute(
        "select actor_id from core.dim_actor where lower(actor_id) = lower($name) or cast(ucdp_actor_id as varchar) = $name",
        {"name": name.strip()},
    ).fetchone()
    if by_id:
        return by_id[0]
    known = dicts(reader, _KNOWN_NAMES)
    meant: dict[str, dict[str, Any]] = {}
    for row in known:
        if name_key(row["alias"]) == wanted:
            meant.setdefault(row["actor_id"], row)
    if any(row["is_registered"] for row in meant.values()):
        meant = {actor_id: row for actor_id, row in meant.items() if row["is_registered"]}
    if len(meant) == 1:
        return next(iter(meant))
    if meant:
        told = ", ".join(
            f"{actor_id} ({plain(row['actor_name'])})" for actor_id, row in sorted(meant.items())
        )
        raise NoSuchActor(f"{plain(name)!r} may mean {told}; ask for one of them by its id")
    told = ", ".join(_suggestions(reader, wanted, known))
    hint = f"did you mean {told}?" if told else "`sahel query which_actors` lists those with events"
    raise NoSuchActor(f"no actor is named {plain(name)!r}; {hint}")


def read(reader: duckdb.DuckDBPyConnection, actor_id: str) -> Page:
    """The page of an actor that ``find`` found."""
    asked = {"actor_id": actor_id}
    figures = dicts(reader, _FIGURES, asked)
    return Page(
        actor=dicts(reader, "select * from core.dim_actor where actor_id = $actor_id", asked)[0],
        names=dicts(reader, _NAMES, asked),
        regimes=dicts(reader, _REGIMES, asked),
        relations=dicts(reader, _RELATIONS, asked),
        lineage=dicts(reader, _LINEAGE, asked),
        figures=figures,
        countries=dicts(reader, _COUNTRIES, asked),
        years=dicts(reader, _YEARS, asked),
        sources=sources(reader, (row["source"] for row in figures)),
    )


def heading(page: Page) -> list[str]:
    """Who it is, in two lines or three."""
    actor = page.actor
    about = [f"kind {actor['actor_kind']}"]
    if actor["country_iso3"]:
        about.append(f"home {actor['country_iso3']}")
    if actor["valid_from"] or actor["valid_to"]:
        about.append(_period(actor["valid_from"], actor["valid_to"]))
    if actor["ucdp_actor_id"] is not None:
        about.append(f"UCDP id {actor['ucdp_actor_id']}")
    lines = [f"{plain(actor['actor_name'])} ({actor['actor_id']})", "; ".join(about)]
    if not actor["is_registered"]:
        lines.append("not in the registry: only the UCDP actor list knows it, and its names resolve no event")
    if actor["is_umbrella"]:
        lines.append("an umbrella: the name covers several groups, so that what resolves to it is ambiguous")
    if actor["is_joint_coding"]:
        lines.append("a joint coding, no organisation: its events count for its members")
    return [*lines, f"from: {plain(actor['source'])}"]


def name_lines(page: Page) -> list[str]:
    """Names by source and language."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for row in page.names:
        told = plain(row["alias"])
        if row["valid_from"] or row["valid_to"]:
            told += f" [{_period(row['valid_from'], row['valid_to'])}]"
        if row["is_ambiguous"]:
            told += " (may mean others)"
        if row["has_country_suffix"]:
            told += " (…)"
        grouped.setdefault((row["source"], row["language"] or "-"), []).append(told)
    return [
        f"  {source:<18} {language:<7}  {'; '.join(names)}" for (source, language), names in grouped.items()
    ]


def regime_lines(page: Page) -> list[str]:
    return [
        f"  {_period(row['valid_from'], row['valid_to']):<26}  {plain(row['regime_name'])}"
        for row in page.regimes
    ]


def relation_lines(page: Page) -> list[str]:
    """Its history, a line per relation, each with where its date and statement are from."""
    lines = []
    for row in page.relations:
        basis = "dated by the first event here" if row["valid_from_basis"] == "first_event" else None
        other = f"{plain(row['other_name'])} ({row['other_actor_id']})"
        said = (
            f"{FROM_HERE[row['relation']]} {other}"
            if row["is_from_here"]
            else f"{other} {TO_HERE[row['relation']]}"
        )
        lines.append(
            f"  {_period(row['valid_from'], row['valid_to'], 'day not known'):<26}  {said}  "
            f"[{'; '.join(filter(None, (basis, plain(row['source']))))}]"
        )
    return lines


def lineage_lines(page: Page) -> list[str]:
    """Who else counts for it, the nearest first, as a tree of one level."""
    return [
        f"  {'└' if row is page.lineage[-1] else '├'} {_period(row['valid_from'], row['valid_to']):<26}  "
        f"{plain(row['actor_name'])} ({row['actor_id']})"
        for row in page.lineage
    ]


def _period(first: Any, end: Any, without: str = "at any time") -> str:
    """From the first day to the first day no longer; ``without`` is said where there is neither."""
    if first is None and end is None:
        return without
    if first is None:
        return f"until {end:%Y-%m-%d}"
    return f"{first:%Y-%m-%d} to {end:%Y-%m-%d}" if end else f"since {first:%Y-%m-%d}"


def _suggestions(
    reader: duckdb.DuckDBPyConnection, wanted: str, known: tuple[dict[str, Any], ...]
) -> list[str]:
    """The actors with the most similar names, each once, the registry's first."""
    names = [(name_key(row["alias"]), row["actor_id"], plain(row["actor_name"])) for row in known]
    rows = reader.execute(
        """select actor_id, any_value(actor_name)
           from (
               select unnest($keys) as name_key, unnest($ids) as actor_id, unnest($names) as actor_name
           )
           where
               jaro_winkler_similarity(name_key, $wanted) >= $least
               or length($wanted) > 3 and contains(' ' || name_key || ' ', ' ' || $wanted || ' ')
           group by actor_id
           order by actor_id like 'ucdp-%', max(jaro_winkler_similarity(name_key, $wanted)) desc, actor_id
           limit $most""",
        {
            "keys": [key for key, _, _ in names],
            "ids": [actor_id for _, actor_id, _ in names],
            "names": [actor_name for _, _, actor_name in names],
            "wanted": wanted,
            "least": LEAST_SIMILARITY,
            "most": MOST_SUGGESTIONS,
        },
    ).fetchall()
    return [f"{actor_id} ({actor_name})" for actor_id, actor_name in rows]


# --- SQL ----------------------------------------------------------------------------------------

_KNOWN_NAMES = """
    select alias.alias, actor.actor_id, actor.actor_name, actor.is_registered
    from core.actor_alias as alias
    inner join core.dim_actor as actor on alias.actor_id = actor.actor_id
    union
    select actor_name, actor_id, actor_name, is_registered from core.dim_actor
"""
_NAMES = """
    select source, language, alias, valid_from, valid_to, is_ambiguous, has_country_suffix
    from core.actor_alias
    where actor_id = $actor_id
    order by source <> 'registry', source, language, alias
"""
_REGIMES = """
    select regime_name, valid_from, valid_to, source
    from core.actor_regime
    where actor_id = $actor_id
    order by valid_from
"""
_RELATIONS = """
    select
        relation.relation,
        relation.actor_id = $actor_id as is_from_here,
        other.actor_id as other_actor_id,
        other.actor_name as other_name,
        relation.valid_from,
        relation.valid_to,
        relation.valid_from_basis,
        relation.source
    from core.bridge_actor_relation as relation
    inner join core.dim_actor as other
        on case when relation.actor_id = $actor_id then relation.other_actor_id else relation.actor_id end = other.actor_id
    where $actor_id in (relation.actor_id, relation.other_actor_id)
    order by relation.valid_from nulls last, relation.relation, other.actor_id
"""
_LINEAGE = """
    select member.actor_id, actor.actor_name, member.valid_from, member.valid_to
    from core.actor_scope_member as member
    inner join core.dim_actor as actor on member.actor_id = actor.actor_id
    where
        member.actor_scope = 'lineage'
        and member.scope_actor_id = $actor_id
        and member.actor_id <> $actor_id
    order by member.valid_from nulls first, member.actor_id
"""
# Violence only, as in the marts. An event with the actor in two roles, or with two members of its lineage, is one.
_EVENTS = """
    with sides as (
        select 'exact' as actor_scope, event_key, is_perpetrator, is_ambiguous
        from core.fct_event_actor
        where actor_id = $actor_id

        union all

        select 'lineage' as actor_scope, side.event_key, side.is_perpetrator, side.is_ambiguous
        from core.fct_event_actor as side
        inner join core.fct_event as event on side.event_key = event.event_key
        inner join core.actor_scope_member as member
            on
                side.actor_id = member.actor_id
                and member.actor_scope = 'lineage'
                and member.scope_actor_id = $actor_id
                and event.date_end >= coalesce(member.valid_from, date '0001-01-01')
                and event.date_end < coalesce(member.valid_to, date '9999-12-31')
    ),

    events as (
        select
            side.actor_scope,
            event.feed as source,
            event.event_key,
            any_value(event.country_iso3) as country_iso3,
            any_value(event.date_start) as date_start,
            any_value(event.date_end) as date_end,
            any_value(event.fatalities_best) as fatalities_best,
            any_value(event.fatalities_civilian) as fatalities_civilian,
            bool_or(side.is_perpetrator) as is_perpetrator,
            bool_and(side.is_ambiguous) as is_ambiguous
        from sides as side
        inner join core.fct_event as event on side.event_key = event.event_key
        where coalesce(event.violence_class, 'unclassified') not in ('demonstration', 'riot_mob', 'strategic')
        group by side.actor_scope, event.feed, event.event_key
    )
"""
_FIGURES = f"""
    {_EVENTS}

    select
        source,
        actor_scope,
        count(*) as events,
        cast(coalesce(sum(fatalities_best), 0) as bigint) as deaths,
        count(*) filter (where is_perpetrator) as as_perpetrator,
        -- Null where the source never tells whose deaths they were.
        case
            when count(fatalities_civilian) > 0
                then cast(coalesce(sum(fatalities_civilian) filter (where is_perpetrator), 0) as bigint)
        end as civilians_killed,
        count(*) filter (where is_ambiguous) as ambiguous,
        min(date_start) as first_date,
        min(date_start) filter (where fatalities_best > 0) as first_fatal_date,
        max(date_end) as last_date
    from events
    group by source, actor_scope
    order by source, actor_scope
"""
_COUNTRIES = f"""
    {_EVENTS}

    select
        source,
        country_iso3,
        count(*) as events,
        cast(coalesce(sum(fatalities_best), 0) as bigint) as deaths,
        min(date_start) as first_date,
        min(date_start) filter (where fatalities_best > 0) as first_fatal_date,
        max(date_end) as last_date
    from events
    where actor_scope = 'exact'
    group by source, country_iso3
    order by source, events desc, country_iso3
"""
_YEARS = f"""
    {_EVENTS}

    select
        source,
        cast(year(date_end) as integer) as event_year,
        count(*) as events,
        cast(coalesce(sum(fatalities_best), 0) as bigint) as deaths
    from events
    where actor_scope = 'exact'
    group by source, year(date_end)
    order by source, event_year
"""
