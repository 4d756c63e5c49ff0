/* The public rules of Engine.IO, revision 4, by requests and frames written by hand: handshakes, polls, WebSockets,
 * heartbeats, the upgrade and the ends, each with what else may be sent. */

"use strict";

const { Raw, assert, eventually, frame, handshake, run, takeClose, takeFrame, takeHead, takeResponse, test } = require("./support.js");
const { Polling, SEPARATOR, Socket, ask, expectError, ours, request, upgrade } = require("./engineio.js");
const zlib = require("zlib");

const PATH = "/engine.io/";
const MAX = 1000000;

/* Handshakes. */

test("a session begins by a poll, and says what holds for it", async (server) => {
  const { status, headers, text } = await ask(server, "GET", `${PATH}?EIO=4&transport=polling`);
  assert.deepEqual([status, headers["content-type"], headers["cache-control"], headers["set-cookie"]],
    [200, "text/plain; charset=UTF-8", "no-store", undefined]);
  assert.equal(Number(headers["content-length"]), text.length);
  const { sid, ...rest } = JSON.parse(text.slice(1));
  assert.deepEqual(rest, { upgrades: ["websocket"], pingInterval: 300, pingTimeout: 200, maxPayload: MAX });
  assert.match(sid, /^[A-Za-z0-9_-]{20}$/);
});

test("a session begins by a WebSocket, which is nothing to upgrade", async (server) => {
  const socket = await Socket.begin(server);
  const { sid, ...rest } = socket.handshake;
  assert.deepEqual(rest, { upgrades: [], pingInterval: 300, pingTimeout: 200, maxPayload: MAX });
  assert.match(sid, /^[A-Za-z0-9_-]{20}$/);
  socket.send("4hello");
  assert.equal(await socket.take(), "4hello");
  socket.destroy();
});

test("ids are not given twice", async (server) => {
  const sids = await Promise.all(Array.from({ length: 200 }, async () => (await Polling.open(server)).sid));
  assert.equal(new Set(sids).size, 200);
  assert.equal(new Set(sids.map((sid) => sid.slice(0, 8))).size, 200, "they cannot be guessed from one another");
});

const queries = {
  "": 0,
  "?EIO=4": 0,
  "?EIO=4&transport=": 0,
  "?EIO=4&transport=abc": 0,
  "?EIO=4&transport=Polling": 0,
  "?EIO=4&transport=constructor": 0,
  "?EIO=4&transport=polling&transport=abc": 0,
  "?transport=polling": 5,
  "?EIO=&transport=polling": 5,
  "?EIO=3&transport=polling": 5,
  "?EIO=5&transport=polling": 5,
  "?EIO=04&transport=polling": 5,
  "?EIO=abc&transport=polling": 5,
  "?EIO=4&EIO=3&transport=polling": 5,
  "?EIO=4&transport=polling&sid=": null, /* as none */
  "?EIO=4&transport=polling&sid=abc": 1,
  "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA": 1,
  "?EIO=4&transport=polling&sid=__proto__": 1,
  "?EIO=3&transport=polling&sid=abc": 1,
  "?EIO=4&transport=websocket": 3, /* and no upgrade */
};

test("queries that are wrong are refused in the order of their mistakes", async (server) => {
  for (const [query, code] of Object.entries(queries)) {
    const answer = await ask(server, "GET", `${PATH}${query}`);
    if (code === null)
      assert.equal(answer.status, 200, query);
    else
      expectError(answer, code);
    assert.equal(answer.headers["access-control-allow-origin"], "*", query);
  }
});

test("of a key that is repeated the last counts, and keys nobody knows do not", async (server) => {
  for (const query of ["EIO=3&EIO=4&transport=abc&transport=polling", "t=abc&x&=&EIO=4&b64=1&transport=polling&t=1", "EIO=%34&transport=poll%69ng"])
    assert.equal((await ask(server, "GET", `${PATH}?${query}`)).status, 200, query);
});

test("a session begins by GET alone", async (server) => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"])
    expectError(await ask(server, method, `${PATH}?EIO=4&transport=polling`), 2);
});

