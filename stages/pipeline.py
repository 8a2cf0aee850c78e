"""What every stage needs of the pipeline: the checked params, the paths, and errors as one sentence."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from zsaudio.errors import ZsAudioError, sentence_of
from zsaudio.storage.processes import end_at_interrupt, end_with_parent

if Path(__file__).resolve().parent in Path(sys.argv[0]).resolve().parents:
    # This process runs a stage. First of all, since imports take seconds; DVC_PID is the process that dvc.yaml names.
    end_at_interrupt(Path(sys.argv[0]).stem)
    if parent := os.environ.pop("DVC_PID", ""):  # not for the stage's own workers
        end_with_parent(int(parent))

import yaml

from params import BASELINES, CLAP, OBJECTIVE_KNOBS, TRAINING_KNOBS, Params, parse_params
from zsaudio.storage.values import shown

__all__ = ["BASELINES", "CLAP", "OBJECTIVE_KNOBS", "TRAINING_KNOBS", "Params", "Paths", "run"]

FOR_CAPTIONS = {"corpus", "audio", "retrieval"}  # stages, and a folder of stages, that a corpus without labels has
MOST_VALUES = 10_000  # of params.yaml, which has a hundred or two


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
        self.generalise = data / "generalise"
        self.plots = data / "plots"
        self.tagging = data / "tagging"
        self.retrieval = data / "retrieval"
        self.metrics = metrics
        self.studies = Path("metrics/studies") / f"{corpus}.csv"


def names_of_rows(params: Params) -> dict[str, Sequence[str]]:
    """What the arguments of the stages may be, by name."""
    return {"MODEL": params.models, "BASELINE": params.baselines, "SETTING": params.settings}


def run(
    main: Callable[..., None], *names: str, known: Callable[[Params], Mapping[str, Sequence[str]]] = names_of_rows
) -> None:
    """Run a stage with the params of params.yaml, its paths, and its arguments by these names (MODEL, SETTING).

    Every stage checks all params, so that a mistake in any of them stops the first stage that runs.
    """
    stage, given = Path(sys.argv[0]).stem, sys.argv[1:]
    options = [f"--{name.lower()}" for name in names]  # as DVC writes `${item}` of a matrix, quoted for the shell
    if given[::2] != options or len(given) != 2 * len(names):
        wanted = " ".join(f"{option} {name}" for option, name in zip(options, names, strict=True))
        sys.exit(f"usage: python {sys.argv[0]} {wanted}".strip())
    try:
        check_place()
        params = read_params(Path("params.yaml"))
        if params.corpus == "captioned" and not {stage, Path(sys.argv[0]).parent.name} & FOR_CAPTIONS:
            raise ZsAudioError(
                "corpus: captioned has captions alone, and this stage needs labels; `dvc repro "
                "stages/retrieval/dvc.yaml` trains sound search on captions"
            )
        for name, value in zip(names, given[1::2], strict=True):
            listed = known(params)[name]
            if value not in listed:
                raise ZsAudioError(f"{name} {shown(value)} is not listed in params.yaml; known are {', '.join(listed)}")
        main(params, Paths(params.corpus), *given[1::2])
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        sys.exit(f"{stage}: {sentence}")


def check_place() -> None:
    """Refuse a folder in which DVC fails.

    Raises:
        ZsAudioError: its path has braces.
    """
    folder = Path.cwd()
    if re.search("[{}]", str(folder)):
        raise ZsAudioError(f"{folder}: DVC fails in a folder with {{ or }} in its path; rename it")


def read_params(path: Path) -> Params:
    """Read and check params.yaml.

    Raises:
        ZsAudioError: it is not there, is no YAML, or a param is wrong.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ZsAudioError(f"{path}: cannot be read; run stages from the project's folder") from error
    except RecursionError:
        raise ZsAudioError(f"{path}: has lists or sections nested hundreds deep; the committed one has three") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2020-13-45, thousands of digits
        raise ZsAudioError(f"{path}: is not YAML ({' '.join(str(error).split())})") from error
    pending, seen = [values], 0
    while pending:  # aliases (*name) repeat what they stand for, and a few lines of them may mean billions of values
        value = pending.pop()
        pending += value.values() if isinstance(value, dict) else value if isinstance(value, (list, set)) else ()
        seen += 1
        if seen > MOST_VALUES:
            raise ZsAudioError(f"{path}: has more than {MOST_VALUES:,} values; do not repeat them by aliases")
    return parse_params(values)
