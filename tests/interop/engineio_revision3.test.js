/* Revision 3 of Engine.IO, which clients of Socket.IO 2 speak, by requests and frames written by hand: bodies with
 * lengths, bodies of bytes, JSONP, heartbeats the other way round. And revision 4 beside it. */

"use strict";

const { assert, eventually, run, takeResponse, test } = require("./support.js");
const { Polling, Socket, ask, expectError, upgrade } = require("./engineio.js");

const PATH = "/engine.io/";
const OLD = { eio: 3 };

function readOpen(text) {
  const [, length, packet] = /^(\d+):0(.*)$/.exec(text) ?? assert.fail(text);
  assert.equal(Number(length), packet.length + 1);
  return JSON.parse(packet);
}

test("a session of revision 3 begins for whoever does not say 4", async (server) => {
  for (const query of ["EIO=3&", "EIO=2&", "", "EIO=abc&", "EIO=4&EIO=3&"]) {
    const { status, text } = await ask(server, "GET", `${PATH}?${query}transport=polling&b64=1`);
    assert.equal(status, 200, text);
    const { upgrades, pingInterval, pingTimeout, sid } = readOpen(text);
    assert.deepEqual([upgrades, pingInterval, pingTimeout, sid.length], [["websocket"], 300, 200, 20]);
  }
  assert.equal((await ask(server, "GET", `${PATH}?EIO=4&transport=polling`)).text[0], "0");
});

/* The client says that it takes no bytes. */
async function openText(server) {
  const session = new Polling(server, OLD);
  session.sid = readOpen((await ask(server, "GET", `${PATH}?EIO=3&transport=polling&b64=1`)).text).sid;
  session.url = (transport, more = "") => `${PATH}?EIO=3&transport=polling&b64=1&sid=${session.sid}${more}`;
  return session;
}

test("texts have their lengths in front, in UTF-16 units", async (server) => {
  const session = await openText(server);
  for (const packets of [["4hello"], ["4"], ["4a", "4b:c", "43:4ab"], ["4grüße", "4日本語", "4😀"]]) {
    await session.send(...packets);
    assert.deepEqual(await session.poll(), packets);
  }
});

test("bytes are base64 for those who ask for that", async (server) => {
  const session = await openText(server);
  await session.send("b4AQIDBA==", "4a");
  assert.deepEqual(await session.poll(), ["b4AQIDBA==", "4a"]);
});

/* Bodies of bytes: for each packet 0 or 1, the digits of its length, 255, the packet. */

function encode(...packets) {
  return Buffer.concat(packets.map((packet) => {
    const binary = Buffer.isBuffer(packet);
    const data = binary ? Buffer.concat([Buffer.from([4]), packet]) : Buffer.from(packet);
    return Buffer.concat([Buffer.from([binary ? 1 : 0, ...Array.from(String(data.length), Number), 255]), data]);
  }));
}

function decode(body) {
  const packets = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf(255, at);
    const start = end + 1 + body[at];
    const length = Number(body.subarray(at + 1, end).join(""));
    const data = body.subarray(start, end + 1 + length);
    packets.push(body[at] ? Buffer.from(data) : String(data));
    at = end + 1 + length;
  }
  return packets;
}

test("bytes make a body of bytes for everybody else", async (server) => {
  const session = await Polling.open(server, OLD);
  const headers = { "Content-Type": "application/octet-stream" };
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 256));
  for (const packets of [[bytes], ["4hello", bytes, "4grüße 😀", Buffer.alloc(0)]]) {
    const { status, text } = await session.post(encode(...packets), { headers });
    assert.deepEqual([status, text], [200, "ok"]);
    const answer = await session.get();
    assert.equal(answer.headers["content-type"], "application/octet-stream");
    assert.deepEqual(decode(answer.body), packets);
  }
  await session.send("4text alone");
  const answer = await session.get();
  assert.equal(answer.headers["content-type"], "text/plain; charset=UTF-8");
  assert.equal(answer.text, "11:4text alone");
});

for (const [what, body] of Object.entries({ "a length that is too large": "100:4a", "no length": "4a", "a length of nothing": ":4a",
  "a length that is none": "x:4a", "a negative length": "-1:4a", "a length without end": "1".repeat(1000) })) {
  test(`${what} ends the session`, async (server) => {
    const session = await openText(server);
    assert.ok([200, 400].includes((await session.post(body)).status));
    await eventually(() => session.gone(), "400");
  });
}

