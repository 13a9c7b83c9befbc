"""A Jenkins with 2,000 jobs: what the first read and then an hour of polls cost the controller and us.

    python -m bench.jenkins_scale [--jobs 2000] [--builds 5] [--polls 60] [--busy 10] [--kills 20]

Half of the jobs are branches of multibranch projects in nested folders, half are freestyle jobs three folders down.
The controller (collector/demo's) is a process of its own, and counts what it is asked. Figures: requests beside the
fewest that the API allows, the most at one time, memory while reading, CPU seconds; then a steady hour in compressed
time: ``--polls`` polls with ``--busy`` builds before each. With ``--kills`` the first read is begun by ``cihealth
collect``, killed so often with SIGKILL, each time 1 to 5 s after it began to ask; what it leaves is read here.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from collector.daemon import LEASE_OWNER
from collector.demo.faults import Entry, Fault, Journal
from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import FREESTYLE, Stage
from collector.demo.script import ScriptedWorld
from collector.poller import Outcome, Poller, SourceJob
from collector.providers.registry import make_reader
from collector.recording import Recorder
from collector.storage.beside import shared_folder
from collector.storage.database import connect
from collector.storage.memory import SourceMemory
from collector.storage.tables import sql
from config.model import Config, JenkinsSource

BRANCHES = 10
FAILS_EVERY = 10
FIRST_PAGE = 50
PAGE_BYTES = 4096
ASKED = "asked"
LATENCY_SECONDS = 0.005
"""How long the controller takes before it answers; without, the two that are asked at once hardly meet there."""


def names_of(jobs: int) -> tuple[list[str], list[str]]:
    """Full names: branches of projects (folder/folder/project/branch) and freestyle jobs (folder/folder/folder/job)."""
    branches = [
        f"org-{n // 250}/area-{n // 50}/service-{n // BRANCHES}/branch-{n % BRANCHES}" for n in range(jobs // 2)
    ]
    plain = [f"ops-{n // 250}/site-{n // 50}/rack-{n // 10}/job-{n}" for n in range(jobs - jobs // 2)]
    return branches, plain


def a_build(world: ScriptedWorld, name: str, count: int, started_at: datetime, *, pipeline: bool) -> None:
    stages: list[Stage] = []
    for place in range(3 if pipeline else 0):
        begins = started_at + timedelta(seconds=place * 10)
        stages.append(Stage(str(place), f"stage {place}", begins, begins + timedelta(seconds=10)))
    result = "FAILURE" if count % FAILS_EVERY == 0 else "SUCCESS"
    world.add_jenkins_build(name, result=result, started_at=started_at, duration_seconds=30, stages=stages)


def serve(pipe: Connection, jobs: int, builds: int) -> None:
    """The controller's process: answers until it is told to stop; a number asks for so many new builds."""
    world, count = ScriptedWorld(), 0
    branches, plain = names_of(jobs)
    for name in branches:
        world.add_branch(*name.rsplit("/", 1))
    for name in plain:
        world.add_jenkins_job(name, cls=FREESTYLE)
    everything = [*branches, *plain]
    for back in range(builds, 0, -1):
        for name in everything:
            count += 1
            a_build(world, name, count, world.clock() - timedelta(hours=20 * back), pipeline=is_branch(name))
    with JenkinsServer(world) as server:
        server.journal = journal = Asked()
        server.misbehave(Fault("*", delay_seconds=LATENCY_SECONDS))
        pipe.send(server.base_url)
        place = 0
        while (busy := pipe.recv()) is not None:
            if busy == ASKED:
                pipe.send((dict(journal.kinds), journal.most_in_flight))
                continue
            for _ in range(busy):
                name, place, count = everything[(place * 37) % len(everything)], place + 1, count + 1
                a_build(world, name, count, world.clock() - timedelta(seconds=31), pipeline=is_branch(name))
            pipe.send(busy)


def is_branch(name: str) -> bool:
    return "/branch-" in name


