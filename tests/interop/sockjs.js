/* sockjs.js: the vocabulary of the SockJS suites: requests to the test server's services, answers taken chunk
 * by chunk as they were written, the receiving transports as a table, and sessions.
 *
 * npm's sockjs behind the same services (sockjs_peer.js) passes the suites too, when SOCKJS_PEER is set: what that
 * server does otherwise is left out then. */

"use strict";

const crypto = require("crypto");
const { Raw, assert, handshake, takeChunk, takeFrame, takeHead, takeResponse, test } = require("./support.js");

/* A test of what rill alone does. */
const ours = process.env.SOCKJS_PEER ? () => {} : test;

const NOT_CACHED = "no-store, no-cache, no-transform, must-revalidate, max-age=0";
const ANOTHER = 'c[2010,"Another connection still open"]';
const GO_AWAY = 'c[3000,"Go away!"]';
const DAY_MS = 24 * 3600 * 1000;

/* Requests. */

/* A header whose value is null is left out. */
function request(method, path, { headers = {}, body = "", version = "1.1" } = {}) {
  const bytes = Buffer.from(body);
  const length = method === "POST" || bytes.length ? { "Content-Length": bytes.length } : {};
  const fields = Object.entries({ Host: "rill.test", ...length, ...headers });
  const lines = fields.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.join("")}\r\n`, "latin1"), bytes]);
}

/* On a connection of its own: { status, headers, text }. */
async function ask(server, method, path, options) {
  const raw = new Raw(server).send(request(method, path, options));
  const response = await takeResponse(raw, { method });
  raw.destroy();
  assert.ok(response, `no answer to ${method} ${path}`);
  return { ...response, text: String(response.body) };
}

/* The path of a session that nobody has used. */
function fresh(prefix = "/echo") {
  return `${prefix}/000/${crypto.randomUUID()}`;
}

/* What answers have in common. */

function expectNotCached({ headers }) {
  assert.equal(headers["cache-control"], NOT_CACHED);
  assert.equal(headers.expires, undefined);
  assert.equal(headers["last-modified"], undefined);
}

function expectCachedForAYear({ headers }) {
  assert.equal(headers["cache-control"], "public, max-age=31536000");
  assert.ok(Math.abs(Date.parse(headers.expires) - Date.now() - 365 * DAY_MS) < DAY_MS, headers.expires);
  assert.equal(headers["last-modified"], undefined);
}

function expectCors({ headers }, origin) {
  assert.equal(headers["access-control-allow-origin"], origin ?? "*");
  assert.equal(headers["access-control-allow-credentials"], origin && "true");
  assert.equal(headers.vary, "Origin");
}

function expectNoCors({ headers }) {
  assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith("access-control")), []);
}

/* The answer to OPTIONS. */
async function expectPreflight(server, path, methods) {
  for (const origin of ["http://page.test", "null", undefined]) {
    const answer = await ask(server, "OPTIONS", path, { headers: { Origin: origin ?? null } });
    assert.ok([200, 204].includes(answer.status), `answered by ${answer.status}`);
    assert.equal(answer.text, "");
    expectCachedForAYear(answer);
    expectCors(answer, origin);
    assert.ok(Number(answer.headers["access-control-max-age"]) > 1000000);
    assert.equal(answer.headers["access-control-allow-methods"], methods);
    assert.equal(answer.headers["access-control-allow-headers"], undefined);
  }
  for (const [asked, answered] of [["a, b, c", "a, b, c"], ["", undefined]]) {
    const answer = await ask(server, "OPTIONS", path, { headers: { "Access-Control-Request-Headers": asked } });
    assert.equal(answer.headers["access-control-allow-headers"], answered);
  }
}

function expectError({ status, headers, text }, wanted, words) {
  assert.deepEqual([status, text], [wanted, words]);
  assert.equal(headers["set-cookie"], undefined);
}

/* Receiving. Each transport: its request; what comes first, if that is a chunk of its own; a frame in its
 * chunk, and back. What is one_shot ends behind its first frame. */

const HTMLFILE_HEAD = (callback) => `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.${callback};
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`;

function between(head, text, tail) {
  assert.ok(text.startsWith(head) && text.endsWith(tail), `not a frame: ${JSON.stringify(text.slice(0, 200))}`);
  return text.slice(head.length, -tail.length);
}

const receivers = {
  xhr: {
    method: "POST", query: "", type: "application/javascript; charset=UTF-8", one_shot: true,
    wrap: (frame) => `${frame}\n`,
    unwrap: (text) => between("", text, "\n"),
  },
  jsonp: {
    method: "GET", query: "?c=cb", type: "application/javascript; charset=UTF-8", one_shot: true,
    wrap: (frame) => `/**/cb(${JSON.stringify(frame)});\r\n`,
    unwrap: (text) => JSON.parse(between("/**/cb(", text, ");\r\n")),
  },
  xhr_streaming: {
    method: "POST", query: "", type: "application/javascript; charset=UTF-8",
    expectPrelude: (text) => assert.equal(text, `${"h".repeat(2048)}\n`),
    wrap: (frame) => `${frame}\n`,
    unwrap: (text) => between("", text, "\n"),
  },
  eventsource: {
    method: "GET", query: "", type: "text/event-stream",
    expectPrelude: (text) => assert.equal(text, "\r\n"),
    wrap: (frame) => `data: ${frame.replace(/%/g, "%25")}\r\n\r\n`,
    unwrap: (text) => between("data: ", text, "\r\n\r\n").replace(/%25/g, "%"),
  },
  htmlfile: {
    method: "GET", query: "?c=cb", type: "text/html; charset=UTF-8",
    expectPrelude: (text) => {
      assert.equal(text.trim(), HTMLFILE_HEAD("cb"));
      assert.ok(text.length > 1024, "browsers do not look at less");
      assert.ok(text.endsWith(" \r\n\r\n"));
    },
    wrap: (frame) => `<script>\np(${JSON.stringify(frame)});\n</script>\r\n`,
    unwrap: (text) => JSON.parse(between("<script>\np(", text, ");\n</script>\r\n")),
  },
};

const POLLS = Object.keys(receivers).filter((name) => receivers[name].one_shot);
const STREAMS = Object.keys(receivers).filter((name) => !receivers[name].one_shot);

/* So many messages, in however many frames. */
async function collect(next, count) {
  const all = [];
  while (all.length < count) {
    const frame = await next();
    assert.equal(frame?.[0], "a", `a frame that is no message: ${frame?.slice(0, 100)}`);
    all.push(...JSON.parse(frame.slice(1)));
  }
  return all;
}

/* The body of an answer, chunk by chunk; where its length was told, it is one. null: the end. */
async function takePiece(raw, { headers, taken }) {
  if (headers["transfer-encoding"])
    return takeChunk(raw);
  return taken ? null : raw.take(Number(headers["content-length"]));
}

/* Somebody who receives for a session: a request that has been sent, on a connection of its own unless raw
 * brings one. */
class Receiver {
  #taken = false;

  constructor(server, name, path, { raw = new Raw(server), query = receivers[name].query, ...options } = {}) {
    this.transport = receivers[name];
    this.raw = raw.send(request(this.transport.method, `${path}/${name}${query}`, options));
  }

  /* Its head. */
  async head() {
    this.answer ??= await takeHead(this.raw);
    assert.equal(this.answer?.status, 200);
    return this.answer;
  }

  /* The next chunk as it came; null at the end of the body. */
  async chunk() {
    const { headers } = await this.head();
    const piece = await takePiece(this.raw, { headers, taken: this.#taken });
    this.#taken = true;
    return piece && String(piece);
  }

  async prelude() {
    this.transport.expectPrelude?.(await this.chunk());
    return this;
  }

  /* The next frame, null at the end. Behind prelude(). */
  async frame() {
    const chunk = await this.chunk();
    return chunk && this.transport.unwrap(chunk);
  }

  /* All frames until the body ends. Behind prelude(). */
  async frames() {
    const all = [];
    for (let frame; (frame = await this.frame()) !== null;)
      all.push(frame);
    return all;
  }

  messages(count) {
    return collect(() => this.frame(), count);
  }

  /* Cuts the connection. */
  abort() {
    this.raw.destroy();
  }
}

/* The frames of one request from its beginning to its end. */
async function receive(server, name, path, options) {
  const receiver = await new Receiver(server, name, path, options).prelude();
  const frames = await receiver.frames();
  receiver.abort();
  return frames;
}

/* Sessions. */

function body(messages) {
  return JSON.stringify(messages);
}

/* xhr_send's answer. */
function post(server, path, text, headers = {}) {
  return ask(server, "POST", `${path}/xhr_send`, { body: text, headers });
}

async function send(server, path, ...messages) {
  const answer = await post(server, path, body(messages));
  assert.equal(answer.status, 204);
  return answer;
}

/* One poll: its frame. */
async function poll(server, path) {
  const [frame, ...none] = await receive(server, "xhr", path);
  assert.deepEqual(none, []);
  return frame;
}

/* The path of an open session, begun by a poll. */
async function openSession(server, prefix) {
  const path = fresh(prefix);
  assert.equal(await poll(server, path), "o");
  return path;
}

/* So many messages, by as many polls as it takes. */
function fetchMessages(server, path, count) {
  return collect(() => poll(server, path), count);
}

async function expectEcho(server, path, ...messages) {
  await send(server, path, ...messages);
  assert.equal(await poll(server, path), `a${body(messages)}`);
}

/* A stream behind its prelude and "o". */
async function openStream(server, name, path) {
  const stream = await new Receiver(server, name, path).prelude();
  assert.equal(await stream.frame(), "o");
  return stream;
}

/* WebSockets. */

async function openSocket(server, path, fields = {}) {
  const raw = new Raw(server).send(handshake(fields, { line: `GET ${path} HTTP/1.1` }));
  raw.response = await takeHead(raw);
  assert.equal(raw.response?.status, 101);
  return raw;
}

/* The next message, which has to be a text. */
async function takeText(raw) {
  const next = await takeFrame(raw);
  assert.equal(next?.opcode, 1, `opcode ${next?.opcode}`);
  return String(next.payload);
}

function takeMessages(raw, count) {
  return collect(() => takeText(raw), count);
}

/* A framed one, open. */
async function openFramed(server, prefix = "/echo", fields = {}) {
  const raw = await openSocket(server, `${fresh(prefix)}/websocket`, fields);
  assert.equal(await takeText(raw), "o");
  return raw;
}

module.exports = { ANOTHER, GO_AWAY, HTMLFILE_HEAD, POLLS, Receiver, STREAMS, ask, body, expectCachedForAYear,
  expectCors, expectEcho, expectError, expectNoCors, expectNotCached, expectPreflight, fetchMessages, fresh,
  openFramed, openSession, openSocket, openStream, ours, poll, post, receive, receivers, request, send, takeMessages,
  takeText };