test("WebSockets that are wrong are refused", async (server) => {
  for (const query of ["?EIO=4", "?EIO=4&transport=abc", "?EIO=3&transport=websocket", "?EIO=abc&transport=websocket",
    "?transport=websocket", "?EIO=4&transport=websocket&sid=abc", "?EIO=4&transport=polling"]) {
    const raw = new Raw(server).send(handshake({}, { line: `GET ${PATH}${query} HTTP/1.1` }));
    const { status } = await takeHead(raw);
    assert.ok(status === 400 || (status === 101 && query.includes("websocket")), query);
    if (status === 101) /* and the refusal is its closing */
      assert.equal((await takeFrame(raw)).opcode, 8);
    raw.destroy();
  }
});

test("nothing stands beside the service", async (server) => {
  for (const path of ["/", "/engine.io?EIO=4&transport=polling", "/engine.iox/?EIO=4&transport=polling"])
    assert.notEqual((await ask(server, "GET", path)).headers["content-type"], "text/plain; charset=UTF-8", path);
});

/* Pages of elsewhere. */

test("pages of anywhere may ask, and look at every answer", async (server) => {
  const headers = { Origin: "http://page.test" };
  const session = await Polling.open(server);
  for (const answer of [await ask(server, "GET", `${PATH}?EIO=4&transport=polling`, { headers }),
    await ask(server, "GET", `${PATH}?EIO=4&transport=abc`, { headers }), await session.post("4a", { headers })])
    assert.equal(answer.headers["access-control-allow-origin"], "*");
});

test("what a page asks to be allowed is allowed", async (server) => {
  const answer = await ask(server, "OPTIONS", `${PATH}?EIO=4&transport=polling`, { headers: { Origin: "http://page.test",
    "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-a" } });
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal(answer.headers["access-control-allow-origin"], "*");
  assert.equal(answer.headers["access-control-allow-methods"], "GET,HEAD,PUT,PATCH,POST,DELETE");
  assert.equal(answer.headers["access-control-allow-headers"], "content-type,x-a");
  assert.match(answer.headers.vary, /Access-Control-Request-Headers/);
});

/* Polling. */

test("what is posted comes by a poll: text, bytes, several at once", async (server) => {
  const session = await Polling.open(server);
  for (const packets of [["4hello"], ["4"], ["4a", "4b", "4c"], ["bAQIDBA=="], ["4text", "bAQIDBA==", "4é😀\u2028"], ["b"]]) {
    await session.send(...packets);
    for (const packet of packets)
      assert.equal(await session.take(), packet);
  }
});

test("the answer to a POST is ok", async (server) => {
  const session = await Polling.open(server);
  const { status, headers, text } = await session.post("4a");
  assert.deepEqual([status, headers["content-type"], text], [200, "text/html", "ok"]);
});

test("a poll waits until there is something, and takes all there is", async (server) => {
  const session = await Polling.open(server);
  const raw = session.hold();
  await session.send("4a");
  assert.equal(String((await takeResponse(raw)).body), "4a");
  raw.destroy();
  await session.send("4b", "4c", "4d");
  assert.deepEqual(await session.poll(), ["4b", "4c", "4d"]);
});

test("bytes come back whatever they are, and their base64 as it has to be", async (server) => {
  const session = await Polling.open(server);
  for (const size of [0, 1, 2, 3, 4, 255, 256, 257, 10000]) {
    const packet = `b${Buffer.from(Array.from({ length: size }, (_, i) => i % 256)).toString("base64")}`;
    await session.send(packet);
    assert.equal(await session.take(), packet);
  }
});

for (const [what, body] of Object.entries({ "an unknown digit": "abc", nothing: "", "an empty packet": `4a${SEPARATOR}${SEPARATOR}4b`,
  "a digit above": "7", "a ping": "2" })) {
  /* (The reference server answers some of them by 200 before it closes.) */
  test(`${what} in a POST ends the session`, async (server) => {
    const session = await Polling.open(server, { pongs: false });
    const { status } = await session.post(body);
    assert.ok([200, 400].includes(status), `${status}`);
    await eventually(() => session.gone(), "400");
  });
}

