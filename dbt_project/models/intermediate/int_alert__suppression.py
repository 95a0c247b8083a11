"""Which alerts nobody needs to be sent, and which alert stands in their place.

Here: the decisions, and nothing else; what a rule finds is SQL (int_alert__<rule>), how long it keeps quiet and what covers
it are seeds. It is Python because each decision depends on those before it. One row per suppressed alert.

Reasons: ``repeated``, a rule found the same in the same source, area and actors again within its days, at no higher
level (in the order in which they could be known, and then from the oldest on, as HDX Signals does); ``covered``,
another rule told of it, known no later; ``other_source``, the same rule found it in a source that was known earlier,
at no lower level. A rule that covers itself covers the alert on a country by that on a unit of it. A suppressed alert
suppresses nothing. Where what an alert repeats was itself suppressed later on, the alert that stands for both is
named, so that nobody follows a chain.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict

import pandas as pd

LEVELS = {"low": 0, "medium": 1, "high": 2}
COLUMNS = """
    alert_id, rule, source, country_iso3, area_kind, area_id, actor_id, other_actor_id,
    date_diff('day', date '1970-01-01', alert_date), level, epoch_us(known_at)
"""


def model(dbt, session):
    dbt.config(materialized="table")
    alerts = dbt.ref("int_alert__candidate").project(COLUMNS).fetchall()
    days = dict(dbt.ref("alert_rule").project("rule, suppress_days").fetchall())
    covers = dbt.ref("alert_rule_cover").project("rule, covered_by, days").fetchall()
    columns = ["alert_id", "suppressed_by", "suppression"]
    return pd.DataFrame(suppressed(alerts, days, covers), columns=columns, dtype="str")


def suppressed(alerts, suppress_days, covers=()):
    """Rows (alert_id, suppressed_by, suppression) of the alerts that are suppressed.

    ``alerts`` are as ``model`` asks for them, in any order; ``covers`` are (rule, covered_by, days).
    """
    reasons = repeats([Alert(row) for row in alerts], suppress_days)
    waiting = [alert for alert in map(Alert, alerts) if alert.id not in reasons]
    reasons |= covered(waiting, suppress_days, covers)
    for alert_id, (by, reason) in reasons.items():
        yield alert_id, reasons[by][0] if by in reasons else by, reason


class Alert:
    """An alert as it is compared: ``subject`` is whom it tells of, ``day`` its date, ``known`` when it could be known."""

    def __init__(self, row):
        (
            self.id,
            self.rule,
            self.source,
            self.country,
            self.area_kind,
            self.area,
            self.actor,
            self.other,
            self.day,
            level,
            self.known,
        ) = row
        self.level = LEVELS[level]

    @property
    def subject(self):
        return (self.rule, self.area_kind, self.area, self.actor, self.other)

    def is_within(self, other):
        """Whether nothing that both name differs: an alert on a country is about all its units and actors."""
        return (
            self.country == other.country
            and (self.area_kind != other.area_kind or self.area == other.area)
            and (
                self.actor is None
                or other.actor is None
                or (self.actor, self.other) == (other.actor, other.other)
            )
        )

    def is_part_of(self, other):
        """Whether it says of a unit, at no lower level, what the other says of the unit's country."""
        return (self.area_kind, other.area_kind) == ("admin1", "country") and self.level >= other.level


def repeats(alerts, suppress_days):
    """What a kept alert of the same subject and source said at the same level or above.

    In the order in which they could be known, of those known at once from the oldest on: what was sent is not taken back
    when an earlier day comes to fill, nor said again.
    """
    reasons, kept = {}, defaultdict(list)
    for alert in sorted(alerts, key=lambda alert: (alert.known, alert.day, -alert.level, alert.id)):
        told = kept[(alert.source, *alert.subject)]
        near = around(told, alert, suppress_days[alert.rule])
        by = next((one for one in near if one.level >= alert.level), None)
        if by:
            reasons[alert.id] = (by.id, "repeated")
        else:
            told.insert(bisect_right(told, alert.day, key=lambda one: one.day), alert)
    return reasons


def covered(alerts, suppress_days, covers):
    """In the order in which they could be known; of what was known at once, covering rules and units come first."""
    of_rule, depth = defaultdict(list), depths(covers)
    for rule, by, days in covers:
        of_rule[rule].append((by, days))
    reasons, sent, told = {}, defaultdict(list), defaultdict(list)
    for alert in sorted(
        alerts,
        key=lambda one: (one.known, depth.get(one.rule, 0), one.area_kind, one.day, one.source, one.id),
    ):
        near = [
            (one, "covered")
            for by, days in of_rule[alert.rule]
            for one in around(sent[by, alert.country], alert, days)
            if by != alert.rule or one.is_part_of(alert)
        ]
        near += [
            (one, "other_source")
            for one in around(told[alert.subject], alert, suppress_days[alert.rule])
            if one.source != alert.source and one.level >= alert.level
        ]
        by = next(((one, reason) for one, reason in near if alert.is_within(one)), None)
        if by:
            reasons[alert.id] = (by[0].id, by[1])
            continue
        for kept in (sent[alert.rule, alert.country], told[alert.subject]):
            kept.insert(bisect_right(kept, alert.day, key=lambda one: one.day), alert)
    return reasons


def around(kept, alert, days):
    """The kept alerts, sorted by day, that are at most so many days away."""
    first = bisect_left(kept, alert.day - days, key=lambda one: one.day)
    last = bisect_right(kept, alert.day + days, key=lambda one: one.day)
    return kept[first:last]


def depths(covers):
    """How many covers stand above each rule; of rules that cover each other, none stands above."""
    above = defaultdict(set)
    for rule, by, _ in covers:
        above[rule].add(by)

    def depth(rule, seen=()):
        return max(
            (1 + depth(by, (*seen, rule)) for by in above[rule] if by not in seen and by != rule), default=0
        )

    return {rule: depth(rule) for rule in tuple(above)}
