/* SockJS and the rules of HTTP: versions, reused connections, pipelines, bodies; and the cookie for balancers. */

"use strict";

const { Raw, assert, frame, run, takeHead, takeResponse, test } = require("./support.js");
const { GO_AWAY, Receiver, STREAMS, ask, expectEcho, fetchMessages, fresh, openFramed, openSession, openStream, ours,
  poll, receivers, request, send } = require("./sockjs.js");

const GREETING = "Welcome to SockJS!\n";
const COOKIE = "JSESSIONID=dummy; path=/";

/* Versions. */

test("HTTP/1.0: the greeting has no chunks, and an end", async (server) => {
  const raw = new Raw(server).send(request("GET", "/echo/", { version: "1.0", headers: { Connection: "keep-alive" } }));
  const { headers } = await takeHead(raw);
  assert.equal(headers["transfer-encoding"], undefined);
  if (headers["content-length"] === undefined) {
    assert.notEqual(headers.connection, "keep-alive");
    assert.equal(String(await raw.rest()), GREETING);
  } else {
    assert.equal(String(await raw.take(Number(headers["content-length"]))), GREETING);
    if (headers.connection === "keep-alive") {
      raw.send(request("GET", "/echo/"));
      assert.equal(String((await takeResponse(raw)).body), GREETING);
    } else {
      assert.equal((await raw.rest()).length, 0);
    }
  }
  raw.destroy();
});

for (const name of STREAMS) {
  test(`HTTP/1.0: ${name} has neither chunks nor length, and ends with the connection`, async (server) => {
    const { method, query, wrap } = receivers[name];
    for (const connection of ["keep-alive", "close", null]) {
      const raw = new Raw(server).send(request(method, `${fresh("/close")}/${name}${query}`,
        { version: "1.0", headers: { Connection: connection } }));
      const { status, headers } = await takeHead(raw);
      assert.equal(status, 200);
      assert.equal(headers["transfer-encoding"], undefined);
      assert.equal(headers["content-length"], undefined);
      assert.notEqual(headers.connection, "keep-alive");
      assert.ok(String(await raw.rest()).endsWith(wrap("o") + wrap(GO_AWAY)));
      raw.destroy();
    }
  });
}

test("HTTP/1.0: a poll and a message", async (server) => {
  const path = fresh();
  const ask10 = (url, options) => ask(server, "POST", `${path}/${url}`, { version: "1.0", ...options });
  assert.equal((await ask10("xhr")).text, "o\n");
  assert.equal((await ask10("xhr_send", { body: '["a"]' })).status, 204);
  assert.equal((await ask10("xhr")).text, 'a["a"]\n');
});

test("HTTP/1.1: one connection serves greeting after greeting", async (server) => {
  const raw = new Raw(server);
  for (let i = 0; i < 10; i++) {
    raw.send(request("GET", "/echo/", { headers: { Connection: "keep-alive" } }));
    const { headers, body: text } = await takeResponse(raw);
    assert.ok(headers["content-length"] !== undefined || headers["transfer-encoding"] === "chunked");
    assert.equal(String(text), GREETING);
  }
  raw.destroy();
});

test("HTTP/1.1: a stream is chunks, and its end is the last chunk", async (server) => {
  const stream = new Receiver(server, "xhr_streaming", fresh("/close"), { headers: { Connection: "keep-alive" } });
  const { headers } = await stream.head();
  assert.equal(headers["transfer-encoding"], "chunked");
  assert.equal(headers["content-length"], undefined);
  assert.equal(await stream.chunk(), `${"h".repeat(2048)}\n`);
  assert.equal(await stream.chunk(), "o\n");
  assert.equal(await stream.chunk(), `${GO_AWAY}\n`);
  assert.equal(await stream.chunk(), null);
  stream.abort();
});

test("HTTP/1.1: Connection: close is kept to", async (server) => {
  for (const [method, url] of [["GET", "/echo/info"], ["POST", `${fresh()}/xhr`], ["POST", `${fresh("/close")}/xhr_streaming`],
    ["GET", "/echo/nothing/here"]]) {
    const raw = new Raw(server).send(request(method, url, { headers: { Connection: "close" } }));
    const { headers } = await takeResponse(raw);
    assert.equal(headers.connection, "close");
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  }
});

