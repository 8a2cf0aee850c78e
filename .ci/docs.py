"""The READMEs: write their generated parts, or run their commands and compare the output.

python .ci/docs.py           # write the results, the drawing of the pipeline and the table of speed
python .ci/docs.py --check   # say which of these are stale
python .ci/docs.py --run     # run every console block in a clone of the project, after `dvc repro`, and compare
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from tabulate import tabulate

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "data/README.md")  # with console blocks, in this order
# Of the README's table: the paper's method, the best of ours, supervised learning, and no learning.
ROWS = ("temporal_attention", "temporal_attention_tuned", "ours", "ours_refit", "supervised", "zero_rule")
METRICS = {"table3": "micro F1", "table4": "macro F1", "map": "mAP"}


def results() -> str:
    """The verdict of the report on AudioSet, and the mean over the folds beside the paper's."""
    sys.path.insert(0, str(ROOT / "src"))
    from zsaudio import paper

    folder = ROOT / "metrics/audioset"
    report = (folder / "report.md").read_text(encoding="utf-8")
    verdict = report.split("## In short\n\n", 1)[1].split("\n\n", 1)[0]
    variants = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["variants"]
    titles = {name: variant["title"] for name, variant in variants.items()} | {"zero_rule": "Zero-rule"}
    tables = [json.loads((folder / f"{name}.json").read_text()) for name in METRICS]
    lines = []
    for row in (name for name in ROWS if name in tables[0]):
        cells = [titles[row]]
        for table in tables:
            value = table[row]
            cells.append(f"{value['mean']:.3f} [{value['mean_low']:.3f}, {value['mean_high']:.3f}]")
        theirs = [table.get(row, {}).get("mean") for table in (paper.MICRO_F1, paper.MACRO_F1)]
        lines.append(cells + ["" if value is None else f"{value:g}" for value in theirs])
    headers = ["mean over the three test folds", *METRICS.values(), "paper: micro F1", "paper: macro F1"]
    return f"{verdict}\n\n{tabulate(lines, headers, tablefmt='pipe', disable_numparse=True)}"


def drawing() -> str:
    """The pipeline as DVC draws it."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "dag", "--collapse-foreach-matrix", "--md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().replace("\t", "    ")


def speed_table() -> str:
    """The table of metrics/bench.json."""
    bench = json.loads((ROOT / "metrics/bench.json").read_text())
    lines = []
    for row in (row for rows in bench["rows"].values() for row in rows):
        bound = f"{'at most' if row['at_most'] else 'at least'} {row['bound']:g}" if row["bound"] else ""
        lines.append([row["what"], row["against"], f"{row['value']:.3g} {row['unit']}", bound])
    machine = ", ".join(f"{name} {value}" for name, value in bench["machine"].items())
    table = tabulate(lines, ["what", "against", "measured", "to keep"], tablefmt="pipe", disable_numparse=True)
    return f"{machine}; data of {bench['data']}.\n\n{table}"


GENERATED = {
    "README.md": {"results": results},
    "stages/README.md": {"drawing": drawing},
    "metrics/README.md": {"speed": speed_table},
}


def renewed(page: str) -> str:
    """A page with its generated parts written anew, each between `<!-- NAME` and `<!-- end of NAME -->`."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, write in GENERATED[page].items():
        parts = re.fullmatch(rf"(.*<!-- {name}\b[^\n]*-->\n).*(<!-- end of {name} -->.*)", text, re.DOTALL)
        if parts is None:
            sys.exit(f"{page}: expected the marks <!-- {name} --> and <!-- end of {name} -->")
        text = f"{parts[1]}{write()}\n{parts[2]}"
    return text


def commands(page: str) -> list[tuple[str, str]]:
    """The commands of a page's console blocks, each with the output that is shown."""
    text = (ROOT / page).read_text(encoding="utf-8")
    listed = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            listed.append((command, output))
    return listed


def fits(shown: str, output: str) -> bool:
    """Whether an output is what a page shows; `...` stands for any text, alone on a line for any lines.

    A decimal number stands for any: the last digits, and after 100 epochs the first, depend on the processor. So does
    a rank such as 3 of 52.
    """
    lines = [re.escape(line.rstrip()).replace(r"\.\.\.", ".*") for line in shown.rstrip().splitlines()]
    lines = [re.sub(r"(\\ )*(\\-)?\d+\\\.\d+", r" *-?\\d+\\.\\d+", line) for line in lines]
    lines = [re.sub(r"(\\ )*\d+\\ of\\ ", r" *\\d+\\ of\\ ", line) for line in lines]
    pattern = "".join(r"(?:.*\n)*?" if line == ".*" else f"{line} *\n" for line in lines)
    plain = "\n".join(line.rstrip() for line in output.replace("\r", "\n").rstrip().splitlines()) + "\n"
    return re.fullmatch(pattern, plain) is not None


def run_commands() -> int:
    """Run the console blocks of all pages, one after the other, in a clone."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "zsaudio"
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": "src"}

        def run(command: str, cwd: Path = folder) -> subprocess.CompletedProcess[str]:
            merged = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            return subprocess.run(command, shell=True, cwd=cwd, env=environment, text=True, check=False, **merged)

        run(f"git clone --quiet {ROOT} {folder}", ROOT)
        run("git config user.name docs && git config user.email docs@localhost")
        print("dvc repro ...")
        if run("dvc repro").returncode or run("git commit --quiet --all --message state").returncode > 1:
            sys.exit("dvc repro failed")
        wrong = 0
        for page in PAGES:
            text = (ROOT / page).read_text(encoding="utf-8")
            for code in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
                if "class " not in code:  # a part to add, which tests try
                    wrong += report(page, "python", "...", run(f"python - <<'END'\n{code}\nEND"))
            for command, shown in commands(page):
                wrong += report(page, command, shown, run(command))
        return wrong


def report(page: str, command: str, shown: str, done: subprocess.CompletedProcess[str]) -> int:
    """Say how a command went; 1 if its output is not what the page shows."""
    good = fits(shown, done.stdout)
    print(f"{'ok   ' if good else 'WRONG'} {page}: {command}")
    if not good:
        print(f"--- shown\n{shown}\n--- now\n{done.stdout}")
    return 0 if good else 1


if __name__ == "__main__":
    if "--run" in sys.argv:
        sys.exit(1 if run_commands() else 0)
    for page in GENERATED:
        new = renewed(page)
        if "--check" not in sys.argv:
            (ROOT / page).write_text(new, encoding="utf-8")
        elif new != (ROOT / page).read_text(encoding="utf-8"):
            sys.exit(f"{page}: its generated parts are stale; run `make readme`")
