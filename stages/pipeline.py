"""What every stage needs of the pipeline: the checked params, the paths, and errors as one sentence."""

import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from params import Params, parse_params
from zsaudio.errors import ZsAudioError


class Paths:
    """Where the stages of a corpus leave what they make."""

    def __init__(self, corpus: str) -> None:
        data, metrics = Path("data") / corpus, Path("metrics") / corpus
        self.data = data
        self.downloads = data / "downloads"
        self.raw = data / "raw"
        self.classes = data / "classes.csv"
        self.class_decisions = data / "class_decisions.csv"
        self.folds = data / "folds.csv"
        self.clips = data / "clips.parquet"
        self.extraction = data / "extraction"
        self.audio = data / "audio.parquet"
        self.audio_errors = data / "audio_errors.csv"
        self.text = data / "text.parquet"
        self.variants = data / "variants"
        self.weights = data / "weights"
        self.scores = data / "scores"
        self.curves = data / "curves"
        self.evaluations = data / "evaluations"
        self.models = data / "models"
        self.localise = data / "localise"
        self.plots = data / "plots"
        self.metrics = metrics
        self.studies = Path("metrics/studies") / f"{corpus}.csv"


def run(main: Callable[..., None], *names: str) -> None:
    """Run a stage with the params of params.yaml, its paths, and its arguments by these names (MODEL SETTING).

    Every stage checks all params, so that a mistake in any of them stops the first stage that runs.
    """
    stage, arguments = Path(sys.argv[0]).stem, sys.argv[1:]
    if len(arguments) != len(names):
        sys.exit(f"usage: python {sys.argv[0]} {' '.join(names)}".strip())
    try:
        params = read_params(Path("params.yaml"))
        for name, value in zip(names, arguments, strict=True):
            known = {"MODEL": params.models, "BASELINE": params.baselines, "SETTING": params.settings}[name]
            if value not in known:
                raise ZsAudioError(f"{name} {value!r} is not listed in params.yaml; known are {', '.join(known)}")
        main(params, Paths(params.corpus), *arguments)
    except ZsAudioError as error:
        sys.exit(f"{stage}: {error}")
    except OSError as error:  # a full disk, a folder that may not be written
        sys.exit(f"{stage}: {error.strerror}: {error.filename or 'a file being written'}; nothing half-written is left")
    except KeyboardInterrupt:
        sys.exit(130)


def read_params(path: Path) -> Params:
    """Read and check params.yaml.

    Raises:
        ZsAudioError: it is not there, is no YAML, or a param is wrong.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{path}: cannot be read; run stages from the project's folder") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2020-13-45, thousands of digits
        raise ZsAudioError(f"{path}: is not YAML ({' '.join(str(error).split())})") from error
    return parse_params(values)
