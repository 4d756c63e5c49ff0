/* Socket.IO 0.5 and 0.6: clients that mean no good, and what WebSockets carry in every split. */

"use strict";

const { KiB, MiB, Raw, assert, closeFrame, eventually, frame: wsFrame, handshake, instrumented, run, takeClose, takeFrame,
  takeHead, takeResponse, test } = require("./support.js");
const { APP, DRAFT_76, FORM, KINDS, OVER_HTTP, RESOURCE, ask, decode, encode, form, frame, kinds, open, pathOf, post, request,
  sendPathOf, settled, teller } = require("./socketio0.js");

const IN_ALL = encode("echo:é", { op: "echo", v: "😀" }, "echo:z");
const BACK = ["é", '~j~{"echo":"😀"}', "z"];
const DRAFT_76_BODY = "^n:ds[4U";

function text(batch) {
  return Buffer.concat([Buffer.from([0]), Buffer.from(batch), Buffer.from([0xff])]);
}

/* A WebSocket behind its session id and welcome. */
async function openHybi(server, name = "websocket") {
  const raw = new Raw(server).send(handshake({}, { line: `GET ${RESOURCE}/${name} HTTP/1.1` }));
  assert.equal((await takeHead(raw)).status, 101);
  await takeHybi(raw, 2);
  return raw;
}

async function takeHybi(raw, count) {
  const bodies = [];
  while (bodies.length < count) {
    const { opcode, payload } = await takeFrame(raw);
    assert.equal(opcode, 1);
    bodies.push(...decode(String(payload)));
  }
  return bodies.filter((body) => !body.startsWith("~h~"));
}

function hixieHead(draft, path = pathOf("websocket")) {
  const head = request("GET", path, { headers: { Upgrade: "WebSocket", Connection: "Upgrade", Origin: "http://page.test",
    ...draft === 76 ? DRAFT_76 : {} } });
  return draft === 76 ? Buffer.concat([head, Buffer.from(DRAFT_76_BODY)]) : head;
}

async function openHixie(server, draft) {
  const raw = new Raw(server).send(hixieHead(draft));
  await skipHixieHead(raw, draft);
  await takeHixie(raw, 2);
  return raw;
}

async function skipHixieHead(raw, draft) {
  assert.equal((await takeHead(raw))?.status, 101);
  if (draft === 76)
    assert.equal(String(await raw.take(16)), "8jKS'y:G*Co,Wxa-");
}

async function takeHixie(raw, count) {
  const bodies = [];
  while (bodies.length < count) {
    const bytes = await raw.takeUntil("\xff");
    assert.equal(bytes?.[0], 0);
    bodies.push(...decode(bytes.toString("utf8", 1, bytes.length - 1)).filter((body) => !body.startsWith("~h~")));
  }
  return bodies;
}

/* Sends bytes in two pieces, the second when the server has seen the first. */
async function sendCut(server, raw, bytes, cut) {
  raw.send(bytes.subarray(0, cut));
  await ask(server, "GET", "/health");
  raw.send(bytes.subarray(cut));
}

/* Splits. */

test("websocket: a message may come in any two pieces, byte by byte, and in any two frames", async (server) => {
  const bytes = wsFrame(1, IN_ALL);
  const raw = await openHybi(server);
  for (let cut = 1; cut < bytes.length; cut++) {
    await sendCut(server, raw, bytes, cut);
    assert.deepEqual(await takeHybi(raw, 3), BACK);
  }
  await raw.sendBytewise(bytes);
  assert.deepEqual(await takeHybi(raw, 3), BACK);
  const payload = Buffer.from(IN_ALL);
  for (let cut = 0; cut <= payload.length; cut++) {
    raw.send(Buffer.concat([wsFrame(1, payload.subarray(0, cut), { fin: false }), wsFrame(9, "p"), wsFrame(0, payload.subarray(cut))]));
    assert.equal((await takeFrame(raw)).opcode, 10);
    assert.deepEqual(await takeHybi(raw, 3), BACK);
  }
  raw.destroy();
});

for (const draft of [75, 76]) {
  test(`websocket of draft ${draft}: a message may come in any two pieces, and byte by byte`, async (server) => {
    const raw = await openHixie(server, draft);
    const bytes = text(IN_ALL);
    for (let cut = 1; cut < bytes.length; cut++) {
      await sendCut(server, raw, bytes, cut);
      assert.deepEqual(await takeHixie(raw, 3), BACK);
    }
    await raw.sendBytewise(bytes);
    assert.deepEqual(await takeHixie(raw, 3), BACK);
    raw.destroy();
  });

  test(`websocket of draft ${draft}: a message may come right behind the request, byte by byte, too`, async (server) => {
    for (const bytewise of [false, true]) {
      const bytes = Buffer.concat([hixieHead(draft), text(IN_ALL)]);
      const raw = new Raw(server);
      await (bytewise ? raw.sendBytewise(bytes) : raw.send(bytes));
      await skipHixieHead(raw, draft);
      assert.deepEqual((await takeHixie(raw, 5)).slice(2), BACK);
      raw.destroy();
    }
  });
}

