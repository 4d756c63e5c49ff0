/* `rill connect` against servers that misbehave in each step of the handshake and of the framing: status 1 and a
 * reason, never a hang. RILL names the program. */

"use strict";

const crypto = require("crypto");
const net = require("net");
const zlib = require("zlib");
const { connect } = require("./connect.js");
const { assert, frame, run, test } = require("./support.js");

const TEXT = 1, BINARY = 2, CONTINUATION = 0, CLOSE = 8, PING = 9;
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* answer(socket, head): what it does when a request has come; greet(socket): ... or before it. */
async function startServer({ answer = () => {}, greet = () => {} }) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    let head = "";
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", function listen(data) {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n"))
        return;
      socket.off("data", listen);
      answer(socket, head);
    });
    greet(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${server.address().port}/`,
    port: server.address().port,
    stop() {
      for (const socket of sockets)
        socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function against(behaviour, ...args) {
  const server = await startServer(behaviour);
  try {
    return await connect("--timeout", "2", ...args, server.url).done();
  } finally {
    await server.stop();
  }
}

function acceptOf(head) {
  const [, key] = /^sec-websocket-key: *(\S+)/im.exec(head);
  return crypto.createHash("sha1").update(key + GUID).digest("base64");
}

/* A 101 as it ought to be; each field can be replaced, null leaves it out. */
function switching(head, fields = {}, line = "HTTP/1.1 101 Switching Protocols") {
  const all = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Accept": acceptOf(head), ...fields };
  const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join("")}\r\n`;
}

function refused({ status, error, close, open, stderr }, words, code) {
  assert.equal(status, 1, stderr);
  assert.equal(open, undefined);
  assert.match(error?.message ?? "nothing", words);
  assert.equal(error.status, code);
  assert.deepEqual(close, { event: "close", code: 1006, reason: "" });
}

/* The handshake. */