for (const [what, body] of Object.entries({ "bytes that end early": [1, 9, 255, 4, 1], "bytes without a mark": [1, 1, 1, 1, 1],
  "a kind that is none": [7, 2, 255, 4, 1], "digits that are none": [1, 77, 255, 4], "a length of 400 digits": [1, ...Array(400).fill(9), 255] })) {
  test(`${what} end the session`, async (server) => {
    const session = await Polling.open(server, OLD);
    const { status } = await session.post(Buffer.from(body), { headers: { "Content-Type": "application/octet-stream" } });
    assert.ok([200, 400].includes(status), `${status}`);
    await session.post("2:4a");
    await eventually(() => session.gone(), "400");
  });
}

/* Heartbeats: the client's. */

test("the server answers pings, and sends none", async (server) => {
  const session = await openText(server);
  await session.send("2");
  assert.deepEqual(await session.poll(), ["3"]);
  const socket = await Socket.open(server, { query: "?EIO=3&transport=websocket", pongs: false });
  assert.equal((await socket.take())[0], "0");
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.send("2");
    assert.equal(await socket.take(), "3");
  }
  socket.destroy();
});

test("a client that does not ping is gone", async (server) => {
  const session = await openText(server);
  await eventually(() => session.gone().catch(() => false), "400");
  const socket = await Socket.open(server, { query: "?EIO=3&transport=websocket" });
  assert.equal((await socket.take())[0], "0");
  assert.deepEqual((await socket.rest()).filter((packet) => packet !== "1"), []);
});

/* WebSockets. */

test("bytes on a WebSocket begin with their type", async (server) => {
  const socket = await Socket.open(server, { query: "?EIO=3&transport=websocket" });
  await socket.take();
  for (const packet of ["4hello", "4", Buffer.from([4, 1, 2]), Buffer.from([4])]) {
    socket.send(packet);
    assert.deepEqual(await socket.take(), packet);
  }
  socket.destroy();
});

test("a session of revision 3 goes over to a WebSocket", async (server) => {
  const session = await Polling.open(server, OLD);
  await session.send("4post");
  const socket = await upgrade(session);
  socket.send("5", Buffer.from([4, 7]));
  assert.equal(await socket.take(), "4post");
  assert.deepEqual(await socket.take(), Buffer.from([4, 7]));
  expectError(await session.get(), 3);
  socket.destroy();
});

/* JSONP. */

function unwrap(text, index) {
  const [, found, string] = /^___eio\[(\d+)\]\((".*")\);$/s.exec(text) ?? assert.fail(text);
  assert.equal(found, index);
  return JSON.parse(string);
}

async function openScript(server) {
  const answer = await ask(server, "GET", `${PATH}?EIO=3&transport=polling&j=0`);
  assert.match(answer.headers["content-type"], /^text\/(javascript|plain); charset=UTF-8$/);
  const session = new Polling(server, OLD);
  session.sid = readOpen(unwrap(answer.text, "0")).sid;
  session.url = (transport, more = "") => `${PATH}?EIO=3&transport=polling&j=0&sid=${session.sid}${more}`;
  return session;
}

function postForm(session, text) {
  const form = `d=${encodeURIComponent(text.replace(/\\n/g, "\\\\n").replace(/\n/g, "\\n"))}`;
  return session.post(form, { headers: { "Content-Type": "application/x-www-form-urlencoded" } });
}

test("scripts bring packets, and forms send them", async (server) => {
  const session = await openScript(server);
  for (const text of ["hello", "grüße \u2028\u2029 😀", "two\nlines", "a \\n that is none", "\" ' < > & + = %", "</script>"]) {
    const { status, text: said } = await postForm(session, `${text.length + 1}:4${text}`);
    assert.deepEqual([status, said], [200, "ok"]);
    const answer = await session.get();
    assert.equal(/[\u2028\u2029]/.test(answer.text), false);
    assert.equal(unwrap(answer.text, "0"), `${text.length + 1}:4${text}`);
  }
  await postForm(session, "7:b4AQID");
});

test("of the index only digits are used", async (server) => {
  for (const [j, index] of [["7", "7"], ["1);alert(1);(", "11"], ["abc12", "12"]]) {
    const { text } = await ask(server, "GET", `${PATH}?EIO=3&transport=polling&j=${j}`);
    readOpen(unwrap(text, index));
  }
});

/* Ends. */

test("a client closes by a packet, and its poll is answered", async (server) => {
  const session = await openText(server);
  const raw = session.hold();
  await eventually(() => !raw.socket.connecting, "it");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await session.post("1:1")).status, 200);
  assert.equal(String((await takeResponse(raw)).body), "1:6");
  assert.equal(await session.gone(), true);
  raw.destroy();
});

run({ args: ["engineio-suite", "--port", "0", "--quiet", "--eio3"] });
