"""Stage baseline: what trains nothing: the zero-rule (section 3.4, item 2), every class, CLAP's own scores."""

from collections.abc import Callable, Sequence

from pipeline import CLAP, Params, Paths, run
from zsaudio.evaluation.baselines import BASELINES, THRESHOLD
from zsaudio.evaluation.chance import with_chance
from zsaudio.evaluation.result_files import write_results
from zsaudio.evaluation.runs import evaluate
from zsaudio.evaluation.scored_clips import ScoredClips
from zsaudio.formats.recordings import LIST, read_recordings
from zsaudio.storage import tables
from zsaudio.storage.downloads import default_mirror, mirror_folder
from zsaudio.storage.files import write_json
from zsaudio.storage.threads import available
from zsaudio.tasks.build import build_task
from zsaudio.tasks.corpus_tables import clips_with_audio, read_folds
from zsaudio.tasks.task import Examples

UNHEARD = "out of reach, as CLAP hears recordings and this corpus has none, but embeddings alone"


def main(params: Params, paths: Paths, baseline: str) -> None:
    folds, clips = read_folds(paths.data)
    clips = clips_with_audio(clips, tables.read_column(paths.audio, "clip_id"))
    threads = available(params.threads)
    if baseline == CLAP and not (paths.raw / LIST).exists():
        (paths.metrics / baseline).mkdir(parents=True, exist_ok=True)
        write_json(paths.evaluations / baseline / "missing.json", {"reason": UNHEARD})
        print(f"{baseline}: {UNHEARD}")
        return
    scores = by_clap(params, paths, clips["clip_id"].to_pylist()) if baseline == CLAP else BASELINES[baseline]
    for setting in params.settings:
        task = build_task("zero_shot", setting, folds, clips)
        test = scores(task.test)
        if baseline == CLAP:
            results = evaluate(scores(task.validation), test, None, "validation", threads)
        else:
            results = with_chance(evaluate(test, test, None, THRESHOLD, threads), test.carried)
        folder = paths.evaluations / baseline / setting
        metrics = write_results(folder, results, test, None, task.metrics, params.resamples, threads)
        write_json(paths.metrics / baseline / f"{setting}.json", metrics)


def by_clap(params: Params, paths: Paths, clips: Sequence[str]) -> Callable[[Examples], ScoredClips]:
    from zsaudio.evaluation.clap import Clap  # with torch and transformers, which take seconds to import
    from zsaudio.training.device import set_up

    device = set_up(params.device, params.threads, params.matmul).type
    clap = Clap(**params.clap.model_dump(), mirror=mirror_folder(default_mirror()), device=device)
    files = read_recordings(paths.raw)
    recordings = {clip: files[clip] for clip in clips}
    seconds = params.audio.segments * tables.row_seconds(tables.file_metadata(paths.audio))
    heard = clap.hear(recordings, seconds, paths.extraction / CLAP)
    return lambda examples: clap.scores(examples, heard)


if __name__ == "__main__":
    run(main, "BASELINE")
