"""Python's socketio, as Debian has it, against the test server named by TESTSERVER."""

import asyncio
import logging
import os
import re
import subprocess
import sys
import traceback

import engineio.payload
import socketio

# A burst may come in one body, of which this client would take 16 packets.
engineio.payload.Payload.max_decode_packets = 10000
# Its sessions of HTTP are left for the collector, which says so.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)

WAIT_S = 60
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}
EVENTS = ["welcome", "echo-back", "answer", "ask-timed-out", "room-msg", "bcast", "big-text", "big-bin", "nested-bin", "burst"]


def start_server():
    child = subprocess.Popen(
        [os.environ["TESTSERVER"], "socketio", "--port", "0", "--quiet"], stdout=subprocess.PIPE, text=True
    )
    line = child.stdout.readline()
    found = re.fullmatch(r"listening on (http://\S+:\d+)\n", line)
    if not found:
        child.kill()
        raise RuntimeError(f"unexpected first line: {line!r}")
    return child, found[1]


class Client:
    """A client of one namespace; what comes is kept until it is taken."""

    def __init__(self, **options):
        self.client = socketio.AsyncClient(reconnection=False, **options)
        self.come = {}

    def put(self, event, item):
        self.come.setdefault(event, asyncio.Queue()).put_nowait(item)

    async def take(self, event):
        """Its arguments without the offset that recovery adds."""
        args = await self.come.setdefault(event, asyncio.Queue()).get()
        if event in EVENTS:
            assert isinstance(args[-1], str)
            args = args[:-1]
        return args

    async def connect(self, url, ns="/", **options):
        self.ns = ns
        for event in EVENTS:
            self.client.on(event, lambda *args, event=event: self.put(event, list(args)), namespace=ns)
        self.client.on("question", self.on_question, namespace=ns)
        self.client.on("connect_error", lambda *args: self.put("refused", list(args)), namespace=ns)
        self.client.on("disconnect", lambda: self.put("disconnect", []), namespace=ns)
        await self.client.connect(url, namespaces=[ns], **options)
        return self

    def on_question(self, *args):
        self.put("question", list(args))
        return "yes", len(args), b"\1\2"

    async def emit(self, event, *args):
        await self.client.emit(event, args, namespace=self.ns)

    async def ask(self, event, *args):
        return await self.client.call(event, args, namespace=self.ns, timeout=WAIT_S)

    async def close(self):
        await self.client.disconnect()


async def open_client(url, transport, **options):
    client = await Client().connect(url, transports=TRANSPORTS[transport], **options)
    client.welcome = (await client.take("welcome"))[0]
    return client


async def is_welcomed(url, transport):
    client = await open_client(url, transport)
    assert client.welcome == {
        "id": client.client.get_sid("/"),
        "ns": "/",
        "recovered": False,
        "transport": "polling" if transport == "polling" else "websocket",  # it upgrades first
        "eio": 4,
    }
    await client.close()


async def echoes_texts_and_bytes(url, transport):
    client = await open_client(url, transport)
    for args in [
        [],
        [1, -0.25, None, True, "", "grüße 😀", [], {}],
        [b"\1\2\3"],
        [{"a": [b"\0\xff", {"b": b"\4"}], "t": "é"}, b"\4\5\6"],
        ["x" * 100000, bytes(100000)],
    ]:
        await client.emit("echo", *args)
        assert await client.take("echo-back") == args
    await client.close()


async def acknowledges_both_ways(url, transport):
    client = await open_client(url, transport)
    assert await client.ask("echo-ack", 1, "zwei", {"b": b"\1"}) == (1, "zwei", {"b": b"\1"})
    assert await client.ask("bin-len", b"abc") == 3
    await client.emit("ask", {"p": b"\7"})
    assert await client.take("question") == [{"p": b"\7"}]
    assert await client.take("answer") == ["yes", 1, b"\1\2"]
    await client.close()


