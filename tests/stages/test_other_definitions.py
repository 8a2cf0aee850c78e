"""Pipelines in folders of stages/ name the code and the params that each stage uses, as the root dvc.yaml does."""

import ast
import re
from typing import NamedTuple

import pytest
import yaml

from imports import ROOT, tree_of
from stage_code import code_of, covered


class Pipeline(NamedTuple):
    """A pipeline in stages/NAME/dvc.yaml.

    Attributes:
        methods: of its section of the params, that are no params.
        of_row: methods by which a row is asked for its own params, and the params that they read.
        lists: methods by which lists of rows are asked for, and the params that these are.
        shared: params by stage that its result does not depend on.
    """

    name: str
    methods: set[str]
    of_row: dict[str, set[str]]
    lists: dict[str, set[str]]
    shared: dict[str, set[str]]

    @property
    def text(self) -> str:
        return (ROOT / f"stages/{self.name}/dvc.yaml").read_text(encoding="utf-8")

    @property
    def stages(self) -> dict:
        return yaml.safe_load(self.text)["stages"]

    def script(self, stage: str) -> str:
        return re.search(rf"stages/{self.name}/\w+\.py", self.stages[stage]["cmd"])[0]


OWN = {"train", "variants.${item.model}"}
PIPELINES = [
    Pipeline(
        "tagging",
        {"settings_of", "names", "variant", "training", "title"},
        {"variant": OWN, "training": OWN},
        {"settings_of": {"weak", "strong", "settings"}},
        {"evaluate": {"threads"}},  # it shares the work
    ),
    Pipeline(
        "retrieval",
        {"names", "variant", "training", "knobs", "own", "title"},
        {"variant": {"variants.${item.model}"}},  # shared params are those of the stage
        {},
        {  # one script, and what one of the two stages reads alone
            "finetune": {"retrieval.pretrained", "retrieval.transferred"},
            "transfer": {"retrieval.text", "retrieval.transferred"},
        },
    ),
]
EACH = [
    pytest.param(pipeline, stage, id=f"{pipeline.name}-{stage}") for pipeline in PIPELINES for stage in pipeline.stages
]


@pytest.mark.parametrize(("pipeline", "stage"), EACH)
def test_a_stage_depends_on_the_code_that_it_computes_with_and_on_no_other(pipeline, stage):
    code = code_of(pipeline.script(stage))
    deps = {dep for dep in pipeline.stages[stage]["deps"] if dep.startswith(("src/", "stages/"))}
    assert {file for file in code if not covered(file, deps)} == set(), "the stage imports these; its deps lack them"
    assert {dep for dep in deps if not any(covered(file, {dep}) for file in code)} == set(), "it imports none of these"


@pytest.mark.parametrize(("pipeline", "stage"), EACH)
def test_a_stage_depends_on_the_params_that_it_reads(pipeline, stage):
    name = pipeline.name
    nodes = [node for node in ast.walk(tree_of(pipeline.script(stage))) if isinstance(node, ast.Attribute)]
    whole = {node.attr for node in nodes if ast.unparse(node.value) == "params"} - {name, "corpus"}
    own = {node.attr for node in nodes if ast.unparse(node.value) in (f"params.{name}", name)}
    for method, params in {**pipeline.of_row, **pipeline.lists}.items():
        own |= params if method in own else set()
    reads = whole | {f"{name}.{param}" for param in own - pipeline.methods}
    declared = set(pipeline.stages[stage]["params"])
    reads -= pipeline.shared.get(stage, set())
    assert {param for param in reads if not covered_param(param, declared)} == set()


def covered_param(param: str, declared: set[str]) -> bool:
    return any(param == name or param.startswith(f"{name}.") or name.startswith(f"{param}.") for name in declared)


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_every_script_belongs_to_a_stage_which_runs_in_the_project_and_not_in_its_folder(pipeline):
    folder = f"stages/{pipeline.name}"
    scripts = {f"{folder}/{path.name}" for path in (ROOT / folder).glob("*.py")}
    assert scripts == {pipeline.script(stage) for stage in pipeline.stages}
    for name, stage in pipeline.stages.items():
        assert stage["wdir"] == "../..", name
        assert stage["cmd"].startswith(f"PYTHONPATH=src:stages DVC_PID=$PPID exec python {folder}/"), name


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_the_definition_can_be_read_on_a_few_screens(pipeline):
    assert len(pipeline.text.splitlines()) <= 240
    assert max(map(len, pipeline.text.splitlines())) <= 120
