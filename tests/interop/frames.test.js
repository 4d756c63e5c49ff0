/* Frames as no client sends them: each mistake gets its close code at once, in one segment and
 * byte by byte, and nobody else is disturbed. */

"use strict";

const zlib = require("zlib");
const { ACCEPT, KiB, MiB, Raw, assert, closeFrame, closeRaw, eventually, frame, handshake, instrumented, openRaw,
  run, takeClose, takeFrame, takeResponse, test } = require("./support.js");

const TEXT = 1, BINARY = 2, CONTINUATION = 0, CLOSE = 8, PING = 9, PONG = 10;
const DEFLATE = { "Sec-WebSocket-Extensions": "permessage-deflate" };
const LIMIT = 67108863;

function hex(text) {
  return Buffer.from(text.replace(/\s/g, ""), "hex");
}

/* Message bytes as permessage-deflate has them: without the last 00 00 ff ff (RFC 7692, 7.2.1). */
function deflated(data, options = {}) {
  const all = zlib.deflateRawSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options });
  return all.subarray(0, all.length - 4);
}

/* What is wrong, the bytes, the code. last: nothing but the bytes so far may be needed. */
const mistakes = [
  /* RFC 6455, 5.2: reserved bits and opcodes */
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => [`reserved bits ${rsv} on a text`, frame(TEXT, "x", { rsv }), 1002]),
  ["a reserved bit on a ping", frame(PING, "", { rsv: 4 }), 1002],
  ["a reserved bit on a close", frame(CLOSE, "", { rsv: 4 }), 1002],
  ["a reserved bit on a continuation",
    Buffer.concat([frame(TEXT, "a", { fin: false }), frame(CONTINUATION, "b", { rsv: 4 })]), 1002],
  ["a reserved bit, decided on the first byte", hex("c1"), 1002],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((op) => [`opcode ${op}`, frame(op, "x"), 1002]),
  ["a reserved opcode, decided on the first byte", hex("83"), 1002],
  /* 5.5: control frames */
  ...[[CLOSE, "close"], [PING, "ping"], [PONG, "pong"]].flatMap(([op, name]) => [
    [`a ${name} in fragments`, frame(op, "", { fin: false }), 1002],
    [`a ${name} in fragments, decided on the first byte`, hex(`0${op.toString(16)}`), 1002],
    [`a ${name} of 126 bytes`, frame(op, Buffer.alloc(126, 0x61)), 1002],
    [`a ${name} with a 16-bit length, decided on the length`, hex(`8${op.toString(16)} fe`), 1002],
    [`a ${name} of 2^20 bytes`, frame(op, "", { length: MiB }), 1002],
  ]),
  /* 5.4: fragments */
  ["a continuation with no message open", frame(CONTINUATION, "x"), 1002],
  ["a continuation that begins a fragmented message", frame(CONTINUATION, "x", { fin: false }), 1002],
  ["a continuation after a message is complete", Buffer.concat([frame(TEXT, "a", { fin: false }),
    frame(CONTINUATION, "b"), frame(CONTINUATION, "c")]), 1002],
  ["a text while a message is open", Buffer.concat([frame(TEXT, "a", { fin: false }), frame(TEXT, "b")]), 1002],
  ["a binary while a message is open",
    Buffer.concat([frame(TEXT, "a", { fin: false }), frame(BINARY, "b", { fin: false })]), 1002],
  /* 5.1: masking */
  ["a text without a mask", frame(TEXT, "x", { mask: false }), 1002],
  ["an empty text without a mask", frame(TEXT, "", { mask: false }), 1002],
  ["a ping without a mask", frame(PING, "x", { mask: false }), 1002],
  ["a close without a mask", hex("88 02 03e8"), 1002],
  /* 5.2: lengths */
  ["a length with its top bit set", hex("82 ff 80 00 00 00 00 00 00 00"), 1002],
  ["a length of 2^64 - 1", hex("82 ff ff ff ff ff ff ff ff ff"), 1002],
  ["a length of 2^63 - 1", hex("82 ff 7f ff ff ff ff ff ff ff"), 1009],
  ["a text one byte above the limit, decided on its length", frame(TEXT, "", { length: LIMIT + 1 }), 1009],
  ["a binary one byte above the limit, decided on its length", frame(BINARY, "", { length: LIMIT + 1 }), 1009],
  ["fragments whose sum is above the limit, decided on the length",
    Buffer.concat([frame(BINARY, "x", { fin: false }), frame(CONTINUATION, "", { length: LIMIT })]), 1009],
  /* 5.5.1 and 7.4: close frames */
  ["a close of one byte", frame(CLOSE, "x"), 1002],
  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((code) =>
    [`close code ${code}`, closeFrame(code), 1002]),
  ["a close reason that is not UTF-8", frame(CLOSE, hex("03e8 ff")), 1007],
  ["a close reason that ends inside a character", frame(CLOSE, hex("03e8 e282")), 1007],
  /* 8.1: text; at the first impossible byte, the rest never comes */
  ...[["80", "a lone continuation byte"], ["c0", "an overlong form"], ["c1 bf", "an overlong form of two"],
    ["e0 9f", "an overlong form of three"], ["f0 8f", "an overlong form of four"], ["ed a0", "a surrogate"],
    ["f4 90", "what is above U+10FFFF"], ["f5", "a byte of no UTF-8"], ["ff", "0xff"], ["e2 28", "a cut character"],
  ].map(([bytes, name]) => [`${name}, before its frame is whole`,
    frame(TEXT, hex(`61 ${bytes}`), { length: 1000 }), 1007]),
  ["a message that ends inside a character", frame(TEXT, hex("61 e2 82")), 1007],
  ["a character broken between two fragments",
    Buffer.concat([frame(TEXT, hex("e2"), { fin: false }), frame(CONTINUATION, hex("28"))]), 1007],
  ["a surrogate split over two fragments",
    Buffer.concat([frame(TEXT, hex("ed"), { fin: false }), frame(CONTINUATION, hex("a0"), { length: 90 })]), 1007],
  ["a fragmented message that ends inside a character",
    Buffer.concat([frame(TEXT, hex("e2"), { fin: false }), frame(CONTINUATION, "")]), 1007],
];

