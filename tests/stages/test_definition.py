"""dvc.yaml names the code and the params that each stage uses, and is short enough to read."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from imports import ROOT, imported_files, modules_under, tree_of
from param_sections import CORPORA
from params import Params
from stage_code import code_of, covered
from zsaudio.models.parts import KINDS, known_parts

TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
DEFINITION = yaml.safe_load(TEXT)
STAGES = DEFINITION["stages"]
NO_STAGES = {
    *("param_sections", "params", "retrieval_params", "tagging_params", "pipeline"),
    *("recover", "repro", "show", "verify"),
}
PARTS = {f"src/zsaudio/models/{kind}s/{name}.py" for kind in KINDS for name in known_parts(kind)}


def code_deps(stage: str) -> set[str]:
    return {dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "stages/"))}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_it_computes_with(stage):
    deps = code_deps(stage)
    uncovered = {file for file in code_of(f"stages/{stage}.py") if not covered(file, deps)}
    assert uncovered - PARTS == set(), "dvc.yaml: the stage imports these, and its deps do not name them"
    if uncovered:  # which parts a variant has, it says itself, with the checksums of their files
        assert "data/${corpus}/variants/${item.model}/variant.json" in STAGES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_no_code_that_it_does_not_import(stage):
    code = code_of(f"stages/{stage}.py")
    for dep in code_deps(stage):
        assert any(covered(file, {dep}) for file in code), f"dvc.yaml: {stage} imports nothing of {dep}"


def test_the_device_is_no_exemption():
    using = {stage for stage in STAGES if "src/zsaudio/training/device.py" in code_of(f"stages/{stage}.py")}
    assert {"audio", "text", "train", "localise"} <= using
    for stage in using:
        assert covered("src/zsaudio/training/device.py", code_deps(stage))


def test_a_part_is_seen_by_the_checksums_in_the_variants_file():
    """So that another part, or a change of one, trains only the variants that have it."""
    assert "src/zsaudio/models" in STAGES["variants"]["deps"]
    for stage in ("train", "localise"):
        assert "data/${corpus}/variants/${item.model}/variant.json" in STAGES[stage]["deps"]
        assert not any(covered(part, code_deps(stage)) for part in PARTS)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_imports_no_other_code_of_ours_than_the_interfaces(part):
    """Its checksum says all of it."""
    allowed = {"src/zsaudio/models/interfaces.py", "src/zsaudio/storage/values.py", "src/zsaudio/errors.py"}
    assert imported_files(part, typing=True) <= allowed


def test_only_parts_are_imported_by_names_that_code_makes_up():
    """What is imported so, the tests above cannot see."""
    code = {file: (ROOT / file).read_text(encoding="utf-8") for file in modules_under("src") + modules_under("stages")}
    importing = [file for file, text in code.items() if re.search(r"import_module|__import__|\bexec\(|runpy", text)]
    assert importing == ["src/zsaudio/models/parts.py"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_params_that_it_reads(stage):
    nodes = [node for node in ast.walk(tree_of(f"stages/{stage}.py")) if isinstance(node, ast.Attribute)]
    of_params = [node.attr for node in nodes if ast.unparse(node.value) == "params"]
    read = {{"variant": "variants"}.get(name, name) for name in of_params} & set(Params.model_fields)
    declared = {param.split(".")[0] for param in STAGES[stage]["params"]}
    needless = {"corpus"}  # paths carry it
    if stage in ("audio", "baseline", "evaluate"):
        needless |= {"threads"}  # they share the work, and the result does not depend on them
    assert read - needless <= declared


def test_every_script_is_a_stage_and_reads_the_arguments_that_it_is_given():
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - NO_STAGES == set(STAGES)
    for name, stage in STAGES.items():
        script = (ROOT / f"stages/{name}.py").read_text(encoding="utf-8")
        given = [f'"{argument.upper()}"' for argument in stage.get("matrix", {})]
        assert stage["cmd"] == f"PYTHONPATH=src DVC_PID=$PPID exec python stages/{name}.py{' ${item}' * bool(given)}"
        assert f"run({', '.join(['main', *given])})" in script


def test_the_definition_can_be_read_on_a_few_screens():
    assert len(TEXT.splitlines()) <= 250
    assert max(map(len, TEXT.splitlines())) <= 120


def test_each_chart_has_a_template_which_the_report_depends_on():
    templates = {f".dvc/plots/{plot['template']}.json" for plots in DEFINITION["plots"] for plot in plots.values()}
    assert ".dvc/plots" in STAGES["report"]["deps"]
    assert {f".dvc/plots/{path.name}" for path in (ROOT / ".dvc/plots").glob("*.json")} == templates
    assert "src/zsaudio/report" in STAGES["report"]["deps"]  # with the page's


def test_dvc_lets_data_be_made_of_the_corpora_that_there_are():
    """So it refuses another name, a mistyped one, before it moves anything."""
    ignored = Repo(ROOT).dvcignore.is_ignored_dir
    assert not any(ignored(str(ROOT / "data" / corpus)) for corpus in CORPORA)
    assert ignored(str(ROOT / "data/dmeo"))


def test_of_a_package_only_code_counts():
    """What Python and editors leave beside the modules is no reason to run a stage again."""
    package = ROOT / "src/zsaudio/report"
    ignored = Repo(ROOT).dvcignore.is_ignored_file
    for name in ("__pycache__/page.cpython-313.pyc", "page.py~", ".page.py.swp"):
        assert ignored(str(package / name)), name
    code = [path for path in Path(package).glob("*.*") if path.suffix in (".py", ".j2")]
    assert len(code) > 10
    for path in code:
        assert not ignored(str(path)), path
