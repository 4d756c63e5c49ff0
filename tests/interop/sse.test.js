/* Event streams: npm's eventsource and raw connections against /sse. */

"use strict";

const http = require("http");
const { EventSource } = require("eventsource");
const faye = require("faye-websocket");
const { MiB, Raw, assert, eventually, instrumented, run, takeResponse, test } = require("./support.js");

const HEAD = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Cache-Control: no-cache, no-store",
  "X-Accel-Buffering: no"];

let streams = 0; /* opened so far */

/* A stream whose next() is the next message, or "open" or "error". (Its close() may leave the connection open, with the
 * fetch() of Node 18: where the server is to notice the end, it has to end the stream itself.) */
function listen(url, types = []) {
  const source = new EventSource(url);
  const waiting = [];
  const come = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  source.onopen = () => {
    streams += 1;
    put("open");
  };
  source.onerror = () => put("error");
  for (const type of ["message", ...types])
    source.addEventListener(type, ({ data, lastEventId }) => put({ type, data, id: lastEventId }));
  source.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  return source;
}

function ask(server, query, { version = "1.1", method = "GET", fields = "" } = {}) {
  streams += method === "GET";
  return new Raw(server).send(`${method} /sse?${query} HTTP/${version}\r\nHost: rill.test\r\n` +
    `Accept: text/event-stream\r\n${fields}\r\n`);
}

/* The head's lines without the Date. */
async function takeHead(raw) {
  const lines = String(await raw.takeUntil("\r\n\r\n")).slice(0, -4).split("\r\n");
  assert.equal(lines.filter((line) => line.startsWith("Date: ")).length, 1);
  return lines.filter((line) => !line.startsWith("Date: "));
}

async function closes(server) {
  return Number(await (await fetch(`${server.url}/sse?closed=1`)).text());
}

/* Until the server has noticed the end of all streams; how many that were. */
async function quiet(server) {
  await eventually(async () => await closes(server) === streams, "the end of all streams");
  return streams;
}

/* The whole body of a stream that closes by itself. */
async function body(server, query, options) {
  const raw = ask(server, `${query}&close=1`, options);
  const response = await takeResponse(raw);
  raw.destroy();
  return String(response.body);
}

test("a stream opens, events come with type and id, and the next attempt names the last one", async (server) => {
  const source = listen(`${server.url}/sse?retry=0.01&send=a%0Ab&event=tick&id=7&send=c&echo=1&close=1`, ["tick"]);
  const path = "/sse?retry=0.01&send=a%0Ab&event=tick&id=7&send=c&echo=1&close=1";
  for (const last of ["", "7"]) {
    assert.equal(await source.next(), "open");
    assert.deepEqual(await source.next(), { type: "tick", data: "a\nb", id: "7" });
    /* (This client says the id of an event alone, where browsers say the last one.) */
    assert.equal((await source.next()).data, "c");
    assert.equal((await source.next()).data, `url=${server.url}${path} last=${last}`);
    assert.equal(await source.next(), "error");
  }
  source.close();
});

test("ten thousand events arrive in order", async (server) => {
  const source = listen(`${server.url}/sse?count=10000&close=1`);
  assert.equal(await source.next(), "open");
  for (let i = 0; i < 10000; i++)
    assert.deepEqual(await source.next(), { type: "message", data: `n${i}`, id: `${i}` });
  source.close();
});

test("data of any bytes and line ends arrive as browsers read them", async (server) => {
  const data = ["", " ", "\r\n", "a\rb\nc\r\nd", "\n\n", "data: x\n\n: y", "é€😀\0", ":", "\ufeffx", "x".repeat(7000)];
  const source = listen(`${server.url}/sse?${data.map((text) => `send=${encodeURIComponent(text)}`).join("&")}&close=1`);
  assert.equal(await source.next(), "open");
  for (const text of data)
    assert.equal((await source.next()).data, text.replace(/\r\n?/g, "\n"));
  source.close();
});

test("HTTP/1.1: the head at once, then chunks, then the connection lives on", async (server) => {
  const raw = ask(server, "retry=1.5&send=x&close=1");
  assert.deepEqual(await takeHead(raw), [...HEAD, "Transfer-Encoding: chunked"]);
  assert.equal(String(await raw.takeUntil("\r\n0\r\n\r\n")),
    "f\r\nretry: 1500\r\n\r\n\r\nb\r\ndata: x\r\n\r\n\r\n0\r\n\r\n");
  raw.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal(String((await takeResponse(raw)).body), "ok");
  raw.destroy();
});

test("HTTP/1.0: no chunks, and the end of the connection is the end", async (server) => {
  const raw = ask(server, "send=x&close=1", { version: "1.0" });
  assert.deepEqual(await takeHead(raw), [...HEAD, "Connection: close"]);
  assert.equal(String(await raw.rest()), "retry: 5000\r\n\r\ndata: x\r\n\r\n");
  raw.destroy();
});

test("HEAD gets the head alone", async (server) => {
  const before = await quiet(server);
  const raw = ask(server, "send=x", { method: "HEAD" });
  assert.deepEqual(await takeHead(raw), [...HEAD, "Transfer-Encoding: chunked"]);
  raw.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await takeResponse(raw)).status, 200);
  raw.destroy();
  assert.equal(await closes(server), before);
});

