"""The demo corpus: synthesised clips with known labels, and an ontology, in AudioSet's formats.

Class names consist of three words ("Low pulsing buzz"), so that an unseen class can be recognised from its words.
Clips come from scenes, groups of sounds that occur together, as the split into folds expects.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from tqdm import tqdm

from zsaudio.corpora.demo_sounds import KINDS, SAMPLE_RATE, SOUNDS, Event, Sound, mix
from zsaudio.formats.clip_lists import clip_id, write_labels, write_segments
from zsaudio.formats.recordings import write_recordings
from zsaudio.storage.files import replacing, write_text

SECONDS = 10.0
SCENES = 6
ROOTS = {
    "Sounds of machines": ["Hum", "Pulsing machines"],
    "Noises": ["Hiss", "Rattle", "Noise floor", "Unheard noise"],
    "Animal": ["Bird", "Wild animals", "Insect"],
    "Signals": ["Siren"],
}
BIRD_SONG = "Bird vocalization, bird call, bird song"
ALARM = "Alarm rattle"
RESTRICTIONS = {
    "Sounds of machines": ["abstract"],
    "Pulsing machines": ["abstract"],
    "Noises": ["blacklist"],
    "Noise floor": ["blacklist"],
    "Signals": ["abstract"],
}
UNLABELLED = {"Unheard noise", *(name for name, restrictions in RESTRICTIONS.items() if "abstract" in restrictions)}
# Sounds of single animals: the animals are classes, their sounds are not.
ANIMAL_SOUNDS = {
    "Low steady warble": ["Croak", "Grunting warble", "Deep song"],
    "High pulsing warble": ["Trill"],
}


@dataclass(frozen=True)
class Clip:
    """A synthesised clip: the parts of its id, its subset, its sounds, and its noise level in dB."""

    ytid: str
    start: float
    subset: str
    events: tuple[Event, ...]
    noise_level: float

    @property
    def clip_id(self) -> str:
        """Id of the clip."""
        return clip_id(self.ytid, self.start)


def mid_of(name: str) -> str:
    """Machine id of a class."""
    return "/demo/" + "_".join(name.lower().replace(",", "").split())


def ontology() -> list[dict[str, Any]]:
    """The ontology in AudioSet's JSON format. Every rule of class selection applies to some of its nodes."""
    children = {name: list(below) for name, below in ROOTS.items()}
    for parent, kind in {"Hum": "hum", "Insect": "buzz", "Hiss": "hiss", "Rattle": "rattle", "Siren": "siren"}.items():
        children[parent] = [sound.name for sound in SOUNDS if sound.kind == kind]
    warbles = [sound for sound in SOUNDS if sound.kind == "warble"]
    children["Bird"] = [BIRD_SONG, *(sound.name for sound in warbles if sound.register in ("high", "shrill"))]
    children["Wild animals"] = [sound.name for sound in warbles if sound.register in ("low", "middle")]
    children["Pulsing machines"] = [sound.name for sound in SOUNDS if (sound.kind, sound.rhythm) == ("hum", "pulsing")]
    children["Rattle"].append(ALARM)
    children["Siren"].append(ALARM)
    children |= {name: list(below) for name, below in ANIMAL_SOUNDS.items()}
    names = dict.fromkeys([*children, *(child for below in children.values() for child in below)])
    return [
        {
            "id": mid_of(name),
            "name": name,
            "description": f"The demo's sound called {name.lower()}.",
            "citation_uri": "",
            "positive_examples": [],
            "child_ids": [mid_of(child) for child in children.get(name, [])],
            "restrictions": RESTRICTIONS.get(name, []),
        }
        for name in names
    ]


