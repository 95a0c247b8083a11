"""Splink 5 on the same records, set up as its guide advises: what a linkage library does with these columns.

It is no dependency of the project: ``pip install --no-deps --target DIR splink==5.0.0 sqlglot pyarrow`` and PYTHONPATH=DIR.
Not here: what is right (``bench.incidents``).
"""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from orchestration.made_world.truth import EVENT_FEEDS, EventId

HOW_TO_INSTALL = "pip install --no-deps --target DIR splink==5.0.0 sqlglot pyarrow, and PYTHONPATH=DIR"

THRESHOLDS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)

RECORDS = """
    select
        feed || ' ' || event.source_event_id as unique_id,
        any_value(country_iso3) as country_iso3,
        any_value(admin1_id) as admin1_id,
        min(event.date_start) as date_start,
        max(event.date_end) as date_end,
        date_trunc('week', min(event.date_start)) as week,
        date_trunc('week', min(event.date_start)) + interval 7 day as next_week,
        any_value(latitude) as latitude,
        any_value(longitude) as longitude,
        nullif(min(place_key), '') as place_name,
        -- The dead of one topic are not all the dead.
        case when feed <> 'insecurity_insight' then max(fatalities_best) end as deaths,
        mode(nullif(violence_class, 'unclassified')) as violence_class,
        nullif(list_sort(list_distinct(flatten(list(families)))), []) as actors
    from core.fct_event as event
    inner join (
        select event_key, place_key, families from source.intermediate.int_incident__record
    ) as record using (event_key)
    where feed = ? and latitude is not null and coalesce(violence_class, '') not in ('demonstration', 'strategic')
    group by feed, event.source_event_id
"""
"""The columns that our own matching reads, our names of actors with their lineage and of places among them."""


def is_installed() -> bool:
    return find_spec("splink") is not None


def predicted_pairs(warehouse: Path) -> list[tuple[float, frozenset[EventId]]]:
    """Pairs of records and the probability that they match, the likeliest first; trained without labels (EM)."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    connection.execute(f"attach '{warehouse}' as source (read_only)")
    database = DuckDBAPI(connection=connection)
    records = RECORDS.replace("core.", "source.core.")
    frames = [connection.execute(records, [feed]).df() for feed in EVENT_FEEDS]

    def level(condition: str, label: str) -> dict[str, Any]:
        return {"sql_condition": condition, "label_for_charts": label}

    days_apart = (
        "greatest(0, date_diff('day', date_end_r, date_start_l), date_diff('day', date_end_l, date_start_r))"
    )
    one_day = "date_start_l = date_end_l and date_start_r = date_end_r and date_start_l = date_start_r"
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("country_iso3", "week"),
            "l.country_iso3 = r.country_iso3 and l.week = r.next_week",
            "l.country_iso3 = r.country_iso3 and l.next_week = r.week",
        ],
        comparisons=[
            compare.CustomComparison(
                output_column_name="date",
                comparison_levels=[
                    level(one_day, "same day"),
                    level(f"{days_apart} = 0", "spans meet"),
                    level(f"{days_apart} = 1", "a day apart"),
                    level(f"{days_apart} <= 3", "three days apart"),
                    levels.ElseLevel(),
                ],
            ),
            compare.DistanceInKMAtThresholds("latitude", "longitude", [3, 5, 12, 25, 60, 120]),
            compare.JaroWinklerAtThresholds("place_name", [0.94, 0.8]),
            compare.CustomComparison(
                output_column_name="deaths",
                comparison_levels=[
                    levels.NullLevel("deaths"),
                    level("deaths_l = deaths_r and deaths_l >= 10", "the same, ten or more"),
                    level("deaths_l = deaths_r and deaths_l >= 3", "the same, three or more"),
                    level("deaths_l = deaths_r", "the same"),
                    level(
                        "abs(deaths_l - deaths_r) <= greatest(2, 0.25 * greatest(deaths_l, deaths_r))",
                        "close",
                    ),
                    levels.ElseLevel(),
                ],
            ),
            compare.ExactMatch("violence_class"),
            compare.ArrayIntersectAtSizes("actors", [2, 1]),
        ],
    )
    # In the order of their names Splink takes the left one of a pair.
    tables = [
        database.register(frame, dataset_display_name=feed)
        for feed, frame in zip(EVENT_FEEDS, frames, strict=True)
    ]
    linker = Linker(tables, settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(
        ["l.country_iso3 = r.country_iso3 and l.date_start = r.date_start and l.place_name = r.place_name"],
        recall=0.25,
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e7, seed=1)
    # Learnt where one in few pairs is a match, on columns that no comparison looks at, so that all of them are learnt.
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("admin1_id", "week"))
    predicted = linker.inference.predict(threshold_match_probability=0.01).as_record_list()
    predicted.sort(key=lambda row: (-row["match_probability"], row["unique_id_l"], row["unique_id_r"]))
    return [
        (row["match_probability"], frozenset((_event_id(row["unique_id_l"]), _event_id(row["unique_id_r"]))))
        for row in predicted
    ]


def _event_id(unique_id: str) -> EventId:
    feed, _, source_event_id = unique_id.partition(" ")
    return feed, source_event_id