const compressedMistakes = [
  ["data that is no DEFLATE", frame(BINARY, hex("ff ff ff ff"), { rsv: 4 }), 1007],
  ["text that is not UTF-8 once inflated", frame(TEXT, deflated(hex("61 ff 61")), { rsv: 4 }), 1007],
  ["a bit for compression on a continuation", Buffer.concat([frame(TEXT, deflated("a"), { rsv: 4, fin: false }),
    frame(CONTINUATION, "", { rsv: 4 })]), 1002],
  ["a bit for compression on a ping", frame(PING, "", { rsv: 4 }), 1002],
  ["the second reserved bit", frame(TEXT, "", { rsv: 2 }), 1002],
  ["a distance that points before the start", frame(BINARY, hex("4b 04 61 00"), { rsv: 4 }), 1007],
];

/* A Close frame, then the end of TCP, without waiting for us to answer. */
async function expectFailure(raw, code) {
  const close = await takeClose(raw);
  assert.equal(close.code, code, `closed with ${close.code} “${close.reason}”`);
  raw.send(closeFrame(code));
  assert.equal((await raw.rest()).length, 0, "nothing behind the Close");
  raw.destroy();
}

for (const [list, fields, where] of [[mistakes, {}, ""], [compressedMistakes, DEFLATE, " (deflate)"]]) {
  for (const [what, bytes, code] of list) {
    test(`${what}${where} is answered by ${code}`, async (server) => {
      const raw = await openRaw(server, fields);
      raw.send(bytes);
      await expectFailure(raw, code);
    });
    if (bytes.length < 400) {
      test(`${what}${where} is answered by ${code}, byte by byte`, async (server) => {
        const raw = await openRaw(server, fields);
        await raw.sendBytewise(bytes);
        await expectFailure(raw, code);
      });
    }
    test(`${what}${where} is answered by ${code}, glued to the handshake`, async (server) => {
      const raw = new Raw(server);
      raw.send(Buffer.concat([Buffer.from(handshake(fields), "latin1"), frame(TEXT, "before"), bytes]));
      assert.equal((await takeResponse(raw)).status, 101);
      assert.equal(String((await takeFrame(raw)).payload), "before", "what came before is answered first");
      await expectFailure(raw, code);
    });
  }
}

