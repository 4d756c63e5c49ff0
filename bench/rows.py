"""rows.py: every figure: its name, what it is, how it is measured, and what to reach.

A name is a path, so that `make bench ONLY=echo/20B` means all rows below it. `figure` is what the
project has set itself, `quick` says that the row is in the short run too."""

SIZES = {"20B": 20, "1K": 1024, "64K": 65536}
CURVE = {"128B": 128, "4K": 4096, "16K": 16384, "256K": 262144}
CONNECTIONS = (1, 100, 1000, 10000)
DEPTHS = (1, 8, 16)

# What is in flight lies in the kernel's socket memory; far beyond this it drops and retries, and
# what is measured is that.
MOST_IN_FLIGHT = 1 << 30


def echo_figure(size, depth):
    if size == 65536:
        return 1.15
    if size > 1024:
        return None
    return 1.10 if depth == 1 else 1.20


def echo_load(size, connections, depth):
    return ["--size", size, "--connections", connections, "--depth", depth]


def echo_rows():
    quick = {("20B", 1, 1), ("20B", 100, 1), ("20B", 100, 16), ("20B", 1000, 1), ("1K", 100, 1),
             ("1K", 100, 16), ("64K", 100, 1)}
    for label, size in SIZES.items():
        for connections in CONNECTIONS:
            for depth in DEPTHS:
                if size * connections * depth > MOST_IN_FLIGHT:
                    continue
                yield {"name": f"echo/{label}/{connections}c/d{depth}", "kind": "pairs",
                       "against": "raw_echo", "load": echo_load(size, connections, depth),
                       "figure": echo_figure(size, depth), "x": (label, connections, depth),
                       "quick": (label, connections, depth) in quick}


def curve_rows():
    """More sizes, for the plot over size."""
    for label, size in CURVE.items():
        yield {"name": f"size/{label}", "kind": "pairs", "against": "raw_echo",
               "load": echo_load(size, 100, 1), "x": (label, 100, 1), "figure": None}


def peer_rows():
    """Plain echoes beside the peers: no figure was set, they are for the plots."""
    for peer in ("ws", "lws"):
        for connections in CONNECTIONS:
            yield {"name": f"peer/{peer}/20B/{connections}c", "kind": "pairs", "against": peer,
                   "load": echo_load(20, connections, 1), "figure": None, "fewer": True}
        for label, size in {**SIZES, **CURVE}.items():
            if size != 20:
                yield {"name": f"peer/{peer}/{label}/100c", "kind": "pairs", "against": peer,
                       "load": echo_load(size, 100, 1), "figure": None, "fewer": True}


def pair(name, against, figure, load, **more):
    return {"name": name, "kind": "pairs", "against": against, "figure": figure, "load": load,
            "quick": True, **more}


FIFTY = ["--connections", 50, "--depth", 1]
ALONE = "--deflate=server_no_context_takeover;client_no_context_takeover"
VARIED = FIFTY + ["--kind", "varied", "--size", 1024]


def beside_peers():
    for label, how in (("takeover", "--deflate"), ("alone", ALONE)):
        yield pair(f"deflate/{label}/ws", "ws", 0.16, VARIED, deflate=how)
        yield pair(f"deflate/{label}/lws", "lws", 0.4, VARIED, deflate=how)
    yield pair("tls/20B/ws", "ws", 0.40, FIFTY + ["--size", 20], tls=True)
    yield pair("tls/64K/ws", "ws", 0.40, FIFTY + ["--size", 65536], tls=True)
    yield pair("handshakes/ws", "ws", 0.08, ["--handshakes", "--connections", 50])
    yield pair("handshakes/lws", "lws", 0.08, ["--handshakes", "--connections", 50])


def fanout_load(depth):
    return ["--fanout", 10000, "--depth", depth, "--size", 100]


def fanout_rows():
    """One message to 10,000, and eight in one turn, both against single messages by send(2)."""
    for label, depth, figure in (("1", 1, 1.05), ("8", 8, 0.15)):
        yield {"name": f"fanout/{label}", "kind": "pairs", "server": "rill_fanout",
               "against": "raw_fanout", "figure": figure, "quick": True,
               "load": fanout_load(depth) + ["--publish-path", "/publish"],
               "against_load": fanout_load(1)}
    yield {"name": "instructions/fanout", "kind": "instructions", "server": "rill_fanout",
           "figure": None, "quick": True, "per": 1000, "count": 40,
           "load": ["--fanout", 1000, "--depth", 1, "--size", 100, "--publish-path", "/publish"]}


def sockjs_load(protocol, depth=1, connections=1000):
    return ["--protocol", f"sockjs-{protocol}", "--kind", "text", "--size", 20,
            "--connections", connections, "--depth", depth]


def sockjs_rows():
    """Beside npm's sockjs, the same echo with the same options."""
    for label, protocol, depth, figure in (
            ("websocket/d1", "websocket", 1, 0.30), ("websocket/d8", "websocket", 8, 0.12),
            ("streaming", "streaming", 1, 0.12), ("polling", "polling", 1, 0.10)):
        yield pair(f"sockjs/{label}", "sockjs", figure, sockjs_load(protocol, depth),
                   server="rill_sockjs")


