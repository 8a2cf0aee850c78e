"""The code that a stage computes with, and whether its deps name it."""

from imports import has_code, imported_files, with_packages

# They check and carry values but compute none: no reason to make anything anew.
EXEMPT = {
    "src/zsaudio/__init__.py",  # names what the API imports when it is asked for; no stage asks
    "src/zsaudio/errors.py",
    "src/zsaudio/storage/njit.py",
    "src/zsaudio/storage/files.py",
    "src/zsaudio/storage/processes.py",
    "src/zsaudio/storage/schemas.py",
    "src/zsaudio/storage/spreadsheets.py",
    "src/zsaudio/storage/threads.py",
    "src/zsaudio/storage/values.py",
    "stages/param_sections.py",
    "stages/params.py",
    "stages/pipeline.py",
    "stages/retrieval_params.py",
    "stages/tagging_params.py",
}


def code_of(script: str) -> set[str]:
    """The script and all that it computes with: what it imports, directly or not."""
    files: set[str] = set()
    pending = [script]
    while pending:
        file = pending.pop()
        if file not in files and file not in EXEMPT and has_code(file):
            files.add(file)
            pending += [path for imported in imported_files(file) for path in with_packages(imported)]
    return files


def covered(file: str, deps: set[str]) -> bool:
    """Whether deps name a file, or a folder that it lies in."""
    return file in deps or any(file.startswith(f"{dep}/") for dep in deps)
