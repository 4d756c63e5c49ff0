"""The load generator notices a server that is wrong, and passes one that is right."""

import base64
import collections
import hashlib
import json
import os
import pathlib
import queue
import socket
import struct
import subprocess
import sys
import threading

LOAD = pathlib.Path(os.environ.get("BUILD", "build")) / "bench" / "load"
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(first, data):
    if len(data) < 126:
        return bytes((first, len(data))) + data
    if len(data) < 65536:
        return bytes((first, 126)) + struct.pack(">H", len(data)) + data
    return bytes((first, 127)) + struct.pack(">Q", len(data)) + data


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

    # What the server says first, what it answers to what is no message, and an echo's first bit and bytes.
    greeting = b""

    def control(self, peer, data):
        return None

    def back(self, first, data):
        return frame(first, data)

    def upgrade(self, peer, stream):
        fields = {}
        while (line := stream.readline().strip()):
            name, _, value = line.partition(b":")
            fields[name.lower()] = value.strip()
        key = hashlib.sha1(fields.get(b"sec-websocket-key", b"") + MAGIC).digest()
        peer.sendall(self.answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                 b"Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                                 base64.b64encode(key) + b"\r\n\r\n") + self.greeting)

    def echo(self, peer, stream):
        n = 0
        while True:
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
            said = self.control(peer, data)
            if said is not None:
                peer.sendall(said)
                continue
            for bytes_ in self.twist(n, self.back(head[0], data)):
                peer.sendall(bytes_)
            n += 1


class SockJS(Echo):
    """A SockJS echo on a WebSocket; twist gets WebSocket frames."""

    greeting = b"\x81\x01o"

    def back(self, first, data):
        return frame(first, b"a" + data)


class Session:
    def __init__(self):
        self.frames = queue.Queue()
        self.echoes = 0


class HTTP(Echo):
    """A SockJS echo over HTTP; twist gets SockJS frames. More than limit bytes end a stream."""

    limit = 500

    def __init__(self, twist=None, sends="204 No Content", close=False):
        self.sessions = collections.defaultdict(Session)
        self.sends = sends
        self.closing = b"Connection: close\r\n" if close else b""
        super().__init__(twist)

    def serve(self, peer):
        with peer, peer.makefile("rb") as stream:
            try:
                while (target := self.request(stream)):
                    self.answer_to(peer, *target)
                    if self.closing:
                        return
            except OSError:
                pass

    @staticmethod
    def request(stream):
        """(path, body) of the next one."""
        line = stream.readline().split()
        size = 0
        while (field := stream.readline().strip().lower()):
            if field.startswith(b"content-length:"):
                size = int(field.split(b":")[1])
        return (line[1].decode(), stream.read(size)) if line else None

    def answer_to(self, peer, path, body):
        *_, name, what = path.split("/")
        if name not in self.sessions:
            self.sessions[name].frames.put(b"o")
        if what == "echo":
            self.whole(peer, "200 OK", b"Welcome to SockJS!\n")
        elif what == "xhr_send":
            self.take(self.sessions[name], json.loads(body))
            self.whole(peer, self.sends, b"")
        elif what == "xhr":
            self.whole(peer, "200 OK", self.sessions[name].frames.get() + b"\n")
        else:
            self.stream(peer, self.sessions[name])

    def take(self, session, messages):
        for message in messages:
            for bytes_ in self.twist(session.echoes, b'a["' + message.encode() + b'"]'):
                session.frames.put(bytes_)
            session.echoes += 1

    def whole(self, peer, status, body):
        length = b"" if status.startswith("204") else b"Content-Length: %d\r\n" % len(body)
        peer.sendall(b"HTTP/1.1 %s\r\n%s%s\r\n%s" % (status.encode(), length, self.closing, body))

    def stream(self, peer, session):
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + self.closing + b"\r\n" +
                     chunk(b"h" * 2048 + b"\n"))
        sent = 0
        while sent < self.limit:
            line = session.frames.get() + b"\n"
            peer.sendall(chunk(line))
            sent += len(line)
        peer.sendall(b"0\r\n\r\n")