def compose(n_clips: int, seed: int) -> Iterator[Clip]:
    """Choose the sounds of each clip, and when they occur. Clip i depends on the seed and i alone."""
    rng = np.random.default_rng(seed)
    sounds = np.arange(len(SOUNDS))
    # Sounds are dealt kind by kind, so that each scene, and thus each fold, has sounds of every kind.
    dealt = np.concatenate([rng.permutation(kind) for kind in np.split(sounds, len(KINDS))])
    scenes = [dealt[number::SCENES] for number in range(SCENES)]
    popularity = 1 / (1 + rng.permutation(len(SOUNDS)) / 12)
    for i in range(n_clips):
        rng = np.random.default_rng([seed, i])
        scene = scenes[int(rng.integers(SCENES))] if rng.random() < 0.9 else sounds
        weights = popularity[scene] / popularity[scene].sum()
        members = rng.choice(scene, int(rng.integers(1, 4)), replace=False, p=weights)
        events = tuple(_event(SOUNDS[member], rng) for member in members for _ in range(1 + (rng.random() < 0.25)))
        yield Clip(
            ytid=f"demo{i:07d}",
            start=float(rng.choice([0, 10, 30])),
            subset="balanced_train" if i % 2 == 0 else "eval",
            events=events,
            noise_level=float(rng.uniform(-46, -32)),
        )


def _event(sound: Sound, rng: np.random.Generator) -> Event:
    seconds = 0.5 + 2.5 * rng.beta(1, 2)  # most are short
    onset = rng.uniform(0, SECONDS - seconds)
    return Event(sound, round(onset, 3), round(onset + seconds, 3), float(rng.uniform(-26, -10)))


def labels_of(clip: Clip) -> list[str]:
    """Names of the clip's labels: its sounds and, as in AudioSet, some classes above and below them."""
    names: list[str] = []
    for sound in dict.fromkeys(event.sound for event in clip.events):
        names += [sound.name, {"buzz": "Insect", "warble": "Animal"}.get(sound.kind, sound.kind.capitalize())]
        names += ANIMAL_SOUNDS.get(sound.name, [])[:1]
        if sound.register == "shrill":
            names += {"rattle": [ALARM], "warble": [BIRD_SONG]}.get(sound.kind, [])
    return list(dict.fromkeys(names))


def synthesise(raw: Path, n_clips: int, seed: int) -> None:
    """Write a corpus of ten-second clips: the lists, strong.tsv, audio/CLIP.wav and recordings.csv.

    The same seed gives the same files, byte for byte.
    """
    nodes = ontology()
    labels = [node["name"] for node in nodes if node["name"] not in UNLABELLED]
    clips = list(compose(n_clips, seed))
    write_text(raw / "ontology.json", json.dumps(nodes, indent=2) + "\n")
    write_labels(raw / "class_labels_indices.csv", [mid_of(name) for name in labels], labels)
    for subset in ("balanced_train", "eval"):
        rows = [
            (clip.ytid, clip.start, clip.start + SECONDS, [mid_of(name) for name in labels_of(clip)])
            for clip in clips
            if clip.subset == subset
        ]
        write_segments(raw / f"{subset}_segments.csv", rows)
    strong = ["segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n"]
    paths = {clip.clip_id: raw / "audio" / f"{clip.clip_id}.wav" for clip in clips}
    for i, clip in enumerate(tqdm(clips, desc="synthesise", unit="clip", mininterval=1)):
        for event in sorted(clip.events, key=lambda event: event.onset):
            strong.append(f"{clip.clip_id}\t{event.onset:.3f}\t{event.offset:.3f}\t{mid_of(event.sound.name)}\n")
        samples = mix(clip.events, SECONDS, clip.noise_level, np.random.default_rng([seed, i, len(KINDS)]))
        soundfile.write(sound := io.BytesIO(), samples, SAMPLE_RATE, subtype="PCM_16", format="WAV")
        with replacing(paths[clip.clip_id]) as temporary:
            temporary.write_bytes(sound.getvalue())
    write_text(raw / "strong.tsv", "".join(strong))
    write_recordings(raw, paths)
