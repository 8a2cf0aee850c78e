"""Downloads: mirror first, resumed where they broke off, verified, and whole or not there at all."""

from __future__ import annotations

import os
import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import sha256

CHUNK = 1 << 20
TIMEOUT = (10, 60)  # seconds to connect, and between two chunks


class _Unreachable(Exception):
    """One address did not give the file; the message says why."""


def fetch(url: str, folder: Path, mirror: str | None = None, checksum: str | None = None, attempts: int = 3) -> Path:
    """Get a file: from the mirror if it has it, else from its public address.

    A download is written to NAME.part, which the next call resumes, and renamed when it is whole. A file that is
    already in `folder` is not fetched again.

    Args:
        url: the public address.
        folder: where downloads go. A file of a mirror that is a folder is used where it lies.
        mirror: a folder or base URL in which the file of scheme://HOST/PATH lies at HOST/PATH.
        checksum: sha256 that the file must have, or its beginning.
        attempts: how often a broken connection is taken up again within this call.

    Raises:
        ZsAudioError: no address gave the file, or its checksum is wrong.
    """
    place = url.split("://", 1)[1]
    tried = []
    if (nearby := mirror_folder(mirror)) is not None:
        mirrored = nearby / place
        if mirrored.is_file():
            verify(mirrored, checksum)
            return mirrored
        tried.append(f"{mirrored} (no such file)")
    path = folder / place.rsplit("/", 1)[-1]
    if path.is_file():
        verify(path, checksum)
        return path
    addresses = [f"{mirror.rstrip('/')}/{place}", url] if mirror and "://" in mirror else [url]
    for address in addresses:
        try:
            _download(address, path, attempts)
        except _Unreachable as error:
            tried.append(f"{address} ({error})")
        else:
            verify(path, checksum)
            return path
    raise ZsAudioError(
        f"{path.name} could not be had; tried {'; '.join(tried)}. Set AUDIOSET_MIRROR to a folder or base URL that "
        "has it at HOST/PATH."
    )


def default_mirror() -> str | None:
    """The folder or base URL in which downloads are looked for first: AUDIOSET_MIRROR in the environment."""
    return os.environ.get("AUDIOSET_MIRROR") or None


def mirror_folder(mirror: str | None) -> Path | None:
    """The mirror if it is a folder; the hub's models are not looked for in one that is a URL."""
    return Path(mirror) if mirror and "://" not in mirror else None


def verify(path: Path, expected: str | None) -> None:
    """Check a file against its checksum, if there is one.

    Raises:
        ZsAudioError: it differs.
    """
    if expected is None:
        return
    found = sha256(path)
    if not found.startswith(expected):
        raise ZsAudioError(
            f"{path}: its sha256 is {found}, not {expected}: delete it to fetch it again; if its publisher has changed "
            "it, the checksum that is expected (sha256 in params.yaml, where it is one of a corpus) must change, too"
        )


def _download(url: str, path: Path, attempts: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    for attempt in range(attempts):
        try:
            _continue(url, part)
            break
        except requests.RequestException as error:
            reason = _reason(error)
            answered = isinstance(error, requests.HTTPError)
            if answered or attempt == attempts - 1:
                kept = f"; {part.stat().st_size:,} bytes are kept and resumed next time" if part.exists() else ""
                raise _Unreachable(reason + kept) from error
            time.sleep(0.5 * 2**attempt)
    part.replace(path)
    _validator(part).unlink(missing_ok=True)


def _continue(url: str, part: Path) -> None:
    """Fetch what is missing of `part`. If-Range makes the server send a file that has changed from its start."""
    have = part.stat().st_size if part.exists() else 0
    validator = _validator(part).read_text() if have and _validator(part).exists() else ""
    headers = {"Accept-Encoding": "identity"}
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416 and answer.headers.get("Content-Range") == f"bytes */{have}":
            return  # cut after the last byte
        if answer.status_code == 416:  # the server has less than we do: another file by now
            part.unlink()
            raise requests.ConnectionError("the part does not fit the file")
        answer.raise_for_status()
        resumed = answer.status_code == 206
        if not resumed:
            have = 0
            _validator(part).write_text(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem, mininterval=1) as progress,
        ):
            try:
                # read1 hands over what has come; reading whole chunks would lose the last one when the line breaks.
                while chunk := answer.raw.read1(CHUNK):
                    file.write(chunk)
                    progress.update(len(chunk))
            except urllib3.exceptions.HTTPError as error:
                raise requests.exceptions.ChunkedEncodingError(error) from error
    if total is not None and part.stat().st_size != total:
        raise requests.exceptions.ChunkedEncodingError(f"{part.stat().st_size:,} of {total:,} bytes came")


def _validator(part: Path) -> Path:
    """Where the ETag (or date) of a broken download is kept."""
    return part.with_name(part.name + ".etag")


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    return "no connection"
