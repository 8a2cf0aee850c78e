"""Kinds of values that people write into files: what is expected of each, in words, and the check of it.

A kind is an annotation that pydantic understands, so that it serves a model of params as well as the knobs of a part.
"""

import difflib
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError

LONGEST_NAME = 255  # bytes of a file's name, on every common disk
MOST_DIGITS = 300  # of a whole number in a file; more are nobody's meaning, and slow


def shown(value: object) -> str:
    """A value as a message shows it: as Python writes it, cut after 80 characters."""
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        return "a number of hundreds of digits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def printable(text: str) -> str:
    """Text as a terminal may show it: what could steer the terminal becomes a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def number(low: float = -math.inf, high: float = math.inf, *, above: bool = False) -> BeforeValidator:
    """The check of a finite number from `low` to `high`; with `above`, `low` itself is left out."""
    least = "" if low == -math.inf else f" {'above' if above else 'of at least'} {low:g}"
    span = least if high == math.inf else f"{least}, at most {high:g}" if above else f" from {low:g} to {high:g}"

    def check(value: object) -> float:
        try:
            # As text too: DVC writes 0.00001 as 1e-05, which YAML takes for text.
            read = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            read = math.nan
        if not math.isfinite(read) or not (low < read if above else low <= read) or read > high:
            raise ValueError(f"expected a number{span}, got {shown(value)}")
        return read

    return BeforeValidator(check)


def whole(low: int, high: int) -> BeforeValidator:
    """The check of a whole number from `low` to `high`."""

    def check(value: object) -> int:
        read = int(value) if isinstance(value, float) and value.is_integer() else value
        if not isinstance(read, int) or isinstance(read, bool) or not low <= read <= high:
            raise ValueError(f"expected a whole number from {low:,} to {high:,}, got {shown(value)}")
        return read

    return BeforeValidator(check)


def text(pattern: str, expected: str) -> BeforeValidator:
    """The check of text that a regular expression matches as a whole; `expected` says so in words."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}, got {shown(value)}")
        return value

    return BeforeValidator(check)


def word_or(word: str, other: BeforeValidator, meaning: str) -> BeforeValidator:
    """The check of one word, or else of another kind; `meaning` says what that is."""

    def check(value: object) -> object:
        try:
            return value if value == word else other.func(value)  # type: ignore[call-arg]
        except ValueError:
            raise ValueError(f"expected {word!r} or {meaning}, got {shown(value)}") from None

    return BeforeValidator(check)


def one_of(known: Sequence[str]) -> BeforeValidator:
    """The check of a name that must be among the known ones."""

    def check(value: object) -> object:
        if value not in known:
            raise ValueError(f"expected one of {', '.join(known)}; got {shown(value)}{meant(value, known)}")
        return value

    return BeforeValidator(check)


def canonical(value: object) -> str:
    """A param's value as text, by which values are compared: 1, 1.0 and "1" are the same."""
    try:
        read = float(str(value))
    except ValueError:
        return "null" if value is None else str(value)
    return str(int(read)) if read.is_integer() else repr(read)


def meant(value: object, known: Sequence[str]) -> str:
    """A guess at a misspelt name, in brackets; empty where none is close."""
    close = difflib.get_close_matches(str(value), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _distinct(values: list[object]) -> list[object]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{shown(value)} is listed twice")
    return values


def file_path(path: Path) -> Path:
    """A path that a file can have.

    Raises:
        ValueError: no file can have it.
    """
    if "\0" in str(path) or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
        raise ValueError(
            f"expected a path without a zero byte, of names of at most {LONGEST_NAME} bytes, got {shown(str(path))}"
        )
    return path


FilePath = Annotated[Path, AfterValidator(file_path)]
Distinct = AfterValidator(_distinct)  # of a list
NonNegative = Annotated[float, number(0)]
Positive = Annotated[float, number(0, above=True)]
Fraction = Annotated[float, number(0, 1)]


def check_value(annotation: Any, value: object) -> Any:
    """A value of a kind, read and checked.

    Args:
        annotation: one of the kinds above, a `Literal` of names, or any type that pydantic knows.
        value: what somebody wrote.

    Raises:
        ValueError: it is not of that kind; the message says what was expected and what was there.
    """
    if get_origin(annotation) is Literal:
        annotation = Annotated[str, one_of(get_args(annotation))]
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        raise ValueError(sentence(error)) from None


def sentence(error: ValidationError) -> str:
    """What a validation found first: what was expected and what was there."""
    first = error.errors()[0]
    return explain(first["type"], first["msg"], first["input"], first.get("ctx", {}))


EXPECTED = {  # what pydantic's own types want, in our words
    "string": "text",
    "list": "a list",
    "dict": "a section with keys of its own",
    "model": "a section with keys of its own",
    "bool": "true or false",
    "path": "a path",
    "int": "a whole number",
    "float": "a number",
}


def explain(kind: str, message: str, value: object, context: dict[str, Any]) -> str:
    """A mistake that pydantic found, as `expected ..., got ...`.

    Args:
        kind: pydantic's name of the mistake, such as `string_type`.
        message: pydantic's sentence, for kinds that have no words of ours.
        value: what was there.
        context: details of the mistake.
    """
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "is missing"
    if kind == "json_invalid":
        return message[0].lower() + message[1:]
    if kind == "too_short":
        return f"expected at least {context['min_length']} of them, got {context['actual_length']}"
    if kind == "too_long":
        return f"expected at most {context['max_length']} of them, got {context['actual_length']}"
    words = EXPECTED.get(kind.split("_")[0])
    return (
        f"expected {words}, got {shown(value)}" if words else f"{message[0].lower()}{message[1:]}, got {shown(value)}"
    )
