import json
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import click
import pytest

from config.errors import ConfigError, EnvoywatchError, Finding, UsageError
from envoywatch.cli import commands, main
from envoywatch.cli.context import Context, find_config, pass_context


@pytest.fixture
def scripted(monkeypatch):
    """A command `status` that does what the test says."""

    def install(act):
        module = types.ModuleType("scripted_command")

        @click.command("status")
        @click.option("--json", "as_json", is_flag=True)
        @pass_context
        def command(context, /, *, as_json):
            return act(context)

        module.command = command
        monkeypatch.setitem(sys.modules, "scripted_command", module)
        monkeypatch.setitem(commands._TABLE, "status", ("scripted_command:command", "Scripted."))

    return install


def fail_with(error):
    def act(context):
        raise error

    return act


def test_help_lists_every_command_in_the_order_of_the_table(capsys):
    assert main.run(["--help"]) == 0
    out = capsys.readouterr().out
    listed = [line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.strip()]
    assert listed == list(commands._TABLE)
    assert listed[:4] == ["init", "check", "demo", "run"]


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from envoywatch.cli.main import run; run(['--help']);"
        "heavy = {'pydantic', 'ruamel.yaml', 'structlog', 'rich', 'scrapy', 'apprise', 'sqlite3', 'lxml', 'asyncio',"
        " 'numpy'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_listed_help_is_one_line_of_a_terminal():
    assert all(len(name) + len(line) < 72 for name, (_, line) in commands._TABLE.items())


def test_every_command_of_the_table_exists_and_explains_itself(capsys):
    for name in commands._TABLE:
        assert main.run([name, "--help"]) == 0, name
        assert f"Usage: envoywatch {name}" in capsys.readouterr().out


def test_version(capsys, program):
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"envoywatch {program}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stats"], "Did you mean 'status'?"),
        (["--confg", "x", "status"], "Did you mean '--config'?"),
        (["init", "--nonsense"], "No such option"),
        (["init", "--config", "x"], "--config stands before the command"),
        (["init", "a", "b"], "unexpected extra argument"),
    ],
)
def test_mistakes_of_usage_end_with_2_and_a_hint(capsys, arguments, words):
    assert main.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.startswith("error: ")
    assert "\nhint: " in err


def test_expected_errors_are_one_line_and_a_hint(capsys, scripted):
    scripted(fail_with(EnvoywatchError("the disk is full", hint="make room")))
    assert main.run(["status"]) == 1
    assert capsys.readouterr().err == "error: the disk is full\nhint: make room\n"
    scripted(fail_with(UsageError("no such source")))
    assert main.run(["status"]) == 2
    assert capsys.readouterr().err == "error: no such source\n"


def test_faults_of_the_configuration_are_one_line_each(capsys, scripted):
    findings = [Finding(Path("a.yaml"), 1, 2, "bad", "mend it"), Finding(Path("a.yaml"), 3, 4, "worse\x1b[2J")]
    scripted(fail_with(ConfigError(findings)))
    assert main.run(["status"]) == 2
    assert capsys.readouterr().err == "a.yaml:1:2: bad (mend it)\na.yaml:3:4: worse\\e[2J\n"