OPEN = b'0{"sid":"%s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


class SocketIO(Echo):
    """A Socket.IO echo on a WebSocket; twist gets WebSocket frames."""

    greeting = frame(0x81, OPEN % b"one")

    def control(self, peer, data):
        if data == b"40":
            return frame(0x81, b'40{"sid":"two"}')
        return b"" if data == b"3" else None

    def back(self, first, data):
        return frame(first, data.replace(b"echo", b"echo-back", 1))


class Room(SocketIO):
    """Events of one go to all others, or to whom choose() makes of them."""

    def __init__(self, choose=None):
        self.members = []
        self.choose = choose or (lambda others: others)
        super().__init__()

    def control(self, peer, data):
        if data == b'420["join"]':
            self.members.append(peer)
            return frame(0x81, b"430[]")
        if not data.startswith(b'42["publish"'):
            return super().control(peer, data)
        for member in self.choose([member for member in self.members if member is not peer]):
            member.sendall(frame(0x81, data.replace(b"publish", b"published", 1)))
        return b""


class Polling(HTTP):
    """A Socket.IO echo over HTTP; twist gets packets."""

    def __init__(self, twist=None, sends="200 OK", said=b"ok", close=False):
        self.said = said
        self.begun = 0
        super().__init__(twist, sends, close)

    def answer_to(self, peer, path, body):
        sid = path.partition("&sid=")[2]
        if not sid:
            self.begun += 1
            self.whole(peer, "200 OK", OPEN % b"%d" % self.begun)
        elif body:
            self.take(self.sessions[sid], body.split(b"\x1e"))
            self.whole(peer, self.sends, self.said)
        else:
            self.whole(peer, "200 OK", self.queued(self.sessions[sid].frames))

    @staticmethod
    def queued(frames):
        packets = [frames.get()]
        while not frames.empty():
            packets.append(frames.get())
        return b"\x1e".join(packets)

    def take(self, session, messages):
        for packet in messages:
            if packet == b"40":
                session.frames.put(b'40{"sid":"two"}')
            if not packet.startswith(b"42"):
                continue
            for bytes_ in self.twist(session.echoes, packet.replace(b"echo", b"echo-back", 1)):
                session.frames.put(bytes_)
            session.echoes += 1


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


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


def flip_text(whole):
    """A byte of the message itself."""
    return flip(whole.index(b'"') + 3)(whole)


def text_shorter(whole):
    """Of a SockJS frame; without its WebSocket frame, if it has one."""
    return [rewrap(whole, b'a["' + whole.split(b'"')[1][:-1] + b'"]')]


def text_longer(whole):
    return [rewrap(whole, b'a["' + whole.split(b'"')[1] + b'x"]')]


def rewrap(like, content):
    return frame(0x81, content) if like[0] == 0x81 else content


def content(whole):
    """Of a WebSocket frame that is short, or of what came over HTTP."""
    return whole[2:] if whole[0] == 0x81 else whole


def instead(change):
    """Another packet for that of an echo."""
    return lambda whole: [rewrap(whole, change(content(whole)))]


def joined():
    """Two of the first two hundred messages in each frame."""
    kept = []

    def twist(n, whole):
        if not 0 <= n < 200:
            return [whole]
        kept.append(whole.split(b'"')[1])
        if len(kept) < 2:
            return []
        both = rewrap(whole, b'a["' + b'","'.join(kept) + b'"]')
        kept.clear()
        return [both]
    return twist


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


SOCKJS = [
    ("a WebSocket", SockJS, ["--protocol", "sockjs-websocket", "--kind", "text"]),
    ("streams", HTTP, ["--protocol", "sockjs-streaming", "--kind", "text"]),
    ("polls", HTTP, ["--protocol", "sockjs-polling", "--kind", "text"]),
]

SOCKJS_RIGHT = [
    ("messages", {}, []),
    ("messages of 3,000 bytes", {}, ["--size", "3000"]),
    ("empty messages", {}, ["--size", "0"]),
    ("varied messages of several sessions", {}, ["--kind", "varied", "--connections", "7", "--check", "1"]),
    ("two messages in a frame", {"twist": joined}, []),
    ("a heartbeat between messages",
     {"twist": lambda: at(50, lambda whole: [rewrap(whole, b"h"), whole])}, []),
]