const answers = [
  ["a wrong accept", { "Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }],
  ["no accept", { "Sec-WebSocket-Accept": null }],
  ["no Upgrade", { Upgrade: null }],
  ["another Upgrade", { Upgrade: "h2c" }],
  ["no Connection", { Connection: null }],
  ["another Connection", { Connection: "keep-alive" }],
  ["an extension nobody asked for", { "Sec-WebSocket-Extensions": "x-unknown" }],
  ["an extension with parameters nobody asked for", { "Sec-WebSocket-Extensions": "permessage-deflate; odd=1" }],
  ["an extension twice", { "Sec-WebSocket-Extensions": "permessage-deflate, permessage-deflate" }],
  ["a subprotocol nobody asked for", { "Sec-WebSocket-Protocol": "chat" }],
];

for (const [name, fields] of answers) {
  test(`the handshake: ${name}`, async () =>
    refused(await against({ answer: (socket, head) => socket.write(switching(head, fields)) }), /./, 101));
}

test("the handshake: permessage-deflate that --deflate off did not offer", async () =>
  refused(await against({ answer: (socket, head) =>
    socket.write(switching(head, { "Sec-WebSocket-Extensions": "permessage-deflate" })) }, "--deflate", "off"), /./, 101));

test("the handshake: another subprotocol than those offered", async () =>
  refused(await against({ answer: (socket, head) =>
    socket.write(switching(head, { "Sec-WebSocket-Protocol": "three" })) }, "--protocol", "one"), /./, 101));

for (const [line, status] of [["200 OK", 200], ["301 Moved\r\nLocation: ws://127.0.0.1:1/", 301], ["401 Unauthorized", 401],
  ["404 Not Found", 404], ["500 Oops", 500]]) {
  test(`the handshake: ${status}`, async () =>
    refused(await against({ answer: (socket) => socket.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n\r\n`) }),
      new RegExp(status), status));
}

test("the handshake: a 101 of HTTP/1.0", async () => {
  const { status, error, open } = await against({ answer: (socket, head) =>
    socket.write(switching(head, {}, "HTTP/1.0 101 Switching Protocols")) });
  assert.equal(status, 1);
  assert.equal(open, undefined);
  assert.match(error.message, /./);
});

function refusedSomehow({ status, error, close, open, stderr }) {
  assert.equal(status, 1, stderr);
  assert.equal(open, undefined);
  assert.match(error?.message ?? "", /\w+/);
  assert.equal(close.code, 1006);
}

test("the handshake: what is no HTTP", async () => {
  for (const nonsense of ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "\x00\x01\x02\x03", "HTTP/2.0 101 x\r\n\r\n", "HTTP/1.1 1x1 \r\n\r\n",
    "HTTP/1.1 101 x\r\nno colon\r\n\r\n", "HTTP/1.1 101 x\r\n folded: x\r\n\r\n", "\r\n".repeat(5000)])
    refusedSomehow(await against({ answer: (socket) => socket.end(nonsense, "latin1") }));
});

test("the handshake: a head without an end", async () =>
  refusedSomehow(await against({ answer(socket) {
    let n = 0;
    socket.write("HTTP/1.1 101 Switching Protocols\r\n");
    const more = () => {
      while (!socket.destroyed && socket.write(`X-${n++}: ${"y".repeat(1000)}\r\n`));
    };
    socket.on("drain", more);
    more();
  } })));

test("the handshake: 100s without an end", async () =>
  refusedSomehow(await against({ answer(socket) {
    const more = () => {
      while (!socket.destroyed && socket.write("HTTP/1.1 100 Continue\r\n\r\n"));
    };
    socket.on("drain", more);
    more();
  } })));

test("the handshake: a head that trickles is bounded by --timeout", async () => {
  const result = await against({ answer(socket, head) {
    const bytes = Buffer.from(switching(head));
    let at = 0;
    const timer = setInterval(() => socket.write(bytes.subarray(at++ % 8, at % 8 + 1)), 20);
    socket.on("close", () => clearInterval(timer));
    socket.write("HTTP/1.1 101 Switching Protocols\r\nX: ");
  } }, "--timeout", "0.5");
  refused(result, /not (answered|done) after/, undefined);
});

test("the handshake: silence is bounded by --timeout, also of TLS", async () => {
  refused(await against({}, "--timeout", "0.3"), /not (answered|done) after/, undefined);
  const server = await startServer({});
  refused(await connect("--timeout", "0.3", `wss://127.0.0.1:${server.port}/`).done(), /not (answered|done) after/, undefined);
  await server.stop();
});

/* How much of an answer is there before the end. */
const pieces = ["", "H", "HTTP/1.1", "HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"];

for (const [how, leave] of [["an end", (socket) => socket.end()], ["a reset", (socket) => socket.resetAndDestroy()]]) {
  test(`the handshake: ${how} at each point`, async () => {
    refusedSomehow(await against({ greet: leave }));
    for (const piece of pieces)
      refusedSomehow(await against({ answer: (socket) => (piece ? socket.write(piece, () => leave(socket)) : leave(socket)) }));
    refusedSomehow(await against({ answer: (socket, head) =>
      socket.write(switching(head).slice(0, -2), () => leave(socket)) }));
  });
}

test("the handshake: nobody listens, and nobody has that name", async () => {
  const server = await startServer({});
  await server.stop();
  refused(await connect(server.url).done(), /refused/i, undefined);
  refusedSomehow(await connect("ws://name.invalid/").done());
});

test("the handshake: bytes that are not UTF-8 stay out of the JSON", async () => {
  const { status, open } = await against({ answer(socket, head) {
    socket.write(switching(head, { "X-Odd": "a\xff\x80 \xe2\x82\xac\"\\" }), "latin1");
    socket.end(plain(CLOSE, hex("03e8")));
  } });
  assert.equal(status, 0);
  assert.equal(open.headers["x-odd"], "a\ufffd\ufffd €\"\\");
});

/* Frames. */

function deflated(text) {
  return zlib.deflateRawSync(Buffer.from(text, "latin1"), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function hex(digits) {
  return Buffer.from(digits.replace(/ /g, ""), "hex");
}

/* A server does not mask. */
function plain(opcode, payload, options = {}) {
  return frame(opcode, payload, { mask: false, ...options });
}

const deflating = { "Sec-WebSocket-Extensions": "permessage-deflate" };

const mistakes = [
  ["a masked text", frame(TEXT, "x"), 1002],
  ["a masked ping", frame(PING, ""), 1002],
  ["a masked close", frame(CLOSE, hex("03e8")), 1002],
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => [`reserved bits ${rsv}`, plain(TEXT, "x", { rsv }), 1002]),
  ...[3, 7, 11, 15].map((opcode) => [`opcode ${opcode}`, plain(opcode, "x"), 1002]),
  ["a ping in fragments", plain(PING, "", { fin: false }), 1002],
  ["a ping of 126 bytes", plain(PING, Buffer.alloc(126)), 1002],
  ["a continuation of nothing", plain(CONTINUATION, "x"), 1002],
  ["a text inside a text", Buffer.concat([plain(TEXT, "a", { fin: false }), plain(TEXT, "b")]), 1002],
  ["bad UTF-8", plain(TEXT, hex("ff")), 1007],
  ["UTF-8 cut at the end of its message", plain(TEXT, hex("61 e2 82")), 1007],
  ["a message above the limit", plain(BINARY, Buffer.alloc(1001)), 1009],
  ["a length above the limit, no bytes", plain(BINARY, "", { length: 1001 }), 1009],
  ["a length of 2^63", Buffer.from([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1002],
  ["a close of one byte", plain(CLOSE, "x"), 1002],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) =>
    [`a close with ${code}`, plain(CLOSE, Buffer.from([code >> 8, code & 255])), 1002]),
  ["a close whose reason is not UTF-8", plain(CLOSE, hex("03e8 ff")), 1007],
  ["a close in fragments", plain(CLOSE, hex("03e8"), { fin: false }), 1002],
];

const compressed = [
  ["data that is no DEFLATE", plain(BINARY, hex("ff ff ff ff"), { rsv: 4 }), 1007],
  ["text that is not UTF-8 once inflated", plain(TEXT, deflated("a\xff"), { rsv: 4 }), 1007],
  ["a message above the limit once inflated", plain(TEXT, deflated("x".repeat(2000)), { rsv: 4 }), 1009],
  ["a compressed ping", plain(PING, "", { rsv: 4 }), 1002],
  ["the second reserved bit", plain(TEXT, "", { rsv: 2 }), 1002],
];

function sent(bytes, fields = {}) {
  return { answer: (socket, head) => {
    socket.write(switching(head, fields));
    socket.write(bytes);
  } };
}

function broken(result, code) {
  assert.equal(result.status, 1, `${result.lines.join("\n")} ${result.stderr}`);
  assert.ok(result.open, "it had been open");
  assert.match(result.error?.message ?? "", /\w+ \w+/);
  assert.equal(result.close?.code, code);
}

for (const [name, bytes, code] of mistakes) {
  test(`frames: ${name}: ${code}`, async () =>
    broken(await against(sent(bytes), "--deflate", "off", "--max-message", "1000"), code));
}

for (const [name, bytes, code] of compressed) {
  test(`frames, compressed: ${name}: ${code}`, async () =>
    broken(await against(sent(bytes, deflating), "--max-message", "1000"), code));
}

test("frames: what came before a mistake is told before it", async () => {
  const result = await against(sent(Buffer.concat([plain(TEXT, "fine"), plain(TEXT, hex("ff"))])));
  assert.deepEqual(result.events.map(({ event }) => event), ["open", "message", "error", "close"]);
});

test("frames: a close that comes byte by byte is a close", async () => {
  const result = await against({ answer(socket, head) {
    socket.setNoDelay(true);
    socket.write(switching(head));
    const bytes = plain(CLOSE, Buffer.concat([hex("0fa0"), Buffer.from("slowly, and with many words in its reason")]));
    let at = 0;
    const timer = setInterval(() => {
      socket.write(bytes.subarray(at, ++at));
      if (at === bytes.length)
        clearInterval(timer);
    }, 5);
  } });
  assert.equal(result.status, 0);
  assert.equal(result.error, undefined);
  assert.deepEqual(result.close, { event: "close", code: 4000, reason: "slowly, and with many words in its reason" });
});

test("frames: what comes behind the close is not told", async () => {
  const result = await against(sent(Buffer.concat([plain(CLOSE, hex("03e8")), plain(TEXT, "too late"), hex("ff ff")])));
  assert.equal(result.status, 0);
  assert.deepEqual(result.messages, []);
  assert.equal(result.close.code, 1000);
});

for (const [how, leave] of [["an end", (socket) => socket.end()], ["a reset", (socket) => socket.resetAndDestroy()]]) {
  test(`frames: ${how} at each point is 1006`, async () => {
    const text = plain(TEXT, "some words");
    for (const piece of ["", text.subarray(0, 1), text.subarray(0, 2), text.subarray(0, 5), plain(CLOSE, hex("03e8")).subarray(0, 3)]) {
      const result = await against({ answer: (socket, head) =>
        socket.write(Buffer.concat([Buffer.from(switching(head)), Buffer.from(piece)]), () => setImmediate(leave, socket)) });
      assert.equal(result.status, 1);
      assert.equal(result.close.code, 1006);
    }
  });
}

test("frames: a server that leaves without answering our close is 1006", async () => {
  const result = await against({ answer(socket, head) {
    socket.write(switching(head));
    socket.on("data", () => socket.end());
  } }, "--close", "1000");
  assert.equal(result.status, 1);
  assert.equal(result.close.code, 1006);
});

test("frames: --count is reached, and the server never answers: status 0, without waiting for ever", async () => {
  const result = await against(sent(plain(TEXT, "one")), "--count", "1");
  assert.equal(result.status, 0);
  assert.deepEqual(result.messages, ["one"]);
});

run();
