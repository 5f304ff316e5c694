"""Sluice's lock beside redis-py's, in one run on one private Redis; deploy/bench-locks prepares and starts it.

The same file is also one process of redis-py's: `bench-locks.py peer URL NAME FROM UNTIL HOLD_US THINK_US`. Both kinds of worker print
`ASKED ACQUIRED RELEASED` of each acquisition in microseconds of the host's continuous clock.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def peer(url, name, start, end, hold, think):
    import redis

    client = redis.Redis.from_url(url)
    client.ping()
    lock = client.lock(name, timeout=10)
    time.sleep(max(0, start - now()) / 1e6)
    lines = []
    while (asked := now()) < end:
        lock.acquire()
        acquired = now()
        if hold:
            time.sleep(hold / 1e6)
        released = now()
        lock.release()
        lines.append(f"{asked} {acquired} {released}")
        if think:
            time.sleep(think / 1e6)
    print("\n".join(lines))


class Redis:
    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.directory = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.directory.name],
            stdout=subprocess.DEVNULL,
        )
        while subprocess.run(["redis-cli", "-p", str(self.port), "ping"], capture_output=True).stdout != b"PONG\n":
            time.sleep(0.02)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def cli(self, *arguments):
        return subprocess.run(["redis-cli", "-p", str(self.port), *arguments], capture_output=True, text=True).stdout

    def calls(self):
        """How often each command ran, in scripts or not."""
        return {name: int(count) for name, count in re.findall(r"cmdstat_(\S+?):calls=(\d+)", self.cli("info", "commandstats"))}

    def yardstick(self):
        """R1: redis-benchmark's GETs a second with one connection."""
        out = subprocess.run(
            ["redis-benchmark", "-p", str(self.port), "-t", "get", "-c", "1", "-P", "1", "-n", "60000", "-q"],
            capture_output=True, text=True,
        ).stdout
        return float(re.findall(r"GET: ([0-9.]+) requests", out)[-1])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def run(redis, command, processes, seconds, hold, think):
    """Runs the workers at once; returns each one's lines, and the commands that it took."""
    start = now() + 1_500_000
    end = start + int(seconds * 1e6)
    workers = [subprocess.Popen(command(start, end, hold, think), stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    time.sleep(max(0, start - 200_000 - now()) / 1e6)
    before = redis.calls()
    time.sleep(max(0, end - now()) / 1e6)
    after = redis.calls()
    outputs = [worker.communicate()[0] for worker in workers]
    if any(worker.returncode for worker in workers):
        sys.exit("a worker failed")
    rows = [[tuple(map(int, line.split())) for line in output.splitlines() if line] for output in outputs]
    used = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    return rows, used, end


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def contended(rows, used, seconds, end):
    """Acquisitions a second, hand-over times (ms) where somebody waited already, fairness, commands for each."""
    entries = sorted((acquired, released, asked) for row in rows for asked, acquired, released in row)
    handovers = [
        (nxt[0] - held[1]) / 1000 for held, nxt in zip(entries, entries[1:]) if nxt[2] < held[1]
    ]
    counts = [sum(1 for entry in row if entry[1] < end) for row in rows]
    total = max(1, sum(counts))
    outer = sum(used.get(name, 0) for name in ("evalsha", "eval"))
    # A command that a script runs counts as well; redis-py acquires with a SET of its own.
    alone = used.get("set", 0) if not used.get("zadd") else 0
    return {
        "rate": total / seconds, "p50": percentile(handovers, 0.5), "p90": percentile(handovers, 0.9),
        "fairness": max(counts) / max(1, min(counts)), "calls": (outer + alone) / total,
        "inner": sum(count for name, count in used.items() if name not in ("evalsha", "eval", "info", "ping", "config")) / total,
        "overlaps": sum(1 for held, nxt in zip(entries, entries[1:]) if nxt[0] < held[1]),
    }


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--worker", required=True)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--processes", type=int, default=4)
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    redis = Redis()
    try:
        def sluice(place):
            """A worker whose task runs on a thread of its own, or on the pool's."""
            return lambda start, end, hold, think: [
                options.worker, "measure", "--redis", redis.url, "--name", "bench", "--lease-ms", "10000", "--from", str(start),
                "--until", str(end), "--hold-us", str(hold), "--think-us", str(think), "--place", place,
            ]

        def redis_py(start, end, hold, think):
            return [sys.executable, os.path.abspath(__file__), "peer", redis.url, "peer", *map(str, (start, end, hold, think))]

        contestants = (("sluice", sluice("own")), ("sluice, on the pool's thread", sluice("pool")), ("redis-py", redis_py))
        for number in range(1, options.rounds + 1):
            print(f"round {number}")
            for name, command in contestants:
                r1 = redis.yardstick()
                rows, used, end = run(redis, command, 1, options.seconds, 0, 0)
                alone = contended(rows, used, options.seconds, end)
                print(
                    f"  {name:28} alone: {alone['rate']:7.0f} pairs/s = {alone['rate'] / (r1 / 2):.2f} × R1/2 (R1 {r1:.0f}); "
                    f"{alone['calls']:.2f} calls, {alone['inner']:.1f} commands within them, for each"
                )
            for name, command in contestants:
                rows, used, end = run(redis, command, options.processes, options.seconds, 20_000, 20_000)
                paced = contended(rows, used, options.seconds, end)
                print(
                    f"  {name:28} hold 20 ms, think 20 ms, {options.processes} processes: {paced['rate']:.1f}/s (ceiling 50), hand-over p50 "
                    f"{paced['p50']:.2f} p90 {paced['p90']:.2f} ms, max/min {paced['fairness']:.2f}, {paced['calls']:.2f} calls for each, "
                    f"{paced['overlaps']} overlaps"
                )
    finally:
        redis.stop()


if __name__ == "__main__":
    if sys.argv[1] == "peer":
        peer(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
    else:
        main()
