"""Python's websockets, as Debian has it, against the test server named by TESTSERVER."""

import asyncio
import os
import re
import subprocess
import sys
import traceback

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

SIZES = [0, 1, 125, 126, 1023, 1024, 65535, 65536, 1 << 20]
WAIT_S = 60


def start_server():
    child = subprocess.Popen(
        [os.environ["TESTSERVER"], "services", "--port", "0", "--quiet"], stdout=subprocess.PIPE, text=True
    )
    line = child.stdout.readline()
    found = re.fullmatch(r"listening on http://(\S+:\d+)\n", line)
    if not found:
        child.kill()
        raise RuntimeError(f"unexpected first line: {line!r}")
    return child, f"ws://{found[1]}/ws"


def connect(url, **options):
    options.setdefault("compression", None)
    return websockets.connect(url, max_size=None, **options)


async def expect_echo(socket, message):
    await socket.send(message)
    assert await socket.recv() == message


async def echo_sizes(url, **options):
    async with connect(url, **options) as socket:
        for size in SIZES:
            await expect_echo(socket, "é" * (size // 2) + "a" * (size % 2))
            await expect_echo(socket, os.urandom(size))


async def echoes_of_every_size(url):
    await echo_sizes(url)


async def echoes_with_the_default_compression(url):
    await echo_sizes(url, compression="deflate")


async def echoes_with_every_combination_of_compression(url):
    for no_takeover in [(False, False), (False, True), (True, False), (True, True)]:
        for server_bits in [None, 9, 15]:
            for client_bits in [None, True, 9, 15]:
                factory = ClientPerMessageDeflateFactory(
                    server_no_context_takeover=no_takeover[0],
                    client_no_context_takeover=no_takeover[1],
                    server_max_window_bits=server_bits,
                    client_max_window_bits=client_bits,
                )
                async with connect(url, extensions=[factory]) as socket:
                    assert [e.name for e in socket.extensions] == ["permessage-deflate"]
                    for _ in range(3):
                        await expect_echo(socket, "rill " * 5000)
                        await expect_echo(socket, os.urandom(3000))


async def fragmented_sends_come_back_whole(url):
    for compression in [None, "deflate"]:
        async with connect(url, compression=compression) as socket:
            await socket.send(["Hel", "", "lo ", "wörld"])
            assert await socket.recv() == "Hello wörld"
            await socket.send([b"\0" * 70000, b"", b"\xff"])
            assert await socket.recv() == b"\0" * 70000 + b"\xff"


async def pings_are_answered(url):
    async with connect(url) as socket:
        for payload in [b"", b"ping", b"\xff" * 125]:
            await (await socket.ping(payload))
        waiting = [await socket.ping(str(i)) for i in range(100)]
        await asyncio.gather(*waiting)


async def close_codes_and_reasons_come_back(url):
    for code, reason in [(1000, ""), (1001, "leaving"), (3000, "r" * 123), (4999, "grüße")]:
        async with connect(url) as socket:
            await socket.close(code, reason)
            assert (socket.close_code, socket.close_reason) == (code, reason)


async def the_client_s_first_subprotocol_that_is_known_is_taken(url):
    async with connect(url, subprotocols=["x", "amqp", "irc"]) as socket:
        assert socket.subprotocol == "amqp"


async def a_path_without_a_service_is_404(url):
    try:
        async with connect(url.replace("/ws", "/nothing")):
            raise AssertionError("it opened")
    except websockets.InvalidStatusCode as error:
        assert error.status_code == 404


async def fifty_connections_at_once(url):
    async def one(i):
        async with connect(url, compression="deflate") as socket:
            for k in range(20):
                await expect_echo(socket, f"{i} {k} " * 500)

    await asyncio.gather(*(one(i) for i in range(50)))


TESTS = [
    echoes_of_every_size,
    echoes_with_the_default_compression,
    echoes_with_every_combination_of_compression,
    fragmented_sends_come_back_whole,
    pings_are_answered,
    close_codes_and_reasons_come_back,
    the_client_s_first_subprotocol_that_is_known_is_taken,
    a_path_without_a_service_is_404,
    fifty_connections_at_once,
]


def run_one(test, *args):
    """True when it passes."""
    try:
        result = test(*args)
        if asyncio.iscoroutine(result):
            asyncio.run(asyncio.wait_for(result, WAIT_S))
        return True
    except Exception:
        print(f"FAIL {test.__name__.replace('_', ' ')}")
        traceback.print_exc(file=sys.stdout)
        return False


def ends_cleanly(child):
    child.terminate()
    assert child.wait(WAIT_S) == 0


def main():
    child, url = start_server()
    results = [run_one(test, url) for test in TESTS]
    results.append(run_one(ends_cleanly, child))
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