def sockjs_counted_rows():
    for label in ("websocket", "streaming", "polling"):
        counted = {"figure": None, "server": "rill_sockjs", "quick": True}
        yield {"name": f"instructions/sockjs-{label}", "kind": "instructions", **counted,
               "load": sockjs_load(label, connections=1)}
        yield {"name": f"calls/sockjs-{label}", "kind": "calls", **counted, "load": sockjs_load(label)}


def socketio_load(protocol, depth=1, connections=1000):
    return ["--protocol", f"socketio-{protocol}", "--kind", "text", "--size", 20,
            "--connections", connections, "--depth", depth]


def socketio_broadcast(receivers):
    return ["--protocol", "socketio-websocket", "--kind", "text", "--size", 100,
            "--fanout", receivers, "--depth", 1]


def socketio_rows():
    """Beside npm's socket.io, the same program with the same options."""
    for label, figure, load in (
            ("websocket/d1", 0.30, socketio_load("websocket")),
            ("websocket/d8", 0.12, socketio_load("websocket", 8)),
            ("polling", 0.12, socketio_load("polling")),
            ("broadcast", 0.75, socketio_broadcast(2000))):
        yield pair(f"socketio/{label}", "socketio", figure, load, server="rill_socketio")


def socketio_counted_rows():
    counted = {"figure": None, "server": "rill_socketio", "quick": True}
    for label in ("websocket", "polling"):
        yield {"name": f"instructions/socketio-{label}", "kind": "instructions", **counted,
               "load": socketio_load(label, connections=1)}
        yield {"name": f"calls/socketio-{label}", "kind": "calls", **counted, "load": socketio_load(label)}
    yield {"name": "instructions/socketio-broadcast", "kind": "instructions", **counted, "per": 1000,
           "count": 40, "load": socketio_broadcast(1000)}


def counted_rows():
    one = ["--connections", 1, "--depth", 1]
    for label, kind, size, figure in (("20B", "binary", 20, 500), ("1K-binary", "binary", 1024, 700),
                                      ("1K-text", "text", 1024, 850)):
        yield {"name": f"instructions/{label}", "kind": "instructions", "figure": figure,
               "load": one + ["--kind", kind, "--size", size], "quick": True}
    yield {"name": "instructions/raw", "kind": "instructions", "figure": None, "server": "raw_echo",
           "load": one + ["--size", 20], "quick": True}
    for label, connections, depth in (("20B", 1, 1), ("20B", 100, 1), ("20B", 100, 16), ("1K", 100, 1),
                                      ("64K", 100, 1)):
        yield {"name": f"calls/{label}/{connections}c/d{depth}", "kind": "calls",
               # One recv and one send for each readable socket, however many messages it holds.
               "figure": 2 / depth if label != "64K" else None,
               "load": echo_load(SIZES[label], connections, depth), "quick": True}


def sockjs_memory(name, server, **more):
    """A session that holds a poll, without what its connection costs at rest."""
    many = ["--connections", 10000]
    return {"name": name, "kind": "memory", "server": server,
            "load": many + ["--protocol", "sockjs-polling", "--kind", "text"],
            "beyond": many + ["--protocol", "http"], **more}


def memory_rows():
    many = ["--connections", 10000]
    for label, tls, load, figure in (
            ("plain", False, [], 400),
            ("tls-20B", True, ["--echoes", 1, "--size", 20], 16 * 1024),
            ("tls-64K", True, ["--echoes", 1, "--size", 65536], 24 * 1024)):
        yield {"name": f"memory/{label}", "kind": "memory", "tls": tls, "figure": figure,
               "load": many + load, "quick": True}
    yield {"name": "memory/subscribed", "kind": "memory", "server": "rill_fanout", "figure": 500,
           "load": many, "quick": True}
    yield sockjs_memory("memory/sockjs-polling", "rill_sockjs", figure=1536, quick=True)
    yield sockjs_memory("memory/sockjs-polling-npm", "sockjs", figure=None)
    # Connected to "/", nothing else.
    joined = many + ["--protocol", "socketio-websocket", "--kind", "text"]
    yield {"name": "memory/socketio", "kind": "memory", "server": "rill_socketio", "figure": 1536,
           "load": joined, "quick": True}
    yield {"name": "memory/socketio-npm", "kind": "memory", "server": "socketio", "figure": None,
           "load": joined}
    for peer in ("ws", "lws"):
        yield {"name": f"memory/{peer}", "kind": "memory", "server": peer, "figure": None,
               "load": many}
        yield {"name": f"memory/{peer}-tls-20B", "kind": "memory", "server": peer, "tls": True,
               "figure": None, "load": many + ["--echoes", 1]}
    yield {"name": "memory/waves", "kind": "waves", "figure": 32,
           "load": many + ["--waves", 5, "--echoes", 1], "quick": True}


def all_rows():
    return [*counted_rows(), *sockjs_counted_rows(), *socketio_counted_rows(), *memory_rows(),
            *echo_rows(), *fanout_rows(), *beside_peers(), *sockjs_rows(), *socketio_rows(),
            *curve_rows(), *peer_rows()]