/* What is legal, however odd. */

async function expectEcho(raw, opcode, payload) {
  const next = await takeFrame(raw);
  assert.deepEqual([next?.opcode, next?.fin], [opcode, true]);
  assert.ok(next.payload.equals(Buffer.from(payload)), "the echo has other bytes");
}

for (const [name, code] of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
  4999].map((code) => [`close code ${code}`, code])) {
  test(`${name} is legal and comes back`, async (server) => {
    const raw = await openRaw(server);
    raw.send(closeFrame(code, "why"));
    assert.equal((await takeClose(raw)).code, code);
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  });
}

test("an empty close is answered by an empty one or 1000, and the server ends TCP", async (server) => {
  const raw = await openRaw(server);
  raw.send(frame(CLOSE));
  assert.ok([1000, 1005].includes((await takeClose(raw)).code));
  assert.equal((await raw.rest()).length, 0);
  raw.destroy();
});

test("a close reason of 123 bytes is legal", async (server) => {
  const raw = await openRaw(server);
  raw.send(closeFrame(1000, "r".repeat(123)));
  assert.equal((await takeClose(raw)).code, 1000);
  raw.destroy();
});

test("lengths in a longer form than needed are accepted", async (server) => {
  const raw = await openRaw(server);
  for (const form of [16, 64]) {
    raw.send(frame(TEXT, "short", { form }));
    await expectEcho(raw, TEXT, "short");
  }
  await closeRaw(raw);
});

test("everything after a Close is ignored", async (server) => {
  const raw = await openRaw(server);
  raw.send(Buffer.concat([closeFrame(1000), frame(TEXT, "late"), frame(3, "and wrong")]));
  assert.equal((await takeClose(raw)).code, 1000);
  assert.equal((await raw.rest()).length, 0);
  raw.destroy();
});

test("a ping between fragments is answered first, each with its own payload", async (server) => {
  const raw = await openRaw(server);
  raw.send(Buffer.concat([frame(TEXT, "Hel", { fin: false }), frame(PING, "1"), frame(CONTINUATION, "", { fin: false }),
    frame(PING, "2"), frame(CONTINUATION, "lo"), frame(PONG, "nobody asked")]));
  await expectEcho(raw, PONG, "1");
  await expectEcho(raw, PONG, "2");
  await expectEcho(raw, TEXT, "Hello");
  await closeRaw(raw);
});

test("a ping of 125 bytes comes back whole", async (server) => {
  const raw = await openRaw(server);
  raw.send(frame(PING, Buffer.alloc(125, 0xfe)));
  await expectEcho(raw, PONG, Buffer.alloc(125, 0xfe));
  await closeRaw(raw);
});

test("characters may straddle fragments, NUL and noncharacters are text", async (server) => {
  const raw = await openRaw(server);
  const text = Buffer.from("\u0000κόσμε\uffff\u{10ffff}");
  const pieces = [...text].map((byte, i) =>
    frame(i ? CONTINUATION : TEXT, Buffer.from([byte]), { fin: i === text.length - 1 }));
  await raw.sendBytewise(Buffer.concat(pieces));
  await expectEcho(raw, TEXT, text);
  await closeRaw(raw);
});

