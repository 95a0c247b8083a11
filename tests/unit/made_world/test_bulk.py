"""Bulk data for the benchmarks: the publishers' layouts, at a hundredth of the size."""

import csv
import hashlib
import io
import zipfile
from pathlib import Path

from orchestration.made_world import made_gdelt_month, made_ged_csv
from orchestration.made_world.geography import countries
from orchestration.made_world.ucdp import GED_COLUMNS


def test_ged_csv(tmp_path: Path) -> None:
    path = made_ged_csv(tmp_path / "ged.csv", rows=4_180)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == GED_COLUMNS
    assert len(rows) == 4_180 == len({row["id"] for row in rows})
    in_region = {str(country.gw) for country in countries().values()}
    assert 0.07 < sum(row["country_id"] in in_region for row in rows) / len(rows) < 0.13
    assert 0.004 < sum("\n" in row["source_article"] for row in rows) / len(rows) < 0.02
    assert 600 < path.stat().st_size / len(rows) < 800
    for row in rows:
        assert int(row["best"]) == sum(
            int(row[name]) for name in ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
        )
        assert row["date_start"] <= row["date_end"]


def test_ged_csv_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first = made_ged_csv(tmp_path / "a.csv", rows=300, seed=1).read_bytes()
    assert made_ged_csv(tmp_path / "b.csv", rows=300, seed=1).read_bytes() == first
    assert made_ged_csv(tmp_path / "c.csv", rows=300, seed=2).read_bytes() != first


def test_gdelt_month(tmp_path: Path) -> None:
    folder = made_gdelt_month(tmp_path, rows_per_slot=200, slots=8, processes=1)
    lines = (folder / "masterfilelist.txt").read_text().splitlines()
    assert len(lines) == 8 and (folder / "lastupdate.txt").read_text() == lines[-1] + "\n"
    for line in lines:
        size, md5, url = line.split(" ")
        content = (folder / url.rsplit("/", 1)[1]).read_bytes()
        assert (len(content), hashlib.md5(content).hexdigest()) == (int(size), md5)
        archive = zipfile.ZipFile(io.BytesIO(content))
        rows = archive.read(archive.namelist()[0]).decode().splitlines()
        assert 140 < len(rows) < 350
        assert {row.count("\t") for row in rows} == {60}  # none is broken on purpose
