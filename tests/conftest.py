"""What several tests share: the mirror of the real data, and a web server that can be told to misbehave."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


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
        self.send_header("Content-Length", str(len(content) - start))
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
