"""dvc.yaml names the code that each stage uses, no more and no less."""

import ast
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

ROOT = Path(__file__).parent.parent
# They check and carry values but compute none, and change with every new param or table: no reason to train again.
PLUMBING = {
    "src/zsaudio/__init__.py",
    "src/zsaudio/errors.py",
    "src/zsaudio/files.py",
    "src/zsaudio/params.py",
    "src/zsaudio/schemas.py",
    "stages/pipeline.py",
}
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def modules_of(path: Path) -> set[str]:
    """Files that a script computes with: what it imports, directly or not, at its top or within a function."""
    found: set[str] = set()
    pending = [path]
    while pending:
        for node in ast.walk(ast.parse(pending.pop().read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                for file in files_of(name):
                    if file not in found and computes(file):
                        found.add(file)
                        pending.append(ROOT / file)
    return found


def computes(file: str) -> bool:
    """Whether a module has any code but what only checks and carries values."""
    code = ast.parse((ROOT / file).read_text())
    return file not in PLUMBING and len(code.body) > (ast.get_docstring(code) is not None)


def files_of(module: str) -> list[str]:
    if module == "pipeline":
        return ["stages/pipeline.py"]
    if module.split(".")[0] != "zsaudio":
        return []
    parts = module.split(".")
    packages = ["/".join(["src", *parts[:n], "__init__.py"]) for n in range(1, len(parts) + 1)]
    candidates = [*packages, "/".join(["src", *parts]) + ".py"]
    return [file for file in candidates if (ROOT / file).is_file()]


def code_of(script: str) -> set[str]:
    """The script and what it computes with: modules, or the package where they are all that it has."""
    found = modules_of(ROOT / script) | {script}
    for package in (path.parent for path in (ROOT / "src/zsaudio").glob("*/__init__.py")):
        modules = {file for path in package.glob("*.py") if computes(file := str(path.relative_to(ROOT)))}
        if modules and modules <= found:
            found = found - modules | {str(package.relative_to(ROOT))}
    return found


@pytest.mark.parametrize("name", STAGES)
def test_deps_are_the_imports(name):
    deps = {dep for dep in STAGES[name]["deps"] if dep.startswith(("src/", "stages/"))}
    assert deps == code_of(f"stages/{name}.py"), "dvc.yaml: deps of the stage differ from what it imports"


def test_of_a_package_only_code_counts():
    """What Python and editors leave beside the modules is no reason to run a stage again."""
    package = ROOT / "src/zsaudio/report"
    ignored = Repo(ROOT).dvcignore.is_ignored_file
    for name in ("__pycache__/page.cpython-313.pyc", "page.py~", ".page.py.swp"):
        assert ignored(str(package / name)), name
    for path in package.glob("*.*"):
        assert not ignored(str(path)), path


def test_the_report_depends_on_its_templates():
    deps = set(STAGES["report"]["deps"])
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    used = {f".dvc/plots/{plot['template']}.json" for one in plots for plot in one.values()}
    assert {dep for dep in deps if dep.startswith(".dvc/")} == used
    assert "src/zsaudio/report" in deps  # with the page's


def test_every_script_is_a_stage():
    assert {path.stem for path in (ROOT / "stages").glob("*.py")} - {"pipeline"} == set(STAGES)