def test_unexpected_errors_are_one_line_and_a_traceback_on_demand(capsys, scripted, monkeypatch):
    monkeypatch.delenv("ENVOYWATCH_DEBUG", raising=False)
    scripted(fail_with(ZeroDivisionError("by nought\nand more")))
    assert main.run(["status"]) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[0] == "error: ZeroDivisionError: by nought\\nand more"
    assert "Traceback" not in err
    assert main.run(["--verbose", "status"]) == 1
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("ENVOYWATCH_DEBUG", "1")
    assert main.run(["status"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interrupts_end_with_130_and_no_traceback(capsys, scripted):
    scripted(fail_with(KeyboardInterrupt()))
    assert main.run(["status"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_exit_codes_of_commands_are_kept(scripted):
    scripted(lambda context: 2)
    assert main.run(["status"]) == 2
    scripted(lambda context: click.get_current_context().exit(1))
    assert main.run(["status"]) == 1
    scripted(lambda context: sys.exit(3))
    assert main.run(["status"]) == 3
    scripted(lambda context: sys.exit("words"))
    assert main.run(["status"]) == 1


def test_options_set_how_much_is_said(capsys, scripted):
    seen = []
    scripted(lambda context: seen.append((context.verbosity, context.quiet)) or context.say("hello"))
    for options in ([], ["--quiet"], ["-v"]):
        assert main.run([*options, "status"]) == 0
    assert seen == [(0, False), (-1, True), (1, False)]
    assert capsys.readouterr().err == "hello\nhello\n"


# ---------------------------------------------------------------- as a process


def program(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-c", "from envoywatch.cli.main import main; main()", *arguments], text=True, **more
    )


def test_ctrl_c_ends_at_once_without_a_traceback_though_a_thread_still_works():
    script = (
        "import threading, time, sys, os\n"
        "import envoywatch.cli.commands as c, click, types\n"
        "module = types.ModuleType('scripted')\n"
        "@click.command()\n"
        "def command():\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "module.command = command\n"
        "sys.modules['scripted'] = module\n"
        "c._TABLE['status'] = ('scripted:command', '')\n"
        "sys.argv = ['envoywatch', 'status']\n"
        "from envoywatch.cli.main import main\n"
        "main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_leaves_early_is_no_error():
    read, write = os.pipe()
    os.close(read)
    process = program("--help", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")


def test_the_shell_can_complete_commands():
    environ = {**os.environ, "_ENVOYWATCH_COMPLETE": "bash_complete", "COMP_WORDS": "envoywatch s", "COMP_CWORD": "1"}
    process = program(stdout=subprocess.PIPE, env=environ)
    out, _ = process.communicate(timeout=20)
    assert "plain,status" in out


def test_output_that_the_terminal_cannot_show_is_escaped(tmp_path):
    folder = tmp_path / "Київ"
    folder.mkdir()
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    process = program("init", str(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "\\u041a" in out


# ---------------------------------------------------------------- the configuration


def test_the_configuration_is_looked_for_in_three_places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    assert find_config({"ENVOYWATCH_CONFIG": "x.yaml"}) == Path("x.yaml")
    with pytest.raises(UsageError) as caught:
        find_config({})
    assert "envoywatch init" in caught.value.hint
    own = tmp_path / "home" / "envoywatch" / "envoywatch.yaml"
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_config({}) == own
    Path("envoywatch.yaml").touch()
    assert find_config({}) == Path("envoywatch.yaml")


def test_the_configuration_is_read_once_and_the_database_lies_beside_it(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("storage: {path: var/x.db}\n")
    context = Context(config_file=path, environ={})
    assert context.load() is context.load()
    assert context.config.storage.path == Path("var/x.db")
    assert context.database == tmp_path / "var/x.db"


def test_init_then_check(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main.run(["init"]) == 0
    assert main.run(["init"]) == 2
    capsys.readouterr()
    assert main.run(["check"]) == 0
    out = capsys.readouterr().out
    assert "envoywatch.yaml: good (" in out
    assert "http://127.0.0.1:8470/" in out
    assert main.run(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "findings": []}


def test_check_tells_every_fault_and_warning(tmp_path, capsys):
    path = tmp_path / "c.yaml"
    path.write_text("web: {listen: off}\n")
    assert main.run(["--config", str(path), "check"]) == 0
    out, err = capsys.readouterr()
    assert "(empty)" in out
    assert "c.yaml:1:1: warning: there are no sources" in err
    path.write_text("a: 1\nb: 2\n")
    assert main.run(["--config", str(path), "check"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert main.run(["--config", str(path), "check", "--json"]) == 2
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["line"], one["column"]) for one in findings] == [(1, 1), (2, 1)]


@pytest.mark.parametrize("arguments", [[], ["sources"], ["alerts"], ["outbox"]])
def test_asked_for_nothing_the_help_itself_is_told(capsys, arguments):
    assert main.run(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("Usage: ")
    assert "\nCommands:\n" in out


@pytest.mark.parametrize("arguments", [["search", "-football"], ["watches", "test", "-football"]])
def test_a_query_that_begins_with_a_dash_is_told_how_to_be_given(capsys, arguments):
    assert main.run(arguments) == 2
    assert f"envoywatch {' '.join(arguments[:-1])} -- -word" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["search", "Li", "Hui"], ["watches", "test", "Li", "Hui"], ["watches", "add", "Envoy", "Li", "Hui"]]
)
def test_a_query_of_several_words_is_told_how_to_be_given(capsys, arguments):
    assert main.run(arguments) == 2
    said = capsys.readouterr().err
    assert "a QUERY of several words is put in quotes: 'peace plan'" in said
    assert "-- -word" not in said


def test_the_examples_of_search_stand_on_lines_of_their_own(capsys):
    assert main.run(["search", "--help"]) == 0
    out = capsys.readouterr().out
    assert "\\b" not in out
    assert "\n    envoywatch search 'grain NEAR/5 corridor lang:en'\n" in out


def test_init_elsewhere_says_where_to_go(tmp_path, capsys):
    assert main.run(["init", str(tmp_path / "my mission")]) == 0
    assert f"next: `cd '{tmp_path}/my mission'`, look through envoywatch.yaml" in capsys.readouterr().err


def test_what_was_loaded_to_read_is_loaded_again_before_anything_is_sent(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text('web: {listen: off}\nchannels: {desk: {url: "json://127.0.0.1:1/${KEY}"}}\n')
    context = Context(path, {})
    assert "desk" in context.config.channels
    with pytest.raises(ConfigError):
        context.load()
    context = Context(path, {"KEY": "abcdef"})
    assert context.config.channels["desk"].url == context.load().config.channels["desk"].url