class Asked(Journal):
    """What the controller was asked, by kind."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: Counter[str] = Counter()

    def note(self, entry: Entry) -> None:
        self.kinds[kind_of(entry.path, entry.request.query.get("tree", ""))] += 1


def kind_of(path: str, tree: str) -> str:
    if "wfapi" in path:
        return "stages"
    if "logText" in path:
        return "consoles"
    if tree.startswith(("builds[", "allBuilds[")):
        return "builds of a job"
    return "lists of jobs" if "jobs[" in tree else "one build" if tree.startswith("_class,number") else "facts, queue"


class Memory:
    """Resident memory of this process, sampled."""

    def __init__(self) -> None:
        self.peak = self.now()
        self._stop = threading.Event()

    @staticmethod
    def now() -> float:
        """MiB."""
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 2**20

    @contextmanager
    def sampled(self) -> Iterator[None]:
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        yield
        self._stop.set()
        thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            self.peak = max(self.peak, self.now())


@dataclass
class Rig:
    poller: Poller
    memory: Memory
    pipe: Connection

    def poll(self) -> tuple[Outcome, int]:
        """How it ended, and how many requests it made."""
        before, _ = asked(self.pipe)
        outcome = self.poller.poll()
        assert outcome.error is None, outcome.error
        return outcome, (asked(self.pipe)[0] - before).total()


def asked(pipe: Connection) -> tuple[Counter[str], int]:
    """What the controller was asked so far by kind, and the most at one time."""
    pipe.send(ASKED)
    kinds, most = pipe.recv()
    return Counter(kinds), most


def killed(folder: Path, url: str, kills: int, pipe: Connection) -> None:
    """``cihealth collect`` so often on the same database, as ``run`` starts it anew: with the lease of the last one."""
    chance, environ = random.Random(7), {**os.environ, LEASE_OWNER: "bench"}
    config = folder / "collectors.yaml"
    config.write_text(f"sources:\n  - {{name: scale, provider: jenkins, url: '{url}', interval: 1s}}\n")
    given = ["--config", str(config), "--database", f"sqlite:///{folder / 'scale.db'}"]
    for _ in range(kills):
        command = [sys.executable, "-P", "-m", "collector", "collect", *given]
        before = asked(pipe)[0].total()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ) as process:
            while asked(pipe)[0].total() == before and process.poll() is None:
                time.sleep(0.1)
            time.sleep(chance.uniform(1, 5))
            process.kill()
    if kills:
        print(f"after {kills} kills: {by_kind(asked(pipe)[0])}")


def first_read(rig: Rig, jobs: int, builds: int) -> None:
    """Polls until one asks for the list alone."""
    begun, cpu, polls, after = time.monotonic(), time.process_time(), 0, []
    while True:
        _, requests = rig.poll()
        polls += 1
        after.append(rig.memory.now())
        if requests == 1:
            break
    pipelines = jobs // 2 * builds
    failures = jobs * builds // FAILS_EVERY
    fewest = 1 + jobs * math.ceil(builds / FIRST_PAGE) + pipelines + failures
    kinds, most = asked(rig.pipe)
    made = kinds.total()
    print(f"first read whole: {jobs} jobs, {jobs * builds} builds in {time.monotonic() - begun:.0f} s, {polls} polls")
    print(f"  requests {made}, fewest {fewest} (list, builds of each job, stages, consoles): x {made / fewest:.3f}")
    print("  " + by_kind(kinds))
    print(f"  most at one time {most}; our CPU {time.process_time() - cpu:.1f} s")
    print(
        "  memory after each poll (MiB): " + " ".join(f"{one:.0f}" for one in after) + f"; peak {rig.memory.peak:.0f}"
    )


def by_kind(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))


def steady(rig: Rig, polls: int, busy: int) -> None:
    begun, cpu, (before, _), seen = time.monotonic(), time.process_time(), asked(rig.pipe), 0
    for _ in range(polls):
        rig.pipe.send(busy)
        rig.pipe.recv()
        outcome, _ = rig.poll()
        seen += outcome.created
    kinds, most = asked(rig.pipe)
    kinds -= before
    print(f"a steady hour: {polls} polls, {polls * busy} builds, {seen} seen, in {time.monotonic() - begun:.0f} s")
    print(f"  requests {kinds.total()}: " + by_kind(kinds))
    print(f"  fewest {polls} lists + {polls * busy} for the jobs that built + stages and consoles of these")
    spent = time.process_time() - cpu
    print(f"  most at one time {most}; our CPU {spent:.1f} s; memory {rig.memory.now():.0f} MiB")


def stored_rows() -> dict[str, int]:
    return {name: sql(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("builds", "jobs", "pipelines")}


def measured(arguments: argparse.Namespace, url: str, pipe: Connection, folder: Path) -> None:
    source = JenkinsSource(provider="jenkins", name="scale", url=url)
    database = connect(f"sqlite:///{folder / 'scale.db'}")
    database.migrate()
    killed(folder, url, arguments.kills, pipe)
    reader = make_reader(source, Config(sources=(source,)), {}, shared=shared_folder(database.url))
    job = SourceJob("scale", "jenkins", timedelta(seconds=60), reader)
    memory, poller = Memory(), Poller(job, Recorder(database), SourceMemory(database, "scale"))
    rig = Rig(poller, memory, pipe)
    print(f"memory before the first request: {memory.now():.0f} MiB")
    with memory.sampled():
        first_read(rig, arguments.jobs, arguments.builds)
        steady(rig, arguments.polls, arguments.busy)
    with database.reading():
        stored = stored_rows()
    wanted = arguments.jobs * arguments.builds + arguments.polls * arguments.busy
    print(f"stored: {stored}; builds in the world: {wanted}")
    poller.close()
    database.close()
    assert stored["builds"] == wanted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("jobs", 2000), ("builds", 5), ("polls", 60), ("busy", 10), ("kills", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    pipe, theirs = processes.Pipe()
    server = processes.Process(target=serve, args=(theirs, arguments.jobs, arguments.builds), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        measured(arguments, pipe.recv(), pipe, Path(folder))
    pipe.send(None)
    server.join(10)


if __name__ == "__main__":
    main()
