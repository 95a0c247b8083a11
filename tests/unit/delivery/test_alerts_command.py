"""`sahel alerts`: lists, formats, what a beginner is told who asks in vain, and delivering without Dagster.

Here: the command over published files made by hand. Not here: what is told to whom (test_webhook.py, test_files.py).
"""

import json
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest
from click.testing import CliRunner, Result

from expectations.report import MADE_BANNER
from orchestration import alert_page, cli
from orchestration.feeds import http
from orchestration.settings import Settings
from tests.unit.delivery.conftest import HOOK, SECRETS, Publish, Row, alert, posts
from tests.unit.feeds.fault_server import Answer, FaultServer


def alerts(*arguments: str, **environ: str) -> Result:
    result = CliRunner().invoke(cli.main, ["alerts", *arguments], env=environ)
    assert not any(secret in result.output for secret in SECRETS)
    return result


def complaint(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    (line,) = result.stderr.strip().splitlines()
    return line.removeprefix("sahel: ")


ROWS: list[Row] = [
    alert(1, days_ago=10, level="high"),
    alert(2, days_ago=5, country_iso3="BFA", area="Sahel (Burkina Faso)", summary="Sahel: 99 deaths"),
    alert(3, days_ago=5, level="low", summary="Gao: a little"),
    alert(4, days_ago=4, suppressed_by="x/y/z", suppression="covered", summary="Kidal: covered"),
    alert(5, days_ago=200, summary="Ségou: long ago"),
    alert(
        6, days_ago=1, alert_kind="data", area_kind="feed", area_id="gdelt", area="gdelt", source="gdelt",
        rule="feed_asleep", country_iso3=None, summary="gdelt sleeps", evidence=None,
    ),
]  # fmt: skip


@pytest.fixture
def listed(publish: Publish) -> None:
    publish(*ROWS)


@pytest.fixture
def hook(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(http, "BACKOFF_BASE_S", 0.0)
    return server.base + HOOK


@pytest.mark.usefixtures("listed")
def test_what_would_be_told_is_listed_by_kind_the_newest_first() -> None:
    result = alerts()
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    places = [
        next(number for number, line in enumerate(lines) if text in line)
        for text in ("Conflict:", "Sahel: 99 deaths", "Mopti 1 (Mali): 140 deaths", "Data alarms:", "gdelt sleeps", "sources:")
    ]  # fmt: skip
    assert places == sorted(places)
    assert not any(text in result.stdout for text in ("Gao", "Kidal", "Ségou"))
    assert "  HIGH    2026-05-31  Mopti 1 (Mali): 140 deaths" in result.stdout
    assert "evidence: ucdp:1, ucdp:2, ucdp:3 and 9 more" in result.stdout
    assert "ucdp: UCDP GED, CC BY 4.0. Sundberg & Melander." in result.stdout


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--country mli", {"Mopti 1"}),
        ("--country Mali", {"Mopti 1"}),
        ("--country BFA", {"Sahel: 99"}),
        ("--kind data", {"gdelt sleeps"}),
        ("--kind conflict", {"Mopti 1", "Sahel: 99"}),
        ("--since 2025-11-22", {"Mopti 1", "Sahel: 99", "Ségou", "gdelt sleeps"}),
        ("--since 2025-11-23", {"Mopti 1", "Sahel: 99", "gdelt sleeps"}),
        ("--all", {"Mopti 1", "Sahel: 99", "Gao", "Kidal", "gdelt sleeps"}),
        ("--all --country MLI --since 2025-11-01", {"Mopti 1", "Gao", "Kidal", "Ségou"}),
    ],
)
@pytest.mark.parametrize("style", ["table", "json", "markdown"])
def test_a_choice_in_each_format(arguments: str, told: set[str], style: str) -> None:
    result = alerts(*arguments.split(), "--format", style)
    assert result.exit_code == 0
    known = {"Mopti 1", "Sahel: 99", "Gao", "Kidal", "Ségou", "gdelt sleeps"}
    # As it was written, without JSON's escapes.
    held = str(json.loads(result.stdout)) if style == "json" else result.stdout
    assert {text for text in known if text in held} == told


@pytest.mark.usefixtures("listed")
def test_json_has_every_column_and_a_suppressed_one_says_why() -> None:
    rows = json.loads(alerts("--all", "--format", "json").stdout)
    assert [row["known_at"] for row in rows] == sorted((row["known_at"] for row in rows), reverse=True)
    (kidal,) = [row for row in rows if row["summary"] == "Kidal: covered"]
    assert (kidal["suppressed_by"], kidal["suppression"], kidal["value"]) == ("x/y/z", "covered", 140.0)
    assert "suppressed (covered) by x/y/z" in alerts("--all").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--country XX", "--country: no country is called 'XX'; write e.g. MLI or Mali"),
        ("--since 2026-07-01", "--since: 2026-07-01 is after today; write e.g. 2026-05-31"),
        ("--since yesterday", "does not match the format"),
        ("--kind war", "is not one of"),
        ("--deliver --country MLI", "--deliver stands alone: what is told is set in the environment"),
        ("--deliver --trial", "--deliver stands alone"),
        ("--deliver", "nobody is to be told; set SAHEL_WEBHOOK_URL"),
        ("--trial", "SAHEL_WEBHOOK_URL is not set; see docs/alerts_delivery.md"),
    ],
)
def test_wrong_usage_is_told_with_the_remedy(publish: Publish, arguments: str, told: str) -> None:
    publish()
    assert told in complaint(alerts(*arguments.split()), 2)


