"""measure.py: one figure at a time: by the load generator in pairs, callgrind, strace, smaps."""

import json
import os
import re
import statistics
import subprocess
import tempfile

from servers import Failed, Server, cores

LOAD_TIMEOUT = 600


def load(places, server, arguments, watch=True):
    """Runs the load generator on its core; its JSON."""
    command = ["taskset", "-c", str(cores()[1]), str(places.tools / "load"), "--quiet"]
    if watch:
        command += ["--pid", str(server.pid)]
    done = subprocess.run(command + [str(a) for a in arguments] + [str(server.port)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=LOAD_TIMEOUT, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise Failed(f"{server.name}: {said[-1]}")
    return json.loads(done.stdout)


def spread(values):
    """Median and quartiles."""
    if len(values) < 2:
        return {"median": values[0], "low": values[0], "high": values[0], "n": len(values)}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high, "n": len(values)}


def options(row, raw=False):
    """Load options of a row; raw: for a server without protocol."""
    words = list(row.get("against_load", row["load"]) if raw else row["load"])
    if raw:
        words.append("--raw")
    if row.get("tls"):
        words.append("--tls")
    if row.get("deflate"):
        words.append(row["deflate"])
    return words


def pairs(places, row, count, seconds):
    """Both servers run; the load goes to one and the other in turn. Ratios are within a pair."""
    names = (row.get("server", "rill"), row["against"])
    how = {"tls": row.get("tls", False), "deflate": "deflate" in row}
    timing = ["--duration", seconds, "--warmup", seconds / 3]
    seen = {name: [] for name in names}
    with Server(places, names[0], **how) as ours, Server(places, names[1], **how) as theirs:
        # One more in front is not counted: servers that compile as they run have done so by then.
        for i in range(count + 1):
            for server in (ours, theirs):
                words = options(row, raw=server.name.startswith("raw"))
                run = load(places, server, words + timing)
                if i > 0:
                    seen[server.name].append(run)
    cost = {name: [run["server_cpu_us"] for run in runs] for name, runs in seen.items()}

    def middle(name, key):
        return statistics.median(run["latency_us"][key] for run in seen[name])

    return {
        "ratio": spread([a / b for a, b in zip(cost[names[0]], cost[names[1]])]),
        "cost": {name: spread(values) for name, values in cost.items()},
        "latency_us": {name: {key: middle(name, key) for key in ("p50", "p99", "p999")}
                       for name in names},
        "faults": {name: statistics.median(run["server_faults"] for run in seen[name])
                   for name in names},
        "server_busy": {name: statistics.median(run["server_busy"] for run in seen[name])
                        for name in names},
    }


def by_difference(row, count, run_with):
    """What count more messages cost: run_with(n) is a total for n messages."""
    few = run_with(count)
    many = run_with(count * 6)
    return {key: (many.get(key, 0) - few.get(key, 0)) / (count * 5) for key in many}


def instructions(places, row, count):
    """User-space instructions for each message."""
    server_name = row.get("server", "rill")
    count = row.get("count", count)

    def total(n):
        wrap = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        with Server(places, server_name, wrap=wrap) as server:
            load(places, server, options(row, server_name.startswith("raw")) + ["--messages", n],
                 watch=False)
            said = server.stop()
        found = re.search(r"Collected : (\d+)", said)
        if not found:
            raise Failed("callgrind gives no total")
        return {"instructions": int(found.group(1))}

    return {"value": by_difference(row, count, total)["instructions"] / row.get("per", 1)}


def system_calls(places, row, count):
    """System calls for each message, by name."""
    server_name = row.get("server", "rill")

    def total(n):
        with tempfile.NamedTemporaryFile("r", dir=places.tools) as table:
            # -D: strace is the child, so that signals reach the server itself.
            wrap = ["strace", "-D", "-f", "-c", "-U", "calls,name", "-o", table.name]
            with Server(places, server_name, wrap=wrap) as server:
                load(places, server, options(row, server_name.startswith("raw")) + ["--messages", n],
                     watch=False)
                server.stop()
            return calls_in(table.name)

    each = {name: n for name, n in by_difference(row, count, total).items() if abs(n) >= 0.0005}
    waits = sum(n for name, n in each.items() if name.startswith(("epoll_wait", "epoll_pwait")))
    moved = sum(n for name, n in each.items() if name.startswith(("recv", "send", "read", "write")))
    return {"value": moved, "waits": waits, "others": sum(each.values()) - waits - moved,
            "calls": each}


def calls_in(path):
    """strace writes its table when it ends, a moment after the server."""
    for _ in range(200):
        with open(path, encoding="utf-8") as file:
            rows = re.findall(r"^\s*(\d+) (\w+)$", file.read(), re.M)
        if any(name == "total" for _, name in rows):
            return {name: int(calls) for calls, name in rows if name != "total"}
        subprocess.run(["sleep", "0.05"], check=True)
    raise Failed("strace gives no table")


def resting(places, row):
    """Private anonymous and resident bytes for each, of a server started afresh."""
    with Server(places, row.get("server", "rill"), tls=row.get("tls", False)) as server:
        wave = load(places, server, ["--idle"] + options(row))["waves"][0]
    return wave["bytes_per_connection"], wave["rss_per_connection"]


def idle_memory(places, row, count):
    """What each resting connection costs; with "beyond", how much more than one of that load."""
    values, rss = [], []
    for _ in range(count):
        anonymous, resident = resting(places, row)
        if "beyond" in row:
            less = resting(places, {**row, "load": row["beyond"]})
            anonymous, resident = anonymous - less[0], resident - less[1]
        values.append(anonymous)
        rss.append(resident)
    return {"value": statistics.median(values), "spread": spread(values),
            "rss": statistics.median(rss)}


def waves(places, row, _count):
    """Resident bytes that stay after each time all connections have gone."""
    with Server(places, row.get("server", "rill"), tls=row.get("tls", False)) as server:
        seen = load(places, server, ["--idle"] + options(row))
    before = seen["before"]["rss"]
    kept = [(wave["closed"]["rss"] - before) / 2**20 for wave in seen["waves"]]
    return {"value": max(kept), "kept": kept,
            "open": [(wave["open"]["rss"] - before) / 2**20 for wave in seen["waves"]]}


def raise_descriptor_limit():
    """Servers inherit it."""
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (1048576, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, max(most, hard)))
            return
        except (ValueError, OSError):
            continue


def environment():
    """The machine in general terms."""
    kernel = ".".join(os.uname().release.split(".")[:2])
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = file.read()
    kind = "virtual machine" if re.search(r"^flags.*\bhypervisor\b", flags, re.M) else "machine"
    vector = next((name for name, flag in (("AVX-512", "avx512bw"), ("AVX2", "avx2"))
                   if re.search(rf"\b{flag}\b", flags)), "no AVX2")
    return (f"{len(os.sched_getaffinity(0))}-core {kind}, {os.uname().machine} with {vector}, "
            f"Linux {kernel}")