SOCKJS_WRONG = [
    ("a message that is dropped", at(50, lambda whole: []), "what was sent"),
    ("the last message dropped", at(199, lambda whole: []), "never came"),
    ("a message that comes twice", at(50, lambda whole: [whole, whole]), "what was sent"),
    ("the last message twice", at(199, lambda whole: [whole, whole]), ""),
    ("a changed byte of a message", at(50, flip_text), "what was sent"),
    ("a message a byte short", at(50, text_shorter), "shorter"),
    ("a message a byte long", at(50, text_longer), "longer"),
    ("a session that the server closes", at(50, lambda whole: [rewrap(whole, b'c[3000,"Go away!"]')]), "closes"),
    ("a session that opens twice", at(50, lambda whole: [rewrap(whole, b"o")]), "twice"),
    ("a frame that is none", at(50, lambda whole: [rewrap(whole, b"x")]), "begins so"),
    ("a frame that is cut off", at(50, lambda whole: [rewrap(whole, b"a[")]), "cut off"),
    ("a frame that goes on behind its end", at(50, lambda whole: [rewrap(whole, b"h]")]), "goes on so"),
]

HTTP_WRONG = [
    ("messages that are refused", {"sends": "404 Not Found"}, "answered 404"),
    ("messages that are answered with 200", {"sends": "200 OK"}, "answered 200"),
]


SOCKETIO = [
    ("a WebSocket", SocketIO, ["--protocol", "socketio-websocket", "--kind", "text"]),
    ("polls", Polling, ["--protocol", "socketio-polling", "--kind", "text"]),
]

SOCKETIO_RIGHT = [
    ("events", {}, []),
    ("events of 3,000 bytes", {}, ["--size", "3000"]),
    ("empty texts", {}, ["--size", "0"]),
    ("varied texts of several clients", {}, ["--kind", "varied", "--connections", "7", "--check", "1"]),
    ("a ping between events", {"twist": lambda: at(50, lambda whole: [rewrap(whole, b"2"), whole])}, []),
]

SOCKETIO_WRONG = [
    ("an event that is dropped", at(50, lambda whole: []), "what was sent"),
    ("the last event dropped", at(199, lambda whole: []), "never came"),
    ("an event that comes twice", at(50, lambda whole: [whole, whole]), "what was sent"),
    ("the last event twice", at(199, lambda whole: [whole, whole]), ""),
    ("a changed byte of a text", at(50, instead(lambda packet: flip(18)(packet)[0])), "what was sent"),
    ("a text a byte short", at(50, instead(lambda packet: packet[:-3] + b'"]')), "shorter"),
    ("a text a byte long", at(50, instead(lambda packet: packet[:-2] + b'x"]')), "longer"),
    ("an event of another name", at(50, instead(lambda packet: packet.replace(b"back", b"bakk"))),
     "asked for"),
    ("an event with a second argument", at(50, instead(lambda packet: packet[:-1] + b",1]")), "goes on so"),
    ("an event that goes on behind its end", at(50, instead(lambda packet: packet + b"]")), "goes on so"),
    ("an event that is cut off", at(50, instead(lambda packet: packet[:-1])), "cut off"),
    ("a packet that is none", at(50, instead(lambda packet: b"9")), "asked for"),
    ("a session that opens twice", at(50, instead(lambda packet: b'0{"sid":"x"}')), "twice"),
    ("a namespace that is entered twice", at(50, instead(lambda packet: b'40{"sid":"x"}')), "twice"),
    ("a namespace that the server ends", at(50, instead(lambda packet: b"41")), "closes"),
]

POLLING_WRONG = [
    ("events that are refused", {"sends": "400 Bad Request"}, "answered 400"),
    ("events that are answered with more than ok", {"said": b"okay"}, "not answered"),
]

ROOM = ["--protocol", "socketio-websocket", "--kind", "text", "--fanout", "5", "--warmup", "0.05"]