def test_nothing_published_and_too_old_a_file_are_told(settings: Settings, hook: str) -> None:
    for arguments in ((), ("--deliver",)):
        assert "run `sahel run` or `sahel demo` first" in complaint(
            alerts(*arguments, SAHEL_WEBHOOK_URL=hook), 1
        )
    settings.published.mkdir(parents=True)
    with duckdb.connect(str(settings.bi_file)) as connection:
        connection.execute("create schema marts; create table marts.country_month as select 1 as events")
    for arguments in ((), ("--deliver",)):
        assert (
            "the published file has no alerts yet: `sahel build` and `sahel publish` renew it"
            in complaint(alerts(*arguments, SAHEL_WEBHOOK_URL=hook), 1)
        )


def test_an_empty_answer_says_what_there_is_instead(publish: Publish) -> None:
    publish()
    result = alerts()
    assert result.exit_code == 0
    assert result.stdout.strip() == (
        "no alerts, level medium and above, about the last 550 days and known for 90 at most; the published file has none "
        "at all"
    )
    publish(*ROWS)
    said = alerts("--country", "MLI", "--since", "2026-06-04").stdout.strip()
    assert said == (
        "no alerts in MLI, level medium and above, about what happened since 2026-06-04; the newest is about 2026-05-31: "
        "--since 2026-05-31; 2 are suppressed or of a lower level: --all"
    )
    asked = alerts("--country", "TGO", "--format", "json")
    assert json.loads(asked.stdout) == []
    assert "no alerts in TGO" in asked.stderr


@pytest.mark.usefixtures("listed")
def test_made_data_say_so_and_not_within_json(settings: Settings, publish: Publish) -> None:
    publish(*ROWS, made=True)
    assert alerts().stdout.startswith(MADE_BANNER)
    assert f"> **{MADE_BANNER}**" in alerts("--format", "markdown").stdout
    told = alerts("--format", "json")
    assert MADE_BANNER in told.stderr
    assert len(json.loads(told.stdout)) == 3


@pytest.mark.usefixtures("listed")
def test_delivering_tells_what_it_did_and_the_second_time_nothing_new(
    settings: Settings, hook: str, server: FaultServer
) -> None:
    environ = {"SAHEL_WEBHOOK_URL": hook, "SAHEL_ALERT_FILES": "1"}
    first = alerts("--deliver", **environ)
    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines() == [
        "webhook: 3 new alerts posted",
        "files: alerts.atom and alerts.md written, 4 new of 4 alerts",
    ]
    assert alerts("--deliver", **environ).stdout.splitlines() == [
        "webhook: nothing new",
        "files: nothing new, 4 alerts",
    ]
    assert len(posts(server)) == 1
    assert "\n".join(path.name for path in settings.published.iterdir()).count("alerts.") == 2


@pytest.mark.usefixtures("listed")
def test_a_failed_delivery_is_one_line_and_a_failed_command(hook: str, server: FaultServer) -> None:
    server.script(HOOK, Answer(HOOK.encode(), status=503))
    told = complaint(alerts("--deliver", SAHEL_WEBHOOK_URL=hook), 1)
    assert told == "the webhook at 127.0.0.1 answered 503; nothing is lost, it is tried again next time"


def test_a_trial_is_posted_and_no_alert(hook: str, server: FaultServer) -> None:
    assert alerts("--trial", SAHEL_WEBHOOK_URL=hook).stdout == (
        "webhook: the trial was taken; look whether it has arrived\n"
    )
    (payload,) = posts(server)
    assert payload["text"] == "Sahel Monitor: a trial. Alerts will be posted here."
    server.script(HOOK, Answer(b"no_service", status=404))
    assert "make a new webhook" in complaint(alerts("--trial", SAHEL_WEBHOOK_URL=hook), 1)


def test_the_doctor_asks_whether_the_webhook_is_there(
    hook: str, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration import doctor

    monkeypatch.setattr(doctor, "_feeds", lambda settings: [])
    server.script("/", Answer(status=404))
    result = CliRunner().invoke(cli.main, ["doctor"], env={"SAHEL_WEBHOOK_URL": hook})
    assert (
        "ok    reach webhook: 127.0.0.1 answers; alerts of level medium and above are posted there"
        in result.stdout
    )
    assert not any(secret in result.output for secret in SECRETS)
    assert posts(server) == []


def test_every_alert_kind_has_words(settings: Settings, publish: Publish) -> None:
    publish(*ROWS)
    asked = alert_page.question(settings.now(), "low", everything=True)
    page = alert_page.read(replace(settings), asked)
    held = [line for _, lines in alert_page.sections(page)[:2] for line in lines]
    assert sum(line.startswith(("  LOW", "  MEDIUM", "  HIGH")) for line in held) == len(page.alerts)
