"""report.py: RESULTS.md from the rows and what was measured."""

import fnmatch

import plots
from servers import ROOT

TITLES = [
    ("instructions", "User-space instructions for each echo",
     "By callgrind, the static library, one connection, one message in flight: the difference "
     "between two runs of the test server, divided by the difference in messages. *fanout*: for "
     "each of 1,000 receivers of a hub's message. *sockjs*: of rill_sockjs, by transport. "
     "*socketio*: of rill_socketio, likewise; *broadcast*: for each of 1,000 receivers of an event."),
    ("calls", "System calls for each message",
     "By strace, likewise by difference. *recv+send* counts all calls that move bytes; with depth "
     "16 one read may hold 16 messages, so the figure is 2 for each readable socket. *sockjs*: of "
     "rill_sockjs, 1,000 sessions, one message in flight for each; one request brings it and, in polling, "
     "another asks for the next. *socketio*: of rill_socketio, likewise."),
    ("memory", "Memory",
     "10,000 connections on a server started afresh: the change of its private anonymous memory, "
     "divided by them. *subscribed*: to one topic of a hub. "
     "*sockjs-polling*: a session that waits in a poll, less what a connection costs that has asked for "
     "the greeting and rests. *socketio*: a client on a WebSocket, connected to the namespace / alone. "
     "*waves*: MiB of resident memory more than before after all have gone, "
     "the most of five times."),
    ("echo", "Echo against a server without protocol",
     "raw_echo does epoll_wait, recv, send, for the same number of bytes. The ratio is of server "
     "CPU for each message, within a pair of runs that follow each other."),
    ("fanout", "Fan-out",
     "One message of 100 bytes to 10,000 subscribers of one topic, and eight of one turn, both against "
     "raw_fanout, which sends single messages by a loop of send(2). What is counted is a delivery."),
    ("deflate", "Compression", "Texts of 1 KiB, no two alike, each server at its own level (rill 1, ws 6, lws 1), 50 connections; *takeover*: with "
     "context takeover both ways; *alone*: each message by itself, both ways."),
    ("tls", "TLS", "TLS 1.3, 50 connections."),
    ("sockjs", "SockJS",
     "rill_sockjs and npm's sockjs, both an echo with default options, 1,000 sessions, texts of 20 B. "
     "*websocket*: one message in flight for each, or eight, each a frame of its own; *streaming*: "
     "xhr_streaming, a request with xhr_send for each message, the stream asked for again when it has "
     "reached its limit; *polling*: xhr, a poll for each message besides."),
    ("socketio", "Socket.IO",
     "rill_socketio and npm's socket.io, both an echo (an event answered by an event) with default options, "
     "1,000 clients, texts of 20 B. *websocket*: one event in flight for each, or eight; *polling*: a "
     "request with each event, and another that asks for the next. *broadcast*: an event with a text "
     "of 100 B to the 2,000 others in a room; what is counted is a delivery."),
    ("handshakes", "Handshakes", "Connect, upgrade, close; 50 at a time."),
    ("size", "More sizes", "100 connections, one message in flight."),
    ("peer", "Plain echo beside the peers", "One message in flight. No figure was set."),
]


def group_of(row):
    return row["name"].split("/")[0]


