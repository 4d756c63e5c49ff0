/* The two drafts from before RFC 6455. No client speaks them any more, so raw connections do; what
 * the test server answers is compared with what the server side of websocket-driver 0.7.4, which
 * old clients were written against, answers to the same bytes. */

"use strict";

const crypto = require("crypto");
const driver = require("websocket-driver");
const { KiB, MiB, Raw, assert, run, takeResponse, test } = require("./support.js");

const HIXIE75 = { Upgrade: "WebSocket", Connection: "Upgrade", Host: "rill.test", Origin: "http://page.test" };
/* The draft's own sample. */
const HIXIE76 = { ...HIXIE75, "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00" };
const BODY = "^n:ds[4U";
const ANSWER = "8jKS'y:G*Co,Wxa-";
const TERMINATOR = Buffer.from([0xff, 0x00]);

function head(fields) {
  return `GET /ws HTTP/1.1\r\n${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/* What websocket-driver says to that head and those bytes, echoing what comes. */
function reference(fields, bytes) {
  const headers = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
  const server = driver.http({ method: "GET", url: "/ws", headers, connection: {} }, { maxLength: 64 * MiB });
  const said = [];
  server.io.on("data", (data) => said.push(Buffer.from(data)));
  server.messages.on("data", (text) => server.text(text));
  server.start();
  server.io.write(Buffer.from(bytes, "latin1"));
  return Buffer.concat(said);
}

function text(message) {
  return Buffer.concat([Buffer.from([0]), Buffer.from(message), Buffer.from([0xff])]);
}

function latin1(...parts) {
  return parts.map((part) => (typeof part === "string" ? part : part.toString("latin1"))).join("");
}

/* Both ways of cutting; the answer has to be the reference's, byte for byte. */
async function expectLikeReference(server, fields, bytes) {
  const wanted = reference(fields, bytes);
  for (const bytewise of [false, true]) {
    const raw = new Raw(server);
    if (bytewise)
      await raw.sendBytewise(head(fields) + bytes);
    else
      raw.send(head(fields) + bytes);
    const got = await raw.take(wanted.length);
    assert.equal(got.toString("latin1"), wanted.toString("latin1"));
    raw.end();
    assert.equal((await raw.rest()).length, 0, "nothing more");
  }
}

const conversations = [
  ["the handshake alone", ""],
  ["one text", latin1(text("hello"))],
  ["texts glued together", latin1(text("one"), text(""), text("three"))],
  ["a text of many characters", latin1(text("grüße 🌊 ".repeat(100)))],
  ["a frame with a length is skipped", latin1(Buffer.from([0x80, 3, 1, 2, 3]), text("after"))],
  ["a frame of length 0 is skipped", latin1(Buffer.from([0x80, 0]), text("after"))],
  ["a frame with a length of two bytes is skipped", latin1(Buffer.from([0x80, 0x81, 0x02]), Buffer.alloc(130, 7), text("after"))],
];

for (const [what, bytes] of conversations) {
  test(`hixie-75: ${what}, as websocket-driver answers it`, (server) => expectLikeReference(server, HIXIE75, bytes));
  test(`hixie-76: ${what}, as websocket-driver answers it`, (server) => expectLikeReference(server, HIXIE76, BODY + bytes));
}

test("hixie-75: without an Origin the answer has none", async (server) => {
  const { Origin, ...fields } = HIXIE75;
  await expectLikeReference(server, fields, latin1(text("hello")));
  assert.ok(Origin);
});

test("hixie-76: FF 00 is answered by FF 00 and the end", async (server) => {
  await expectLikeReference(server, HIXIE76, latin1(BODY, text("last"), TERMINATOR));
});

test("hixie-76: the draft's sample is answered by the draft's answer", async (server) => {
  const raw = new Raw(server).send(head(HIXIE76) + BODY);
  assert.equal((await takeResponse(raw)).status, 101);
  assert.equal(String(await raw.take(16)), ANSWER);
  raw.destroy();
});

test("hixie-76: the head comes before the eight bytes have been sent", async (server) => {
  const raw = new Raw(server).send(head(HIXIE76));
  assert.equal((await takeResponse(raw)).status, 101);
  assert.equal(raw.length, 0);
  for (const byte of BODY)
    raw.send(byte);
  assert.equal(String(await raw.take(16)), ANSWER);
  raw.send(text("hello"));
  assert.deepEqual(await raw.take(7), text("hello"));
  raw.destroy();
});

test("hixie-76: random keys are answered as websocket-driver answers them", async (server) => {
  for (let i = 0; i < 50; i++) {
    const key = () => {
      const spaces = crypto.randomInt(1, 12);
      const digits = String(spaces * crypto.randomInt(1, Math.floor(4294967295 / spaces)));
      return `${digits[0]}x${" ".repeat(spaces)}!${digits.slice(1)}z`;
    };
    const body = crypto.randomBytes(8).toString("latin1");
    const fields = { ...HIXIE76, "Sec-WebSocket-Key1": key(), "Sec-WebSocket-Key2": key() };
    const raw = new Raw(server).send(head(fields) + body);
    const wanted = reference(fields, body);
    assert.equal((await raw.take(wanted.length)).toString("latin1"), wanted.toString("latin1"));
    raw.destroy();
  }
});

for (const [what, key] of [["no spaces", "12345"], ["a number its spaces do not divide", "1 2 3"], ["the number 0", "0 0"],
  ["no digits", "a b"], ["a quotient above 2^32 - 1", "9 99999999999999999999"]]) {
  test(`hixie-76: a key with ${what} is refused`, async (server) => {
    const raw = new Raw(server).send(head({ ...HIXIE76, "Sec-WebSocket-Key1": key }) + BODY);
    assert.equal((await takeResponse(raw)).status, 400);
    raw.destroy();
  });
}

test("hixie-76: one key without the other is refused", async (server) => {
  const { "Sec-WebSocket-Key2": missing, ...fields } = HIXIE76;
  const raw = new Raw(server).send(head(fields) + BODY);
  assert.equal((await takeResponse(raw)).status, 400);
  raw.destroy();
  assert.ok(missing);
});

test("hixie: a skipped frame may hold FF and 00, which brought websocket-driver down", async (server) => {
  const raw = new Raw(server).send(head(HIXIE75));
  await takeResponse(raw);
  raw.send(Buffer.from([0x80, 4, 0xff, 0x00, 0xff, 0xff])).send(text("alive"));
  assert.deepEqual(await raw.take(7), text("alive"));
  raw.destroy();
});

test("hixie: bytes that are no UTF-8 come back as U+FFFD", async (server) => {
  const raw = new Raw(server).send(head(HIXIE75));
  await takeResponse(raw);
  raw.send(Buffer.from([0x00, 0x61, 0xc3, 0x28, 0x62, 0xff]));
  assert.deepEqual(await raw.take(8), text("a\ufffd(b"));
  raw.destroy();
});

test("hixie: a length above the limit and an endless one end the connection", async (server) => {
  for (const bytes of [Buffer.from([0x80, 0xff, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(64, 0xff).fill(0x80, 0, 1)]) {
    const raw = new Raw(server).send(head(HIXIE75));
    await takeResponse(raw);
    raw.send(bytes);
    await raw.rest();
    raw.destroy();
  }
});

test("hixie: a large text comes back whole", async (server) => {
  const raw = new Raw(server).send(head(HIXIE76) + BODY);
  await takeResponse(raw);
  await raw.take(16);
  const message = text("x".repeat(8 * MiB + 3 * KiB));
  raw.send(message);
  assert.ok((await raw.take(message.length)).equals(message));
  raw.destroy();
});

run();
