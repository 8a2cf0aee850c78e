"""The page of `zsaudio app`, in a real browser: `make test-app`, which needs the extra `test-app` and a Chromium."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

import zsaudio
from model_folders import model_config, write_model
from pages import CHROMIUM
from signals import speech_like
from zsaudio import ZsAudioError
from zsaudio.search.indexing import index_folder
from zsaudio.search.searching import Hit
from zsaudio.search.space import Space

pytestmark = pytest.mark.browser

RATE = 16_000
SECONDS = {"a.wav": 3, "sub/b.flac": 12, "<b>c é.wav": 27}
# A microphone that beeps, and no traffic of the browser's own.
OPTIONS = "no-sandbox use-fake-device-for-media-stream use-fake-ui-for-media-stream disable-background-networking"
SERVE = [sys.executable, "-c", "from zsaudio_cli import main; main()", "app", "--no-browser"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a model, recordings and their index."""
    folder = tmp_path_factory.mktemp("sounds of été")
    for number, (name, seconds) in enumerate(SECONDS.items()):
        path = folder / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, speech_like(RATE, seconds, seed=number), RATE)
    (folder / "broken.wav").write_text("no sound")
    model = write_model(folder / "model", model_config("uniform_mean"))
    index_folder(folder / "sounds", folder / "index", Space(zsaudio.load(model)), str(model), 0)
    return folder