test("a message with takeover, stored blocks, final blocks and an empty one inflates", async (server) => {
  const raw = await openRaw(server, { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover" });
  const samples = ["f2 48 cd c9 c9 07 00", "f2 00 11 00 00", "00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00"];
  for (const sample of samples) {
    raw.send(frame(TEXT, hex(sample), { rsv: 4 }));
    await expectEcho(raw, TEXT, "Hello");
  }
  raw.send(frame(TEXT, hex("00"), { rsv: 4 }));
  await expectEcho(raw, TEXT, "");
  await closeRaw(raw);
});

test("a compressed message in fragments of one byte, empty ones between, inflates", async (server) => {
  const raw = await openRaw(server, DEFLATE);
  const bytes = deflated("rill rill rill");
  const pieces = [...bytes].flatMap((byte, i) => [
    frame(i ? CONTINUATION : TEXT, Buffer.from([byte]), { rsv: i ? 0 : 4, fin: false }),
    frame(CONTINUATION, "", { fin: false }),
  ]);
  raw.send(Buffer.concat([...pieces, frame(CONTINUATION, "")]));
  await expectEcho(raw, TEXT, "rill rill rill");
  await closeRaw(raw);
});

/* Floods. */

/* Memory back within 32 MiB of what it was; under AddressSanitizer, which keeps freed memory, within its
 * quarantine besides. */
function comesBack(server, before, room = 32 * MiB) {
  const allowed = before + room + (instrumented() ? 512 * MiB : 0);
  return eventually(() => server.rss() <= allowed, "the memory");
}

test("a bomb is stopped at the limit, at once, and costs no more than it", async (server) => {
  const before = server.rss();
  const raw = await openRaw(server, DEFLATE);
  raw.send(frame(BINARY, deflated(Buffer.alloc(256 * MiB)), { rsv: 4 }));
  await expectFailure(raw, 1009);
  await comesBack(server, before);
});

test("a bomb in fragments is stopped at the limit", async (server) => {
  const raw = await openRaw(server, DEFLATE);
  const bytes = deflated(Buffer.alloc(128 * MiB));
  raw.send(frame(TEXT, bytes.subarray(0, 1000), { rsv: 4, fin: false }));
  for (let at = 1000; at < bytes.length; at += 1000)
    raw.send(frame(CONTINUATION, bytes.subarray(at, at + 1000), { fin: false }));
  await expectFailure(raw, 1009);
});

test("a client that goes on sending after its mistake reads the Close, and no reset", async (server) => {
  for (const [header, code] of [[frame(BINARY, "", { length: 100 * MiB }), 1009], [frame(TEXT, "x", { rsv: 2 }), 1002]]) {
    const raw = await openRaw(server);
    raw.send(header);
    raw.socket.pause();
    const more = Buffer.alloc(MiB);
    for (let i = 0; i < 32; i++)
      raw.send(more);
    await eventually(() => raw.socket.writableLength === 0 || raw.reset, "the end of its sending");
    raw.socket.resume();
    await expectFailure(raw, code);
    assert.equal(raw.reset, false);
    raw.destroy();
  }
});

/* Sends until the server stops reading: what the kernels hold between us is not known beforehand (tcp_rmem and
 * tcp_wmem, which grow as they like), so it is found out by filling it. */
async function fill(raw, piece, most) {
  for (let sent = 0, waited = 0; sent < most;) {
    if (raw.socket.writableLength < piece.length) {
      raw.send(piece);
      sent += piece.length;
      waited = 0;
    } else if (++waited > 20) {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}

test("clients that do not read cost little each, others get in, and the memory comes back", async (server) => {
  const before = server.rss(), clients = 40;
  const raws = await Promise.all(Array.from({ length: clients }, () => openRaw(server)));
  const many = Buffer.concat(Array(2000).fill(frame(BINARY, Buffer.alloc(1000))));
  raws.forEach((raw) => raw.socket.pause());
  const full = await Promise.all(raws.map((raw) => fill(raw, many, 128 * MiB)));
  assert.ok(full.every(Boolean), "the server takes as much as is sent, from a client that does not read");
  assert.ok(server.rss() - before < clients * MiB + (instrumented() ? 512 * MiB : 0));
  await closeRaw(await openRaw(server));
  for (const raw of raws)
    raw.destroy();
  await comesBack(server, before);
});

test("compressors of connections that are gone leave no memory behind", async (server) => {
  const before = server.rss();
  const raws = await Promise.all(Array.from({ length: 1000 }, () => openRaw(server, DEFLATE)));
  for (const raw of raws) {
    raw.send(frame(BINARY, deflated(Buffer.alloc(3000, "rill")), { rsv: 4 }));
    await takeFrame(raw);
  }
  for (const raw of raws)
    raw.destroy();
  await comesBack(server, before);
});

test("a million empty fragments cost nothing, and the message arrives", async (server) => {
  const raw = await openRaw(server);
  const before = server.rss();
  raw.send(frame(TEXT, "start ", { fin: false }));
  const many = Buffer.concat(Array(50000).fill(frame(CONTINUATION, "", { fin: false })));
  for (let i = 0; i < 20; i++)
    raw.send(many);
  raw.send(frame(PING, "through"));
  await expectEcho(raw, PONG, "through");
  assert.ok(server.rss() - before < 8 * MiB + (instrumented() ? 160 * MiB : 0));
  raw.send(frame(CONTINUATION, "end"));
  await expectEcho(raw, TEXT, "start end");
  await closeRaw(raw);
});

test("more than 2^20 fragments close with 1008", async (server) => {
  const raw = await openRaw(server);
  raw.send(frame(TEXT, "", { fin: false }));
  const many = Buffer.concat(Array(1 << 16).fill(frame(CONTINUATION, "", { fin: false })));
  for (let i = 0; i < 17; i++)
    raw.send(many);
  await expectFailure(raw, 1008);
});

test("300,000 fragments of one byte make one message", async (server) => {
  const raw = await openRaw(server);
  const piece = Buffer.concat(Array(10000).fill(frame(CONTINUATION, "x", { fin: false })));
  raw.send(frame(BINARY, "", { fin: false }));
  for (let i = 0; i < 30; i++)
    raw.send(piece);
  raw.send(frame(CONTINUATION, ""));
  await expectEcho(raw, BINARY, Buffer.alloc(300000, "x"));
  await closeRaw(raw);
});

test("pings that are read are all answered, in order", async (server) => {
  const raw = await openRaw(server);
  const count = 5000;
  raw.send(Buffer.concat(Array.from({ length: count }, (_, i) => frame(PING, String(i)))));
  for (let i = 0; i < count; i++)
    assert.equal(String((await takeFrame(raw)).payload), String(i));
  await closeRaw(raw);
});

test("pings whose pongs are not read cost little, and the connection lives on", async (server) => {
  const raw = await openRaw(server);
  raw.socket.pause();
  const before = server.rss();
  const many = Buffer.concat(Array(8000).fill(frame(PING, Buffer.alloc(125, 0x70))));
  for (let i = 0; i < 32; i++)
    raw.send(many);
  /* Either the server takes them all and answers the latest, or it stops reading. */
  await eventually(async () => {
    const left = raw.socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return raw.socket.writableLength === left;
  }, "the end of the flood");
  assert.ok(server.rss() - before < 8 * MiB + (instrumented() ? 160 * MiB : 0));
  raw.socket.resume();
  raw.send(frame(TEXT, "still here"));
  for (let next = await takeFrame(raw); next.opcode !== TEXT; next = await takeFrame(raw))
    assert.equal(next.opcode, PONG);
  await closeRaw(raw);
});

/* Ends. */

test("a client's half-close ends the connection, behind what was said before", async (server) => {
  for (let i = 0; i < 50; i++) {
    const raw = await openRaw(server);
    raw.send(frame(TEXT, "last words")).end();
    await expectEcho(raw, TEXT, "last words");
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  }
});

test("a client that is cut inside a frame leaves nothing behind", async (server) => {
  for (const bytes of [hex("81"), hex("81 85 00"), frame(BINARY, "abc", { length: 1000000 }), hex("82 ff 00 00")]) {
    const raw = await openRaw(server);
    raw.send(bytes).end();
    await raw.rest();
    raw.destroy();
  }
});

test("a thousand connections that are reset at once leave the others alone", async (server) => {
  const witness = await openRaw(server);
  for (let round = 0; round < 10; round++) {
    const raws = await Promise.all(Array.from({ length: 100 }, () => openRaw(server)));
    for (const raw of raws) {
      raw.send(frame(BINARY, Buffer.alloc(1000), { fin: false }));
      raw.socket.resetAndDestroy();
    }
  }
  witness.send(frame(TEXT, "alive"));
  await expectEcho(witness, TEXT, "alive");
  await closeRaw(witness);
});

/* Handshakes. */

test("the sample key of RFC 6455 gives the sample answer", async (server) => {
  const raw = await openRaw(server);
  const { headers } = raw.response;
  assert.equal(headers["sec-websocket-accept"], ACCEPT);
  assert.equal(headers.upgrade, "websocket");
  assert.equal(headers.connection, "Upgrade");
  assert.equal(headers["sec-websocket-protocol"], undefined);
  assert.equal(headers["sec-websocket-extensions"], undefined);
  await closeRaw(raw);
});

const handshakes = [
  ["no version", { "Sec-WebSocket-Version": null }, 426],
  ["version 14", { "Sec-WebSocket-Version": "14" }, 426],
  ["version 8, which is off", { "Sec-WebSocket-Version": "8" }, 426],
  ["version 7, which is off", { "Sec-WebSocket-Version": "7" }, 426],
  ["version 013", { "Sec-WebSocket-Version": "013" }, 426],
  ["no key", { "Sec-WebSocket-Key": null }, 400],
  ["an empty key", { "Sec-WebSocket-Key": "" }, 400],
  ["a key of 15 bytes", { "Sec-WebSocket-Key": Buffer.alloc(15).toString("base64") }, 400],
  ["a key of 17 bytes", { "Sec-WebSocket-Key": Buffer.alloc(17).toString("base64") }, 400],
  ["a key that is no base64", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j!Q==" }, 400],
  ["two keys", { "Sec-WebSocket-Key": [Buffer.alloc(16).toString("base64"), Buffer.alloc(16).toString("base64")] }, 400],
  ["two versions", { "Sec-WebSocket-Version": ["13", "13"] }, 400],
  ["no Upgrade", { Upgrade: null }, 400],
  ["another Upgrade", { Upgrade: "websockets" }, 400],
  ["no Connection", { Connection: null }, 400],
  ["another Connection", { Connection: "keep-alive" }, 400],
  ["no Host", { Host: null }, 400],
  ["two Hosts", { Host: ["a", "b"] }, 400],
  ["a protocol that is no token", { "Sec-WebSocket-Protocol": "irc, a b" }, 400],
  ["no protocol at all in the list", { "Sec-WebSocket-Protocol": "," }, 400],
  ["a protocol twice", { "Sec-WebSocket-Protocol": "irc, irc" }, 400],
  ["an extension header that is none", { "Sec-WebSocket-Extensions": "a; =b" }, 400],
  ["an unterminated quoted string", { "Sec-WebSocket-Extensions": 'a; b="c' }, 400],
];

for (const [what, fields, status] of handshakes) {
  test(`a handshake with ${what} is answered by ${status}`, async (server) => {
    for (const bytewise of [false, true]) {
      const raw = new Raw(server);
      if (bytewise)
        await raw.sendBytewise(handshake(fields));
      else
        raw.send(handshake(fields));
      const response = await takeResponse(raw);
      assert.equal(response?.status, status);
      if (status === 426)
        assert.equal(response.headers["sec-websocket-version"], "13");
      raw.destroy();
    }
  });
}

test("a handshake by POST, by HTTP/1.0 or on another path is no WebSocket", async (server) => {
  for (const line of ["POST /ws HTTP/1.1", "GET /ws HTTP/1.0", "GET /wss HTTP/1.1", "GET / HTTP/1.1"]) {
    const raw = new Raw(server).send(handshake({}, { line }));
    const { status } = await takeResponse(raw);
    assert.ok(status >= 400 && status < 500, `${line}: ${status}`);
    raw.destroy();
  }
});

test("any spelling of the tokens, and lists of them, are a handshake", async (server) => {
  for (const fields of [{ Upgrade: "WebSocket", Connection: "keep-alive, upgrade" }, { Connection: ["keep-alive", "UPGRADE"] }])
    await closeRaw(await openRaw(server, fields));
});

for (const [offer, answer] of [["irc", "irc"], ["amqp, irc", "amqp"], ["x, irc, amqp", "irc"], [["x", "amqp"], "amqp"],
  ["x\t,\tirc", "irc"], ["IRC", undefined], ["x", undefined]]) {
  test(`of the subprotocols ${[offer].flat()} the server takes ${answer ?? "none"}`, async (server) => {
    const raw = await openRaw(server, { "Sec-WebSocket-Protocol": offer });
    assert.equal(raw.response.headers["sec-websocket-protocol"], answer);
    await closeRaw(raw);
  });
}

const offers = [
  ["permessage-deflate", ["permessage-deflate"]],
  ["permessage-deflate; server_no_context_takeover", ["permessage-deflate", "server_no_context_takeover"]],
  ["permessage-deflate; server_max_window_bits=9", ["permessage-deflate", "server_max_window_bits=9"]],
  ["permessage-deflate; server_max_window_bits=15", ["permessage-deflate", "server_max_window_bits=15"]],
  ['permessage-deflate; server_max_window_bits="10"', ["permessage-deflate", "server_max_window_bits=10"]],
  ["permessage-deflate; server_max_window_bits=8", null],
  ["permessage-deflate; server_max_window_bits=16", null],
  ["permessage-deflate; server_max_window_bits=09", null],
  ["permessage-deflate; server_max_window_bits", null],
  ["permessage-deflate; server_no_context_takeover=1", null],
  ["permessage-deflate; client_max_window_bits=7", null],
  ["permessage-deflate; client_max_window_bits=10; client_max_window_bits=10", null],
  ["permessage-deflate; unheard_of", null],
  ["permessage-bzip2", null],
  ["permessage-deflate; unheard_of, permessage-deflate; server_max_window_bits=12",
    ["permessage-deflate", "server_max_window_bits=12"]],
  [["x-other", "permessage-deflate"], ["permessage-deflate"]],
];

for (const [offer, answer] of offers) {
  test(`${[offer].flat().join(" + ")} is ${answer ? "accepted" : "declined"}`, async (server) => {
    const raw = await openRaw(server, { "Sec-WebSocket-Extensions": offer });
    const got = raw.response.headers["sec-websocket-extensions"];
    if (!answer)
      assert.equal(got, undefined);
    else
      assert.deepEqual(got.split(/\s*;\s*/).filter((part) => !part.startsWith("client_")), answer);
    await closeRaw(raw);
  });
}

test("client_max_window_bits is answered only when it was offered, and not above the hint", async (server) => {
  for (const [offer, max] of [["", null], ["; client_max_window_bits", 15], ["; client_max_window_bits=10", 10]]) {
    const raw = await openRaw(server, { "Sec-WebSocket-Extensions": `permessage-deflate${offer}` });
    const bits = /client_max_window_bits=(\d+)/.exec(raw.response.headers["sec-websocket-extensions"])?.[1];
    assert.ok(max === null ? bits === undefined : bits === undefined || Number(bits) <= max, `${offer}: ${bits}`);
    await closeRaw(raw);
  }
});

test("a window of 512 bytes is kept by the server's compressor", async (server) => {
  const raw = await openRaw(server, { "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9" });
  const block = Buffer.from(Array.from({ length: 700 }, (_, i) => (i * i * 31 + (i >> 3)) & 255));
  const message = Buffer.concat([block, block, block, block]);
  raw.send(frame(BINARY, message));
  const { payload, rsv } = await takeFrame(raw);
  assert.equal(rsv, 4, "a message above the threshold is compressed");
  const all = Buffer.concat([payload, hex("00 00 ff ff")]);
  const inflated = zlib.inflateRawSync(all, { windowBits: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH });
  assert.ok(inflated.equals(message));
  await closeRaw(raw);
});

test("hostile neighbours do not disturb an echo", async (server) => {
  const witness = await openRaw(server);
  const hostile = mistakes.map(async ([, bytes]) => {
    const raw = await openRaw(server);
    raw.send(bytes);
    await takeClose(raw);
    raw.destroy();
  });
  for (let i = 0; i < 50; i++) {
    witness.send(frame(BINARY, Buffer.alloc(4 * KiB, i)));
    await expectEcho(witness, BINARY, Buffer.alloc(4 * KiB, i));
  }
  await Promise.all(hostile);
  await closeRaw(witness);
});

run();
