"""The Python host spoken to directly: other Pythons, steady memory, and out of the way."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from perfstress.clock import now_ns
from perfstress.targets.hosted import HOSTS, PIPES, PipeChannel

pytestmark = pytest.mark.live

SUPPORT = Path(__file__).parent.parent / "support"
FOLDER = HOSTS / "python_host"
PYENV = Path.home() / ".pyenv" / "versions"
PYTHONS = ["python3.8", "python3.9", "python3.10", "python3.12", "python3.13", "python3.14"]


class Spoken:
    """A host and the pipe to it."""

    def __init__(self, python: str) -> None:
        host_reads, we_write = os.pipe()
        we_read, host_writes = os.pipe()
        self.process = subprocess.Popen(
            [python, str(FOLDER)],
            pass_fds=(host_reads, host_writes),
            env={**os.environ, PIPES: f"{host_reads},{host_writes}"},
            stdout=subprocess.DEVNULL,
        )
        os.close(host_reads)
        os.close(host_writes)
        self.channel = PipeChannel(we_write, we_read)

    def load(self, call: str, folder: Path = SUPPORT) -> Mapping[str, Any]:
        function = f"functions:{call}"
        self.channel.send(
            {"do": "load", "cwd": str(folder), "call": function, "size": {}, "by": "threads"}
        )
        return self.until("ready")[-1]

    def run(self, epoch: int, ops: int, users: int = 1) -> int:
        """Calls that were ok in an epoch of the closed model."""
        at_ns = now_ns()
        self.channel.send(
            {
                "do": "run",
                "epoch": epoch,
                "zero_ns": at_ns,
                "at_ns": at_ns,
                "users": [users, users],
                "ops": ops,
                "duration_ns": None,
                "timeout_ns": 10**9,
                "first": 0,
            }
        )
        return _ok(self.until("ended"))

    def until(self, kind: str) -> list[Mapping[str, Any]]:
        replies: list[Mapping[str, Any]] = []
        while not replies or replies[-1]["reply"] != kind:
            reply = self.channel.receive(20.0)
            assert reply is not None, f"the host said no more, not {kind}; before: {replies[-2:]}"
            replies.append(reply)
        return replies

    def close(self) -> int:
        self.channel.close()
        return self.process.wait(10)


def _ok(replies: list[Mapping[str, Any]]) -> int:
    counts = [one for reply in replies for one in reply.get("counts", ())]
    return sum(one["ok"] for one in counts)


@pytest.fixture
def speak() -> Iterator[Callable[[str], Spoken]]:
    made: list[Spoken] = []

    def _speak(python: str = sys.executable) -> Spoken:
        made.append(Spoken(python))
        return made[-1]

    yield _speak
    for spoken in made:
        spoken.process.kill()
        spoken.close()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("call", ["counted", "counted_async"])
def test_under_other_pythons(speak: Callable[[str], Spoken], python: str, call: str) -> None:
    paths = [shutil.which(python), *map(str, PYENV.glob(f"*/bin/{python}"))]
    works = [
        path
        for path in paths
        if path and not subprocess.run([path, "-V"], capture_output=True).returncode
    ]
    if not works:
        pytest.skip(f"install {python} to test the host under it")
    spoken = speak(works[0])
    assert spoken.load(call)["is_async"] is call.endswith("async")
    assert spoken.run(0, 3000, users=3) == 3000
    at_ns = now_ns()
    channel = spoken.channel
    channel.send(
        {"do": "open", "zero_ns": at_ns, "timeout_ns": 10**9, "max_in_flight": 10**4, "first": 0}
    )
    due = {"do": "due", "epoch": 1, "from_ns": at_ns, "at_ns": [n * 10**5 for n in range(500)]}
    channel.send({**due, "last": True})
    assert _ok(spoken.until("drained")) == 500
    channel.send({"do": "quiet"})
    spoken.until("quiet")
    assert spoken.close() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("users", [1, 3])
def test_its_memory_does_not_depend_on_the_number_of_calls(
    speak: Callable[[str], Spoken], users: int
) -> None:
    spoken = speak(sys.executable)
    spoken.load("quick")

    def anonymous_bytes() -> int:
        spoken.channel.send({"do": "quiet"})
        spoken.until("quiet")
        status = Path(f"/proc/{spoken.process.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) * 1024

    spoken.run(0, 100_000, users)
    before = anonymous_bytes()
    assert spoken.run(1, 1_500_000, users) == 1_500_000
    assert anonymous_bytes() - before < 256 << 10


def test_the_end_of_the_commands_ends_it_even_in_a_call(speak: Callable[[str], Spoken]) -> None:
    spoken = speak(sys.executable)
    spoken.load("hangs")
    at_ns = now_ns()
    spoken.channel.send(
        {
            "do": "run",
            "epoch": 0,
            "zero_ns": at_ns,
            "at_ns": at_ns,
            "users": [1, 1],
            "ops": 1,
            "duration_ns": None,
            "timeout_ns": 10**9,
            "first": 0,
        }
    )
    spoken.until("began")
    assert spoken.close() == 0


def test_children_of_the_function_do_not_inherit_the_pipes(tmp_path: Path) -> None:
    spoken = Spoken(sys.executable)
    spoken.load("quick")
    found = os.listdir(f"/proc/{spoken.process.pid}/fdinfo") if os.path.isdir("/proc") else []
    for number in found:
        if int(number) > 2:
            flags = Path(f"/proc/{spoken.process.pid}/fdinfo/{number}").read_text()
            assert int(flags.partition("flags:")[2].split()[0], 8) & os.O_CLOEXEC
    assert spoken.close() == 0


def test_its_modules_hide_none_of_the_targets(tmp_path: Path) -> None:
    names = [file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("__")]
    assert names
    for name in [*names, "python_host"]:
        (tmp_path / f"{name}.py").write_text("IS_OWN = True\n")
    (tmp_path / "functions.py").write_text(
        "import sys\n"
        + "".join(f"import {name}\nassert {name}.IS_OWN\n" for name in [*names, "python_host"])
        + f"assert not [path for path in sys.path if path.startswith({str(HOSTS)!r})], sys.path\n"
        + "def quick(i):\n    pass\n"
    )
    spoken = Spoken(sys.executable)
    spoken.load("quick", tmp_path)
    assert spoken.run(0, 10) == 10
    assert spoken.close() == 0


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_it_needs_the_standard_library_alone(file: Path) -> None:
    tree = ast.parse(file.read_text(), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
