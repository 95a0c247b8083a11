"""Zips of publishers: what is read, and every way in which one is refused."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import pytest

from orchestration.feeds.zips import BadZip, gzip_member, open_single_member, single_member, verify_member

TEXT = b"id,place\r\n1,Gao\r\n" * 400
MEGABYTE = 1 << 20


def write_zip(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, method)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_member_is_read_as_file_and_as_gzip(tmp_path, method):
    path = write_zip(tmp_path / "ged.zip", ("GED.CSV", TEXT), method=method)
    with open_single_member(path, max_bytes=MEGABYTE, directory=tmp_path) as extracted:
        assert extracted.read_bytes() == TEXT
        assert extracted.parent == tmp_path
    assert not extracted.exists()
    member = verify_member(path, name="GED.CSV", max_bytes=MEGABYTE)
    assert (member.size, member.name) == (len(TEXT), "GED.CSV")
    assert gzip.decompress(gzip_member(path, member, tmp_path / "x.gz").read_bytes()) == TEXT


def test_a_deflated_member_is_rewrapped_without_inflating(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", TEXT))
    member = single_member(path, max_bytes=MEGABYTE)
    wrapped = gzip_member(path, member, tmp_path / "a.gz")
    assert wrapped.stat().st_size == member.compressed_size + 18


def test_an_empty_member_is_valid(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", b""))
    member = verify_member(path, suffix=".csv", max_bytes=MEGABYTE)
    assert member.size == 0
    assert gzip.decompress(gzip_member(path, member, tmp_path / "a.gz").read_bytes()) == b""


@pytest.mark.parametrize(
    ("members", "options", "said"),
    [
        ([("a.csv", TEXT), ("b.csv", TEXT)], {}, "2 members"),
        ([], {}, "0 members"),
        ([("other.csv", TEXT)], {"name": "a.csv"}, "'other.csv' where 'a.csv'"),
        ([("a.exe", TEXT)], {"suffix": ".csv"}, "where a .csv file"),
        ([("../../evil.csv", TEXT)], {"suffix": ".csv"}, "names a folder"),
        ([("/etc/evil.csv", TEXT)], {"suffix": ".csv"}, "names a folder"),
        ([("..\\evil.csv", TEXT)], {"suffix": ".csv"}, "names a folder"),
        ([("folder/", b"")], {}, "names a folder"),
        ([("a.csv", TEXT)], {"max_bytes": 100}, "more than the 100 allowed"),
        ([("a.csv", bytes(8 * MEGABYTE))], {"max_bytes": 64 * MEGABYTE}, "bomb"),
    ],
)
def test_refused(tmp_path, members, options, said):
    path = write_zip(tmp_path / "a.zip", *members)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadZip, match=r"a\.zip: .*" + said):
        verify_member(path, **{"max_bytes": MEGABYTE, **options})
    assert sorted(tmp_path.rglob("*")) == before


def test_a_symbolic_link_is_only_its_text(tmp_path):
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = 0o120777 << 16
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/hostname")
    with open_single_member(path, max_bytes=MEGABYTE) as extracted:
        assert not extracted.is_symlink()
        assert extracted.read_text() == "/etc/hostname"


@pytest.mark.parametrize("keep", [0, 10, 60, -1])
def test_a_truncated_zip_is_refused(tmp_path, keep):
    whole = write_zip(tmp_path / "whole.zip", ("a.csv", TEXT)).read_bytes()
    path = tmp_path / "a.zip"
    path.write_bytes(whole[:keep])
    with pytest.raises(BadZip, match="damaged or not a zip"):
        verify_member(path, max_bytes=MEGABYTE)


def test_html_is_not_a_zip(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"<html>Not here</html>")
    with pytest.raises(BadZip, match="fetch it again"):
        single_member(path, max_bytes=MEGABYTE)


def _with_declared(
    body: bytes, *, size: int | None = None, crc: int | None = None, flag: int | None = None
) -> bytes:
    """The zip with another size, CRC or flag in both of its headers."""
    changed = bytearray(body)
    for signature, flags_at, crc_at, size_at in ((b"PK\x03\x04", 6, 14, 22), (b"PK\x01\x02", 8, 16, 24)):
        at = changed.index(signature)
        if flag is not None:
            struct.pack_into("<H", changed, at + flags_at, flag)
        if crc is not None:
            struct.pack_into("<I", changed, at + crc_at, crc)
        if size is not None:
            struct.pack_into("<I", changed, at + size_at, size)
    return bytes(changed)


@pytest.mark.parametrize("changes", [{"size": 100}, {"size": len(TEXT) + 7}, {"crc": 1}])
def test_a_lying_header_is_found_out(tmp_path, changes):
    path = write_zip(tmp_path / "a.zip", ("a.csv", TEXT))
    path.write_bytes(_with_declared(path.read_bytes(), **changes))
    with pytest.raises(BadZip):
        verify_member(path, max_bytes=MEGABYTE)
    with pytest.raises(BadZip), open_single_member(path, max_bytes=MEGABYTE):
        pytest.fail("a lying member was handed out")


def test_a_bomb_that_lies_about_its_size_stays_small(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", bytes(64 * MEGABYTE)))
    path.write_bytes(_with_declared(path.read_bytes(), size=1000))
    with pytest.raises(BadZip), open_single_member(path, max_bytes=MEGABYTE, directory=tmp_path):
        pytest.fail("the bomb was handed out")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < MEGABYTE


def test_an_encrypted_member_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", TEXT))
    path.write_bytes(_with_declared(path.read_bytes(), flag=1))
    with pytest.raises(BadZip, match="without a password"):
        verify_member(path, max_bytes=MEGABYTE)


def test_other_methods_are_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", TEXT), method=zipfile.ZIP_BZIP2)
    with pytest.raises(BadZip, match="method 12"):
        verify_member(path, max_bytes=MEGABYTE)


def test_a_payload_cut_after_its_proof_is_refused_at_rewrapping(tmp_path):
    path = write_zip(tmp_path / "a.zip", ("a.csv", TEXT))
    member = single_member(path, max_bytes=MEGABYTE)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadZip, match="cut short"):
        gzip_member(path, member, tmp_path / "a.gz")


def test_a_nested_zip_is_handed_out_as_bytes_and_not_opened(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.csv", "x")
    path = write_zip(tmp_path / "a.zip", ("inner.zip", inner.getvalue()))
    with pytest.raises(BadZip, match=r"where a .csv file"):
        verify_member(path, suffix=".csv", max_bytes=MEGABYTE)