ours("what comes before a mistake in a body is heard, what comes behind is not", async (server) => {
  const session = await Polling.open(server);
  const raw = session.hold();
  await session.post(["4before", "x", "4behind"].join(SEPARATOR));
  assert.match(String((await takeResponse(raw)).body), /^4before\x1e?|^1$|^6$/);
  raw.destroy();
  await eventually(() => session.gone(), "400");
});

test("bytes as they are are no body of revision 4", async (server) => {
  const session = await Polling.open(server);
  const { status } = await session.post("4a", { headers: { "Content-Type": "application/octet-stream" } });
  assert.equal(status, 400);
  await eventually(() => session.gone(), "400");
});

test("a second poll ends the session, and the first is told", async (server) => {
  const session = await Polling.open(server, { pongs: false });
  const first = session.hold();
  await eventually(() => first.socket.bytesWritten > 0 && !first.socket.connecting, "the first poll");
  await new Promise((resolve) => setTimeout(resolve, 20)); /* both are new connections: which is read first? */
  const second = await session.get();
  const held = await takeResponse(first);
  assert.equal(second.status, 400);
  assert.deepEqual([held.status, String(held.body)], [200, "1"]);
  assert.equal(await session.gone(), true);
  first.destroy();
});

test("a second POST while one is under way ends the session", async (server) => {
  const session = await Polling.open(server, { pongs: false });
  const first = new Raw(server).send(request("POST", session.url(), { headers: { "Content-Length": 10 } })).send("4");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await session.post("4a")).status, 400);
  await eventually(() => session.gone(), "400");
  first.destroy();
});

test("methods that a session does not know are refused", async (server) => {
  const session = await Polling.open(server);
  for (const method of ["PUT", "DELETE", "PATCH"])
    assert.equal((await ask(server, method, session.url())).status, 500, method);
});

test("a poll that the client gives up ends the session", async (server) => {
  const session = await Polling.open(server);
  const raw = session.hold();
  await eventually(() => !raw.socket.connecting, "it");
  await new Promise((resolve) => setTimeout(resolve, 20));
  raw.destroy();
  await eventually(async () => (await ask(server, "POST", session.url(), { body: "4a" })).status === 400, "400");
});

test("bodies up to the limit are taken, and larger ones are not", async (server) => {
  const session = await Polling.open(server);
  const large = `4${"x".repeat(MAX - 1)}`;
  await session.send(large);
  assert.equal(await session.take(), large);
  const more = await session.post(`${large}x`);
  assert.deepEqual([more.status, more.text], [413, ""]);
});

test("large bodies that come in chunks are counted as they come", async (server) => {
  const session = await Polling.open(server);
  const raw = new Raw(server).send(request("POST", session.url(), { headers: { "Content-Length": null, "Transfer-Encoding": "chunked" } }));
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65536, "4"), Buffer.from("\r\n")]);
  for (let i = 0; i < 17 && !raw.ended; i++)
    raw.send(chunk);
  assert.equal((await takeHead(raw)).status, 413);
  raw.destroy();
});

test("large answers are compressed for those who take that, and small ones are not", async (server) => {
  const session = await Polling.open(server);
  const headers = { "Accept-Encoding": "gzip" };
  const large = `4${"x".repeat(5000)}`;
  await session.send(large);
  let answer = await session.get({ headers });
  if (answer.text === "2")
    answer = await session.get({ headers });
  assert.equal(answer.headers["content-encoding"], "gzip");
  assert.equal(String(zlib.gunzipSync(answer.body)), large);
  await session.send("3", "4small");
  answer = await session.get({ headers });
  assert.equal(answer.headers["content-encoding"], undefined);
});

test("who knows a session by its id alone is answered wherever it comes from", async (server) => {
  const session = await Polling.open(server);
  const raw = new Raw(server);
  for (let i = 0; i < 50; i++) {
    raw.send(request("POST", session.url("polling", `&t=${i}`), { body: `4${i}` })).send(request("GET", session.url()));
    assert.equal(String((await takeResponse(raw)).body), "ok");
    const { body } = await takeResponse(raw);
    assert.ok(String(body).split(SEPARATOR).includes(`4${i}`));
  }
  raw.destroy();
});

/* WebSocket. */

