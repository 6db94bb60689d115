"""The guardian: starts processes, and leaves none of their descendants behind, whatever happens.

perfstress runs it as a process of its own, ``python -I guardian.py``; it needs nothing but the
standard library. Orders come as JSON objects, one a line, on standard input; reports go the same
way to standard output:

    {"do": "start", "name", "argv", "cwd", "env", "log", "stdout", "keep", "nofile"}
    {"do": "stop", "name", "signal", "grace_s"}        signal 9 kills at once
        {"report": "started", "name", "pid", "at_ns"}  or  {"report": "failed", "name", "error"}
        {"report": "exited", "name", "pid", "code", "signal", "asked", "at_ns", "max_rss_bytes",
         "left"}
        {"report": "gone", "name", "killed"}           after stop: no descendant is left

On Linux it is the *subreaper* of what it starts: a process that outlives its parent becomes a child
of the guardian, however often it forks and whatever session it moves to, and so it is found and
killed. When standard input ends, because perfstress closed it or was killed, every descendant gets
SIGKILL and the guardian exits. When the guardian is killed, the kernel kills what it had started
itself (PR_SET_PDEATHSIG). On macOS there are no subreapers: a process that has left both its parent
and its process group is not found there.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from typing import Any

# In the environment of everything that is started: tells to which start an orphan belongs.
MARK = "PERFSTRESS_GUARDED"

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
IS_LINUX = sys.platform == "linux"

TICK_S = 0.02  # while something is being stopped
IDLE_TICK_S = 0.25  # only to notice a parent that went without closing the pipe
GIVE_UP_S = 60.0  # a process in uninterruptible sleep cannot be killed by anyone


class Entry:
    """A process as the process table shows it."""

    __slots__ = ("is_dead", "pgid", "ppid", "sid")

    def __init__(self, ppid: int, pgid: int, sid: int, is_dead: bool) -> None:
        self.ppid = ppid
        self.pgid = pgid
        self.sid = sid
        self.is_dead = is_dead


def process_table() -> dict[int, Entry]:
    """Every process by its pid; zombies are marked dead."""
    if not IS_LINUX:
        return _table_of_ps()
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    fields = stat.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it ended between the listing and the reading
            table[int(name)] = Entry(
                int(fields[1]), int(fields[2]), int(fields[3]), fields[0] in b"ZXx"
            )
    return table


def _table_of_ps() -> dict[int, Entry]:
    listing = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,pgid=,stat="], capture_output=True, text=True, check=False
    ).stdout
    table = {}
    for line in listing.splitlines():
        pid, ppid, pgid, state = line.split()[:4]
        # The session is not shown; its leader's group is the next best thing.
        table[int(pid)] = Entry(int(ppid), int(pgid), int(pgid), state.startswith("Z"))
    return table


def descendants(table: dict[int, Entry], roots: set[int]) -> set[int]:
    """The pids below ``roots``, without the roots themselves."""
    children: dict[int, list[int]] = {}
    for pid, entry in table.items():
        children.setdefault(entry.ppid, []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found and child not in roots:
                found.add(child)
                waiting.append(child)
    return found


def is_marked(pid: int, guardian: int, count: int | str = "") -> bool:
    """Whether the process inherited the mark of this guardian, or of its start number ``count``, in
    its environment (Linux; else false).
    """
    wanted = f"{MARK}={guardian}.{count}" + ("\0" if count else "")
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return wanted.encode() in environ.read() + b"\0"
    except OSError:
        return False


def kill_all(table: dict[int, Entry], pids: set[int], number: int = signal.SIGKILL) -> None:
    """Signal these processes; with SIGKILL their process groups too.

    A signal to a group reaches all of its members at one moment, and a fork that is under way
    then fails: without it a process that forks faster than the table is read would get away.
    """
    own = os.getpgid(0)
    if number == signal.SIGKILL:
        for pgid in {table[pid].pgid for pid in pids if pid in table} - {own, 0, 1}:
            with contextlib.suppress(OSError):
                os.killpg(pgid, number)
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


class Ward:
    """One process that was started, and how far its end has come."""

    def __init__(self, name: str, pid: int, count: int) -> None:
        self.name = name
        self.pid = pid
        self.count = count
        self.has_exited = False
        self.is_asked = False  # perfstress wants it to end
        self.signal = int(signal.SIGTERM)
        self.kill_at = 0.0
        self.has_signalled_rest = False
        self.killed = 0


class Guardian:
    """The loop: orders in, reports out, children reaped, deadlines kept."""

    def __init__(self) -> None:
        self.parent = os.getppid()
        self.wards: dict[str, Ward] = {}
        self.count = 0
        self.is_ended = False
        self.buffer = b""
        self.prctl: Any = None
        if IS_LINUX:
            self.prctl = ctypes.CDLL(None, use_errno=True).prctl
            self.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        woken, waker = os.pipe()
        for end in (woken, waker):
            os.set_blocking(end, False)
        self.woken = woken
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self.end)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)

    def end(self, number: int, frame: object) -> None:
        """Somebody asks the guardian itself to go: that is the end for all."""
        self.is_ended = True

    def run(self) -> None:
        """Serve until perfstress has gone, then kill everything."""
        while not self.is_ended and os.getppid() == self.parent:
            stopping = any(ward.is_asked for ward in self.wards.values())
            ready, _, _ = select.select(
                [0, self.woken], [], [], TICK_S if stopping else IDLE_TICK_S
            )
            if self.woken in ready:
                os.read(self.woken, 4096)
            if 0 in ready:
                self.read_orders()
            self.reap()
            for ward in list(self.wards.values()):
                if ward.is_asked:
                    self.pursue(ward)
        self.kill_everything()

    def read_orders(self) -> None:
        """Carry out every order that has arrived whole."""
        chunk = os.read(0, 65536)
        if not chunk:
            self.is_ended = True
            return
        *lines, self.buffer = (self.buffer + chunk).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if order["do"] == "start":
                self.start(order)
            elif order["name"] in self.wards:
                ward = self.wards[order["name"]]
                ward.signal = order["signal"]
                ward.kill_at = time.monotonic() + order["grace_s"]
                if not ward.has_exited and not ward.is_asked:
                    kill_all({}, {ward.pid}, ward.signal)
                ward.is_asked = True
            else:
                self.report("gone", name=order["name"], killed=0)

    def report(self, kind: str, **facts: Any) -> None:
        """Tell perfstress; if it has gone, that is the end."""
        line = json.dumps({"report": kind, **facts}).encode() + b"\n"
        try:
            while line:
                line = line[os.write(1, line) :]
        except OSError:
            self.is_ended = True

    # ------------------------------------------------------------ starting
    def start(self, order: dict[str, Any]) -> None:
        """Start one process in a session of its own, and say how that went."""
        self.count += 1
        told, teller = os.pipe()  # closed by a successful exec, else it carries the reason
        at_ns = time.perf_counter_ns()
        guardian = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                self.become(order, guardian)
            except OSError as error:
                os.write(teller, str(error).encode())
            finally:
                os._exit(127)
        os.close(teller)
        for descriptor in order["keep"]:
            os.close(descriptor)
        problem = b""
        while chunk := os.read(told, 4096):
            problem += chunk
        os.close(told)
        if problem:
            os.waitpid(pid, 0)
            self.report("failed", name=order["name"], error=problem.decode(errors="replace"))
            return
        self.wards[order["name"]] = Ward(order["name"], pid, self.count)
        self.report("started", name=order["name"], pid=pid, at_ns=at_ns)

    def become(self, order: dict[str, Any], guardian: int) -> None:
        """In the new process: everything between fork and exec."""
        os.setsid()
        if self.prctl is not None:
            self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != guardian:  # it went before the kernel had been asked
                os._exit(127)
        signal.set_wakeup_fd(-1)
        for number in (
            signal.SIGINT,
            signal.SIGHUP,
            signal.SIGQUIT,
            signal.SIGPIPE,
            signal.SIGXFSZ,
            signal.SIGTERM,
            signal.SIGCHLD,
        ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        null = os.open(os.devnull, os.O_RDONLY)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        log = os.open(order["log"], flags, 0o644)
        out = os.open(order["stdout"], flags, 0o644) if order.get("stdout") else log
        os.chdir(order["cwd"])
        if order.get("nofile"):
            resource.setrlimit(resource.RLIMIT_NOFILE, tuple(order["nofile"]))
        for descriptor, place in ((null, 0), (out, 1), (log, 2)):
            os.dup2(descriptor, place)  # inheritable, unlike the descriptor that it copies
        for descriptor in order["keep"]:
            os.set_inheritable(descriptor, True)
        env = {**order["env"], MARK: f"{guardian}.{self.count}"}
        try:
            os.execvpe(order["argv"][0], order["argv"], env)
        except OSError as error:  # its own file name is the last folder of PATH that was tried
            raise OSError(f"{order['argv'][0]}: {error.strerror}") from error

    # ------------------------------------------------------------ ending
    def reap(self) -> None:
        """Collect every child that has ended, our own and those we inherited."""
        by_pid = {ward.pid: ward for ward in self.wards.values() if not ward.has_exited}
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ward = by_pid.get(pid)
            if ward is None:
                continue
            ward.has_exited = True
            killed = os.WIFSIGNALED(status)
            left = len(self.members(ward, process_table()))
            if not left and not ward.is_asked:
                del self.wards[ward.name]
            self.report(
                "exited",
                name=ward.name,
                pid=pid,
                code=None if killed else os.WEXITSTATUS(status),
                signal=os.WTERMSIG(status) if killed else None,
                asked=ward.is_asked,
                at_ns=time.perf_counter_ns(),
                max_rss_bytes=usage.ru_maxrss * (1024 if IS_LINUX else 1),
                left=left,
            )

    def members(self, ward: Ward, table: dict[int, Entry]) -> set[int]:
        """The living processes of one start: below it, or orphaned and known by session or mark."""
        me = os.getpid()
        roots = set() if ward.has_exited else {ward.pid}
        others = {other.pid for other in self.wards.values() if other is not ward}
        for pid, entry in table.items():
            if entry.ppid == me and pid not in others:
                alone = len(self.wards) == 1
                if alone or entry.sid == ward.pid or is_marked(pid, me, ward.count):
                    roots.add(pid)
            elif not IS_LINUX and entry.pgid == ward.pid:
                roots.add(pid)
        everyone = roots | descendants(table, roots)
        return {pid for pid in everyone if pid in table and not table[pid].is_dead}

    def pursue(self, ward: Ward) -> None:
        """One step towards the end of a ward: its own process is asked first, then what that left
        behind; after the grace everything is killed.
        """
        table = process_table()
        members = self.members(ward, table)
        if not members and ward.has_exited:
            del self.wards[ward.name]
            self.report("gone", name=ward.name, killed=ward.killed)
        elif time.monotonic() >= ward.kill_at:
            ward.killed = max(ward.killed, len(members))
            kill_all(table, members)
        elif ward.has_exited and not ward.has_signalled_rest:
            ward.has_signalled_rest = True
            kill_all(table, members, ward.signal)

    def kill_everything(self) -> None:
        """Kill until there is no child left: descendants become children as their parents die."""
        give_up = time.monotonic() + GIVE_UP_S
        me = os.getpid()
        groups = {ward.pid for ward in self.wards.values()}
        while time.monotonic() < give_up:
            table = process_table()
            found = descendants(table, {me})
            if not IS_LINUX:
                found |= {pid for pid, entry in table.items() if entry.pgid in groups}
            kill_all(table, {pid for pid in found if not table[pid].is_dead})
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.002)


def main() -> None:
    """Serve the process that started this one."""
    Guardian().run()


if __name__ == "__main__":
    main()
