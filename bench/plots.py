"""plots.py: cost over connections and over message size."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot  # noqa: E402  (the backend is chosen first)

COLOURS = {"rill": "#1b6ca8", "raw_echo": "#888888", "ws": "#c2571a", "lws": "#3f8f4f"}
LABELS = {"rill": "rill", "raw_echo": "no protocol", "ws": "npm ws", "lws": "libwebsockets"}
SIZES = {"20B": 20, "128B": 128, "1K": 1024, "4K": 4096, "16K": 16384, "64K": 65536, "256K": 262144}


def curves(rows, results, place):
    """{server: [(x, cost)]} of the rows for which place(name) gives an x."""
    found = {}
    for row in rows:
        result = results[row["name"]]
        x = place(row["name"].split("/")) if row["kind"] == "pairs" else None
        if x is None or "error" in result:
            continue
        for server, cost in result["cost"].items():
            # rill stands in the rows beside the peers too; it is drawn once.
            if server == "rill" and row["against"] != "raw_echo":
                continue
            found.setdefault(server, []).append((x, cost["median"], cost["low"], cost["high"]))
    return {server: sorted(points) for server, points in found.items()}


def by_connections(size, depth):
    def place(name):
        if name[0] == "echo" and name[1] == size and name[3] == f"d{depth}":
            return int(name[2][:-1])
        if name[0] == "peer" and name[2] == size and depth == 1:
            return int(name[3][:-1])
        return None
    return place


def by_size(name):
    if name[0] == "size":
        return SIZES[name[1]]
    if name[0] == "echo" and name[2:] == ["100c", "d1"]:
        return SIZES[name[1]]
    if name[0] == "peer" and name[3] == "100c":
        return SIZES[name[2]]
    return None


def draw(path, title, axis, found):
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for server, points in found.items():
        x, middle, low, high = zip(*points)
        axes.plot(x, middle, marker="o", label=LABELS[server], color=COLOURS[server])
        axes.fill_between(x, low, high, color=COLOURS[server], alpha=0.2, linewidth=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(axis)
    axes.set_ylabel("µs of server CPU a message")
    axes.set_title(title)
    axes.grid(True, which="both", linewidth=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def write(folder, rows, results):
    """Draws what has two points or more; returns [(title, file name)]."""
    wanted = [(f"Echo of {size}, {depth} in flight, over connections", "connections",
               f"connections-{size}-d{depth}.png", by_connections(size, depth))
              for size in ("20B", "1K", "64K") for depth in (1, 8, 16)]
    wanted.append(("Echo over message size, 100 connections, one in flight", "bytes of a message",
                   "size.png", by_size))
    made = []
    for title, axis, name, place in wanted:
        found = {server: points for server, points in curves(rows, results, place).items()
                 if len(points) > 1}
        if found:
            folder.mkdir(parents=True, exist_ok=True)
            draw(folder / name, title, axis, found)
            made.append((title, name))
    return made
