/* `rill connect` and event streams: servers in node and of faye-websocket, and the rules by which it comes back.
 * RILL names the program. */

"use strict";

const faye = require("faye-websocket");
const http = require("http");
const { connect } = require("./connect.js");
const { assert, run, test } = require("./support.js");

const STREAM = { "Content-Type": "text/event-stream" };

/* answer(request, response, n): the n-th request, from 1. */
async function using(answer, body) {
  let n = 0;
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push(request);
    answer(request, response, ++n);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await body(`http://127.0.0.1:${server.address().port}/`, requests);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test("events are told with type, id and data; --count ends it with status 0", () => using((request, response) => {
  assert.equal(request.headers.accept, "text/event-stream");
  assert.equal(request.headers["x-mine"], "yes");
  response.writeHead(200, { ...STREAM, "X-Theirs": "too" });
  response.write("\ufeff: a comment\n\ndata: one\n\nevent: news\r\nid: 7\r\ndata: two\r\ndata: lines\r\n\r\n");
  response.write("data\r\rdata: é\u{1f30a}\n\ndata: never told\n\n");
}, async (url) => {
  const { status, events, open, close } = await connect("--header", "X-Mine: yes", "--count", "4", url).done();
  assert.equal(status, 0);
  assert.deepEqual([open.status, open.protocol, open.extensions, open.headers["x-theirs"]], [200, "", "", "too"]);
  assert.deepEqual(events.filter(({ event }) => event === "message"), [
    { event: "message", kind: "text", data: "one", type: "message", id: "" },
    { event: "message", kind: "text", data: "two\nlines", type: "news", id: "7" },
    { event: "message", kind: "text", data: "", type: "message", id: "7" },
    { event: "message", kind: "text", data: "é\u{1f30a}", type: "message", id: "7" },
  ]);
  assert.deepEqual(close, { event: "close", code: 1000, reason: "" });
}));

test("a stream of faye-websocket", () => using((request, response) => {
  assert.ok(faye.EventSource.isEventSource(request));
  const stream = new faye.EventSource(request, response, { ping: 0.05, retry: 1 });
  stream.send("first\nand second", { event: "update", id: "a1" });
  stream.send("last");
}, async (url) => {
  const { status, events } = await connect("--count", "2", url).done();
  assert.equal(status, 0);
  const [first, last] = events.filter(({ event }) => event === "message");
  assert.deepEqual(first, { event: "message", kind: "text", data: "first\nand second", type: "update", id: "a1" });
  assert.deepEqual([last.data, last.type], ["last", "message"]);
}));

test("a stream that was open is opened again where it stopped; 204 ends it with status 0", () =>
  using((request, response, n) => {
    if (n === 3)
      return response.writeHead(204).end();
    response.writeHead(200, STREAM);
    response.end(`retry: 10\nid: ${n}\ndata: ${n}\n\n`);
  }, async (url, requests) => {
    const { status, events, close } = await connect(url).done();
    assert.equal(status, 0);
    assert.deepEqual(events.map(({ event, data }) => data ?? event),
      ["open", "1", "error", "open", "2", "error", "close"]);
    assert.match(events[2].message, /again/);
    assert.deepEqual(requests.map(({ headers }) => headers["last-event-id"]), [undefined, "1", "2"]);
    assert.equal(close.code, 1000);
  }));

for (const [name, status, headers, words] of [["404", 404, STREAM, /404/], ["500", 500, STREAM, /500/],
  ["204 at once", 204, {}, /204/], ["another type", 200, { "Content-Type": "text/html" }, /type|event-stream/i]]) {
  test(`${name}: an error with its status, and status 1`, () =>
    using((request, response) => response.writeHead(status, headers).end(), async (url) => {
      const result = await connect(url).done();
      assert.equal(result.status, 1);
      assert.match(result.error.message, words);
      assert.equal(result.error.status, status);
      assert.equal(result.close.code, 1006);
      assert.equal(result.open, undefined);
    }));
}

test("redirects are followed", () => using((request, response) => {
  if (request.url === "/")
    return response.writeHead(307, { Location: "/there?x=1" }).end();
  response.writeHead(200, STREAM);
  response.write(`data: ${request.url}\n\n`);
}, async (url) => {
  const { status, messages } = await connect("--count", "1", url).done();
  assert.equal(status, 0);
  assert.deepEqual(messages, ["/there?x=1"]);
}));

test("a first attempt that nobody answers is a failure, not a beginning of many", () =>
  using((request) => request.socket.destroy(), async (url, requests) => {
    const { status, close } = await connect(url).done();
    assert.equal(status, 1);
    assert.equal(close.code, 1006);
    assert.equal(requests.length, 1);
  }));

test("a server that is silent is given up after --timeout", () => using(() => {}, async (url) => {
  const { status, error } = await connect("--timeout", "0.3", url).done();
  assert.equal(status, 1);
  assert.match(error.message, /not answered after/);
}));

test("SIGINT closes it with status 0, also while it waits to come back", async () => {
  await using((request, response) => response.writeHead(200, STREAM).write(": hello\n\n"), async (url) => {
    const client = connect(url);
    await client.event("open");
    client.child.kill("SIGINT");
    const { status, close } = await client.done();
    assert.deepEqual([status, close.code], [0, 1000]);
  });
  await using((request, response) => response.writeHead(200, STREAM).end("retry: 60000\n\n"), async (url) => {
    const client = connect(url);
    await client.event("error");
    client.child.kill("SIGINT");
    assert.equal((await client.done()).status, 0);
  });
});

test("--close ends it once it is open", () => using((request, response) => {
  response.writeHead(200, STREAM).write("data: never told\n\n");
}, async (url) => {
  const { status, messages, close } = await connect("--close", "1000", url).done();
  assert.deepEqual([status, messages, close.code], [0, [], 1000]);
}));

test("a reader that is slow gets every event", () => {
  const EVENTS = 400, SIZE = 65536;
  return using((request, response) => {
    response.writeHead(200, STREAM);
    for (let i = 0; i < EVENTS; i++)
      response.write(`data: ${"z".repeat(SIZE)}\n\n`);
  }, async (url) => {
    const client = connect("--count", String(EVENTS), url);
    client.child.stdout.pause();
    setTimeout(() => client.child.stdout.resume(), 500);
    const { status, messages } = await client.done();
    assert.equal(status, 0);
    assert.ok(messages.length === EVENTS && messages.every(({ length }) => length === SIZE));
  });
});

run();
