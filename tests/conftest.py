"""What several tests share: a finished pipeline, the mirror of the real data, and a web server that can misbehave."""

import functools
import http.server
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from miniature import MODELS, SETTINGS, Project

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background; what tests start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A finished run in a folder whose name has a space and a letter that is not ASCII; tests change copies of it.

    Of its two models one is tested by eq. 7.
    """
    project = Project.clone(tmp_path_factory.mktemp("odd päth"))
    project.set_params(models=MODELS, settings=SETTINGS, variants__supervised__fused=False, resamples=200)
    project.set_params(demo__clips=60, train__epochs=2, train__seeds=[0, 1], train__parts=3)
    project.commit()
    project.dvc("repro")
    project.commit()
    return project


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory) -> Project:
    """A copy of the finished run for the tests of a module, each of which leaves it as it was."""
    return finished.copy(tmp_path_factory.mktemp("copy") / "odd päth")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of a mirror of AudioSet's public files, laid out HOST/PATH."""
    place = os.environ.get("AUDIOSET_MIRROR", "")
    if not place or not Path(place).is_dir():
        pytest.skip("AUDIOSET_MIRROR names no folder with AudioSet's public files")
    return Path(place).resolve()


class Server:
    """Serves a folder on localhost with byte ranges; `cuts` says after how many bytes a file's answers break off."""

    def __init__(self, folder: Path) -> None:
        self.cuts: dict[str, int] = {}
        self.ranges: list[str | None] = []
        self.supports_ranges = True
        self.announces = True  # the length of an answer
        handler = functools.partial(_Handler, self, folder)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, server: Server, folder: Path, *args: object) -> None:
        self.state, self.folder = server, folder
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        etag = f'"{hash(content)}"'
        asked = self.headers.get("Range")
        self.state.ranges.append(asked)
        start = 0
        if asked and self.state.supports_ranges and self.headers.get("If-Range") in (None, etag):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", etag)
        if self.state.announces:
            self.send_header("Content-Length", str(len(content) - start))
        else:
            self.close_connection = True
        self.end_headers()
        cut = self.state.cuts.get(path.name)
        self.wfile.write(content[start : len(content) if cut is None else start + cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[object]:
    """A function that serves a folder until the test ends."""
    servers = []

    def start(folder: Path) -> Server:
        servers.append(Server(folder))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
