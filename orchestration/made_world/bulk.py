"""Made data in real sizes, for the benchmarks: a GED-sized CSV and a month of GDELT slots.

What does not belong here: a history that hangs together. Rows are drawn from stocks of ready-made pieces,
so that writing them takes seconds; layout, quoting and sizes are as the publishers'.
"""

import csv
import io
import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.made_world.gdelt import Gdelt, file_path, slots_between
from orchestration.made_world.geography import countries, places, priogrid_gid, theatres
from orchestration.made_world.ucdp import GED_COLUMNS
from orchestration.made_world.world import MADE_LABEL, World, stream

GED_ROWS = 418_000
"""As many as GED 26.1 has, to the thousand."""
GDELT_MONTH_SLOTS = 2_880
GDELT_MONTH_START = datetime(2026, 5, 1, tzinfo=UTC)
GDELT_ROWS_PER_SLOT = 1_390

# Out of the region: name, Gleditsch-Ward code, UCDP region, and a box (south, west, north, east).
_ELSEWHERE = (
    ("Afghanistan", 700, "Asia", 31, 62, 36, 70), ("Syria", 652, "Middle East", 33, 36, 37, 41),
    ("Iraq", 645, "Middle East", 31, 42, 36, 46), ("Ukraine", 369, "Europe", 47, 31, 50, 38),
    ("Somalia", 520, "Africa", 1, 43, 5, 47), ("Mexico", 70, "Americas", 18, -105, 26, -98),
    ("Ethiopia", 530, "Africa", 7, 36, 13, 42), ("Yemen (North Yemen)", 678, "Middle East", 13, 43, 17, 48),
    ("India", 750, "Asia", 20, 74, 30, 86), ("Pakistan", 770, "Asia", 27, 65, 34, 72),
    ("Colombia", 100, "Americas", 2, -76, 9, -72), ("Philippines", 840, "Asia", 6, 121, 14, 126),
    ("DR Congo (Zaire)", 490, "Africa", -4, 26, 3, 29), ("Myanmar (Burma)", 775, "Asia", 17, 93, 25, 99),
    ("Brazil", 140, "Americas", -23, -55, -5, -40), ("Israel", 666, "Middle East", 30, 34, 33, 35),
)  # fmt: skip


def made_ged_csv(path: Path, rows: int = GED_ROWS, seed: int = 7) -> Path:
    """Write a bulk GED CSV: unique ids, about a tenth of the rows in the region, the others elsewhere."""
    rng = stream(seed, "made-ged")
    dyads = [(kind, _cells(dyad)) for kind, dyad in _dyads(rng)]
    sources = [_cells(_source(rng, number)) for number in range(4_000)]
    wheres = [_cells(where) for where in _wheres(rng, 6_000)]
    deaths = [_cells(_deaths(rng)) for _ in range(2_000)]
    days = [date(1989, 1, 1) + timedelta(days=number) for number in range(37 * 365 + 9)]
    stamps = [f"{day.isoformat()} 00:00:00.000" for day in days]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(GED_COLUMNS) + "\r\n")
        chunk: list[str] = []
        event_id = 20_000_000
        for number in range(rows):
            event_id += 1 + number % 3
            # Denser in later years, as the real file is.
            index = int(len(days) * rng.random() ** 0.6)
            draw = rng.random()
            end = min(index + (0 if draw > 0.24 else int(draw * 40)), len(days) - 1)
            kind, dyad = dyads[rng.randrange(len(dyads))]
            chunk.append(
                f"{event_id},MADE-{days[index].year}-{kind}-{number},{days[end].year},1,Clear,{kind},"
                f"{dyad},{1 + number % 4},{sources[rng.randrange(4_000)]},"
                f"{wheres[rng.randrange(6_000)]},{1 + (draw < 0.2)},{1 + (end > index)},{stamps[index]},"
                f"{stamps[end]},{deaths[rng.randrange(2_000)]},,\r\n"
            )
            if len(chunk) == 20_000:
                file.write("".join(chunk))
                chunk.clear()
        file.write("".join(chunk))
    return path


def made_gdelt_month(
    folder: Path,
    rows_per_slot: int = GDELT_ROWS_PER_SLOT,
    seed: int = 7,
    slots: int = GDELT_MONTH_SLOTS,
    processes: int = 4,
) -> Path:
    """Write export slots from GDELT_MONTH_START on and their master list, as ``<folder>/gdeltv2/...``."""
    target = folder / "gdeltv2"
    target.mkdir(parents=True, exist_ok=True)
    wanted = list(slots_between(GDELT_MONTH_START, GDELT_MONTH_START + timedelta(minutes=15) * slots))
    write = partial(_write_slots, target, rows_per_slot, seed)
    portions = [wanted[first : first + 48] for first in range(0, len(wanted), 48)]
    if processes > 1:
        # Spawned, not forked: the caller may hold threads and locks.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=processes, mp_context=context) as pool:
            lines = [line for portion in pool.map(write, portions) for line in portion]
    else:
        lines = [line for portion in portions for line in write(portion)]
    (target / "masterfilelist.txt").write_text("".join(f"{line}\n" for line in lines))
    (target / "lastupdate.txt").write_text(f"{lines[-1]}\n")
    return target


