"""stages/tagging/dvc.yaml names the code and the params that each stage uses, as the dvc.yaml of the paper does."""

import ast
import re

import pytest
import yaml

from imports import ROOT, tree_of
from stage_code import code_of, covered

TEXT = (ROOT / "stages/tagging/dvc.yaml").read_text(encoding="utf-8")
STAGES = yaml.safe_load(TEXT)["stages"]
ROWS = {"weak", "strong", "settings"}  # of params.tagging, by which `settings_of` says what a row is trained in


def script_of(stage: str) -> str:
    return re.search(r"stages/tagging/\w+\.py", STAGES[stage]["cmd"])[0]


def code_deps(stage: str) -> set[str]:
    return {dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "stages/"))}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_that_it_computes_with_and_on_no_other(stage):
    code, deps = code_of(script_of(stage)), code_deps(stage)
    assert {file for file in code if not covered(file, deps)} == set(), "the stage imports these; its deps lack them"
    assert {dep for dep in deps if not any(covered(file, {dep}) for file in code)} == set(), "it imports none of these"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_params_that_it_reads(stage):
    nodes = [node for node in ast.walk(tree_of(script_of(stage))) if isinstance(node, ast.Attribute)]
    whole = {node.attr for node in nodes if ast.unparse(node.value) == "params"} - {"tagging", "corpus"}
    of_tagging = {node.attr for node in nodes if ast.unparse(node.value) in ("params.tagging", "tagging")}
    if "settings_of" in of_tagging:
        of_tagging |= ROWS
    reads = whole | {
        f"tagging.{name}" for name in of_tagging - {"settings_of", "names", "variant", "training", "title"}
    }
    if of_tagging & {"variant", "training"}:
        reads |= {"tagging.train", "tagging.variants.${item.model}"}
    declared = set(STAGES[stage]["params"])
    shared = {"threads"} if stage == "evaluate" else set()  # it shares the work, and the result does not depend on it
    assert {param for param in reads - shared if not covered_param(param, declared)} == set()


def covered_param(param: str, declared: set[str]) -> bool:
    return any(param == name or param.startswith(f"{name}.") or name.startswith(f"{param}.") for name in declared)


def test_every_script_belongs_to_a_stage_which_runs_in_the_project_and_not_in_its_folder():
    scripts = {f"stages/tagging/{path.name}" for path in (ROOT / "stages/tagging").glob("*.py")}
    assert scripts == {script_of(stage) for stage in STAGES}
    for name, stage in STAGES.items():
        assert stage["wdir"] == "../..", name
        assert stage["cmd"].startswith("PYTHONPATH=src:stages DVC_PID=$PPID exec python stages/tagging/"), name


def test_the_definition_can_be_read_on_a_few_screens():
    assert len(TEXT.splitlines()) <= 240
    assert max(map(len, TEXT.splitlines())) <= 120