async def takes_a_megabyte(url, transport):
    client = await open_client(url, transport)
    await client.emit("big-text", 1 << 20)
    await client.emit("big-bin", 1 << 20)
    assert await client.take("big-text") == ["x" * (1 << 20)]
    assert await client.take("big-bin") == [bytes(i % 251 for i in range(1 << 20))]
    assert await client.ask("bin-len", bytes(1 << 20)) == 1 << 20
    await client.close()


async def hears_its_rooms(url, transport):
    room = f"python {transport}"
    one, two = await open_client(url, transport), await open_client(url, transport)
    assert await one.ask("join", room) == "joined"
    await two.emit("room-msg", room, {"m": [1, b"\2"]})
    assert await one.take("room-msg") == [{"m": [1, b"\2"]}]
    assert await two.ask("who", room) == [one.welcome["id"]]
    await two.emit("bcast", "all")
    assert await one.take("bcast") == ["all"]
    await one.close()
    await two.close()


async def keeps_the_order_of_a_burst(url, transport):
    client = await open_client(url, transport)
    await client.emit("burst", 1000)
    assert [(await client.take("burst"))[0] for _ in range(1000)] == list(range(1000))
    await client.close()


async def is_admitted_by_its_secret(url, transport):
    client = await open_client(url, transport, ns="/auth", auth={"token": "secret"}, headers={"X-Test": "from afar"})
    handshake = await client.ask("handshake")
    assert handshake["auth"] == {"token": "secret"}
    assert handshake["header"] == "from afar"
    await client.close()
    refused = Client()
    try:
        await refused.connect(url, ns="/auth", auth={"token": "guess"}, transports=TRANSPORTS[transport])
        raise AssertionError("it was admitted")
    except socketio.exceptions.ConnectionError:
        pass
    (error,) = await refused.take("refused")
    assert error == {"message": "not authorized", "data": {"code": 401}}
    await refused.client.disconnect()


async def makes_namespaces_at_first_use(url, transport):
    client = await open_client(url, transport, ns="/dyn-7")
    assert client.welcome["ns"] == "/dyn-7"
    await client.close()


async def is_kicked(url, transport):
    client = await open_client(url, transport)
    await client.emit("kick", True)
    await client.take("disconnect")
    await client.client.wait()


async def lives_on_by_its_pongs(url, transport):
    client = await open_client(url, transport)
    await asyncio.sleep(4.5)  # longer than an interval and a timeout
    assert await client.ask("echo-ack", "alive") == "alive"
    await client.close()


async def of_all_transports_at_once(url, test):
    await asyncio.gather(*(test(url, transport) for transport in TRANSPORTS))


def blocking_clients_work_too(url):
    for transport in TRANSPORTS.values():
        client = socketio.Client(reconnection=False)
        client.connect(url, transports=transport)
        assert client.call("echo-ack", ("a", b"\1"), timeout=WAIT_S) == ("a", b"\1")
        client.disconnect()


TESTS = [
    is_welcomed,
    echoes_texts_and_bytes,
    acknowledges_both_ways,
    takes_a_megabyte,
    hears_its_rooms,
    keeps_the_order_of_a_burst,
    is_admitted_by_its_secret,
    makes_namespaces_at_first_use,
    is_kicked,
]


def run_one(sentence, test):
    """True when it passes."""
    try:
        result = test()
        if asyncio.iscoroutine(result):
            asyncio.run(asyncio.wait_for(result, WAIT_S))
        return True
    except Exception:
        print(f"FAIL {sentence}")
        traceback.print_exc(file=sys.stdout)
        return False


def ends_cleanly(child):
    child.terminate()
    assert child.wait(WAIT_S) == 0


def main():
    child, url = start_server()
    results = []
    for test in TESTS:
        for transport in TRANSPORTS:
            sentence = f"a client {test.__name__.replace('_', ' ')} ({transport})"
            results.append(run_one(sentence, lambda: test(url, transport)))
    results.append(
        run_one("a client lives on by its pongs", lambda: of_all_transports_at_once(url, lives_on_by_its_pongs))
    )
    results.append(run_one("blocking clients work too", lambda: blocking_clients_work_too(url)))
    results.append(run_one("the server ends by SIGTERM with status 0", lambda: ends_cleanly(child)))
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
