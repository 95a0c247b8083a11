"""Which records make one incident: links are taken best first, and none may put two records of one feed together.

Here: the assignment, and nothing else; evidence and weights are SQL (int_incident__pair), what they weigh is a seed. It
is Python because each choice depends on those before it. One row per record: its incident, named by the record that we
knew first, and the link by which it came there.

Rules, in this order: ``confirmed`` by a person; ``publisher_id``, one id in several topics of a feed; ``score``, evidence
for rather than against; ``part``, records of one feed that split what another tells in one (days of a long clash), or the
other way round (raids on one day that it counts together). A pair that a person denied is never in one incident.
"""

from collections import defaultdict

import pandas as pd

CONTRADICTS = -1
"""Where three records come together, no two of them may weigh less than this against each other."""
PART_ACTORS = {"both_sides", "all_named", "one_names_fewer", "name_only", "unknown"}
PART_DISTANCES = {"same_place", "within_5_km", "within_12_km", "within_25_km"}


def model(dbt, session):
    dbt.config(materialized="table")
    records = dbt.ref("int_incident__record").order("first_recorded_at, match_order, event_key")
    pairs = dbt.ref("int_incident__pair").order("weight desc, event_key_a, event_key_b")
    rows = members(
        records.project(
            "event_key, feed, publisher_key, span_days, deaths, coalesce(fatalities_high, deaths), is_fatality_total"
        ).fetchall(),
        pairs.project(
            """event_key_a, event_key_b, weight, days_apart = 0 and class_level = 'same',
               actors_level, distance_level"""
        ).fetchall(),
        dbt.ref("incident_links_confirmed").project("event_key_a, event_key_b").order("all").fetchall(),
        dbt.ref("incident_links_denied").project("event_key_a, event_key_b").fetchall(),
    )
    columns = ["event_key", "anchor_event_key", "linked_event_key", "match_rule"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def members(records, pairs, confirmed=(), denied=()):
    """Rows (event_key, anchor_event_key, linked_event_key, match_rule) of all records.

    ``records``, earliest known first, and ``pairs``, best first, are as ``model`` asks for them.
    """
    incidents = Incidents(records, pairs, denied)
    for a, b in confirmed:
        if a in incidents.of and b in incidents.of:
            incidents.link(a, b, "confirmed")
    incidents.confirmed = {key: tuple(group) for key, group in incidents.of.items() if len(group) > 1}
    by_publisher_key = defaultdict(list)
    for event_key, _, publisher_key, *_ in records:
        by_publisher_key[publisher_key].append(event_key)
    for first, *others in by_publisher_key.values():
        for other in others:
            incidents.link(first, other, "publisher_id")
    for a, b, weight, *_ in pairs:
        if weight < 0:
            break
        if not incidents.shared_feeds(a, b) and not incidents.contradict(a, b):
            incidents.link(a, b, "score")
    for a, b, _, is_at_once, actors, distance in pairs:
        if is_at_once and actors in PART_ACTORS and distance in PART_DISTANCES:
            for whole, part in ((a, b), (b, a)):
                if incidents.lacks(whole, part):
                    incidents.link(whole, part, "part")
    return incidents.rows()


class Incidents:
    """Records as they come together. ``of`` is each record's incident, a list that its members share."""

    def __init__(self, records, pairs, denied):
        self.order = [event_key for event_key, *_ in records]
        self.of = {event_key: [event_key] for event_key in self.order}
        self.feed = {event_key: feed for event_key, feed, *_ in records}
        self.span = {event_key: days for event_key, _, _, days, *_ in records}
        self.deaths = {event_key: deaths for event_key, *_, deaths, _, _ in records}
        self.most_deaths = {event_key: most for event_key, *_, most, _ in records}
        self.tells_all_deaths = {event_key: is_total for event_key, *_, is_total in records}
        self.weights = {frozenset(pair[:2]): pair[2] for pair in pairs}
        self.confirmed = {}
        self.links = defaultdict(list)
        self.denied = {frozenset(pair) for pair in denied}

    def shared_feeds(self, a, b):
        return {self.feed[key] for key in self.of[a]} & {self.feed[key] for key in self.of[b]}

    def contradict(self, a, b):
        """Whether a record that came with one of them speaks against the other."""
        mine, others = self.of[a], self.of[b]
        if len(mine) == len(others) == 1:
            return False
        return any(self.weight(one, other) < CONTRADICTS for one in mine for other in others)

    def weight(self, one, other):
        """What speaks for the two. What a person joined counts as one record, told in several ways."""
        never = CONTRADICTS - 1
        return max(
            self.weights.get(frozenset((first, second)), never)
            for first in self.confirmed.get(one, (one,))
            for second in self.confirmed.get(other, (other,))
        )

    def link(self, a, b, rule):
        """Make one incident of two, unless it is one already or a person denied a pair of it."""
        mine, others = self.of[a], self.of[b]
        if mine is others:
            return
        if self.denied and any(frozenset((one, other)) in self.denied for one in mine for other in others):
            return
        mine.extend(others)
        for key in others:
            self.of[key] = mine
        self.links[a].append((b, rule))
        self.links[b].append((a, rule))

    def lacks(self, whole, part):
        """Whether the incident of ``whole`` holds other parts of that feed, and their dead leave room for this one's.

        The whole spans more days than the part; or on a single day it counts just what its parts count together.
        """
        if not self.tells_all_deaths[part] or self.shared_feeds(whole, part) != {self.feed[part]}:
            return False
        mine, others = self.of[whole], self.of[part]
        if mine is others or sum(self.feed[key] == self.feed[part] for key in others) > 1:
            return False
        told = sum(self.deaths[key] for key in mine if self.feed[key] == self.feed[part])
        together = told + self.deaths[part]
        if self.span[whole] > self.span[part]:
            return together <= self.most_deaths[whole]
        return self.span[whole] == self.span[part] == 0 and 0 < told < together == self.deaths[whole]

    def rows(self):
        """Each incident from its anchor, the record known first, along the links."""
        done = set()
        for anchor in self.order:
            waiting = [] if anchor in done else [(anchor, None, "anchor")]
            while waiting:
                key, linked, rule = waiting.pop()
                done.add(key)
                yield key, anchor, linked, rule
                waiting.extend((other, key, how) for other, how in self.links[key] if other not in done)
