"""What a change makes anew, and what it leaves alone: on a finished project, as `dvc status` says it."""

import pytest

from miniature import MODELS, SETTINGS, Project

COSINE = {"aggregator": "mean", "score": "cosine", "objective": "warp", "title": "Cosine"}
SUMMARIES = {"report"}  # it reads `variants`, and trains nothing
PART = '''"""A part that no variant has."""

from zsaudio.models.aggregators.mean import Mean


class Unused(Mean):
    """The mean, again."""
'''


@pytest.fixture
def fresh(project):
    """The finished project, which is left as it was."""
    yield project
    project.restore("variants")


def changed(project: Project) -> set[str]:
    """Stages that a change makes anew, once `variants` has told each cell what concerns it."""
    project.dvc("repro", "--single-item", "variants")
    return project.changed()


def cells(model: str) -> set[str]:
    return {f"train@{model}-{setting}" for setting in SETTINGS}


def test_a_second_repro_does_nothing(fresh):
    output = fresh.dvc("repro")
    assert "Running stage" not in output
    assert "Data and pipelines are up to date." in output
    assert fresh.changed() == set()


def test_a_variant_that_is_no_model_trains_and_evaluates_nothing(fresh):
    fresh.set_params(variants__cosine=COSINE)
    assert changed(fresh) == SUMMARIES


def test_a_part_that_no_variant_has_makes_nothing_anew(fresh):
    (fresh.folder / "src/zsaudio/models/aggregators/unused.py").write_text(PART)
    assert fresh.changed() == {"variants"}
    assert changed(fresh) == set()


def test_a_new_model_makes_its_own_cells_and_the_summaries(fresh):
    fresh.set_params(variants__cosine=COSINE, models=[*MODELS, "cosine"])
    own = cells("cosine") | {"evaluate@cosine", "localise@cosine", "generalise@cosine"}
    assert changed(fresh) == own | SUMMARIES


def test_another_title_trains_nothing(fresh):
    fresh.set_params(variants__supervised__title="Upper bound")
    assert changed(fresh) == {"evaluate@supervised", "generalise@supervised"} | SUMMARIES


def test_a_knob_of_one_variant_trains_its_cells_only(fresh):
    fresh.set_params(variants__supervised__lr=0.1)
    assert changed(fresh) == cells("supervised") | {"localise@supervised", "generalise@supervised"} | SUMMARIES


def test_an_edit_of_a_part_concerns_the_variants_that_have_it(fresh):
    fresh.set_params(models=["temporal_attention", "uniform_mean"])

    def told() -> dict[str, bytes]:
        fresh.checked("python", "stages/variants.py")
        folder = fresh.folder / "data/demo/variants"
        return {path.parent.name: path.read_bytes() for path in folder.glob("*/variant.json")}

    before = told()
    fresh.append("src/zsaudio/models/scores/cosine.py", "# An edit.\n")
    assert told() == before
    fresh.append("src/zsaudio/models/aggregators/mean.py", "# An edit.\n")
    after = told()
    assert {model for model in before if before[model] != after[model]} == {"uniform_mean"}


def test_an_edit_of_a_part_is_an_edit_of_its_cells(fresh):
    fresh.append("src/zsaudio/models/aggregators/attention.py", "# An edit.\n")
    own = {model: {f"localise@{model}", f"generalise@{model}", *cells(model)} for model in MODELS}
    expected = set.union(*own.values()) | {"report"}
    assert changed(fresh) == expected
    fresh.append("src/zsaudio/training/loop.py", "# An edit.\n")
    assert fresh.changed() == expected


def test_another_gamma_concerns_the_models_that_eq_7_tests(fresh):
    fresh.set_params(gamma=0.3)
    assert changed(fresh) == {"evaluate@temporal_attention", "generalise@temporal_attention", "report"}


@pytest.mark.parametrize("file", ["src/zsaudio/errors.py", "src/zsaudio/storage/values.py", "stages/params.py"])
def test_an_edit_of_what_computes_nothing_makes_nothing_anew(fresh, file):
    fresh.append(file, "# An edit.\n")
    assert fresh.changed() == set()


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("src/zsaudio/training/device.py", {"audio", "text", "train", "localise", "generalise", "baseline"}),
        ("src/zsaudio/inference/prediction.py", set()),
        ("src/zsaudio/corpora/local.py", {"corpus"}),
        ("src/zsaudio/models/fusion.py", {"variants", "evaluate", "generalise", "baseline"}),
    ],
)
def test_an_edit_of_code_concerns_the_stages_that_compute_with_it(fresh, file, stages):
    fresh.append(file, "# An edit.\n")
    assert {name.split("@")[0] for name in fresh.changed()} == stages
