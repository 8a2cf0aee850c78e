"""Stage sensitivity: a study (ours), which trains anew with other values of one param, in one setting."""

from pipeline import Paths, run, use_device
from zsaudio.storage import schemas, tables
from zsaudio.dataset import read_corpus
from zsaudio.storage.downloads import default_mirror, mirror_folder
from params import Params, vary
from zsaudio.sensitivity import applies, columns_of, run_variant, vary_tables


def main(params: Params, paths: Paths, study: str, setting: str) -> None:
    device = use_device(params)
    chosen = params.sensitivity[study]
    found = read_corpus(paths.data)
    if not applies(chosen.param, found):
        print(f"{study}: {chosen.param} has no effect with this text encoder; nothing to train")
        chosen = chosen.model_copy(update={"values": []})

    results, curves = [], []
    for value in chosen.values:
        print(f"{chosen.param} = {value}")
        train = vary(params, chosen.param, value).train.model_copy(update={"seeds": chosen.seeds or params.train.seeds})
        varied = vary_tables(found, chosen.param, value, mirror_folder(default_mirror()))
        of_value = run_variant(value, chosen.models, setting, train, device, varied)
        results += of_value[0]
        curves += of_value[1]

    folder = paths.sensitivity / study / setting
    tables.write_table(folder / "runs.csv", schemas.STUDY, columns_of(results, schemas.STUDY))
    tables.write_table(folder / "curves.csv", schemas.STUDY_CURVE, columns_of(curves, schemas.STUDY_CURVE))


if __name__ == "__main__":
    run(main, "STUDY", "SETTING")
