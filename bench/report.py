"""The tables of RESULTS.md from the measurements: medians, ratios, and the aim each is held against."""

from statistics import median
from typing import Any

from bench import change_points
from bench.forecasts import SETTINGS, STATED
from bench.incidents import added, precision_recall_f1
from bench.splink_beside import HOW_TO_INSTALL


def tables(known: dict[str, Any]) -> list[str]:
    """Markdown lines, a section per group that has been measured."""
    sections = {
        "ged": _ged,
        "gdelt": _gdelt,
        "parts": _parts,
        "ticks": _ticks,
        "build": _build,
        "incidents": _incidents,
        "incident-weights": _weights,
        "rematch": _rematch,
        "change-points": _change_points,
        "alerts": _alerts,
        "forecasts": _forecasts,
    }
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


def _incidents(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    (run,), (splink,) = cases["incident_scores"], cases["incident_splink"]
    ours, everything, one_to_one = (added(run[name]) for name in ("ours", "plain_all", "plain_one_to_one"))
    seeds = ", ".join(str(seed) for seed in run["seeds"])
    precision, recall, _ = precision_recall_f1(ours["all"])
    rows = {
        "ours": ours,
        "25 km and one day, all pairs": everything,
        "25 km and one day, the nearest one to one": one_to_one,
        **{
            f"Splink {splink['version']}, one to one, probability {threshold} or more": added(found)
            for threshold, found in splink.get("by_threshold", {}).items()
        },
    }
    return [
        f"## Incidents against the truth (made worlds {seeds}; {ours['records']:,} records of three feeds)",
        "",
        "Pairs are of records of different feeds; a pair with the second of two records that UCDP has of an incident",
        "counts neither way. B-cubed is of clusters; where the rule gives pairs, of their components.",
        "",
        "| case | pairs found | precision | recall | F1 | B-cubed precision | B-cubed recall |",
        "|---|---|---|---|---|---|---|",
        *(_scored(name, row, "found", row["b_cubed"]) for name, row in rows.items()),
        "",
        *([] if splink["version"] else [f"Splink was not installed ({HOW_TO_INSTALL}).", ""]),
        f"Aim precision 0.98: {_verdict(0.98, precision)}; recall 0.95: {_verdict(0.95, recall)}.",
        "",
        "By seed (ours): "
        + "; ".join(
            f"{seed}: {precision:.3f} and {recall:.3f}"
            for seed, one in zip(run["seeds"], run["ours"], strict=True)
            for precision, recall, _ in [precision_recall_f1(one["all"])]
        )
        + ".",
        "",
        "| ours, of that | true pairs | precision | recall | F1 | plain precision | plain recall |",
        "|---|---|---|---|---|---|---|",
        *(
            _beside(name, counts, one_to_one[group].get(name))
            for group in ("by_feeds", "by_case")
            for name, counts in ours[group].items()
        ),
        *(
            f"| {name} | {counts['wanted']:,} | | {precision_recall_f1(counts)[1]:.3f} | | | "
            f"{precision_recall_f1(one_to_one['by_kind'][name])[1]:.3f} |"
            for name, counts in ours["by_kind"].items()
        ),
        "",
        "Plain is the plain rule one to one. The named cases are the planted hard ones; same: a record for a record;",
        "part: one record splits an incident or sums several.",
        "",
        f"Records that no other feed tells of: {ours['singletons']['wanted']:,}; left alone by us: "
        f"{ours['singletons']['found']:,}, of which rightly {ours['singletons']['right']:,}.",
        "",
        "| score of a link | links | right |",
        "|---|---|---|",
        *(
            f"| {score} | {links:,} | {right / links:.3f} |"
            for score, (links, right) in _links(run["links"]).items()
        ),
    ]


def _scored(name: str, row: dict[str, Any], count: str, b_cubed: dict[str, float]) -> str:
    precision, recall, f1 = precision_recall_f1(row["all"])
    return (
        f"| {name} | {row['all'][count]:,} | {precision:.3f} | {recall:.3f} | {f1:.3f} "
        f"| {b_cubed['precision']:.3f} | {b_cubed['recall']:.3f} |"
    )


def _beside(name: str, counts: dict[str, int], plain: dict[str, int] | None) -> str:
    precision, recall, f1 = precision_recall_f1(counts)
    other = precision_recall_f1(plain) if plain else (0.0, 0.0, 0.0)
    return (
        f"| {name.replace('_', ' ')} | {counts['wanted']:,} | {precision:.3f} | {recall:.3f} | {f1:.3f} "
        f"| {other[0]:.3f} | {other[1]:.3f} |"
    )


def _links(measured: list[dict[str, list[int]]]) -> dict[str, tuple[int, int]]:
    tenths = sorted({tenth for one in measured for tenth in one})
    return {
        tenth: (
            sum(one.get(tenth, [0, 0])[0] for one in measured),
            sum(one.get(tenth, [0, 0])[1] for one in measured),
        )
        for tenth in tenths
    }


def _weights(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    (run,) = cases["incident_weights"]

    def told(counted: dict[str, Any]) -> str:
        weight = "" if counted["counted"] is None else f"{counted['counted']:+.2f}"
        return f"{counted['one']:,} | {counted['two']:,} | {weight} | {counted['seed']:+g}"

    return [
        f"## The weights of the evidence, counted (made worlds {', '.join(map(str, run['seeds']))})",
        "",
        "Of compared pairs on each level: how many tell of one incident, of two, the weight that follows, and the one",
        "in the seed `incident_evidence`; at the right the same of pairs with Insecurity Insight (`topic_weight`).",
        "The seed's are rounded to halves. A level with few pairs has the weight of its neighbours; that a place has no name",
        "goes with a centroid, which the distance has weighed already.",
        "",
        "| part | level | one | two | counted | seed | one | two | counted | seed |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['part']} | {row['level']} | {told(row['weight'])} | {told(row['topic_weight'])} |"
            for row in run["rows"]
        ),
    ]


def _rematch(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    runs = cases["incident_rematch"]
    models = {name: median(run["models"][name] for run in runs) for name in runs[0]["models"]}
    return [
        f"## A full re-match ({runs[0]['events']:,} events of three feeds)",
        "",
        "| case | seconds | peak MiB |",
        "|---|---|---|",
        f"| from the records to `source_agreement`, warm | {_spread(runs)} | {_middle(runs, 'peak_mib'):.0f} |",
        *(f"| `{name}` | {seconds:.2f} | |" for name, seconds in models.items()),
        "",
        f"Aim at most 10 s: {_verdict(_middle(runs), 10)}. dbt's own time is in the first row.",
    ]


def _change_points(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    (run,) = cases["change_points_found"]
    names = {
        "surge": "`surge`",
        "threat": "`threat`",
        "z_score": "`z_score` of 2 or more",
        "is_change_point": "`is_change_point`",
    }
    weeks, series = change_points.WEEKS_OF_A_SERIES, change_points.SERIES
    lines = [
        f"## Rules for a rise, against planted jumps (made series of {weeks} weeks)",
        "",
        f"Levels of {_listed(change_points.LEVELS)} events a week, jumps to {_listed(change_points.FACTORS[:-1])} times and to",
        f"a third; {series} series of each, {3 * series} of each level without a jump. Found: an alarm within two weeks of the jump.",
        "Delay: median weeks from the jump until the rule has found it. Precision: alarms in series that rise which are within",
        "two, eight weeks of the jump. False alarms: a year, in series without a jump. An alarm lasts while the rule fires.",
    ]
    for metric, told in run["made"].items():
        lines += [
            "",
            f"**{metric}**",
            "",
            "| rule | rises found | known within 13 weeks | delay | precision | within eight weeks | false alarms a year | "
            + " | ".join(f"found at x{factor}" for factor in next(iter(told["rules"].values()))["by_factor"])
            + " |",
            "|" + "---|" * (7 + len(change_points.FACTORS)),
        ]
        for rule, row in told["rules"].items():
            rises = row["rises"]
            lines.append(
                f"| {names[rule]} | {rises['recall']:.2f} | {rises['soon']:.2f} | {rises['delay']:g} | {rises['precision']:.2f} "
                f"| {rises['about_precision']:.2f} | {rises['false_alarms_a_year']:.3f} | "
                + " | ".join(f"{score['recall']:.2f}" for score in row["by_factor"].values())
                + " |"
            )
        lines += [
            "",
            f"False alarms a year by level ({_listed(change_points.LEVELS)}): "
            + "; ".join(
                f"{names[rule]} {', '.join(f'{rate:.2f}' for rate in row['quiet_by_level'].values())}"
                for rule, row in told["rules"].items()
            )
            + ".",
            "",
            "| penalty | rises found | precision | within eight weeks | false alarms a year |",
            "|---|---|---|---|---|",
            *(
                f"| {penalty}{' (ours)' if float(penalty) == told['penalty'] else ''} | {row['recall']:.2f} | {row['precision']:.2f} "
                f"| {row['about_precision']:.2f} | {row['false_alarms_a_year']:.3f} |"
                for penalty, row in told["penalties"].items()
            ),
        ]
        false_alarms = told["rules"]["is_change_point"]["rises"]["false_alarms_a_year"]
        lines += [
            "",
            f"Aim at most {change_points.FALSE_ALARMS_ALLOWED} false alarms a year: "
            f"{_verdict(false_alarms, change_points.FALSE_ALARMS_ALLOWED)}.",
        ]
    return lines + ([] if run["real"] is None else _real_rates(run["real"], names))


def _real_rates(real: dict[str, list[dict[str, Any]]], names: dict[str, str]) -> list[str]:
    return [
        "",
        "How often the rules fire in real events (UCDP GED 24.1 of five countries, 2014 to 2023; areas with any event).",
        "Active: weeks whose mean of the 52 before is 0.5 or more.",
        "",
        "| metric | areas | rule | weeks fired | of all | of active weeks | alarms a year, all areas | per area |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {metric} | {row['areas']} x {row['area_kind']} | {names[row['rule']]} | {row['weeks_fired']:,} "
            f"| {row['weeks_fired'] / row['weeks']:.2%} | {row['active_weeks_fired'] / row['active_weeks']:.1%} "
            f"| {row['alarms'] / row['years']:.1f} | {row['alarms'] / row['years'] / row['areas']:.2f} |"
            for metric, rows in real.items()
            for row in rows
        ),
    ]


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


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


def _alerts(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    (run,) = cases["alert_rates"]

    def share(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    return [
        "## Alerts on real data (UCDP GED 24.1 of Mali, Benin, Côte d'Ivoire, Senegal, Guinea-Bissau, 1989 to 2023)",
        "",
        "Alerts sent a year in all five countries, after suppression; borne out is the share of the judged after which",
        "the rule's outcome came, base rate the same at the ends of months without an alert.",
        "",
        "| rule | found | sent a year | last 5 years | judged | borne out | base rate | outcome |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {one['rule']} | {one['alerts']:,} | {one['a_year']:.2f} | {one['a_year_recent']:.1f} | {one['judged']} "
            f"| {share(one['borne_out'])} | {share(one['base_rate'])} | {one['outcome']} |"
            for one in run["record"]
        ),
        "",
        "Floors of `admin1_conflict` (deaths in 30 days at precise places of a unit):",
        "",
        "| floor | sent a year | last 5 years | a unit and year | most in one | units | judged | borne out |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {one['floor']} | {one['a_year']:.2f} | {one['a_year_recent']:.1f} | {one['a_unit_year']:.3f} "
            f"| {one['most_of_a_unit_in_a_year']} | {one['units']} | {one['judged']} | {share(one['borne_out'])} |"
            for one in run["floors"]
        ),
        "",
        "Surges and threats by kind of area and level:",
        "",
        "| rule | area | level | found a year | sent a year | judged | borne out |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {one['rule']} | {one['area_kind']} | {one['level']} | {one['found_a_year']:.2f} "
            f"| {one['sent_a_year']:.2f} | {one['judged']} | {share(one['borne_out'])} |"
            for one in run["sizes"]
        ),
    ]


OURS, BENCHMARK, BEATEN = "smoothed_mixture", "conflictology_12", "decayed_nb"


def _forecasts(cases: dict[str, list[dict[str, Any]]]) -> list[str]:
    (run,), (world,) = cases["forecast_record"], cases["forecast_world"]
    lines = [
        "## Forecasts against what came (UCDP 24.1 of five countries, the public test data)",
        "",
        "Windows of 2018 to 2023, each trained to October of the year before and judged on January to December; 1,000",
        "samples; CRPS / IGN / MIS at 90 %, means, lower is better. Stated: published for the same release and protocol, by",
        "samples drawn at random; noise: the standard deviation that such a drawing makes. Ours are quantiles, without noise.",
        "Covered: outcomes within the 90 % interval. Brier: of the probabilities of a death and of 25. No number of any",
        "model was fitted to any window; the form of ours was chosen among a dozen forms with these windows in sight, so",
        "that the windows of 1993 to 2017 stand beside them. As issued: 1 to 6 months ahead, 24 origins to 2023.",
        "",
    ]
    if not run["settings"]:
        return [*lines, "The release was not there (`../shared/data`)."]
    for area_kind, target in SETTINGS:
        setting = run["settings"][f"{area_kind} {target}"]
        lines += [
            f"**{area_kind} ({setting['areas']}), {target.replace('_', ' ')}**",
            "",
            "| model | stated | measured | noise | covered | Brier 1 | Brier 25 | 1993 to 2017 | as issued |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for model, found in setting["test"].items():
            stated = STATED[area_kind, target].get(model)
            lines.append(
                f"| {model} | {' / '.join(f'{value:g}' for value in stated) if stated else ''} | {_three(found)} "
                f"| {' / '.join(f'{round(value, 4):.2g}' for value in setting['noise'][model])} | {found['covered']:.3f} "
                f"| {found['brier_1']:.4f} | {found['brier_25']:.4f} | {_three(setting['earlier'][model])} "
                f"| {_three(setting['issued'][model])} |"
            )
        ours, benchmark, beaten = (setting["test"][model] for model in (OURS, BENCHMARK, BEATEN))
        tolerance = 1.01 if area_kind == "country" else 1.0
        aims = [f"IGN below {BENCHMARK}'s and {BEATEN}'s: {_less(ours, (benchmark, beaten), 'ign', 1.0)}"]
        if area_kind == "country":
            aims.append(
                f"CRPS at most 1 % above {BENCHMARK}'s ({ours['crps'] / benchmark['crps'] - 1:+.2%}): "
                f"{_less(ours, (benchmark,), 'crps', tolerance)}"
            )
        else:
            aims.append(
                f"CRPS below {BENCHMARK}'s and {BEATEN}'s: {_less(ours, (benchmark, beaten), 'crps', tolerance)}"
            )
        lines += ["", f"Aims for {OURS}: {'; '.join(aims)}.", ""]
    return [
        *lines,
        f"Inference, all four settings: {run['seconds']:.2f} s; three back-tests of all models (6, 25 and 24 origins): "
        f"{run['back_test_seconds']:.1f} s. A made world of 200 countries and 2,500 units, two targets: {world['seconds']:.1f} s "
        f"for {world['forecasts']:,} forecasts of seven models, {world['back_test_seconds']:.0f} s for their back-test, peak "
        f"{world['peak_mib']:.0f} MiB. Aim at most 60 s without a GPU: {_verdict(world['seconds'] + world['back_test_seconds'], 60)}.",
    ]


def _three(found: dict[str, float]) -> str:
    return f"{found['crps']:.3f} / {found['ign']:.3f} / {found['mis']:.1f}"


def _less(ours: dict[str, float], others: tuple[dict[str, float], ...], name: str, tolerance: float) -> str:
    return "met" if all(ours[name] < tolerance * other[name] for other in others) else "**missed**"
