"""Publishers' zip files, read safely: one member, its expected name, bounded size, checked CRC.

No feed is described here and nothing is fetched. A member's name is compared, never used as a path; a
member is inflated in pieces, so neither a bomb nor a lying header can take more than the caps allow.
"""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MAX_RATIO = 100.0
"""Inflated to compressed size beyond which a member is a bomb; feeds are at 4 to 10, deflate can do 1,032."""
RATIO_FROM_BYTES = 1 << 20
"""Below this inflated size the ratio is not judged: a few repeated lines squeeze well and harm nobody."""
_PIECE = 1 << 20
_IS_ENCRYPTED = 0x1
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class BadZip(ValueError):
    """A zip that is damaged, hostile or not what it should be; the message says which and what to do."""


@dataclass(frozen=True)
class Member:
    """The one member of a zip, as its directory declares it."""

    name: str
    size: int
    compressed_size: int
    crc: int
    is_deflated: bool
    header_offset: int


def single_member(
    path: Path,
    *,
    name: str | None = None,
    suffix: str | None = None,
    max_bytes: int,
    max_ratio: float = MAX_RATIO,
) -> Member:
    """The zip's only member, if its directory promises nothing beyond the caps. Reads no content.

    ``name`` must match exactly, ``suffix`` without regard to case.
    """
    with _directory(path) as archive:
        return _only_member(path, archive, name, suffix, max_bytes, max_ratio)


def verify_member(
    path: Path,
    *,
    name: str | None = None,
    suffix: str | None = None,
    max_bytes: int,
    max_ratio: float = MAX_RATIO,
) -> Member:
    """As ``single_member``, and the content inflates to the declared size with the declared CRC."""
    with _directory(path) as archive:
        member = _only_member(path, archive, name, suffix, max_bytes, max_ratio)
        for _ in _pieces(path, archive, member):
            pass
    return member


@contextmanager
def open_single_member(
    path: Path,
    *,
    name: str | None = None,
    suffix: str | None = ".csv",
    max_bytes: int,
    max_ratio: float = MAX_RATIO,
    directory: Path | None = None,
) -> Iterator[Path]:
    """Inflate the only member into a file of our own naming, verified, gone when the block ends.

    ``directory`` is where the file is made (default: the system's temporary folder).
    """
    with tempfile.NamedTemporaryFile(dir=directory, prefix="member-", suffix=suffix or "") as target:
        with _directory(path) as archive:
            member = _only_member(path, archive, name, suffix, max_bytes, max_ratio)
            for piece in _pieces(path, archive, member):
                target.write(piece)
        target.flush()
        yield Path(target.name)


def gzip_member(path: Path, member: Member, destination: Path) -> Path:
    """Re-wrap the member as a gzip file, without inflating it, so that DuckDB can read it where it lies.

    A deflated member is the body of a gzip file already; only header and trailer differ. The content is
    not verified here: use ``verify_member`` once, when the zip arrives.
    """
    with path.open("rb") as source, destination.open("wb") as target:
        source.seek(member.header_offset)
        header = source.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            raise BadZip(f"{path.name}: cut short; fetch it again")
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        if signature != b"PK\x03\x04":
            raise BadZip(f"{path.name}: damaged (no member where its directory points); fetch it again")
        source.seek(name_length + extra_length, 1)
        target.write(_GZIP_HEADER)
        # A stored member is deflated for once: gzip knows no other method.
        deflate = None if member.is_deflated else zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)
        left = member.compressed_size
        while left:
            piece = source.read(min(left, _PIECE))
            if not piece:
                raise BadZip(f"{path.name}: cut short; fetch it again")
            left -= len(piece)
            target.write(deflate.compress(piece) if deflate else piece)
        if deflate:
            target.write(deflate.flush())
        target.write(struct.pack("<II", member.crc, member.size & 0xFFFFFFFF))
    return destination


@contextmanager
def _directory(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        UnicodeDecodeError,
        struct.error,
    ) as error:
        raise BadZip(f"{path.name}: damaged or not a zip ({error}); fetch it again") from error


def _only_member(
    path: Path,
    archive: zipfile.ZipFile,
    name: str | None,
    suffix: str | None,
    max_bytes: int,
    max_ratio: float,
) -> Member:
    infos = archive.infolist()
    if len(infos) != 1:
        raise BadZip(
            f"{path.name}: {len(infos)} members where one is expected; unpack it and give the file itself"
        )
    info = infos[0]
    # The name as written in the file: zipfile's own is cut at a NUL and has its separators changed.
    found = info.orig_filename
    if name is not None and found != name:
        raise BadZip(
            f"{path.name}: member {found!r} where {name!r} is expected; not the file it claims to be"
        )
    if suffix is not None and not found.lower().endswith(suffix.lower()):
        raise BadZip(
            f"{path.name}: member {found!r} where a {suffix} file is expected; not the file it claims to be"
        )
    if "/" in found or "\\" in found or "\0" in found:
        raise BadZip(f"{path.name}: member {found!r} names a folder; unpack it and give the file itself")
    if info.flag_bits & _IS_ENCRYPTED:
        raise BadZip(f"{path.name}: encrypted; give a zip without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadZip(
            f"{path.name}: compression method {info.compress_type} is unknown; unpack it and give the file"
        )
    if info.file_size > max_bytes:
        raise BadZip(
            f"{path.name}: inflates to {info.file_size:,} bytes, more than the {max_bytes:,} allowed; refused"
        )
    if info.file_size > RATIO_FROM_BYTES and info.file_size > max_ratio * max(info.compress_size, 1):
        raise BadZip(
            f"{path.name}: inflates {info.file_size / max(info.compress_size, 1):,.0f} times, "
            f"more than the {max_ratio:,.0f} allowed; refused as a bomb"
        )
    return Member(
        name=found,
        size=info.file_size,
        compressed_size=info.compress_size,
        crc=info.CRC,
        is_deflated=info.compress_type == zipfile.ZIP_DEFLATED,
        header_offset=info.header_offset,
    )


def _pieces(path: Path, archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """The content, never more of it than declared; zipfile checks the CRC as the last piece is read."""
    size = 0
    with archive.open(archive.infolist()[0]) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            yield piece
    if size != member.size:
        raise BadZip(
            f"{path.name}: {size:,} bytes where its directory declares {member.size:,}; fetch it again"
        )