test("messages come back by a WebSocket: text, bytes, nothing", async (server) => {
  const socket = await Socket.begin(server);
  for (const packet of ["4hello", "4", "4é😀\u2028\x1e4", Buffer.from([1, 2, 3, 4]), Buffer.alloc(0), Buffer.from("4")]) {
    socket.send(packet);
    assert.deepEqual(await socket.take(), packet);
  }
  socket.destroy();
});

for (const [what, packet] of Object.entries({ "an unknown packet": "abc", "an empty text": "", "a digit above": "7", "a ping": "2" })) {
  test(`${what} ends a WebSocket`, async (server) => {
    const socket = await Socket.begin(server);
    socket.send(packet);
    assert.deepEqual((await socket.rest()).filter((rest) => rest !== "1"), []);
    expectError(await ask(server, "GET", `${PATH}?EIO=4&transport=polling&sid=${socket.sid}`), 1);
  });
}

test("a message above the limit ends a WebSocket with 1009", async (server) => {
  const socket = await Socket.begin(server, { pongs: false });
  socket.send(`4${"x".repeat(MAX - 1)}`);
  assert.equal((await socket.take()).length, MAX);
  socket.raw.send(frame(1, `4${"x".repeat(MAX)}`));
  assert.equal((await takeClose(socket.raw)).code, 1009);
  socket.destroy();
});

test("a session of one transport is not to be polled", async (server) => {
  const socket = await Socket.begin(server);
  for (const method of ["GET", "POST"])
    expectError(await ask(server, method, `${PATH}?EIO=4&transport=polling&sid=${socket.sid}`), 3);
  socket.send("4alive");
  assert.equal(await socket.take(), "4alive");
  socket.destroy();
});

/* Heartbeats. */

test("a session that polls lives as long as it answers pings", async (server) => {
  const session = await Polling.open(server, { pongs: false });
  for (let i = 0; i < 4; i++) {
    assert.equal(await session.take(), "2");
    await session.send("3");
  }
  assert.equal(await session.take(), "2");
  await eventually(() => session.gone(), "400");
});

test("a session by a WebSocket lives as long as it answers pings", async (server) => {
  const socket = await Socket.begin(server, { pongs: false });
  for (let i = 0; i < 4; i++) {
    assert.equal(await socket.take(), "2");
    socket.send("3");
  }
  assert.deepEqual((await socket.rest()).filter((packet) => packet !== "1"), ["2"]);
});

test("a session that nobody comes back to is gone", async (server) => {
  const { sid } = await Polling.open(server);
  await eventually(async () => {
    const { status, text } = await ask(server, "POST", `${PATH}?EIO=4&transport=polling&sid=${sid}`, { body: "4a" });
    return status === 400 && JSON.parse(text).code === 1;
  }, "error 1");
});

test("pongs that nobody asked for do no harm", async (server) => {
  const socket = await Socket.begin(server);
  socket.send("3", "3", "3probe", "4a");
  assert.equal(await socket.take(), "4a");
  socket.destroy();
});

/* Ends. */

test("a client that polls closes, and its poll is answered", async (server) => {
  const session = await Polling.open(server, { pongs: false });
  const raw = session.hold();
  await eventually(() => !raw.socket.connecting, "it");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await session.post("1")).status, 200);
  assert.equal(String((await takeResponse(raw)).body), "6");
  assert.equal(await session.gone(), true);
  raw.destroy();
});

test("a client closes its WebSocket by a packet", async (server) => {
  const socket = await Socket.begin(server, { pongs: false });
  socket.send("1");
  /* (The reference server waits until its ping is not answered.) */
  assert.deepEqual((await socket.rest()).filter((packet) => packet !== "2"), []);
});

test("a client closes its WebSocket by a frame", async (server) => {
  const socket = await Socket.begin(server);
  socket.raw.send(frame(8, Buffer.from([3, 232])));
  assert.deepEqual(await socket.rest(), []);
  expectError(await ask(server, "GET", `${PATH}?EIO=4&transport=polling&sid=${socket.sid}`), 1);
});

/* The upgrade. */

