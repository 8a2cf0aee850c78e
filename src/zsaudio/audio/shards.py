"""Shards of embeddings, which survive a crash: what an earlier run has finished, and is undamaged, is used again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from zsaudio.storage.files import sha256

SHARD = 512  # recordings in a shard: a crash loses no more than these


def keep_shards(
    folder: Path,
    made_by: str,
    recordings: Mapping[str, Path],
    write: Callable[[Path, Mapping[str, Path], tqdm[Any]], None],
    name: str,
) -> list[Path]:
    """Write shards of recordings, given by clip id, into a folder; return their files, in order.

    The name of a shard is a hash of `made_by` and of the recordings with their sizes and dates, and then a checksum of
    its content. Each is computed by itself, so the result does not depend on where a run was interrupted. At the end,
    all other shards are removed from the folder.

    Args:
        folder: where to.
        made_by: everything that the content depends on but the recordings.
        recordings: by clip id.
        write: writes the embeddings of some of them into a file, and updates the progress bar.
        name: of the progress bar.
    """
    files = list(recordings.items())
    parts = [dict(files[start : start + SHARD]) for start in range(0, len(files), SHARD)]
    keyed = {_key(made_by, part): part for part in parts}
    whole = _whole_shards(folder)
    pending = {key: part for key, part in keyed.items() if key not in whole}
    finished = len(files) - sum(map(len, pending.values()))
    with tqdm(total=len(files), initial=finished, desc=name, unit="clip", mininterval=1) as progress:
        for key, part in pending.items():
            shard = folder / f"{key}.parquet"
            write(shard, part, progress)
            whole[key] = shard.replace(folder / f"{key}-{_checksum(shard)}.parquet")
    shards = [whole[key] for key in keyed]
    for path in set(folder.glob("*.parquet")) - set(shards):
        path.unlink()
    return shards


def _whole_shards(folder: Path) -> dict[str, Path]:
    """Shards by the first half of their names, if the second is the checksum of their content."""
    halves = {path: path.stem.partition("-") for path in folder.glob("*.parquet")}
    return {key: path for path, (key, _, checksum) in halves.items() if checksum == _checksum(path)}


def _checksum(path: Path) -> str:
    return sha256(path)[:20]


def _key(made_by: str, recordings: Mapping[str, Path]) -> str:
    digest = hashlib.sha256(made_by.encode())
    for clip, path in recordings.items():
        try:
            status = path.stat()
            version = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        except (OSError, ValueError):  # ValueError: no file can have this name
            version = (-1, -1, -1)
        digest.update(json.dumps([clip, str(path), *version]).encode())
    return digest.hexdigest()[:20]
