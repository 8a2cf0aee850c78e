"""Downloads: from the mirror first, resumed after a break, verified, and stored whole or not at all."""

import os
import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import sha256

CHUNK = 1 << 20
MOST = 10**9  # bytes of a download: a server that sends without end does not fill the disk
TIMEOUT = (10, 60)  # seconds to connect, and between two chunks


class _Unreachable(Exception):
    """One address did not give the file; the message says why."""


def fetch(
    url: str,
    folder: Path,
    mirror: str | None = None,
    checksum: str | None = None,
    attempts: int = 3,
    most: int = MOST,
) -> Path:
    """Get a file: from the mirror if it has it, else from its public address.

    A download is written to NAME.part, which the next call resumes, and renamed when it is whole. A file that is
    already in `folder` is not downloaded again.

    Args:
        url: the public address.
        folder: where downloads are stored. If the mirror is a folder, its files are used where they are.
        mirror: a folder or base URL that has the file of scheme://HOST/PATH at HOST/PATH.
        checksum: the file's sha256, or its first digits.
        attempts: how often this call tries each address.
        most: bytes that a download may have.

    Raises:
        ZsAudioError: no address gave the file, it is larger than `most`, or its checksum is wrong.
    """
    location = url.split("://", 1)[1]
    path = folder / location.rsplit("/", 1)[-1]
    failures = []
    if (local_mirror := mirror_folder(mirror)) is not None:
        mirrored = local_mirror / location
        if mirrored.is_file():
            return _verified(mirrored, checksum)
        failures.append(f"{mirrored} (no such file)")
    if path.is_file():
        return _verified(path, checksum)
    for address in [f"{mirror.rstrip('/')}/{location}", url] if mirror and "://" in mirror else [url]:
        try:
            _download(address, path, attempts, most)
        except _Unreachable as error:
            failures.append(f"{address} ({error})")
        else:
            return _verified(path, checksum)
    raise ZsAudioError(
        f"{path.name} could not be downloaded; tried {'; '.join(failures)}. Set AUDIOSET_MIRROR to a folder or base "
        "URL that has it at HOST/PATH."
    )


def default_mirror() -> str | None:
    """The folder or base URL to look in before anything is downloaded: AUDIOSET_MIRROR in the environment."""
    return os.environ.get("AUDIOSET_MIRROR") or None


def mirror_folder(mirror: str | None) -> Path | None:
    """The mirror if it is a folder, None if it is a URL."""
    return Path(mirror) if mirror and "://" not in mirror else None


def _verified(path: Path, checksum: str | None) -> Path:
    actual = sha256(path) if checksum else ""
    if checksum and not actual.startswith(checksum):
        raise ZsAudioError(
            f"{path}: its sha256 is {actual}, not {checksum}: delete the file to download it again; if its publisher "
            "has changed it, change the expected checksum"
        )
    return path


def _download(url: str, path: Path, attempts: int, most: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    for attempt in range(attempts):
        try:
            _resume(url, part, most)
            break
        except _Unreachable:  # too large
            part.unlink(missing_ok=True)
            _validator(part).unlink(missing_ok=True)
            raise
        except requests.RequestException as error:
            if isinstance(error, requests.HTTPError) or attempt == attempts - 1:
                kept = f"; the next run resumes after {part.stat().st_size:,} bytes" if part.exists() else ""
                raise _Unreachable(_reason(error) + kept) from error
            time.sleep(0.5 * 2**attempt)
    part.replace(path)
    _validator(part).unlink(missing_ok=True)


def _resume(url: str, part: Path, most: int) -> None:
    """Download what `part` lacks. If-Range makes the server send a file that has changed from its start."""
    size = part.stat().st_size if part.exists() else 0
    validator = _validator(part).read_text() if size and _validator(part).exists() else ""
    headers = {"Accept-Encoding": "identity"}
    if size and validator:
        headers |= {"Range": f"bytes={size}-", "If-Range": validator}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == 416 and response.headers.get("Content-Range") == f"bytes */{size}":
            return  # the connection broke after the last byte
        if response.status_code == 416:  # the part is longer than the file: the file has changed
            part.unlink()
            raise requests.ConnectionError("the part does not fit the file")
        response.raise_for_status()
        resumed = response.status_code == 206
        if not resumed:
            size = 0
            _validator(part).write_text(response.headers.get("ETag") or response.headers.get("Last-Modified") or "")
        length = response.raw.length_remaining  # None where the server does not say
        total = None if length is None else size + length
        if total is not None and total > most:
            raise _Unreachable(f"it has {total:,} bytes, more than the {most:,} that are expected at most")
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(total=total, initial=size, unit="B", unit_scale=True, desc=part.stem, mininterval=1) as progress,
        ):
            try:
                # read1 returns what has arrived; reading whole chunks would lose the last one when the line breaks.
                while chunk := response.raw.read1(CHUNK):
                    if file.tell() + len(chunk) > most:
                        raise _Unreachable(f"it has more than the {most:,} bytes that are expected at most")
                    file.write(chunk)
                    progress.update(len(chunk))
            except urllib3.exceptions.HTTPError as error:
                raise requests.exceptions.ChunkedEncodingError(error) from error
    if total is not None and part.stat().st_size != total:
        raise requests.exceptions.ChunkedEncodingError(f"got {part.stat().st_size:,} of {total:,} bytes")


def _validator(part: Path) -> Path:
    """Where the ETag (or date) of an unfinished download is kept."""
    return part.with_name(part.name + ".etag")


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke"
    return "no connection"