test("a session goes over from polling to a WebSocket", async (server) => {
  const session = await Polling.open(server);
  const socket = await upgrade(session);
  socket.send("5", "4hello");
  assert.equal(await socket.take(), "4hello");
  socket.send(Buffer.from([1]));
  assert.deepEqual(await socket.take(), Buffer.from([1]));
  socket.destroy();
});

test("behind the probe a held poll is emptied, so that the client can go over", async (server) => {
  const session = await Polling.open(server, { pongs: false });
  const raw = session.hold();
  const socket = await upgrade(session);
  assert.equal(String((await takeResponse(raw)).body), "6");
  raw.send(request("GET", session.url()));
  assert.match(String((await takeResponse(raw)).body), /^(6|2)$/);
  socket.send("5", "4a");
  assert.equal(await socket.take(), "4a");
  socket.destroy();
  raw.destroy();
});

test("what was sent by polling and what by the WebSocket keep their order", async (server) => {
  const session = await Polling.open(server);
  for (let i = 0; i < 5; i++)
    await session.send(`4post ${i}`);
  const socket = await upgrade(session);
  await session.send("4between");
  socket.send("5", "4socket 0", Buffer.from("socket 1"));
  for (const packet of ["4post 0", "4post 1", "4post 2", "4post 3", "4post 4", "4between", "4socket 0", Buffer.from("socket 1")])
    assert.deepEqual(await socket.take(), packet);
  socket.destroy();
});

test("behind the upgrade requests of the session are refused, and so is another WebSocket", async (server) => {
  const session = await Polling.open(server);
  const socket = await upgrade(session);
  socket.send("5", "4a");
  assert.equal(await socket.take(), "4a");
  expectError(await session.get(), 3);
  expectError(await session.post("4b"), 3);
  const second = await Socket.open(server, { query: session.url("websocket").slice(PATH.length) });
  second.send("2probe");
  assert.deepEqual(await second.rest(), []);
  socket.send("4alive");
  assert.equal(await socket.take(), "4alive");
  socket.destroy();
});

test("while one WebSocket is upgrading another is closed", async (server) => {
  const session = await Polling.open(server);
  const socket = await upgrade(session);
  const second = await Socket.open(server, { query: session.url("websocket").slice(PATH.length) });
  second.send("2probe");
  assert.deepEqual(await second.rest(), []);
  socket.send("5", "4a");
  assert.equal(await socket.take(), "4a");
  socket.destroy();
});

for (const probe of ["2", "2other", "3probe", "4message", "1", "6", "0", "x", "", Buffer.from("2probe")]) {
  test(`a probe that is ${JSON.stringify(String(probe))}${Buffer.isBuffer(probe) ? " in bytes" : ""} closes the WebSocket, not the session`, async (server) => {
    const session = await Polling.open(server);
    const socket = await Socket.open(server, { query: session.url("websocket").slice(PATH.length), pongs: false });
    socket.send(probe);
    assert.deepEqual(await socket.rest(), []);
    await session.send("4alive");
    assert.equal(await session.take(), "4alive");
  });
}

test("a WebSocket that is cut behind its probe leaves the session to polling", async (server) => {
  const session = await Polling.open(server);
  const socket = await upgrade(session);
  socket.destroy();
  await session.send("4alive");
  let packet;
  do
    packet = await session.take();
  while (packet === "6");
  assert.equal(packet, "4alive");
  const again = await upgrade(session);
  again.send("5", "4a");
  assert.equal(await again.take(), "4a");
  again.destroy();
});

test("a session that ends while it upgrades ends the WebSocket, too", async (server) => {
  const session = await Polling.open(server);
  const socket = await upgrade(session);
  await session.post("1");
  assert.deepEqual((await socket.rest()).filter((packet) => packet !== "1"), []);
});

test("two hundred sessions at once upgrade and echo", async (server) => {
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const session = await Polling.open(server);
    await session.send(`4post ${i}`);
    const socket = await upgrade(session);
    socket.send("5", `4socket ${i}`);
    assert.equal(await socket.take(), `4post ${i}`);
    assert.equal(await socket.take(), `4socket ${i}`);
    socket.destroy();
  }));
});

run({ args: ["engineio-suite", "--port", "0", "--quiet"] });
