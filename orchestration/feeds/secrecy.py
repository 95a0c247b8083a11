"""Keeping a secret out of what is written down, also where a server repeats what it was sent.

Here: the spellings in which a secret may come back, hiding them in a text, and finding them in a body. Not here:
which values are secret (settings, and the client for what a request carries), and what becomes of a body that repeats
one (its feed refuses it: a body is kept as it came or not at all).
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST_HIDDEN = 3
SHORTEST_FOUND = 6
SHORTEST_BASE64 = 8


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret in it, in whatever spelling, replaced."""
    pattern = _any_of(tuple(secrets))
    return pattern.sub(HIDDEN, text) if pattern else text


def repeats(body: bytes, secrets: Iterable[str]) -> bool:
    """Whether a body repeats a secret.

    A secret that is but a word or a number ("bamako", "20210526") is not looked for: it could as well be a part of
    the data, and whoever finds it there learns nothing from it.
    """
    wanted = [secret for secret in secrets if _is_distinctive(secret)]
    if not wanted:
        return False
    text = body.decode("utf-8", "replace").lower()
    return any(spelling in text for secret in wanted for spelling in spellings(secret))


@lru_cache(maxsize=64)
def spellings(secret: str) -> tuple[str, ...]:
    """A secret as servers repeat it, in lower case: plain, or escaped for an address, JSON, HTML or base64."""
    as_json = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    plain = (
        secret,
        *(quote(secret, safe=safe) for safe in ("", "/", "@", "/:?=&@")),
        *(quote_plus(secret, safe=safe) for safe in ("", "@")),
        *as_json,
        *(text.replace("/", "\\/") for text in as_json),
        html.escape(secret),
        html.escape(secret, quote=False),
    )
    return tuple(dict.fromkeys(text.lower() for text in (*plain, *_in_base64(secret))))


@lru_cache(maxsize=64)
def _any_of(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    known = [
        spelling for secret in secrets if len(secret) >= SHORTEST_HIDDEN for spelling in spellings(secret)
    ]
    # The longest first: what is hidden of a longer spelling must not be cut by a shorter one within it.
    known.sort(key=len, reverse=True)
    return re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None


def _in_base64(secret: str) -> Iterator[str]:
    """What stands in the base64 of any text that holds the secret: it depends on where in the text it begins."""
    value = secret.encode()
    for offset, unsure in ((0, 0), (1, 2), (2, 3)):
        sure = (offset + len(value)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            core = encode(b"\0" * offset + value).decode()[unsure:sure]
            if len(core) >= SHORTEST_BASE64:
                yield core


def _is_distinctive(secret: str) -> bool:
    is_word = secret.isalpha() or secret.isdigit()
    return len(secret) >= (16 if is_word else SHORTEST_FOUND)
