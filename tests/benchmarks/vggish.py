"""Recordings to VGGish embeddings: this project against stock torchvggish, side by side.

    python tests/benchmarks/vggish.py [--clips 512] [--threads 2] [--json FILE]

Synthesised stereo clips of ten seconds, FLAC at 48 kHz. Stock is used as its documentation says: one file at a time
through `vggish_input.wavfile_to_examples` and the network. Ours is what the stage audio does, with worker processes and
shards. Rounds of both alternate, and the best of each counts. Weights are random, which does not change the speed.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

# What is slow to import is imported where it is used, since worker processes import this file too.

DIFFERENT = 24  # clips; the others are copies
STOCK_CLIPS = 24  # clips for stock, which takes one at a time, so its rate does not depend on their number


def synthesise(folder: Path, clips: int) -> list[Path]:
    """Stereo clips: a third each of speech-like, music-like and noise, see tests/signals.py."""
    import soundfile

    from signals import SIGNALS

    makers, paths = list(SIGNALS.values()), [folder / f"{i}.flac" for i in range(clips)]
    for i, path in enumerate(paths):
        if i < DIFFERENT:
            left, right = (makers[i % len(makers)](48_000, 10.0, seed=2 * i + side) for side in (0, 1))
            samples = np.stack([0.7 * left + 0.3 * right, left], axis=1)
            soundfile.write(path, samples, 48_000, subtype="PCM_16")
        else:
            shutil.copyfile(paths[i % DIFFERENT], path)
    return paths


def seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="of torch, and worker processes; 0: all processors")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    import torch
    from torchvggish import torchvggish, vggish_input

    from weights import save_published, save_vggish
    from zsaudio.audio.extraction import extract
    from zsaudio.audio.vggish import Vggish
    from zsaudio.storage.threads import available

    threads = available(arguments.threads)
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        weights, pca = save_vggish(folder)
        save_published(folder / "hub/checkpoints")
        torch.hub.set_dir(str(folder / "hub"))
        paths = synthesise(folder, arguments.clips)
        recordings = {path.stem: path for path in paths}
        stock = torchvggish.vggish().eval()
        encoders = {name: Vggish(str(weights), str(pca), precision=name) for name in ("float32", "bfloat16")}

        def run_stock() -> None:
            for path in paths[:STOCK_CLIPS]:
                stock(vggish_input.wavfile_to_examples(str(path)))

        best: dict[str, float] = {}
        for number in range(arguments.rounds):
            taken = {"torchvggish": seconds(run_stock) / STOCK_CLIPS}
            for name, encoder in encoders.items():
                shards = folder / f"{name}-{number}"
                taken[name] = seconds(lambda e=encoder, s=shards: extract(e, recordings, 10, s, threads)) / len(paths)
            best = {name: min(value, best.get(name, value)) for name, value in taken.items()}
        error, cosine = compare(stock, encoders, paths[:4])

    rows = [
        {"what": name, "ms_per_clip": round(1000 * value, 1), "times_stock": round(best["torchvggish"] / value, 2)}
        for name, value in best.items()
    ]
    print(f"{threads} threads, {arguments.clips} clips, best of {arguments.rounds} rounds")
    print(f"{'':12} ms per clip  times stock")
    for row in rows:
        print(f"{row['what']:12} {row['ms_per_clip']:11}  {row['times_stock']:11}")
    print(f"float32: differs from torchvggish's network by {error:.1e} at most; bfloat16: cosine {cosine:.6f} at least")
    if arguments.json:
        results = {"threads": threads, "clips": arguments.clips, "rows": rows, "error": error, "cosine": cosine}
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


def compare(stock, encoders, paths: list[Path]) -> tuple[float, float]:
    """Largest difference of float32 and smallest cosine of bfloat16 with the stock network, before its ReLU."""
    import torch

    from zsaudio.audio.recording import read_seconds

    examples = np.concatenate([encoders["float32"].front_end(block) for path in paths for block in read_seconds(path)])
    with torch.inference_mode():
        flat = stock.features(torch.from_numpy(examples)[:, None]).permute(0, 2, 3, 1).flatten(1)
        expected = stock.embeddings[:-1](flat).numpy()
    ours, coarse = (encoders[name].network(examples) for name in ("float32", "bfloat16"))
    norms = np.linalg.norm(coarse, axis=1) * np.linalg.norm(expected, axis=1)
    return float(np.abs(ours - expected).max()), float(((coarse * expected).sum(1) / norms).min())


if __name__ == "__main__":
    main()