_worlds: dict[tuple[int, int], Gdelt] = {}


def _write_slots(target: Path, rows_per_slot: int, seed: int, slots: list[datetime]) -> list[str]:
    gdelt = _worlds.get((rows_per_slot, seed))
    if gdelt is None:
        # One per process: its stock of rows takes longer to make than a slot.
        gdelt = _worlds[(rows_per_slot, seed)] = Gdelt(
            World(seed, rows_per_slot=rows_per_slot), with_malformed=False
        )
    lines = []
    for slot in slots:
        content = gdelt.whole_file(slot, "export", False)
        (target / file_path(slot, "export", False).rsplit("/", 1)[1]).write_bytes(content)
        lines.append(gdelt.line_for(content, slot, "export", False))
    return lines


def _cells(values: list[Any]) -> str:
    """The values as the publisher's CSV writes them, without the end of the line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _dyads(rng: random.Random) -> Iterator[tuple[int, list[Any]]]:
    """Type of violence, and the cells from conflict to side b."""
    for theatre in theatres():
        a, b = theatre.side_a, theatre.side_b
        yield theatre.type_of_violence, [
            theatre.conflict_id, theatre.conflict_id, theatre.conflict_name, theatre.dyad_id, theatre.dyad_id,
            theatre.dyad_name, a.ucdp_actor_id, a.ucdp_actor_id, a.name, b.ucdp_actor_id, b.ucdp_actor_id,
            b.name,
        ]  # fmt: skip
    for number in range(700):
        country = rng.choice(_ELSEWHERE)[0]
        a_id, b_id, dyad = 970_000 + number % 90, 971_000 + number, 972_000 + number
        name = f"Government of {country} - Made group {number}"
        yield 1, [
            dyad, dyad, f"{country}: Made conflict {number}", dyad, dyad, name, a_id, a_id,
            f"Government of {country}", b_id, b_id, f"Made group {number}",
        ]  # fmt: skip


def _source(rng: random.Random, number: int) -> list[Any]:
    office = f"Made agency {number % 60}"
    day = date(2000, 1, 1) + timedelta(days=rng.randrange(9_000))
    headline = f"[Made] {rng.choice(_WORDS)} {rng.choice(_WORDS)} {rng.choice(_WORDS)} near town {number}"
    article = f'"{office},{day},{headline}"'
    for again in range(rng.randint(0, 1)):
        other = f"Made agency {(number * 7 + again) % 60}"
        article += f';"{other},{day},[Made] {rng.choice(_WORDS)} {rng.choice(_WORDS)}"'
    if number % 100 == 0:
        article += f'\n"quoted ""again"" on a second line", {MADE_LABEL}'
    informant = rng.choice(("police (made)", "army (made)", ""))
    return [f"{article} ({MADE_LABEL})", office, day, headline, informant]


_WORDS = (
    "fighting", "shelling", "ambush", "raid", "clashes", "attackers", "soldiers", "village", "market",
    "convoy", "checkpoint", "dawn", "overnight", "officials", "witnesses", "residents", "casualties",
)  # fmt: skip


def _wheres(rng: random.Random, count: int) -> Iterator[list[Any]]:
    """where_prec to region: a tenth in the region's towns, the rest in boxes elsewhere."""
    towns = places()
    for number in range(count):
        if number % 10 == 0:
            town = rng.choice(towns)
            country = countries()[town.country_iso3]
            latitude, longitude, where = town.latitude, town.longitude, f"{town.name} town"
            adm1, adm2, name, gw, region = town.adm1, town.adm2, country.ucdp_name, country.gw, "Africa"
        else:
            name, gw, region, south, west, north, east = rng.choice(_ELSEWHERE)
            latitude = round(rng.uniform(south, north), 6)
            longitude = round(rng.uniform(west, east), 6)
            where, adm1 = f"Made town {number}", f"Made province {number % 40}"
            adm2 = f"Made district {number % 300}"
        description = f"{where}, {adm2}, {adm1}, between the river and the road"
        yield [
            rng.choices((1, 2, 3, 4, 5, 6), weights=(45, 25, 12, 10, 5, 3))[0], where, description, adm1,
            adm2, latitude, longitude, f"POINT ({longitude} {latitude})", priogrid_gid(latitude, longitude),
            name, gw, region,
        ]  # fmt: skip


def _deaths(rng: random.Random) -> list[int]:
    parts = [0, 0, 0, 0]
    parts[rng.randrange(4)] = min(300, int(rng.paretovariate(1.1)))
    parts[rng.randrange(4)] += rng.choice((0, 0, 1, 3))
    best = sum(parts)
    return [*parts, best, best + rng.choice((0, 0, 1, 4)), max(0, best - rng.choice((0, 0, 1)))]