ROOM_WRONG = [
    ("one of them missed", lambda others: others[1:], "never came"),
    ("one told twice", lambda others: others + others[:1], ""),
]


def verdict(status, result, words):
    noticed = status == 1 and words in result.get("error", "") and "messages" not in result
    return [] if noticed else [json.dumps(result)]


def sockjs_cases():
    for carrier, server, how in SOCKJS:
        for name, given, arguments in SOCKJS_RIGHT:
            status, result = run(server(**{key: make() for key, make in given.items()}), *how, *arguments)
            good = status == 0 and result.get("messages") == 200
            yield f"SockJS on {carrier}: {name} pass", [] if good else [json.dumps(result)]
        for name, twist, words in SOCKJS_WRONG:
            status, result = run(server(twist=twist), *how)
            yield f"SockJS on {carrier}: {name} is noticed", verdict(status, result, words)
        if server is not HTTP:
            continue
        status, result = run(HTTP(close=True), *how)
        good = status == 0 and result.get("messages") == 200
        yield (f"SockJS on {carrier}: connections that end behind each answer are opened again",
               [] if good else [json.dumps(result)])
        for name, wrong, words in HTTP_WRONG:
            status, result = run(HTTP(**wrong), *how)
            yield f"SockJS on {carrier}: {name} are noticed", verdict(status, result, words)


def socketio_cases():
    for carrier, server, how in SOCKETIO:
        for name, given, arguments in SOCKETIO_RIGHT:
            status, result = run(server(**{key: make() for key, make in given.items()}), *how, *arguments)
            good = status == 0 and result.get("messages") == 200
            yield f"Socket.IO on {carrier}: {name} pass", [] if good else [json.dumps(result)]
        for name, twist, words in SOCKETIO_WRONG:
            status, result = run(server(twist=twist), *how)
            yield f"Socket.IO on {carrier}: {name} is noticed", verdict(status, result, words)
    status, result = run(Polling(close=True), *SOCKETIO[1][2])
    good = status == 0 and result.get("messages") == 200
    yield ("Socket.IO on polls: connections that end behind each answer are opened again",
           [] if good else [json.dumps(result)])
    for name, wrong, words in POLLING_WRONG:
        status, result = run(Polling(**wrong), *SOCKETIO[1][2])
        yield f"Socket.IO on polls: {name} are noticed", verdict(status, result, words)


def room_cases():
    status, result = run(Room(), *ROOM)
    good = status == 0 and result.get("deliveries") == 1000
    yield "Socket.IO in a room: an event to all others passes", [] if good else [json.dumps(result)]
    for name, choose, words in ROOM_WRONG:
        status, result = run(Room(choose), *ROOM)
        yield f"Socket.IO in a room: {name} is noticed", verdict(status, result, words)


def rest_cases():
    """Sessions and connections that rest are opened, looked at and closed."""
    for name, server, arguments in (("sessions in a poll", HTTP, SOCKJS[2][2]),
                                    ("clients of Socket.IO", SocketIO, SOCKETIO[0][2]),
                                    ("HTTP connections", HTTP, ["--protocol", "http"])):
        status, result = run(server(), "--idle", "--depth", "1", "--settle", "0.1", "--connections", "20",
                             *arguments)
        good = status == 0 and len(result.get("waves", [])) == 1
        yield f"{name} rest", [] if good else [json.dumps(result)]


def cases():
    for name, arguments in RIGHT:
        status, result = run(Echo(), *arguments)
        good = status == 0 and result.get("messages") == 200
        yield f"{name} pass", [] if good else [json.dumps(result)]
    for name, wrong, arguments, words in WRONG:
        status, result = run(Echo(**wrong), *arguments)
        yield f"{name} is noticed", verdict(status, result, words)
    yield from sockjs_cases()
    yield from socketio_cases()
    yield from room_cases()
    yield from rest_cases()


def main():
    passed = failed = 0
    for sentence, complaints in cases():
        print("FAILED " if complaints else "ok     ", sentence, *complaints)
        failed += bool(complaints)
        passed += not complaints
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
