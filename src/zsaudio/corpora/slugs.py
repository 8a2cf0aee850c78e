"""Names that are safe in lists and as names of files."""

import re
from collections.abc import Iterable

LONGEST = 200  # bytes: a file's name may have 255


def slugs(names: Iterable[str], prefix: str = "") -> list[str]:
    """Names reduced to letters, digits, dots and dashes, cut after LONGEST bytes, and made different."""
    made: dict[str, None] = {}
    for name in names:
        plain = re.sub(r"[^\w.-]+", "_", name).encode()[:LONGEST].decode(errors="ignore").strip("_")
        slug = plain = prefix + (plain or "x")
        number = 1
        while slug in made:
            number += 1
            slug = f"{plain}-{number}"
        made[slug] = None
    return list(made)