test("websocket of draft 76: the head is answered before the eight bytes come, and the id behind them", async (server) => {
  const raw = new Raw(server).send(hixieHead(76).subarray(0, -8));
  assert.equal((await takeHead(raw)).status, 101);
  assert.equal(raw.length, 0);
  raw.send(DRAFT_76_BODY);
  assert.equal(String(await raw.take(16)), "8jKS'y:G*Co,Wxa-");
  await takeHixie(raw, 2);
  raw.destroy();
});

test("the answers to the drafts say where and for whom, as old clients check", async (server) => {
  for (const [draft, first, prefix] of [[75, "HTTP/1.1 101 Web Socket Protocol Handshake", "websocket"],
    [76, "HTTP/1.1 101 WebSocket Protocol Handshake", "sec-websocket"]]) {
    const path = pathOf("flashsocket");
    const raw = new Raw(server).send(hixieHead(draft, path));
    const line = String(await raw.takeUntil("\r\n"));
    assert.equal(line, `${first}\r\n`);
    const head = String(await raw.takeUntil("\r\n\r\n")).toLowerCase();
    assert.ok(head.includes("upgrade: websocket\r\n") && head.includes("connection: upgrade\r\n"));
    assert.ok(head.includes(`${prefix}-origin: http://page.test\r\n`));
    assert.ok(head.includes(`${prefix}-location: ws://rill.test${path}\r\n`));
    raw.destroy();
  }
});

test("websocket of draft 76: FF 00 is answered so", async (server) => {
  const raw = await openHixie(server, 76);
  raw.send(Buffer.from([0xff, 0]));
  assert.deepEqual([...await raw.rest()], [0xff, 0]);
  raw.destroy();
});

/* What WebSockets may not say. */

test("a binary message closes a WebSocket with 1003", async (server) => {
  for (const payload of ["", "x", encode("echo:x")]) {
    const raw = await openHybi(server);
    raw.send(wsFrame(2, payload));
    assert.equal((await takeClose(raw)).code, 1003);
    raw.destroy();
  }
});

test("a message above the limit closes a WebSocket with 1009, be it announced or in pieces", async (server) => {
  const one = await openHybi(server);
  one.send(wsFrame(1, "", { length: 2 ** 40, form: 64 }));
  assert.equal((await takeClose(one)).code, 1009);
  one.destroy();
  const many = await openHybi(server);
  const piece = "x".repeat(MiB);
  many.send(wsFrame(1, piece, { fin: false }));
  const close = takeClose(many);
  for (let i = 0; i < 17 && !many.ended; i++)
    many.send(wsFrame(0, piece, { fin: false }));
  assert.equal((await close).code, 1009);
  many.destroy();
});

test("broken frames close a WebSocket as RFC 6455 says", async (server) => {
  for (const [bytes, code] of [[wsFrame(1, "x", { mask: false }), 1002], [wsFrame(3, "x"), 1002], [wsFrame(1, "x", { rsv: 4 }), 1002],
    [wsFrame(0, "x"), 1002], [wsFrame(1, Buffer.from([0xff])), 1007], [wsFrame(9, "x".repeat(126)), 1002]]) {
    const raw = await openHybi(server);
    raw.send(bytes);
    assert.equal((await takeClose(raw)).code, code);
    raw.destroy();
  }
});

test("a WebSocket's Close is answered", async (server) => {
  for (const code of [1000, 1001, 3000, 4999]) {
    const raw = await openHybi(server);
    raw.send(closeFrame(code, "bye"));
    assert.equal((await takeClose(raw)).code, code);
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  }
});

test("WebSocket handshakes that are none are refused, and begin no client", async (server) => {
  const other = await teller(server);
  await eventually(async () => {
    await other.send("count");
    return (await other.next()).count === 1;
  }, "the others have gone");
  const get = `GET ${RESOURCE}/websocket HTTP/1.1`;
  for (const bytes of [handshake({ "Sec-WebSocket-Key": "short" }, { line: get }), handshake({ "Sec-WebSocket-Key": null,
    Upgrade: "websocket" }, { line: get }), handshake({ "Sec-WebSocket-Version": "99" }, { line: get }),
  handshake({ Connection: null }, { line: get }), hixieHead(76).toString("latin1").replace("4 @1  46546xW%0l 1 5", "12345")]) {
    const raw = new Raw(server).send(bytes);
    const answer = await takeResponse(raw);
    assert.ok(answer === null || answer.status >= 400, String(answer?.status));
    raw.destroy();
  }
  await other.send("count");
  await other.expect({ count: 1 });
  await other.cut();
});

/* Lengths, depths, endless things. */

