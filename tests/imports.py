"""What the modules of the project import, read from their code without running it."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent


def modules_under(folder: str) -> list[str]:
    """Paths of all modules in a folder of the project, relative to it."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py"))


def tree_of(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def has_code(file: str) -> bool:
    """Whether a module is more than its docstring."""
    tree = tree_of(file)
    return len(tree.body) > (ast.get_docstring(tree) is not None)


def imported_names(file: str, typing: bool = False) -> set[str]:
    """Dotted names of modules that a module imports, at its top or within a function, of this project and of others.

    Args:
        file: its path.
        typing: also what it imports for type checkers alone.
    """
    names: set[str] = set()
    pending: list[ast.AST] = [tree_of(file)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute in this project"
            assert node.module is not None
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {member if file_of(member) else node.module for member in members}
        if typing or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            pending += ast.iter_child_nodes(node)
    return names


def imported_files(file: str, typing: bool = False) -> set[str]:
    """Paths of the modules of the project that a module names in its imports."""
    return set(filter(None, (file_of(name) for name in imported_names(file, typing)))) - {file}


def with_packages(file: str) -> set[str]:
    """A module and the `__init__.py` of the packages that it lies in, which run when it is imported."""
    parents = [parent / "__init__.py" for parent in Path(file).parents]
    return {file, *(parent.as_posix() for parent in parents if (ROOT / parent).is_file())}


def file_of(name: str) -> str | None:
    """Path of a module by its dotted name; None for what is not of the project."""
    stem = name.replace(".", "/")
    candidates = (f"stages/{stem}.py", f"src/{stem}.py", f"src/{stem}/__init__.py")
    return next((path for path in candidates if (ROOT / path).is_file()), None)