test("answers without a body leave the connection in order: 204, 304, 404, 405, 500, OPTIONS", async (server) => {
  const path = await openSession(server);
  const { headers: { etag } } = await ask(server, "GET", "/echo/iframe.html");
  const raw = new Raw(server);
  for (const [bytes, status] of [
    [request("POST", `${path}/xhr_send`, { body: '["a"]' }), [204]],
    [request("GET", "/echo/iframe.html", { headers: { "If-None-Match": etag } }), [304]],
    [request("POST", `${fresh()}/xhr_send`, { body: '["a"]' }), [404]],
    [request("PUT", `${path}/xhr`), [405]],
    [request("POST", `${path}/xhr_send`, { body: "[" }), [500]],
    [request("OPTIONS", `${path}/xhr`), [200, 204]],
    [request("GET", `${path}/jsonp`), [500]],
    [request("GET", `${path}/websocket`), [400]],
  ]) {
    raw.send(bytes);
    const answer = await takeResponse(raw);
    assert.ok(status.includes(answer.status), `${status}: ${answer.status}`);
    raw.send(request("GET", "/echo/"));
    assert.equal(String((await takeResponse(raw)).body), GREETING);
  }
  raw.destroy();
});

/* Pipelines. */

test("pipelined requests are answered in order", async (server) => {
  const path = fresh();
  const raw = new Raw(server).send(Buffer.concat([
    request("POST", `${path}/xhr`), request("POST", `${path}/xhr_send`, { body: '["a"]' }),
    request("POST", `${path}/xhr`), request("GET", "/echo/info"), request("POST", `${fresh("/close")}/xhr_streaming`),
    request("GET", "/echo/")]));
  assert.equal(String((await takeResponse(raw)).body), "o\n");
  assert.equal((await takeResponse(raw)).status, 204);
  assert.equal(String((await takeResponse(raw)).body), 'a["a"]\n');
  assert.equal((await takeResponse(raw)).headers["content-type"], "application/json; charset=UTF-8");
  assert.ok(String((await takeResponse(raw)).body).endsWith(`o\n${GO_AWAY}\n`));
  assert.equal(String((await takeResponse(raw)).body), GREETING);
  raw.destroy();
});

ours("polls behind a stream are answered when it ends, for the same session too", async (server) => {
  const path = fresh();
  const ending = "e".repeat(4096);
  const raw = new Raw(server);
  const stream = await new Receiver(server, "xhr_streaming", path, { raw }).prelude();
  const polls = ["xhr", "jsonp", "xhr"].map((name) => new Receiver(server, name, path, { raw }));
  assert.equal(await stream.frame(), "o");
  await send(server, path, ending);
  assert.deepEqual(await stream.frames(), [`a["${ending}"]`]);
  for (const [i, waiting] of polls.entries()) {
    await send(server, path, `${i}`);
    assert.deepEqual(await waiting.frames(), [`a["${i}"]`]);
  }
  raw.destroy();
});

test("a poll that waits holds back what is behind it", async (server) => {
  const path = await openSession(server);
  const raw = new Raw(server).send(Buffer.concat([request("POST", `${path}/xhr`), request("GET", "/echo/")]));
  await send(server, path, "first");
  assert.equal(String((await takeResponse(raw)).body), 'a["first"]\n');
  assert.equal(String((await takeResponse(raw)).body), GREETING);
  raw.destroy();
});

test("ten thousand polls and messages on one connection", async (server) => {
  const path = await openSession(server);
  const raw = new Raw(server);
  const round = Buffer.concat([request("POST", `${path}/xhr_send`, { body: '["a"]' }), request("POST", `${path}/xhr`)]);
  for (let sent = 0; sent < 10000; sent += 100) {
    raw.send(Buffer.concat(Array(100).fill(round)));
    for (let i = 0; i < 100; i++) {
      assert.equal((await takeResponse(raw)).status, 204);
      assert.equal(String((await takeResponse(raw)).body), 'a["a"]\n');
    }
  }
  raw.destroy();
});

/* Bodies. */

test("100-continue is said to those who wait for it", async (server) => {
  const path = await openSession(server);
  const text = '["patient"]';
  const raw = new Raw(server).send(request("POST", `${path}/xhr_send`,
    { headers: { Expect: "100-continue", "Content-Length": text.length } }));
  assert.equal((await takeHead(raw)).status, 100);
  raw.send(text);
  assert.equal((await takeResponse(raw)).status, 204);
  raw.destroy();
  assert.equal(await poll(server, path), 'a["patient"]');
});