for (const kind of KINDS) {
  test(`${kind}: frames that lie about their length, and signs without sense, bring nothing down`, async (server) => {
    const client = await open(server, kind);
    for (const batch of ["~m~99999999999999999999999~m~x", "~m~-1~m~x", "~m~1e3~m~x", "~m~ 5~m~abcde", "~m~5", "~m~~m~", "~m", "~",
      "~m~0~m~", "~m~3~m~😀😀", "~m~1~m~😀", frame("~h~"), frame("~h~99999999999999999999"), frame("~h~-1"), frame("~j~"),
      frame(`~j~${"[".repeat(100000)}`), frame(`~j~${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`), frame("~j~\u0000"),
      "~m~0~m~".repeat(10000), frame("~m~"), "x".repeat(100000)])
      client.sendRaw(batch);
    await client.settle();
    await client.cut();
  });
}

test("a body of a million empty frames is read in time, and others are served meanwhile", async (server) => {
  const [client, other] = [await open(server, "xhr-polling"), await teller(server)];
  await Promise.all([client.post(`data=${"~m~0~m~".repeat(1000000)}`), settled(other)]);
  await client.settle();
  await Promise.all([client.cut(), other.cut()]);
});

test("what is posted at once, more than fits any queue, comes back or ends its client alone", async (server) => {
  const [client, other] = [await open(server, "xhr-polling"), await teller(server)];
  await client.rest();
  const batch = form(encode(`echo:${"x".repeat(4 * MiB)}`));
  for (let i = 0; i < 6; i++) {
    const { status } = await post(server, "xhr-polling", client.sid, batch);
    assert.ok([200, 404].includes(status), `${status}`);
  }
  await settled(other);
  const { status } = await ask(server, "GET", client.path());
  assert.ok([200, 404].includes(status));
  await other.cut();
});

test("endless heads are refused", async (server) => {
  for (const [line, status] of [[`GET ${RESOURCE}/xhr-polling//${"1".repeat(9 * KiB)} HTTP/1.1\r\n`, 414],
    [`GET ${RESOURCE}/xhr-polling//1 HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(17 * KiB)}\r\n\r\n`, 431]]) {
    const raw = new Raw(server).send(line);
    assert.equal((await takeResponse(raw)).status, status);
    raw.destroy();
  }
});

test("session ids of any look are not found, in any place of a path", async (server) => {
  for (const id of ["~", "%00", "..", "a".repeat(4000), "%f0%9f%98%80", "1;2", "-1", "<script>", "'"]) {
    for (const kind of OVER_HTTP) {
      const { name } = kinds[kind];
      assert.equal((await ask(server, "GET", `${RESOURCE}/${name}/${id}/1/0`)).status, 404);
      assert.equal((await post(server, name, id, form(encode("x")))).status, 404);
    }
  }
});

test("a body that is cut off is not told, and its client goes on", async (server) => {
  for (const kind of OVER_HTTP) {
    const client = await open(server, kind);
    const body = form(encode("all:lost"));
    for (const field of [`Content-Length: ${body.length + 1}`, "Transfer-Encoding: chunked"]) {
      const raw = new Raw(server).send(`POST ${sendPathOf(client.facts.name, client.sid)} HTTP/1.1\r\nHost: a\r\nContent-Type: ${FORM}\r\n${
        field}\r\n\r\n${field.startsWith("T") ? `${body.length.toString(16)}\r\n${body}\r\n` : body}`);
      await ask(server, "GET", "/health");
      raw.destroy();
    }
    await client.settle();
    client.expectNothing();
    await client.cut();
  }
});

/* Many. */

test("thousands of half-open clients come and go, and leave nothing behind", async (server) => {
  const other = await teller(server);
  const round = async () => {
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 100 }, async (_, n) => {
        const raw = new Raw(server);
        const kind = ["xhr-polling", "htmlfile", "xhr-multipart", "websocket"][n % 4];
        raw.send(kind === "websocket" ? hixieHead(75) : request("GET", pathOf(kind)));
        await raw.take(1);
        raw.destroy();
      }));
    }
    await eventually(async () => {
      await other.send("count");
      return (await other.next()).count === 1;
    }, "they have gone");
  };
  await round();
  const before = server.rss();
  await round();
  await round();
  await other.settle();
  if (!instrumented())
    assert.ok(server.rss() - before < 8 * MiB, `${server.rss() - before} bytes more`);
  await other.cut();
});

test("requests that begin and do not go on keep nobody from anything", async (server) => {
  const waiting = Array.from({ length: 500 }, (_, i) => new Raw(server).send([`GET ${RESOURCE}/xhr-po`, `POST ${RESOURCE}/xhr-polling/1/send`,
    hixieHead(76).subarray(0, -3), "<policy-file"][i % 4]));
  const client = await open(server, "websocket");
  for (let i = 0; i < 20; i++)
    await client.settle();
  await client.cut();
  waiting.forEach((raw) => raw.destroy());
});

run(APP);
