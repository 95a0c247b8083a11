"""A made world: one invented history of conflict in the Sahel, told by made publishers in their real formats.

For the demo, the tests and the benchmarks. ``World`` is the history, ``Publishers`` what UCDP, GDELT and the
press say of it at one instant, ``serve`` puts them on loopback, ``Truth`` is what really happened and which
record tells of it. Everything in it is labelled as made.

What does not belong here: anything of the pipeline. This package plays the other side of the wire and
imports nothing of the project but itself.
"""

from orchestration.made_world.bulk import made_gdelt_month, made_ged_csv
from orchestration.made_world.publishers import Publishers
from orchestration.made_world.server import Served, serve
from orchestration.made_world.truth import EVENT_FEEDS, Pair, Record, Truth
from orchestration.made_world.world import MADE_LABEL, WORLD_END, WORLD_START, World

__all__ = [
    "EVENT_FEEDS",
    "MADE_LABEL",
    "WORLD_END",
    "WORLD_START",
    "Pair",
    "Publishers",
    "Record",
    "Served",
    "Truth",
    "World",
    "made_gdelt_month",
    "made_ged_csv",
    "serve",
]