test("two lengths that differ are refused", async (server) => {
  const path = await openSession(server);
  const raw = new Raw(server).send(request("POST", `${path}/xhr_send`,
    { headers: { "Content-Length": "5\r\nContent-Length: 6" } })).send('["a"]x');
  assert.equal((await takeResponse(raw)).status, 400);
  raw.destroy();
  await expectEcho(server, path, "b");
});

ours("a body above 16 MiB is refused before it comes, and one in chunks when it passes", async (server) => {
  const path = await openSession(server);
  const tooMuch = 16 * 1024 * 1024 + 1;
  for (const url of ["xhr_send", "jsonp_send"]) {
    const told = new Raw(server).send(request("POST", `${path}/${url}`, { headers: { "Content-Length": tooMuch } }));
    assert.equal((await takeResponse(told)).status, 413);
    told.destroy();
    const chunked = new Raw(server).send(request("POST", `${path}/${url}`,
      { headers: { "Content-Length": null, "Transfer-Encoding": "chunked" } }));
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(1024 * 1024, " "), Buffer.from("\r\n")]);
    for (let i = 0; i < 17 && !chunked.ended; i++)
      chunked.send(chunk);
    assert.equal((await takeResponse(chunked)).status, 413);
    chunked.destroy();
  }
  await expectEcho(server, path, "a");
});

test("a body of 8 MiB in one array of many messages is read", async (server) => {
  const path = await openSession(server);
  const messages = Array.from({ length: 1000 }, (_, i) => `${i}:${"x".repeat(8000)}`);
  const [got] = await Promise.all([fetchMessages(server, path, messages.length), send(server, path, ...messages)]);
  assert.ok(got.length === messages.length && got.every((message, i) => message === messages[i]));
});

/* The cookie. */

const sticky = "/cookie_needed_echo";

async function cookieOf(server, method, url, options) {
  const raw = new Raw(server).send(request(method, url, options));
  const { headers } = await takeHead(raw);
  raw.destroy();
  return headers["set-cookie"];
}

test("every answer to a session's requests sets the cookie, where it is needed", async (server) => {
  for (const [method, url] of [["POST", "xhr"], ["POST", "xhr_streaming"], ["GET", "eventsource"], ["GET", "htmlfile?c=x"],
    ["GET", "jsonp?c=x"], ["OPTIONS", "xhr"], ["OPTIONS", "xhr_streaming"], ["OPTIONS", "xhr_send"]]) {
    assert.equal(await cookieOf(server, method, `${fresh(sticky)}/${url}`), COOKIE, url);
    assert.equal(await cookieOf(server, method, `${fresh(sticky)}/${url}`, { headers: { Cookie: "JSESSIONID=abcdef" } }),
      "JSESSIONID=abcdef; path=/", url);
  }
  const path = await openSession(server, sticky);
  for (const url of ["xhr_send", "jsonp_send"])
    assert.equal(await cookieOf(server, "POST", `${path}/${url}`, { body: '["a"]' }), COOKIE, url);
});

test("pages have no cookie, and neither have websockets", async (server) => {
  for (const url of ["", "/", "/iframe.html", "/info"])
    assert.equal(await cookieOf(server, "GET", sticky + url, { headers: { Cookie: "JSESSIONID=a" } }), undefined, url);
  const raw = await openFramed(server, sticky);
  assert.equal(raw.response.headers["set-cookie"], undefined);
  raw.send(frame(1, '["a"]'));
  raw.destroy();
});

test("where it is not needed there is none, whatever the client has", async (server) => {
  assert.equal(await cookieOf(server, "POST", `${fresh()}/xhr`, { headers: { Cookie: "JSESSIONID=abcdef" } }), undefined);
});

test("the cookie is found among others, by its whole name", async (server) => {
  for (const [cookies, value] of [["a=b; JSESSIONID=x; c=d", "x"], ["a=b;JSESSIONID = y ", "y"], ["xJSESSIONID=x", "dummy"],
    ["jsessionid=x", "dummy"], ["JSESSIONID", "dummy"], ["", "dummy"], ["a=JSESSIONID=x", "dummy"]])
    assert.equal(await cookieOf(server, "POST", `${fresh(sticky)}/xhr`, { headers: { Cookie: cookies } }),
      `JSESSIONID=${value}; path=/`, cookies);
});

test("streams of the service with the cookie work", async (server) => {
  const path = fresh(sticky);
  const stream = await openStream(server, "xhr_streaming", path);
  await send(server, path, "a");
  assert.equal(await stream.frame(), 'a["a"]');
  stream.abort();
});

run();
