"""An archive of AudioSet's shape, synthesised, and what the stages take on it: seconds and peak memory.

    AUDIOSET_MIRROR=FOLDER python tests/benchmarks/archive.py CLIPS

The ontology and the label list are AudioSet's, from the mirror or from their public addresses.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from synthesised import synthesised_segments

from miniature import ENVIRONMENT, Project
from records import record, sequence_example, write_archive
from zsaudio.formats.clip_lists import read_labels, write_segments
from zsaudio.storage.downloads import default_mirror, fetch
from zsaudio.tasks.settings import SETTINGS as FOLDS_OF

WHOLE = 2_041_789  # clips in AudioSet's list of unbalanced training clips
CLIPS = WHOLE // 20
PER_FILE = 500  # clips, as there
SUBSET, LIST = "unbal_train", "unbalanced_train_segments.csv"
MODELS = ("temporal_attention", "ours")
SETTINGS = ("setting1", "setting3")  # the fold with most clips, that of speech, tests in one and trains in the other
EPOCHS = (2, 12)  # that models are trained for, to tell an epoch's time from a stage's start


def write_mirror(mirror: Path, clips: int, addresses: dict[str, str]) -> None:
    """A mirror with an archive of so many clips of SUBSET, their list, and AudioSet's ontology and label list.

    Args:
        mirror: the folder.
        clips: how many.
        addresses: of ontology, labels, segments and features.
    """
    places = {name: mirror / address.split("://", 1)[1] for name, address in addresses.items()}
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    for name in ("ontology", "labels"):
        shutil.copyfile(fetch(addresses[name], mirror, default_mirror()), places[name])
    segments = synthesised_segments(clips)
    carried = [list(dict.fromkeys(segments.labels[a:b].tolist())) for a, b in pairwise(segments.offsets)]
    ytids = [clip.removesuffix("_0") for clip in segments.clip_ids]
    mids = read_labels(places["labels"])["mid"].tolist()
    rows = ((ytid, 0.0, 10.0, [mids[c] for c in labels]) for ytid, labels in zip(ytids, carried, strict=True))
    write_segments(places["segments"], rows)

    def members() -> Iterator[tuple[str, bytes]]:
        rng = np.random.default_rng(0)
        for start in range(0, clips, PER_FILE):
            part = slice(start, min(start + PER_FILE, clips))
            seconds = np.where(rng.random(part.stop - start) < 0.05, 9, 10)
            frames = rng.integers(0, 256, (len(seconds), 10, 128), dtype=np.uint8)
            examples = (
                sequence_example(ytid, 0.0, labels, of_clip[:n])
                for ytid, labels, of_clip, n in zip(ytids[part], carried[part], frames, seconds, strict=True)
            )
            yield f"{SUBSET}/{start // PER_FILE:04d}.tfrecord", b"".join(map(record, examples))

    with places["features"].open("wb") as file:
        write_archive(file, members())


def measure(project: Project, mirror: Path, stage: str, *arguments: str) -> dict[str, float]:
    """Seconds of a stage on the clock and of the processor's cores together, and peak GiB.

    Linux counts what this process had when the stage began, too.
    """
    environment = ENVIRONMENT | {"PYTHONPATH": str(project.folder / "src"), "AUDIOSET_MIRROR": str(mirror)}
    command = [sys.executable, f"stages/{stage}.py", *arguments]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=project.folder, env=environment, stdout=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{stage}: failed")
    taken, cores = time.perf_counter() - start, used.ru_utime + used.ru_stime
    return {"seconds": taken, "cores": cores, "gib": used.ru_maxrss / 2**20}  # KiB on Linux


def run(folder: Path, clips: int) -> dict[str, dict[str, float]]:
    """What each stage takes on so many clips, with one seed of each of MODELS: seconds, peak GiB.

    Of training also seconds of an epoch, with its validation, and how many clips it has.
    """
    (folder / "project").mkdir()
    project, mirror = Project.clone(folder / "project"), folder / "mirror"
    addresses = yaml.safe_load((project.folder / "params.yaml").read_text())["audioset"]
    addresses = {name: addresses[name] for name in ("ontology", "labels", "features")}
    addresses["segments"] = addresses["labels"].rpartition("/")[0] + f"/{LIST}"
    write_mirror(mirror, clips, addresses)
    project.set_params(
        corpus="audioset",
        audioset__subsets=[SUBSET],
        audioset__segments=[addresses["segments"]],
        audioset__sha256={},
        text__encoder__audioset="words",
        models=list(MODELS),
        settings=list(SETTINGS),
        train__seeds=[0],
        variants__ours__ensemble=1,
    )
    taken = {stage: measure(project, mirror, stage) for stage in ("corpus", "classes", "folds", "audio", "text")}
    table1 = json.loads((project.folder / "metrics/audioset/table1.json").read_text())
    for epochs in EPOCHS:
        project.set_params(train__epochs=epochs, variants__ours__epochs=epochs, variants__ours__patience=0)
        measure(project, mirror, "variants")
        for name, model, setting in ((f"train {m} {s}", m, s) for m in MODELS for s in SETTINGS):
            now = measure(project, mirror, "train", "--model", model, "--setting", setting)
            if name in taken:
                now["epoch"] = (now["seconds"] - taken[name]["seconds"]) / (EPOCHS[1] - EPOCHS[0])
                now["clips"] = table1[f"{FOLDS_OF[setting].train}_clips"]
            taken[name] = now
    return taken | {f"evaluate {m}": measure(project, mirror, "evaluate", "--model", m) for m in MODELS}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(run(Path(place), int(sys.argv[1]))))
