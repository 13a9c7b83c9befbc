"""What reading a large GitHub costs: a whole backfill with kills, a steady hour, a cycle in which nothing changed.

    python -m bench.github_scale backfill [--repos 1] [--runs 57000] [--kills 20]
    python -m bench.github_scale hour [--repos 400] [--limit 5000]
    python -m bench.github_scale unchanged [--repos 1000]

The GitHub is ``bench.github_world`` in a process of its own on loopback. Prints one line a figure.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx

from bench.github_hour import hour
from bench.github_rig import DAY, ROOT, TOKEN, Cycle, counts, github, source_of, stored
from bench.github_world import is_run_again
from collector.storage.database import connect


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


class Killed:
    """``cihealth backfill`` as a user runs it, killed so many times at random instants, then left to end."""

    def __init__(self, folder: Path, url: str, repos: int) -> None:
        source = source_of(url, repos)
        (folder / "collectors.yaml").write_text(json.dumps({"sources": [source.model_dump(mode="json",
            include={"name", "provider", "url", "repos"}) | {"token": "${BENCH_TOKEN}"}]}))  # fmt: skip
        self.database = f"sqlite:///{folder}/bench.db"
        self.command = [sys.executable, "-P", "-m", "collector", "backfill", "--source", "acme", "--since", "90d",
                        "--config", str(folder / "collectors.yaml"), "--database", self.database]  # fmt: skip
        self.output = folder / "output.txt"
        self.resident: list[int] = []
        self.cpu_seconds = 0.0

    def go(self, kill_after_seconds: float | None) -> int | None:
        """The exit code; None when it was killed."""
        with self.output.open("ab") as output:
            process = subprocess.Popen(self.command, cwd=ROOT, env={**os.environ, **TOKEN}, stdout=output,
                                       stderr=subprocess.STDOUT)  # fmt: skip
        begun = time.monotonic()
        while True:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                self.cpu_seconds += used.ru_utime + used.ru_stime
                process.returncode = os.waitstatus_to_exitcode(status)
                return None if process.returncode == -signal.SIGKILL else process.returncode
            if time.monotonic() - begun > 2:
                self.resident.append(resident_kib(process.pid))
            if kill_after_seconds is not None and time.monotonic() - begun > kill_after_seconds:
                process.kill()
            time.sleep(0.25)


def backfill(repos: int, runs: int, jobs: int, kills: int) -> None:
    now = int(time.time())
    begin = now - 89 * DAY
    every = 88.9 * DAY / runs
    chance = random.Random(7)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        github(repos=repos, runs=runs, jobs=jobs, begin=begin, every=every, now=now) as url,
    ):
        killed, begun = Killed(Path(folder), url, repos), time.monotonic()
        code: int | None = None
        done_kills = 0
        while code is None:
            code = killed.go(chance.uniform(4, 9) if done_kills < kills else None)
            done_kills += code is None
        passed, asked = time.monotonic() - begun, counts(url)
        database = connect(killed.database)
        rows = stored(database)
        database.close()
        _report_backfill(repos, runs, jobs, asked, rows)
        half = len(killed.resident) // 2
        print(f"exit code {code}, after {done_kills} kills; {passed:.0f} s, CPU {killed.cpu_seconds:.0f} s "
              f"(of the last process and those killed)")  # fmt: skip
        print(f"resident memory: {max(killed.resident[:half]) // 1024} MiB at most in the first half, "
              f"{max(killed.resident[half:]) // 1024} MiB in the second")  # fmt: skip
        print(Path(killed.output).read_text().splitlines()[-2])


def _report_backfill(repos: int, runs: int, jobs: int, asked: dict[str, int], rows: dict[str, int]) -> None:
    total = repos * runs
    reruns = sum(is_run_again(repo, index) for repo in range(repos) for index in range(runs))
    least = repos * -(-runs // 100) + total + 2 * reruns
    print(f"truth: {total + reruns} attempts, {reruns} of them re-runs, {(total + reruns) * jobs} jobs")
    print(f"stored: {rows}")
    whole = (rows["builds"], rows["jobs"], rows["without jobs"]) == (total + reruns, (total + reruns) * jobs, 0)
    print(f"whole: {whole}")
    print(f"requests: {asked['requests']}; the fewest: {least} (a page of runs for 100, each attempt's jobs, "
          f"each earlier attempt); {asked['requests'] / least:.3f} times as many")  # fmt: skip
    print(f"by kind: { {name: asked[name] for name in sorted(asked)} }")


def unchanged(repos: int) -> None:
    """Polls of repos of which none changes, a minute apart: each reads as many as 600 requests a minute allow."""
    begin = int(time.time()) // DAY * DAY - 2 * DAY
    now = begin + 3600
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        github(repos=repos, runs=3, jobs=1, begin=begin, every=60.0, now=now, old=120) as url,
    ):
        cycle = Cycle(Path(folder), url, repos, now, timedelta(hours=2))
        for _ in range(20):
            cycle.poll()
        for each in range(4):
            bare = bare_requests(url, repos)
            before, cpu, wall = counts(url), time.process_time(), time.monotonic()
            for _ in range(10):
                cycle.poll()
            used, passed, after = time.process_time() - cpu, time.monotonic() - wall, counts(url)
            asked, charged, newest = (after[name] - before[name] for name in ("requests", "charged", "newest"))
            bare = (bare + bare_requests(url, repos)) / 2 * 1000 / repos
            share = 1000 / newest
            ours = used * share
            print(f"{each + 1}: {newest} polls of a repo, {asked} requests, {charged} charged, in {passed:.1f} s")
            made = {name: after[name] - before.get(name, 0) for name in sorted(after) if ":" not in name}
            print(f"   by kind: { {name: count for name, count in made.items() if count and 'most' not in name} }")
            print(f"   for 1,000 repos: {asked * share:.0f} requests, CPU {ours:.2f} s; 1,000 bare httpx requests: "
                  f"CPU {bare:.2f} s; {ours / bare:.2f} times")  # fmt: skip
        cycle.close()


def bare_requests(url: str, repos: int) -> float:
    """CPU seconds of as many conditional GETs with one httpx.Client that do nothing with the answers."""
    with httpx.Client(headers={"Authorization": "Bearer t0ken"}) as client:
        targets = [f"{url}/repos/acme/r{number}/actions/runs?per_page=100" for number in range(repos)]
        tags = [client.get(target).headers["ETag"] for target in targets]
        begun = time.process_time()
        for target, tag in zip(targets, tags, strict=True):
            assert client.get(target, headers={"If-None-Match": tag}).status_code == 304
        return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("backfill", "hour", "unchanged"))
    parser.add_argument("--repos", type=int)
    parser.add_argument("--runs", type=int, default=57_000)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--limit", type=int, default=5_000, help="requests an hour, of the hour alone")
    told = parser.parse_args()
    if told.what == "backfill":
        backfill(told.repos or 1, told.runs, told.jobs, told.kills)
    elif told.what == "hour":
        hour(told.repos or 400, told.limit)
    else:
        unchanged(told.repos or 1000)


if __name__ == "__main__":
    main()
