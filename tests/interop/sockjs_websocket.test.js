/* SockJS over WebSockets: framed, also as hixie-76 and hixie-75 speak it, and raw. */

"use strict";

const crypto = require("crypto");
const { KiB, MiB, Raw, assert, closeFrame, closeRaw, frame, handshake, run, takeClose, takeFrame, takeHead, takeResponse,
  test } = require("./support.js");
const { GO_AWAY, ask, body, expectError, fresh, openFramed, openSocket, ours, takeMessages, takeText } = require("./sockjs.js");

const NO_HANDSHAKE = "Not a valid websocket request";
const ONLY_6455 = "Only supported WebSocket protocol is RFC 6455.";

const TEXT = 1;
const BINARY = 2;
const PING = 9;
const PONG = 10;

/* Handshakes. */

async function upgrade(server, path, fields) {
  const raw = new Raw(server).send(handshake(fields, { line: `GET ${path} HTTP/1.1` }));
  const response = await takeResponse(raw);
  raw.destroy();
  return { ...response, text: String(response.body) };
}

for (const path of ["/echo/000/x/websocket", "/echo/websocket"]) {
  test(`GET ${path} without an upgrade is refused`, async (server) => {
    expectError(await ask(server, "GET", path), 400, NO_HANDSHAKE);
  });

  test(`GET ${path} whose upgrade is to something else, or not the connection's, is refused`, async (server) => {
    expectError(await upgrade(server, path, { Upgrade: "something", Connection: "Upgrade" }), 400, NO_HANDSHAKE);
    for (const connection of ["close", "keep-alive", "xUpgrade"])
      expectError(await upgrade(server, path, { Connection: connection }), 400, NO_HANDSHAKE);
    expectError(await upgrade(server, path, { Connection: null }), 400, NO_HANDSHAKE);
    expectError(await upgrade(server, path, { Upgrade: null }), 400, NO_HANDSHAKE);
  });

  test(`GET ${path} upgrades as RFC 6455 says, without a length`, async (server) => {
    const raw = await openSocket(server, path, { "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==", Origin: "http://page.test" });
    const { headers } = raw.response;
    assert.equal(headers["sec-websocket-accept"], "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
    assert.equal(headers.connection.toLowerCase(), "upgrade");
    assert.equal(headers.upgrade.toLowerCase(), "websocket");
    for (const name of ["content-length", "transfer-encoding", "sec-websocket-protocol", "sec-websocket-extensions",
      "set-cookie"])
      assert.equal(headers[name], undefined, name);
    raw.destroy();
  });

  test(`GET ${path} takes no compression unless the program wants it`, async (server) => {
    const raw = await openSocket(server, path, { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" });
    assert.equal(raw.response.headers["sec-websocket-extensions"], undefined);
    raw.destroy();
  });

  test(`GET ${path} takes any case, lists and a query`, async (server) => {
    (await openSocket(server, `${path}?t=1`, { Upgrade: "WebSocket", Connection: "keep-alive, uPGRADE" })).destroy();
    (await openSocket(server, `${path}/`, { "Sec-WebSocket-Protocol": "a, b" })).destroy();
  });
}

test("a version that is not known is refused", async (server) => {
  for (const version of ["0", "7", "12", "14", "x"]) {
    assert.ok([400, 426].includes((await upgrade(server, "/echo/000/x/websocket", { "Sec-WebSocket-Version": version })).status));
    expectError(await upgrade(server, "/echo/websocket", { "Sec-WebSocket-Version": version }), 400, ONLY_6455);
  }
});

/* Framed. */

test("o comes first, an array of messages is echoed one by one", async (server) => {
  const raw = await openFramed(server);
  raw.send(frame(TEXT, '["a"]'));
  assert.equal(await takeText(raw), 'a["a"]');
  raw.send(frame(TEXT, '[ "b" , "c" ] '));
  assert.deepEqual(await takeMessages(raw, 2), ["b", "c"]);
  await closeRaw(raw);
});

test("nothing and an empty array are no messages", async (server) => {
  const raw = await openFramed(server);
  for (const text of ["", "[]", "", '["a"]'])
    raw.send(frame(TEXT, text));
  assert.equal(await takeText(raw), 'a["a"]');
  await closeRaw(raw);
});

test("a string alone is a message", async (server) => {
  const raw = await openFramed(server);
  raw.send(frame(TEXT, '"a"'));
  assert.equal(await takeText(raw), 'a["a"]');
  await closeRaw(raw);
});

ours("values that are no strings are delivered as their JSON", async (server) => {
  const raw = await openFramed(server);
  raw.send(frame(TEXT, '[1,null,{"a":[]}]')).send(frame(TEXT, '{"b":1}')).send(frame(TEXT, "17"));
  assert.deepEqual(await takeMessages(raw, 5), ["1", "null", '{"a":[]}', '{"b":1}', "17"]);
  await closeRaw(raw);
});

for (const text of ['["a', "[", "x", '["a",]', "['a']", '["a"]]', '"a', "{", '["\ud83d"'.slice(0, 2)]) {
  test(`${text} is broken framing and ends the connection`, async (server) => {
    const raw = await openFramed(server);
    raw.send(frame(TEXT, text));
    assert.deepEqual(await takeClose(raw), { code: 3000, reason: "Broken framing." });
    raw.send(closeFrame(3000));
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  });
}

ours("a message that comes together with the handshake is answered behind o", async (server) => {
  const raw = new Raw(server).send(Buffer.concat([
    Buffer.from(handshake({}, { line: `GET ${fresh()}/websocket HTTP/1.1` })), frame(TEXT, '["early"]')]));
  assert.equal((await takeHead(raw)).status, 101);
  assert.equal(await takeText(raw), "o");
  assert.equal(await takeText(raw), 'a["early"]');
  await closeRaw(raw);
});

test("messages in fragments, with pings between, are whole", async (server) => {
  const raw = await openFramed(server);
  raw.send(frame(TEXT, '["gr', { fin: false })).send(frame(PING, "?")).send(frame(0, 'üße"', { fin: false })).send(frame(0, "]"));
  const pong = await takeFrame(raw);
  assert.deepEqual([pong.opcode, String(pong.payload)], [PONG, "?"]);
  assert.equal(await takeText(raw), 'a["grüße"]');
  await closeRaw(raw);
});

test("all units come back, halves of surrogate pairs too", async (server) => {
  const raw = await openFramed(server);
  for (let from = 0; from < 0x10000; from += 0x4000) {
    const message = String.fromCharCode(...Array.from({ length: 0x4000 }, (_, i) => from + i));
    raw.send(frame(TEXT, body([message])));
    assert.ok(JSON.parse((await takeText(raw)).slice(1))[0] === message, `U+${from.toString(16)}`);
  }
  await closeRaw(raw);
});

test("messages of 2^0 to 2^20 bytes come back", async (server) => {
  const raw = await openFramed(server);
  for (let bits = 0; bits <= 20; bits++) {
    const message = "x".repeat(2 ** bits);
    raw.send(frame(TEXT, `["${message}"]`));
    assert.ok(await takeText(raw) === `a["${message}"]`, `2^${bits}`);
  }
  await closeRaw(raw);
});

ours("a message above 16 MiB is too big", async (server) => {
  const raw = await openFramed(server);
  raw.send(frame(TEXT, "", { length: 16 * MiB + KiB }));
  assert.equal((await takeClose(raw)).code, 1009);
  raw.destroy();
});

test("a message above 64 MiB is too big", async (server) => {
  const raw = await openFramed(server);
  raw.send(frame(TEXT, "", { length: 64 * MiB + 1 }));
  assert.equal((await takeClose(raw)).code, 1009);
  raw.destroy();
});

test("a client that closes is answered with its code", async (server) => {
  for (const [code, reason] of [[1000, ""], [1001, "bye"], [3000, "grüße"], [4999, ""]]) {
    const raw = await openFramed(server);
    raw.send(closeFrame(code, reason));
    assert.equal((await takeClose(raw)).code, code);
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  }
});

test("a close of the program's is a frame of SockJS, then 1000", async (server) => {
  const raw = await openFramed(server, "/close");
  assert.equal(await takeText(raw), GO_AWAY);
  assert.deepEqual(await takeClose(raw), { code: 1000, reason: "Normal closure" });
  raw.send(closeFrame(1000));
  assert.equal((await raw.rest()).length, 0);
  raw.destroy();
});

test("what breaks RFC 6455 closes as RFC 6455 says", async (server) => {
  for (const [bytes, ...codes] of [
    [frame(TEXT, Buffer.from([0xff])), 1007],
    [frame(TEXT, Buffer.from('["\ud800"]'.replace("\ud800", "\xed\xa0\x80"), "latin1")), 1007],
    [frame(TEXT, "[]", { mask: false }), 1002, 1003],
    [frame(TEXT, "[]", { rsv: 4 }), 1002],
    [frame(3, "[]"), 1002],
    [frame(0, "[]"), 1002],
    [frame(PING, "x", { fin: false }), 1002],
    [frame(8, "x"), 1002],
    [closeFrame(1005), 1002],
    [closeFrame(999), 1002],
  ]) {
    const raw = await openFramed(server);
    raw.send(bytes);
    const { code } = await takeClose(raw);
    assert.ok(codes.includes(code), `${bytes.toString("hex")}: ${code}`);
    raw.destroy();
  }
});

test("the same ids may be used by many at once, and again", async (server) => {
  const path = `${fresh()}/websocket`;
  const raws = await Promise.all([openSocket(server, path), openSocket(server, path)]);
  for (const [i, raw] of raws.entries()) {
    assert.equal(await takeText(raw), "o");
    raw.send(frame(TEXT, `["${i}"]`));
  }
  for (const [i, raw] of raws.entries())
    assert.equal(await takeText(raw), `a["${i}"]`);
  await closeRaw(raws[0]);
  await closeRaw(raws[1]);
  const again = await openSocket(server, path);
  assert.equal(await takeText(again), "o");
  await closeRaw(again);
});

test("amplify, ticker and broadcast work here too", async (server) => {
  const loud = await openFramed(server, "/amplify");
  loud.send(frame(TEXT, '["18","1"]'));
  const [large, ...small] = await takeMessages(loud, 2);
  assert.ok(large === "x".repeat(2 ** 18));
  assert.deepEqual(small, ["xx"]);
  await closeRaw(loud);
  const clock = await openFramed(server, "/ticker");
  assert.equal(await takeText(clock), 'a["tick!"]');
  await closeRaw(clock);
  const crowd = await Promise.all([openFramed(server, "/broadcast"), openFramed(server, "/broadcast")]);
  crowd[0].send(frame(TEXT, '["all"]'));
  for (const raw of crowd) {
    assert.equal(await takeText(raw), 'a["all"]');
    await closeRaw(raw);
  }
});

/* The drafts. */

const HIXIE75 = { Upgrade: "WebSocket", "Sec-WebSocket-Key": null, "Sec-WebSocket-Version": null, Origin: "http://page.test" };
const HIXIE76 = { ...HIXIE75, "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00" };
const NONCE = "^n:ds[4U";

function number(key) {
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(Number(key.replace(/\D/g, "")) / key.replace(/[^ ]/g, "").length);
  return answer;
}

const DIGEST = crypto.createHash("md5").update(number(HIXIE76["Sec-WebSocket-Key1"]))
  .update(number(HIXIE76["Sec-WebSocket-Key2"])).update(NONCE).digest();

function text76(message) {
  return Buffer.concat([Buffer.from([0]), Buffer.from(message), Buffer.from([0xff])]);
}

async function takeText76(raw) {
  const bytes = await raw.takeUntil("\xff");
  assert.equal(bytes[0], 0);
  return bytes.toString("utf8", 1, bytes.length - 1);
}

test("hixie-76: the answer comes before the eight bytes, so that balancers see it, then the digest, then o", async (server) => {
  const path = `${fresh()}/websocket`;
  const raw = await openSocket(server, path, HIXIE76);
  assert.equal(raw.response.headers["sec-websocket-origin"], "http://page.test");
  assert.equal(raw.response.headers["sec-websocket-location"], `ws://rill.test${path}`);
  assert.equal(raw.length, 0);
  raw.send(NONCE);
  assert.deepEqual(await raw.take(16), DIGEST);
  assert.equal(await takeText76(raw), "o");
  raw.send(text76('["a"]'));
  assert.equal(await takeText76(raw), 'a["a"]');
  raw.destroy();
});

test("hixie-76: the program's close is a frame and the end", async (server) => {
  const raw = await openSocket(server, `${fresh("/close")}/websocket`, HIXIE76);
  raw.send(NONCE);
  assert.deepEqual(await raw.take(16), DIGEST);
  assert.equal(await takeText76(raw), "o");
  assert.equal(await takeText76(raw), GO_AWAY);
  raw.send(Buffer.from([0xff, 0]));
  assert.ok(["", "ff00"].includes((await raw.rest()).toString("hex")));
  raw.destroy();
});

test("hixie-75: o and echoes", async (server) => {
  const raw = await openSocket(server, `${fresh()}/websocket`, HIXIE75);
  assert.equal(await takeText76(raw), "o");
  raw.send(text76('["grüße"]'));
  assert.equal(await takeText76(raw), 'a["grüße"]');
  raw.destroy();
});

/* Raw. */

test("raw: the drafts are refused", async (server) => {
  expectError(await upgrade(server, "/echo/websocket", HIXIE75), 400, ONLY_6455);
  expectError(await upgrade(server, "/echo/websocket", HIXIE76), 400, ONLY_6455);
});

test("raw: texts go as they are, and there is no o", async (server) => {
  const raw = await openSocket(server, "/echo/websocket");
  for (const text of ["Hello world!\uffff", "", "a", '["a"]', "[", "o", "c[3000,\"Go away!\"]", "\0", "😀".repeat(10000)]) {
    raw.send(frame(TEXT, text));
    assert.equal(await takeText(raw), text);
  }
  await closeRaw(raw);
});

test("raw: the program's close has its own code and reason", async (server) => {
  const raw = await openSocket(server, "/close/websocket");
  assert.deepEqual(await takeClose(raw), { code: 3000, reason: "Go away!" });
  raw.send(closeFrame(3000));
  assert.equal((await raw.rest()).length, 0);
  raw.destroy();
});

test("raw: amplify makes messages of 2^n", async (server) => {
  const raw = await openSocket(server, "/amplify/websocket");
  raw.send(frame(TEXT, "18"));
  assert.ok(await takeText(raw) === "x".repeat(2 ** 18));
  await closeRaw(raw);
});

test("raw: bytes are answered or refused, and harm nobody", async (server) => {
  const raw = await openSocket(server, "/echo/websocket");
  raw.send(frame(BINARY, "abc")).send(closeFrame(1000));
  assert.notEqual((await takeClose(raw)).code, 1006);
  raw.destroy();
});

run();
