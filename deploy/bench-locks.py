"""Sluice's lock beside redis-py's, in one run on one private Redis; deploy/bench-locks prepares and starts it.

The same file is also one process of redis-py's: `bench-locks.py peer URL NAME FROM UNTIL HOLD_US THINK_US`. Both kinds of worker print
`ASKED ACQUIRED RELEASED` of each acquisition in microseconds of the host's continuous clock.
"""

import argparse
import json
import os
import re
import socket
import statistics
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
    if not values:
        sys.exit("nobody handed the lock over to another; let the measurement take longer (--seconds)")
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def contended(rows, used, end, seconds):
    """Acquisitions a second, hand-over times (ms) where somebody waited already, fairness, commands for each."""
    entries = sorted((acquired, released, asked) for row in rows for asked, acquired, released in row)
    handovers = [
        (nxt[0] - held[1]) / 1000 for held, nxt in zip(entries, entries[1:]) if nxt[2] < held[1]
    ] if len(rows) > 1 else [0]
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


# What is measured: the key in the JSON, the words for it, its unit and decimals, what it should be.
ALONE = [
    ("alone_rate", "pairs a second alone", "/s", 0, None),
    ("alone_ratio", "beside half of redis-benchmark -c 1", "×", 2, ">= 0.9"),
    ("alone_calls", "scripts for each pair", "", 2, None),
    ("alone_inner", "commands within them", "", 1, None),
]
PACED = [
    ("rate", "acquisitions a second (ceiling 50 with 4)", "/s", 1, ">= 49"),
    ("p50", "hand-over, p50", "ms", 2, "<= 0.4"),
    ("p90", "hand-over, p90", "ms", 2, "<= 0.7"),
    ("fairness", "most beside least of one process", "×", 2, "<= 1.05"),
    ("calls", "scripts for each acquisition", "", 2, "<= 3"),
    ("inner", "commands within them", "", 1, None),
    ("overlaps", "two inside at once, in any round", "", 0, "<= 0"),
]


def meets(value, wanted):
    if wanted is None:
        return None
    sign, bound = wanted.split()
    return value <= float(bound) if sign == "<=" else value >= float(bound)


def measure(redis, contestants, processes, seconds):
    """One round: all contestants take turns, alone and then together."""
    figures = {}
    for name, command in contestants:
        r1 = redis.yardstick()
        alone = contended(*run(redis, command, 1, seconds, 0, 0), seconds)
        for key, value in (("rate", alone["rate"]), ("ratio", alone["rate"] / (r1 / 2)), ("calls", alone["calls"]), ("inner", alone["inner"])):
            figures[name, "alone_" + key] = value
    for name, command in contestants:
        paced = contended(*run(redis, command, processes, seconds, 20_000, 20_000), seconds)
        figures.update({(name, key): value for key, value in paced.items()})
    return figures


def summary(rounds, contestants):
    """The rows of the report: median, least and most of each figure over the rounds."""
    rows = []
    for name, _ in contestants:
        for key, label, unit, places, wanted in ALONE + PACED:
            values = [figures[name, key] for figures in rounds]
            median = statistics.median(values)
            # redis-py is the yardstick: nothing is asked of it but that it locks.
            target = wanted if name.startswith("sluice") or key == "overlaps" else None
            rows.append({
                "who": name, "what": key, "label": label, "unit": unit, "places": places, "median": median, "least": min(values),
                "most": max(values), "rounds": values, "wanted": target,
                # Never is never, not half of the time.
                "is_met": meets(max(values) if key == "overlaps" else median, target),
            })
    return rows


def show(rows, processes):
    who = None
    for row in rows:
        if row["who"] != who:
            who = row["who"]
            print(f"\n{who}: alone, and {processes} processes that hold 20 ms and think 20 ms")
            print(f"  {'':46} {'median':>10} {'least':>10} {'most':>10}  wanted")
        numbers = " ".join(f"{row[key]:10.{row['places']}f}" for key in ("median", "least", "most"))
        verdict = {None: "", True: "reached", False: "missed"}[row["is_met"]]
        label = row["label"] + (f" ({row['unit']})" if row["unit"] not in ("", "/s") else "")
        print(f"  {label:46} {numbers}  {row['wanted'] or '':8}{verdict}".rstrip())


def main():
    options = argparse.ArgumentParser(prog="deploy/bench-locks", description="Sluice's lock beside redis-py's, in one run on one private Redis.")
    options.add_argument("--worker", required=True, help=argparse.SUPPRESS)
    options.add_argument("--seconds", type=float, default=5, help="how long each measurement takes (5)")
    options.add_argument("--processes", type=int, default=4, help="how many want the lock (4)")
    options.add_argument("--rounds", type=int, default=3, help="rounds that count, after one that does not (3)")
    options.add_argument("--json", action="store_true", help="print the report as JSON")
    given = options.parse_args()
    if given.rounds < 1 or given.processes < 2 or given.seconds <= 0:
        options.error("there must be a round (--rounds), two processes (--processes), and time (--seconds)")
    options = given
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
        rounds = []
        for number in range(options.rounds + 1):
            print(f"round {number} of {options.rounds}{'' if number else ', to warm up'}", file=sys.stderr)
            rounds.append(measure(redis, contestants, options.processes, options.seconds))
        rows = summary(rounds[1:], contestants)
        if options.json:
            report = {"bench": "locks", "rounds": options.rounds, "seconds": options.seconds, "processes": options.processes, "figures": rows}
            print(json.dumps(report, indent=2, allow_nan=False))
        else:
            show(rows, options.processes)
        for number, figures in enumerate(rounds):
            for (name, key), value in figures.items():
                if key == "overlaps" and value and name.startswith("sluice"):
                    sys.exit(f"deploy/bench-locks: {name} had two inside at once in round {number}; report this as a bug")
    finally:
        redis.stop()


if __name__ == "__main__":
    if sys.argv[1] == "peer":
        peer(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
    else:
        main()
