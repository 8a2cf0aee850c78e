"""The command `zsaudio`: models and corpora from the command line."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from zsaudio.errors import ZsAudioError
from zsaudio.storage.values import printable
from zsaudio_cli import check_corpus, export, figure, index, predict, search, serve, sweep

app = typer.Typer(
    name="zsaudio",
    help="Recognise sounds that a model was never trained on, from nothing but their names.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for name, module, command, settings in (
    ("predict", predict, predict.predict, {}),
    ("index", index, index.index, {}),
    ("search", search, search.search, {}),
    ("app", serve, serve.serve, {}),
    ("export", export, export.export, {}),
    ("check-corpus", check_corpus, check_corpus.check_corpus, {}),
    ("sweep", sweep, sweep.sweep, {}),
    ("figure", figure, figure.figure, figure.SETTINGS_OF_COMMAND),
):
    app.command(name, epilog=f"\b\nExample:\n  {module.EXAMPLE}", context_settings=settings)(command)


@app.callback(invoke_without_command=True)
def about(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Without a command: this help."""
    if version:
        print(metadata.version("zsaudio"))
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a mistake is one sentence and exit status 2, a recording or corpus that does not do is 1."""
    try:
        status = app(arguments, standalone_mode=False)
    except typer.TyperException as error:
        sys.exit(_failed(error.format_message(), error.exit_code))
    except ZsAudioError as error:
        sys.exit(_failed(str(error), 2))
    except OSError as error:
        sys.exit(_failed(f"{error.filename or 'a file'}: {error.strerror}", 1))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _failed(message: str, status: int) -> int:
    print(f"zsaudio: {printable(' '.join(message.splitlines()))}", file=sys.stderr)
    return status
