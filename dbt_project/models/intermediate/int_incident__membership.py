"""Which records make one incident: links are taken best first, and none may put two records of one feed together.

Here: the assignment, and nothing else; evidence and weights are SQL (int_incident__pair), the rules seeds. It is Python
because each choice depends on those before it. One row per record: its incident, named by the record that we knew
first, and the link by which it came there.

Rules, in this order: ``confirmed`` by a person; ``publisher_id``, one id in several topics of a feed; ``score``, evidence
for rather than against; ``part``, a record of a feed that splits what another feed tells in one (days of a long
clash, villages of one raid), or the other way round. A denied pair is never in one incident, whatever else speaks for it.
"""

from collections import defaultdict

import pandas as pd

PART_ACTORS = {"both_sides", "all_named", "one_names_fewer"}


def model(dbt, session):
    dbt.config(materialized="table")
    records = dbt.ref("int_incident__record").order("first_recorded_at, match_order, event_key")
    pairs = dbt.ref("int_incident__pair").order("weight desc, event_key_a, event_key_b")
    rows = members(
        records.project("event_key, feed, publisher_key, coalesce(fatalities_best, 0)").fetchall(),
        pairs.project(
            """event_key_a, event_key_b, weight, actors_level, class_level, days_apart,
               span_days_a, span_days_b, coalesce(deaths_a, 0), coalesce(deaths_b, 0)"""
        ).fetchall(),
        dbt.ref("incident_links_confirmed").project("event_key_a, event_key_b").order("all").fetchall(),
        dbt.ref("incident_links_denied").project("event_key_a, event_key_b").fetchall(),
    )
    columns = ["event_key", "anchor_event_key", "linked_event_key", "match_rule"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def members(records, pairs, confirmed=(), denied=()):
    """Rows (event_key, anchor_event_key, linked_event_key, match_rule) of all records.

    ``records``: (event_key, feed, publisher_key, deaths), earliest known first. ``pairs``: as in ``model``, best first.
    """
    incidents = Incidents(records, denied)
    for a, b in confirmed:
        if a in incidents.of and b in incidents.of:
            incidents.link(a, b, "confirmed")
    by_publisher_key = defaultdict(list)
    for event_key, _, publisher_key, _ in records:
        by_publisher_key[publisher_key].append(event_key)
    for first, *others in by_publisher_key.values():
        for other in others:
            incidents.link(first, other, "publisher_id")
    for a, b, weight, *_ in pairs:
        if weight < 0:
            break
        if not incidents.shared_feeds(a, b):
            incidents.link(a, b, "score")
    for pair in pairs:
        for whole, part in wholes_and_parts(pair):
            if incidents.completes(whole, part):
                incidents.link(whole, part, "part")
    return incidents.rows()


def wholes_and_parts(pair):
    """Who could be part of whom: the same sides and class, the part within the time of the whole, with fewer dead."""
    a, b, _, actors, violence, days_apart, span_a, span_b, deaths_a, deaths_b = pair
    if actors in PART_ACTORS and violence == "same" and days_apart == 0:
        if span_a >= span_b and deaths_a > deaths_b > 0:
            yield a, b
        if span_b >= span_a and deaths_b > deaths_a > 0:
            yield b, a


class Incidents:
    """Records as they come together. ``of`` is each record's incident, a list that its members share."""

    def __init__(self, records, denied):
        self.records = records
        self.of = {event_key: [event_key] for event_key, *_ in records}
        self.feed = {event_key: feed for event_key, feed, *_ in records}
        self.deaths = {event_key: deaths for event_key, _, _, deaths in records}
        self.links = defaultdict(list)
        self.denied = defaultdict(set)
        for a, b in denied:
            self.denied[a].add(b)
            self.denied[b].add(a)

    def shared_feeds(self, a, b):
        return {self.feed[key] for key in self.of[a]} & {self.feed[key] for key in self.of[b]}

    def link(self, a, b, rule):
        """Make one incident of two, unless it is one already or a person denied a pair of it."""
        mine, others = self.of[a], self.of[b]
        if mine is others or any(self.denied[key].intersection(others) for key in mine):
            return
        mine.extend(others)
        for key in others:
            self.of[key] = mine
        self.links[a].append((b, rule))
        self.links[b].append((a, rule))

    def completes(self, whole, part):
        """Whether the incident of ``whole`` has parts of that feed already, and with this one comes nearer to its deaths."""
        if self.of[whole] is self.of[part] or self.shared_feeds(whole, part) != {self.feed[part]}:
            return False
        told = sum(self.deaths[key] for key in self.of[whole] if self.feed[key] == self.feed[part])
        return told > 0 and told + self.deaths[part] <= self.deaths[whole]

    def rows(self):
        """Each incident from its anchor, the record known first, along the links."""
        done = set()
        for event_key, *_ in self.records:
            if event_key in done:
                continue
            waiting = [(event_key, None, "anchor")]
            while waiting:
                key, linked, rule = waiting.pop()
                done.add(key)
                yield key, event_key, linked, rule
                waiting.extend((other, key, how) for other, how in self.links[key] if other not in done)
