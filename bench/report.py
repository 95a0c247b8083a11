"""The tables of RESULTS.md from the measurements: medians, ratios, and the aim each is held against."""

from statistics import median
from typing import Any


def tables(known: dict[str, Any]) -> list[str]:
    """Markdown lines, a section per group that has been measured."""
    sections = {"ged": _ged, "gdelt": _gdelt, "parts": _parts, "ticks": _ticks, "build": _build}
    lines: list[str] = []
    for group, section in sections.items():
        if group in known:
            lines += [
                *section(known[group]["cases"]),
                "",
                f"Measured {known[group]['at']} UTC, `python -m bench {group}`.",
                "",
            ]
    if soak := known.get("soak"):
        lines += [
            "## Killed at random times",
            "",
            f"{soak['told']} of load, build and publication: after each round the same tables as without a kill,",
            f"and nothing half-written left over; {soak['minutes']:.0f} minutes.",
            "",
            f"Measured {soak['at']} UTC, `make soak`.",
            "",
        ]
    return lines


def _middle(runs: list[dict[str, Any]], name: str = "seconds") -> float:
    return median(run[name] for run in runs)


def _spread(runs: list[dict[str, Any]], name: str = "seconds") -> str:
    values = sorted(run[name] for run in runs)
    return f"{median(values):.2f} ({values[0]:.2f} to {values[-1]:.2f})"


def _ratio(ours: list[dict[str, Any]], other: list[dict[str, Any]], name: str = "seconds") -> float:
    """The median of the ratios of runs that took turns."""
    return median(a[name] / b["seconds"] for a, b in zip(ours, other, strict=True))


def _verdict(value: float, aim: float) -> str:
    return "met" if value <= aim else "**missed**"


def _ged(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    bare, ours = cases["ged_bare"], cases["ged_load"]
    ratio = _ratio(ours, bare)
    return [
        f"## GED-sized file ({ours[0]['rows']:,} rows, CSV, all countries)",
        "",
        "| case | seconds | peak MiB |",
        "|---|---|---|",
        f"| bare DuckDB, `read_csv` into a table | {_spread(bare)} | {_middle(bare, 'peak_mib'):.0f} |",
        f"| ours: store, parse, land, audit, promote | {_spread(ours)} | {_middle(ours, 'peak_mib'):.0f} |",
        f"| the same with the process's cold start | {_spread(ours, 'process_seconds')} | |",
        "",
        f"Ratio {ratio:.2f}; aim at most 3: {_verdict(ratio, 3)}.",
    ]


def _gdelt(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    limit, ours, region, usual = (
        cases[name] for name in ("gdelt_limit", "gdelt_load", "gdelt_load_region", "gdelt_pandas")
    )
    landed, whole, faster = (
        _ratio(ours, limit, "parse_and_land_seconds"),
        _ratio(ours, limit),
        1 / _ratio(ours, usual),
    )
    return [
        f"## A month of GDELT events (2,880 slots, {ours[0]['rows']:,} rows)",
        "",
        "| case | seconds | peak MiB |",
        "|---|---|---|",
        f"| the limit: unzip, one `read_csv` into a table | {_spread(limit)} | {_middle(limit, 'peak_mib'):.0f} |",
        f"| ours, the world kept: parse and land | {_spread(ours, 'parse_and_land_seconds')} | |",
        f"| ours, the world kept: whole load from loopback | {_spread(ours)} | {_middle(ours, 'peak_mib'):.0f} |",
        f"| ours, default scope ({region[0]['rows']:,} rows kept): parse and land | {_spread(region, 'parse_and_land_seconds')} | |",
        f"| ours, default scope: whole load from loopback | {_spread(region)} | {_middle(region, 'peak_mib'):.0f} |",
        f"| the usual way: pandas over each zip | {_spread(usual)} | {_middle(usual, 'peak_mib'):.0f} |",
        "",
        f"Parsed and landed: {landed:.2f} times the limit; aim at most 1.5: {_verdict(landed, 1.5)}.",
        f"Whole load: {whole:.2f} times the limit; aim at most 2.5: {_verdict(whole, 2.5)}.",
        f"Against the usual way: {faster:.2f} times faster; aim at least 3: {_verdict(3, faster)}.",
        f"Default scope: parsed and landed {_ratio(region, limit, 'parse_and_land_seconds'):.2f}, whole load "
        f"{_ratio(region, limit):.2f} times the limit, {1 / _ratio(region, usual):.2f} times faster than the usual way.",
    ]


def _parts(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    ours = cases["gdelt_load"]
    whole = _middle(ours)
    parts = {
        "parse and land": _middle(ours, "parse_and_land_seconds"),
        "audit": _middle(ours, "audit_seconds"),
        "promote, with the ledger": _middle(ours, "promote_seconds"),
    }
    fetch = "read the list; download, verify (size, MD5, zip, CRC) and store 2,880 files"
    parts = {fetch: whole - sum(parts.values()), **parts}
    return [
        f"## Where the time of that month goes (the world kept, {whole:.1f} s)",
        "",
        "| part | seconds | share |",
        "|---|---|---|",
        *(f"| {name} | {seconds:.1f} | {seconds / whole:.0%} |" for name, seconds in parts.items()),
    ]


def _ticks(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    run = cases["ticks"][0]
    nothing, slot = (run[f"{name}_10x"] / run[f"{name}_1x"] for name in ("nothing_new", "one_slot"))
    return [
        "## A tick (GDELT load, dbt build of what changed, publication), warm, medians of five",
        "",
        f"| tick | {run['gdelt_rows_1x']:,} rows of history | {run['gdelt_rows_10x']:,} rows | ratio |",
        "|---|---|---|---|",
        f"| nothing new | {run['nothing_new_1x']:.2f} s | {run['nothing_new_10x']:.2f} s | {nothing:.2f} |",
        f"| one slot of each stream | {run['one_slot_1x']:.2f} s | {run['one_slot_10x']:.2f} s | {slot:.2f} |",
        "",
        f"Aim at most 1.2: nothing new {_verdict(nothing, 1.2)}, one slot {_verdict(slot, 1.2)}. "
        f"Peak memory {run['peak_mib']:.0f} MiB.",
    ]


def _build(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    runs = cases["full_build"]
    return [
        f"## The full build ({runs[0]['nodes']} dbt nodes, made world)",
        "",
        "| case | seconds | peak MiB |",
        "|---|---|---|",
        f"| every model and test anew, warm | {_spread(runs)} | {_middle(runs, 'peak_mib'):.0f} |",
        f"| publication, checked and renamed | {_spread(runs, 'publish_seconds')} | |",
    ]