@pytest.fixture(scope="module")
def served(folder) -> Iterator[SimpleNamespace]:
    """The page, behind a proxy that does not answer; when it ends, what was uploaded is removed."""
    temporary = folder / "tmp"
    temporary.mkdir()
    environ = {**os.environ, "TMPDIR": str(temporary), "HTTP_PROXY": "http://127.0.0.1:9"}
    process = subprocess.Popen([*SERVE, "--index", folder / "index"], stdout=subprocess.PIPE, text=True, env=environ)
    address = re.match(r"(http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)", process.stdout.readline())[1]
    yield SimpleNamespace(address=address, process=process)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)
    assert not list(temporary.glob("zsaudio-app-*"))


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None, "there is no Chromium"
    with sync_playwright() as playwright:
        options = [f"--{option}" for option in OPTIONS.split()]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(served, browser) -> Iterator[object]:
    """The page, of which no request leaves this machine, or is refused for that, and no script fails."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page = context.new_page()
    requests, errors = [], []
    context.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(served.address)
    page.get_by_role("tab", name="Search").wait_for()
    yield page
    context.close()
    assert [url for url in requests if not url.startswith((served.address, "blob:", "data:"))] == []
    assert errors == []


def upload(page, path: Path) -> None:
    page.locator("input[type=file]:visible, [role=tabpanel]:visible input[type=file]").first.set_input_files(path)


def shows(page, *texts: str) -> None:
    for text in texts:
        page.get_by_text(text).first.wait_for()


def cells(page) -> list[list[str]]:
    """The rows of the table that is seen."""
    texts = [cell.strip() for cell in page.locator("[role=gridcell]:visible").all_inner_texts()]
    return [texts[k : k + 4] for k in range(0, len(texts), 4)]


def until(page, condition) -> None:
    """Wait for what comes while someone types."""
    end = time.monotonic() + 60  # seconds; on an idle machine one or two do
    while not condition() and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert condition()


def search(page, query: str) -> None:
    page.get_by_role("tab", name="Search").click()
    box = page.get_by_label("What to look for, in words")
    box.fill(query)
    box.press("Enter")


def test_labels_are_predicted_as_they_are_typed_and_drawn_over_time(page, folder):
    recording = folder / "sounds/sub/b.flac"
    upload(page, recording)
    labels = page.get_by_label("Labels").last
    labels.press_sequentially("low hum, dog", delay=50)  # as fast as people type
    until(page, lambda: len(cells(page)) == 2)
    picture = page.get_by_alt_text("Spectrogram, and below it the score of each label over time")
    picture.wait_for()
    first = picture.get_attribute("src")
    labels.press("End")
    page.keyboard.insert_text("\n<img src=x onerror=alert(1)> rain")  # as what is pasted
    until(page, lambda: len(cells(page)) == 3)
    prediction = zsaudio.load(folder / "model").predict(
        recording, ["low hum", "dog", "<img src=x onerror=alert(1)> rain"]
    )
    assert cells(page) == [
        [
            prediction.labels[c],
            f"{prediction.scores[c]:.3f}",
            "yes" if prediction.above[c] else "no",
            f"{prediction.ranks[c]} of {prediction.ranked}",
        ]
        for c in prediction.ranking()
    ]
    until(page, lambda: picture.get_attribute("src") != first)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    assert page.locator("img[src=x]").count() == 0


def test_what_the_microphone_records_is_predicted_and_searched_for(page):
    page.get_by_label("Labels").last.fill("low hum")
    for tab, count in (("Labels", 1), ("Search", 3)):
        page.get_by_role("tab", name=tab).click()
        panel = page.locator("[role=tabpanel]:visible")
        panel.get_by_label("Record audio").click()
        panel.get_by_role("button", name="Record", exact=True).click()
        page.wait_for_timeout(1000)
        panel.get_by_role("button", name="Stop", exact=True).click()
        until(page, lambda count=count: len(cells(page)) == count)


def test_mistakes_are_sentences(page, folder):
    labels = page.get_by_label("Labels").last
    labels.fill("dog")
    shows_in_note(page, "Choose a recording, or make one.")
    upload(page, folder / "sounds/a.wav")
    until(page, lambda: len(cells(page)) == 1)
    labels.fill(" , ")
    shows_in_note(page, "Type labels: what to look for, in words.")
    assert cells(page) == []
    labels.fill("🐕")
    shows_in_note(page, "label '🐕' has no word to embed")
    labels.fill(", ".join(f"dog {k}" for k in range(101)))
    shows_in_note(page, "labels: expected at most 100, got 101")


def shows_in_note(page, sentence: str) -> None:
    notes = page.locator("textarea[disabled]:visible")
    until(page, lambda: notes.count() == 1 and notes.input_value().startswith(sentence))


def test_a_file_that_is_no_recording_is_named(page, folder):
    page.get_by_label("Labels").last.fill("dog")
    upload(page, folder / "broken.wav")
    shows_in_note(page, "broken.wav: cannot be read as audio (")


def test_hits_are_ranked_and_played_from_their_second(page, folder):
    search(page, "high rain")
    until(page, lambda: len(cells(page)) == 3)
    hits = zsaudio.open_index(folder / "index").search("high rain")
    names = [hit.file.relative_to(folder / "sounds").as_posix() for hit in hits]
    assert [row[3] for row in cells(page)] == names
    assert [row[1] for row in cells(page)] == [f"{hit.score:.3f}" for hit in hits]
    shows(page, f"{names[0]} from 0:00:{hits[0].start:02}")
    page.get_by_role("gridcell").filter(has_text="<b>c").click()
    long = next(hit for hit in hits if hit.end - hit.start == 10 and "<b>" in hit.file.name)
    shows(page, f"<b>c é.wav from 0:00:{long.start:02}", f"0:{27 - long.start:02}")


def test_a_sound_finds_itself(page, folder):
    page.get_by_role("tab", name="Search").click()
    upload(page, folder / "sounds/sub/b.flac")
    until(page, lambda: len(cells(page)) == 3)
    like = zsaudio.open_index(folder / "index").like(folder / "sounds/sub/b.flac")
    assert [row[1] for row in cells(page)] == [f"{hit.score:.3f}" for hit in like]


def test_a_query_that_says_nothing_or_too_much_is_refused_in_a_sentence(page):
    search(page, " ")
    shows_in_note(page, "query: expected what to look for, in words, got none")
    search(page, "rain " * 10_000)
    shows_in_note(page, "query: expected at most 1,000 words, got 10,000")


def test_no_file_of_this_machine_is_served(served, folder):
    for path in ("/etc/passwd", folder / "sounds/a.wav", folder / "index/index.json", Path(__file__)):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{served.address}gradio_api/file={urllib.request.quote(str(path))}")


def test_the_page_is_for_this_machine_alone(served):
    port = int(served.address.rsplit(":")[-1].strip("/"))
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert next(place for place in listening if place.endswith(f":{port:04X}")) == f"0100007F:{port:04X}"
    elsewhere = urllib.request.Request(served.address, headers={"Host": "elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError, match="400"):  # a name of another's that leads here
        urllib.request.urlopen(elsewhere)


def test_a_port_that_is_taken_is_told(served, folder):
    port = served.address.rsplit(":")[-1].strip("/")
    done = subprocess.run(
        [*SERVE, "--index", folder / "index", "--port", port], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"zsaudio: --port: {port} is not free on 127.0.0.1; name another\n"


def test_an_index_cannot_have_files_outside_of_its_folder_played(folder):
    import gradio

    from zsaudio_app.search_tab import SearchTab

    index = zsaudio.open_index(folder / "index")
    with gradio.Blocks(analytics_enabled=False):
        tab = SearchTab(index)
    soundfile.write(folder / "private.wav", np.zeros(RATE), RATE)
    for file in (index.folder / "../private.wav", folder / "private.wav"):
        index.search = lambda query, top, file=file: [Hit(1, 1.0, file, 0, 1)]
        note, rows, player, hits = tab.search("dog", 1)
        assert "is not in" in note["value"]
        assert (rows, player["value"], hits) == ([], None, [])
        with pytest.raises(ZsAudioError, match="is not in"):
            tab._playing(Hit(1, 1.0, file, 0, 1))
