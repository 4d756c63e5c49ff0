"""The load generator notices a server that is wrong, and passes one that is right."""

import base64
import hashlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

LOAD = pathlib.Path(os.environ.get("BUILD", "build")) / "bench" / "load"
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Echo:
    """An echo server; twist(n, frames) says what leaves instead of the n-th echo's frame."""

    def __init__(self, twist=None, answer=None):
        self.twist = twist or (lambda n, frame: [frame])
        self.answer = answer or (lambda head: head)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, peer.makefile("rb") as stream:
            try:
                self.upgrade(peer, stream)
                self.echo(peer, stream)
            except OSError:
                pass

    def upgrade(self, peer, stream):
        fields = {}
        while (line := stream.readline().strip()):
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        key = hashlib.sha1(fields.get(b"sec-websocket-key", b"") + MAGIC).digest()
        peer.sendall(self.answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                 b"Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                                 base64.b64encode(key) + b"\r\n\r\n"))

    def echo(self, peer, stream):
        for n in range(1 << 30):
            head = stream.read(2)
            if len(head) < 2:
                return
            size = head[1] & 127
            if size > 125:
                size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
            mask = stream.read(4)
            data = stream.read(size)
            whole = int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")
            data = whole.to_bytes(size, "big")
            if head[0] & 15 == 8:
                for bytes_ in self.twist(-1, frame(head[0], data)):
                    peer.sendall(bytes_)
                return
            for bytes_ in self.twist(n, frame(head[0], data)):
                peer.sendall(bytes_)


def frame(first, data):
    if len(data) < 126:
        return bytes((first, len(data))) + data
    if len(data) < 65536:
        return bytes((first, 126)) + struct.pack(">H", len(data)) + data
    return bytes((first, 127)) + struct.pack(">Q", len(data)) + data


def run(server, *arguments):
    words = ["--quiet", "--messages", "200", "--depth", "4", "--timeout", "2", *arguments]
    done = subprocess.run([str(LOAD), *words, str(server.port)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    server.listener.close()
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {"error": done.stderr}


def at(n, change):
    return lambda i, whole: change(whole) if i == n else [whole]


class Swap:
    """The 50th and the 51st echo change places."""

    def __init__(self):
        self.kept = b""

    def __call__(self, n, whole):
        if n == 50:
            self.kept = whole
            return []
        return [whole, self.kept] if n == 51 else [whole]


def flip(place):
    def change(whole):
        changed = bytearray(whole)
        changed[place] ^= 1
        return [bytes(changed)]
    return change


def shorter(whole):
    return [frame(whole[0], whole[2:-1])]


def longer(whole):
    return [frame(whole[0], whole[2:] + b"x")]


RIGHT = [
    ("small binary messages", []),
    ("texts of 1 KiB", ["--kind", "text", "--size", "1024"]),
    ("messages of 70,000 bytes", ["--size", "70000"]),
    ("empty messages", ["--size", "0"]),
    ("several connections", ["--connections", "7"]),
    ("varied texts", ["--kind", "varied", "--size", "300", "--check", "1"]),
]

WRONG = [
    ("an echo that is dropped", {"twist": at(50, lambda whole: [])}, [], "what was sent"),
    ("the last echo dropped", {"twist": at(199, lambda whole: [])}, [], "never came"),
    ("an echo that comes twice", {"twist": at(50, lambda whole: [whole, whole])}, [], "what was sent"),
    ("the last echo twice", {"twist": at(199, lambda whole: [whole, whole])}, [], "nobody waits"),
    ("a message behind the last, before the Close", {"twist": at(-1, lambda whole: [frame(0x82, b"x"), whole])},
     [], "nobody waits"),
    ("two echoes that change places", {"twist": Swap()}, [], "what was sent"),
    ("a changed first byte", {"twist": at(51, flip(2))}, [], "what was sent"),
    ("a changed byte in the middle of a compared one",
     {"twist": at(64, flip(18))}, ["--size", "100"], "what was sent"),
    ("a changed last byte, when all are compared",
     {"twist": at(51, flip(-1))}, ["--size", "100", "--check", "1"], "what was sent"),
    ("an echo a byte short", {"twist": at(51, shorter)}, [], "shorter"),
    ("an echo a byte long", {"twist": at(51, longer)}, [], "longer"),
    ("binary that comes back as text", {"twist": at(51, lambda whole: [b"\x81" + whole[1:]])},
     ["--kind", "binary", "--size", "0"], "another kind"),
    ("a frame that is none", {"twist": at(51, lambda whole: [b"\xf2" + whole[1:]])}, [], ""),
    ("a Close nobody asked for", {"twist": at(51, lambda whole: [frame(0x88, b"\x03\xe8")])}, [],
     "closes"),
    ("another key's answer", {"answer": lambda head: head.replace(b"=\r\n\r\n", b"A\r\n\r\n")}, [],
     "Accept"),
    ("an answer that is no upgrade",
     {"answer": lambda head: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, [], "200"),
    ("compression that is declined", {}, ["--deflate"], "declines"),
]


def cases():
    for name, arguments in RIGHT:
        status, result = run(Echo(), *arguments)
        good = status == 0 and result.get("messages") == 200
        yield f"{name} pass", [] if good else [json.dumps(result)]
    for name, wrong, arguments, words in WRONG:
        status, result = run(Echo(**wrong), *arguments)
        noticed = status == 1 and words in result.get("error", "") and "messages" not in result
        yield f"{name} is noticed", [] if noticed else [json.dumps(result)]


def main():
    passed = failed = 0
    for sentence, complaints in cases():
        print("FAILED " if complaints else "ok     ", sentence, *complaints)
        failed += bool(complaints)
        passed += not complaints
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