test("what would break out of its line is never written", async (server) => {
  for (const end of ["%0D", "%0A", "%0D%0A", "%00"]) {
    const query = `hdr=X-A:b${end}X-Bad:c&hdr=X${end}Bad:c&send=x&event=a${end}bad:1&id=b${end}bad:2`;
    const raw = ask(server, `${query}&close=1`);
    const head = await takeHead(raw);
    assert.deepEqual(head, [...HEAD, "Transfer-Encoding: chunked"]);
    assert.equal(String(await raw.takeUntil("0\r\n\r\n")).includes("bad"), false);
    raw.destroy();
  }
  const text = String(await body(server, "send=a%0D%0A%0D%0Adata:b"));
  assert.equal(text, "retry: 5000\r\n\r\ndata: a\r\ndata: \r\ndata: data:b\r\n\r\n");
});

test("a field of the program's own is in the head", async (server) => {
  const raw = ask(server, "hdr=X-One:%201&hdr=X-Two:2&close=1");
  const head = await takeHead(raw);
  assert.ok(head.includes("X-One: 1") && head.includes("X-Two: 2"));
  raw.destroy();
});

test("a comment comes when nothing else does", async (server) => {
  const raw = ask(server, "ping=0.05");
  await takeHead(raw);
  await raw.takeUntil("\r\n:\r\n\r\n\r\n");
  await raw.takeUntil("\r\n:\r\n\r\n\r\n");
  raw.destroy();
});

test("clients that leave are noticed though nothing is sent", async (server) => {
  const before = await quiet(server);
  const raws = [];
  for (let i = 0; i < 10; i++) {
    const raw = ask(server, "ping=1000");
    await takeHead(raw);
    raws.push(raw);
  }
  assert.equal(await closes(server), before);
  raws.forEach((raw, i) => (i % 2 ? raw.socket.resetAndDestroy() : raw.destroy()));
  assert.equal(await quiet(server), before + 10);
});

test("a client that ended its side with its request gets what was sent and an orderly end", async (server) => {
  const raw = ask(server, "send=x").end();
  const response = await takeResponse(raw);
  assert.equal(String(response.body), "retry: 5000\r\n\r\ndata: x\r\n\r\n");
  assert.equal((await raw.rest()).length, 0);
  await quiet(server);
  raw.destroy();
});

test("a client that does not read is waited for and costs little", async (server) => {
  const before = server.rss();
  const raw = ask(server, "count=1000000&close=1");
  raw.socket.pause();
  await eventually(() => server.rss() > 0 && raw.socket.bytesRead === 0, "a paused socket");
  assert.equal(await (await fetch(`${server.url}/health`)).text(), "ok");
  if (!instrumented())
    assert.ok(server.rss() - before < 16 * MiB);
  raw.socket.resume();
  const { body: text } = await takeResponse(raw);
  assert.ok(String(text.subarray(-40)).endsWith("id: 999999\r\ndata: n999999\r\n\r\n"));
  raw.destroy();
});

test("what asks for events is what faye-websocket takes for it, and any case and parameters besides", async (server) => {
  const accepts = { "text/event-stream": true, "text/html, text/event-stream": true, "*/*": false, "text/html": false,
    "text/event-stream;q=0.9": "ours", "TEXT/EVENT-STREAM": "ours", "text/event-stream;q=0": false };
  for (const [accept, want] of Object.entries(accepts)) {
    const theirs = faye.EventSource.isEventSource({ method: "GET", headers: { accept } });
    assert.equal(theirs, want === true, accept);
    const raw = new Raw(server).send(`GET /sse?close=1 HTTP/1.1\r\nHost: a\r\nAccept: ${accept}\r\n\r\n`);
    const { status, headers } = await takeResponse(raw);
    streams += headers["content-type"] === "text/event-stream";
    assert.equal(status, 200);
    assert.equal(headers["content-type"] === "text/event-stream", Boolean(want), accept);
    raw.destroy();
  }
});

test("what is sent is what faye-websocket sends", async (server) => {
  const events = [["a", {}], ["b\nc\r\nd\re", { event: "t" }], ["", { id: "1" }], ["x", { event: "t", id: "é" }]];
  const peer = http.createServer((request, response) => {
    const source = new faye.EventSource(request, response, { retry: 2.5 });
    for (const [data, fields] of events)
      source.send(data, fields);
    source.close();
  });
  await new Promise((resolve) => peer.listen(0, "127.0.0.1", resolve));
  const { port } = peer.address();
  const theirs = new Raw({ host: "127.0.0.1", port });
  theirs.send("GET / HTTP/1.0\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
  const want = (await takeResponse(theirs)).body;
  theirs.destroy();
  peer.close();
  const query = events.map(([data, fields]) => new URLSearchParams({ send: data, ...fields }));
  const ours = await body(server, `retry=2.5&${query.join("&")}`, { version: "1.0" });
  assert.equal(Buffer.from(ours).toString(), want.toString());
});

test("any other request gets an ordinary 200", async (server) => {
  for (const method of ["GET", "POST", "PUT"])
    assert.equal((await fetch(`${server.url}/sse`, { method })).status, 200);
  const posted = await fetch(`${server.url}/sse`, { method: "POST", headers: { Accept: "text/event-stream" } });
  assert.equal(posted.headers.get("content-type"), "text/plain");
});

run();
