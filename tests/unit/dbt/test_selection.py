"""What a build makes anew, as dbt understands our selection. Not here: when there is anything to build (steps)."""

from pathlib import Path

import pytest
from dbt.cli import main as dbt

from orchestration.settings import Settings
from orchestration.transform import DBT_PROJECT, _environment, build_command, project_arguments

OF_EVENTS = {
    *("fct_event", "fct_incident", "bridge_incident_event", "int_incident__pair", "int_incident__membership"),
    *(
        "int_event__location",
        "int_event__nearest_place",
        "int_event__boundary_unit",
        "dim_place",
        "dim_admin2",
    ),
    *("source_agreement", "incident_decision", "place_method", "disputed_place"),
    *("unresolved_actor", "unresolved_place"),
    *("int_alert__conflict", "int_alert__outcome", "int_event__first_told"),
}
"""Every event is placed, matched and judged anew in them, so a tick that brings none must not touch them."""
ALERTS = {"int_alert__candidate", "int_alert__suppression", "alert", "alert_rule_record"}
"""A feed that falls asleep is told by no row."""

OF_FORECASTS = {
    *("int_forecast__month", "int_forecast__prediction", "int_forecast__score", "forecast", "forecast_score"),
}
"""They are made of UCDP's deaths alone, and are dear."""

pytestmark = pytest.mark.xdist_group("dbt_project")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.from_env(tmp_path_factory.mktemp("selection"), environ={})


def built(home: Settings, feed: str) -> set[str]:
    """Names of the models that a build makes after news of the feed."""
    _, *options = build_command({feed})
    with _environment(home):
        answer = dbt.dbtRunner().invoke(
            ["ls", *options, "--resource-type", "model", *project_arguments(home)]
        )
    assert answer.success, answer.exception
    return {name.rsplit(".", 1)[1] for name in answer.result}


@pytest.mark.parametrize("feed", ["gdelt", "news", "audit"])
def test_a_tick_without_events_leaves_places_and_incidents_alone(home: Settings, feed: str) -> None:
    assert built(home, feed) & OF_EVENTS == set()


@pytest.mark.parametrize("feed", ["ucdp", "acled", "insecurity_insight"])
def test_new_events_are_placed_and_matched(home: Settings, feed: str) -> None:
    assert OF_EVENTS - built(home, feed) == {"dim_place", "dim_admin2"}


@pytest.mark.parametrize("feed", ["acled", "insecurity_insight", "gdelt", "news", "audit"])
def test_other_feeds_leave_forecasts_alone(home: Settings, feed: str) -> None:
    assert built(home, feed) & OF_FORECASTS == set()


def test_ucdps_news_make_new_forecasts(home: Settings) -> None:
    assert built(home, "ucdp") >= OF_FORECASTS


def test_polygons_move_events(home: Settings) -> None:
    assert OF_EVENTS - built(home, "boundaries") <= {"dim_place"}


def test_what_tells_of_the_ledger_is_built_each_time(home: Settings) -> None:
    telling = {
        path.stem
        for path in Path(DBT_PROJECT, "models", "audit").glob("*.sql")
        if "source('ledger'" in path.read_text(encoding="utf-8")
    }
    assert len(telling) > 4
    assert built(home, "audit") == telling | {"gdelt_slot_day", "dim_source"} | ALERTS
