"""What the promised question on alerts answers, on real data. How each is documented and asked: test_promised_questions."""

import json

from tests.queries.test_promised_questions import ask
from tests.served import RealHome, open_bi


def test_the_newest_alerts_come_first_conflict_and_data_apart(real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, "what_alerts"))
    kinds = [row["alert_kind"] for row in rows]
    assert kinds == sorted(kinds) and set(kinds) == {"conflict", "data"}
    conflict = [row for row in rows if row["alert_kind"] == "conflict"]
    days = [row["alert_date"] for row in conflict]
    assert days == sorted(days, reverse=True) and len(conflict) == 100
    # The deadliest month of Mali's last year in UCDP 24.1.
    (mali,) = [row for row in conflict if row["rule"] == "hdx_conflict" and row["alert_date"][:4] == "2023"]
    assert mali["summary"] == (
        "Mali: 411 deaths in the 30 days to 2023-10-05, not exceeded in a year; before that 399 at most (ucdp)"
    )
    assert (
        0.5 < mali["rule_share_borne_out"] <= 1 and mali["rule_base_rate"] < 0.3 and mali["rule_judged"] == 20
    )


def test_what_is_suppressed_is_not_told(real_home: RealHome) -> None:
    told = {row["alert_id"] for row in json.loads(ask(real_home.settings.home, "what_alerts"))}
    with open_bi(real_home.settings) as bi:
        suppressed = {
            name
            for (name,) in bi.execute(
                "select alert_id from marts.alert where suppressed_by is not null"
            ).fetchall()
        }
    assert told and suppressed and not told & suppressed
