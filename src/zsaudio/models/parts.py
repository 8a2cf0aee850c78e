"""Parts of a variant, found by name: `aggregator: attention` is the class Attention of models/aggregators/attention.py.

A new part is one file. Keyword-only arguments of its constructor are its knobs: a variant may set them, and their
annotations say what they may be (`zsaudio.storage.values`).
"""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import check_value, meant, shown

KINDS = ("pooling", "projection", "aggregator", "score", "objective")


def known_parts(kind: str) -> list[str]:
    """Names of all parts of a kind: the files in its folder."""
    return sorted(path.stem for path in _folder(kind).glob("*.py") if not path.stem.startswith("_"))


def part_file(kind: str, name: str) -> Path:
    """The file of a part.

    Raises:
        ZsAudioError: there is no such part.
    """
    known = known_parts(kind)
    if name not in known:
        raise ZsAudioError(
            f"{kind}: expected one of {', '.join(known)}; got {shown(name)}{meant(name, known)}. A new one is a file "
            f"in src/zsaudio/models/{kind}s/"
        )
    return _folder(kind) / f"{name}.py"


def part_class(kind: str, name: str) -> Any:
    """The class of a part: `softmax_cross_entropy` is SoftmaxCrossEntropy.

    Raises:
        ZsAudioError: there is no such part, or its file does not define that class.
    """
    file = part_file(kind, name)
    module = importlib.import_module(f"zsaudio.models.{kind}s.{name}")
    class_name = "".join(word.capitalize() for word in name.split("_"))
    try:
        return getattr(module, class_name)
    except AttributeError:
        raise ZsAudioError(f"{file}: expected a class {class_name}, by the name of the file") from None


def knobs(part: Any) -> dict[str, Any]:
    """The knobs of a part's class: annotation by name."""
    hints = get_type_hints(part.__init__, include_extras=True)
    parameters = inspect.signature(part.__init__).parameters.values()
    return {p.name: hints.get(p.name, Any) for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def make_part(kind: str, name: str, values: Mapping[str, Any], *sizes: int) -> Any:
    """A part with those of the values that are its knobs; the others are for other parts.

    Args:
        kind: one of KINDS.
        name: of the part.
        values: knobs by name.
        sizes: what the constructor takes besides.

    Raises:
        ZsAudioError: there is no such part, a value is not what its knob may be, or one that it needs is not there.
    """
    part = part_class(kind, name)
    parameters, hints = inspect.signature(part.__init__).parameters, knobs(part)
    for knob in hints:
        if knob not in values and parameters[knob].default is inspect.Parameter.empty:
            raise ZsAudioError(f"{kind} {name}: needs a value of {knob}, which the variant does not give")
    own = {knob: _checked(knob, hint, values[knob]) for knob, hint in hints.items() if knob in values}
    try:
        return part(*sizes, **own)
    except (ValueError, AssertionError) as error:  # what its constructor makes of values that do not go together
        raise ZsAudioError(f"{kind} {name}: {error}") from error


def _checked(knob: str, hint: Any, value: Any) -> Any:
    try:
        return check_value(hint, value)
    except ValueError as error:
        raise ZsAudioError(f"{knob}: {error}") from None


def _folder(kind: str) -> Path:
    return Path(__file__).parent / f"{kind}s"