def short(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 0.2:
        return f"{value:.2f}"
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.0001 else "0"


def seen_value(row, result):
    """What is held against the figure."""
    return result["ratio"]["median"] if row["kind"] == "pairs" else result["value"]


def verdict(row, result):
    if row["figure"] is None:
        return ""
    # Half a step of what is shown is no miss.
    return "reached" if seen_value(row, result) <= row["figure"] * 1.0005 else "**missed**"


def in_short(row, result):
    if "error" in result:
        return f"not measured: {result['error']}"
    text = short(seen_value(row, result))
    if row["kind"] == "pairs":
        text += f" of {row['against']} ({short(result['ratio']['low'])} to {short(result['ratio']['high'])})"
    if row["figure"] is not None:
        text += f", to reach {short(row['figure'])}: {verdict(row, result).strip('*')}"
    return f"{text} ({result['seconds']} s)"


def pair_line(row, result):
    name = row.get("server", "rill")
    ratio, ours = result["ratio"], result["cost"][name]
    theirs, latency = result["cost"][row["against"]], result["latency_us"][name]
    return [row["name"], f"≤ {short(row['figure'])}" if row["figure"] else "",
            f"{short(ratio['median'])} ({short(ratio['low'])}–{short(ratio['high'])})",
            verdict(row, result), short(ours["median"]), f"{short(theirs['median'])} {row['against']}",
            short(result["faults"][name]),
            " / ".join(short(latency[key]) for key in ("p50", "p99", "p999")), str(ratio["n"])]


def calls_line(row, result):
    return [row["name"], f"≤ {short(row['figure'])}" if row["figure"] else "",
            short(result["value"]), verdict(row, result), short(result["waits"]), short(result["others"]),
            ", ".join(f"{name} {short(n)}" for name, n in sorted(result["calls"].items()))]


def value_line(row, result):
    seen = short(result["value"])
    if row["kind"] == "waves":
        seen = "; ".join(short(mib) for mib in result["kept"]) + " MiB"
    if "rss" in result:
        seen += f" (resident: {short(result['rss'])})"
    return [row["name"], f"≤ {short(row['figure'])}" if row["figure"] else "", seen,
            verdict(row, result)]


LINES = {
    "pairs": (pair_line, ["row", "to reach", "ratio (quartiles)", "", "rill µs", "other µs",
                          "page faults", "latency µs p50 / p99 / p99.9", "pairs"]),
    "calls": (calls_line, ["row", "to reach", "recv+send", "", "epoll_wait", "other", "by name"]),
}
PLAIN = (value_line, ["row", "to reach", "seen", ""])


def table(rows, results):
    line, heads = LINES.get(rows[0]["kind"], PLAIN)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        result = results[row["name"]]
        cells = ([row["name"], "", f"not measured: {result['error']}"] + [""] * (len(heads) - 3)
                 if "error" in result else line(row, result))
        yield "| " + " | ".join(cells) + " |"


def notes():
    """misses.md: what was tried for a row, under `## pattern`."""
    path = ROOT / "bench" / "misses.md"
    if not path.exists():
        return []
    parts = ("\n" + path.read_text(encoding="utf-8")).split("\n## ")[1:]
    return [(part.split("\n", 1)[0].strip(), part.split("\n", 1)[-1].strip()) for part in parts]


def misses(rows, results):
    missed = [row for row in rows if "error" not in results[row["name"]]
              and "missed" in verdict(row, results[row["name"]])]
    if not missed:
        yield "Every row that has a figure reaches it."
        return
    told = set()
    for pattern, text in notes():
        names = [row["name"] for row in missed if fnmatch.fnmatch(row["name"], pattern)]
        told.update(names)
        if names:
            yield f"**{', '.join(names)}.** {text}\n"
    rest = [row["name"] for row in missed if row["name"] not in told]
    if rest:
        yield f"Not yet looked into: {', '.join(rest)}."


def head(rows, results):
    machines = sorted({results[row["name"]]["machine"] for row in rows})
    yield "# What was measured"
    yield ""
    yield ("Written by `make bench`; README.md says how it measures. "
           f"Machine: {'; '.join(machines)}; everything over loopback, the server on one core, "
           "the load on another. Microseconds are of the server's CPU for each message, handshake "
           "or delivery, and move with the machine; ratios are of pairs of runs that follow each "
           "other, medians with quartiles.")
    yield ""
    yield "`make bench ONLY=NAME` repeats a row, `ONLY=echo/20B` all below a name."


def plot_links(made):
    if made:
        yield "\n## Plots\n"
        for title, name in made:
            yield f"![{title}](plots/{name})"


def write(out, rows, results):
    rows = [row for row in rows if row["name"] in results]
    lines = list(head(rows, results))
    for group, title, text in TITLES:
        members = [row for row in rows if group_of(row) == group]
        if members:
            lines += ["", f"## {title}", "", text, "", *table(members, results)]
    lines += ["", "## Misses", "", *misses(rows, results)]
    lines += plot_links(plots.write(out / "plots", rows, results))
    (out / "RESULTS.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
