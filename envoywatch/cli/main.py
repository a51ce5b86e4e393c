"""The entry of the program: runs a command and turns whatever ends it into lines on stderr and an exit code.

Nothing heavy is imported before `run`, so that Ctrl-C during start-up is met by it too.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from click import ClickException, Context

PROGRAM = "envoywatch"
DONE, FAILED, INTERRUPTED = 0, 1, 130


def main() -> NoReturn:
    """Run the program on the process's arguments and leave."""
    code = run(sys.argv[1:])
    if code == INTERRUPTED:
        # At once: an ordinary exit would wait for threads and worker processes that are still at work.
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the exit code; says on stderr why when it is not 0."""
    try:
        _make_output_patient(sys.stdout, sys.stderr)
        outcome = _invoke(list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except Exception as error:  # noqa: BLE001 (the one edge where every error becomes a line)
        return _told(error, show_traceback=_wants_traceback(arguments))
    return outcome if isinstance(outcome, int) else DONE


def _invoke(arguments: list[str]) -> Any:
    """Run the command and return what it returns.

    Not by click's own `main`, which turns a reader that left early into a failure.
    """
    import click  # noqa: PLC0415 (see the module's docstring)

    from envoywatch.cli.commands import cli  # noqa: PLC0415 (likewise)

    if "_ENVOYWATCH_COMPLETE" in os.environ:
        from click.shell_completion import shell_complete  # noqa: PLC0415 (only when the shell asks)

        return shell_complete(cli, {}, PROGRAM, "_ENVOYWATCH_COMPLETE", os.environ["_ENVOYWATCH_COMPLETE"])
    try:
        with cli.make_context(PROGRAM, arguments) as context:
            return cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code


def _make_output_patient(*streams: TextIO) -> None:
    """Let no name in a script that the terminal cannot show end a command."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _wants_traceback(arguments: Sequence[str]) -> bool:
    return bool(os.environ.get("ENVOYWATCH_DEBUG")) or "--verbose" in arguments or "-v" in arguments


def _told(error: Exception, *, show_traceback: bool) -> int:
    """Say the error on stderr; the exit code."""
    import click  # noqa: PLC0415 (see the module's docstring)

    from config.errors import EnvoywatchError  # noqa: PLC0415 (likewise)

    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())  # asked for nothing: not a mistake, so the help itself, on stdout
        return DONE
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        _drop_output()
        return DONE
    if isinstance(error, click.ClickException):
        _say_usage(error)
        return error.exit_code
    if isinstance(error, EnvoywatchError):
        _say_expected(error)
        return error.exit_code
    if show_traceback:
        import traceback  # noqa: PLC0415 (rarely needed)

        traceback.print_exception(error)
    say_error(
        f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
        hint="this is a fault of the program; --verbose shows where it happened",
    )
    return FAILED


def _drop_output() -> None:
    """Whoever read our output has gone; keep the interpreter's last flush from complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_usage(error: ClickException) -> None:
    context = getattr(error, "ctx", None)
    hint = f"see {context.command_path} --help" if context is not None else ""
    option = getattr(error, "option_name", "")
    if context is not None and _takes_a_query(context):
        hint += _about_queries(error, context)
    if (
        option in {"--config", "--quiet", "--verbose", "--version"}
        and context is not None
        and context.parent is not None
    ):
        hint = f"{option} stands before the command: envoywatch {option} ... {context.info_name}"
    say_error(error.format_message().removesuffix("."), hint=hint)


def _about_queries(error: ClickException, context: Context) -> str:
    """What is easily overlooked where a query is given to a shell."""
    from click.exceptions import NoSuchOption  # noqa: PLC0415 (see the module's docstring)

    if isinstance(error, NoSuchOption):
        return '; a QUERY that begins with a dash follows "--", as in: ' + f"{context.command_path} -- -word"
    parameter = getattr(error, "param", None)
    if parameter is None or parameter.name == "file":  # the second word was taken for another argument
        return "; a QUERY of several words is put in quotes: 'peace plan'"
    return ""


def _takes_a_query(context: Context) -> bool:
    return any(
        parameter.param_type_name == "argument" and parameter.name == "query" for parameter in context.command.params
    )


def _say_expected(error: Exception) -> None:
    findings = getattr(error, "findings", ())
    for finding in findings:
        say_error(str(finding), lead="")  # file:line:column first, as editors and compilers have it
    if not findings:
        say_error(str(error), hint=getattr(error, "hint", ""))


def say_error(message: str, *, hint: str = "", lead: str = "error: ") -> None:
    """One line on stderr, and one more for the hint."""
    from envoywatch.cli.output import escape  # noqa: PLC0415 (see the module's docstring)

    lines = [f"{lead}{escape(message)}", *([f"hint: {escape(hint)}"] if hint else [])]
    try:
        print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 (this is the program's stderr)
    except OSError:
        return  # stderr is closed: nobody is there to be told
