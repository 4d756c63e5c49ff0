/* socketio0.js: the vocabulary of the suites of Socket.IO 0.5 and 0.6: its frames, and a raw client for each
 * transport there is, which keeps to what the client files of that time do: the first message is the session's id,
 * heartbeats are answered, polls follow one another.
 *
 * npm's socket.io 0.6.18 behind the same APP (socketio0_peer.js) passes the suites too, when SOCKETIO0_PEER is set:
 * what that server does otherwise is left out then. */

"use strict";

const crypto = require("crypto");
const WebSocket = require("ws");
const { Raw, assert, eventually, takeChunk, takeHead, takeResponse, test } = require("./support.js");
const { ask, request } = require("./sockjs.js");

const PEER = Boolean(process.env.SOCKETIO0_PEER);

/* A test of what rill alone does. */
const ours = PEER ? () => {} : test;

const RESOURCE = "/socket.io";
const APP = { args: ["socketio-0.x", "--port", "0", "--quiet"] };
const FORM = "application/x-www-form-urlencoded; charset=utf-8";

/* Frames. Strings of JavaScript count in UTF-16 units, as the protocol does. */

function frame(body) {
  return `~m~${body.length}~m~${body}`;
}

/* Texts as they are, anything else as JSON. */
function encode(...messages) {
  return messages.map((message) => frame(typeof message === "string" ? message : `~j~${JSON.stringify(message)}`)).join("");
}

/* The bodies of a batch, each of which has to be as long as it says. */
function decode(batch) {
  const bodies = [];
  for (let at = 0; at < batch.length;) {
    const found = /^~m~(\d+)~m~/.exec(batch.slice(at, at + 20)) ?? assert.fail(`no frame: ${batch.slice(at, at + 100)}`);
    at += found[0].length;
    const body = batch.slice(at, at + Number(found[1]));
    assert.equal(body.length, Number(found[1]), `cut: ${body.slice(0, 100)}`);
    bodies.push(body);
    at += body.length;
  }
  return bodies;
}

function parse(body) {
  return body.startsWith("~j~") ? JSON.parse(body.slice(3)) : body;
}

/* Ways to receive. Each takes a Client, whose path() is where to ask, and has batch(), the next there is, null at the
 * end, and cut(). What can also send has send(). status is that of a refusal; code that of a WebSocket's Close. */

class Hybi {
  #come = [];
  #wake = () => {};
  #ended = false;

  constructor(client) {
    this.socket = new WebSocket(`${client.server.url.replace("http", "ws")}${client.path()}`, { headers: client.headers });
    this.socket.on("message", (data, binary) => this.#put(binary ? assert.fail("a binary message") : String(data)));
    this.socket.on("unexpected-response", (_, response) => {
      this.status = response.statusCode;
      this.cut();
    });
    this.socket.on("error", () => {});
    this.opened = new Promise((resolve) => this.socket.once("open", resolve).once("close", resolve));
    this.socket.on("close", (code, reason) => {
      Object.assign(this, { code, reason: String(reason) });
      this.#ended = true;
      this.#wake();
    });
  }

  #put(batch) {
    this.#come.push(batch);
    this.#wake();
  }

  async batch() {
    while (!this.#come.length && !this.#ended)
      await new Promise((resolve) => { this.#wake = resolve; });
    return this.#come.shift() ?? null;
  }

  send(batch) {
    this.socket.send(batch);
  }

  cut() {
    this.socket.terminate();
  }

  close() {
    this.socket.close(1000);
  }
}

const DRAFT_76 = { "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00" };

/* A key of draft 76 that nobody has used, and its number. */
function hixieKey() {
  const spaces = crypto.randomInt(1, 12);
  const number = crypto.randomInt(1, Math.floor(4294967295 / spaces));
  const digits = String(number * spaces);
  return { number, key: `${digits[0]}x${" ".repeat(spaces)}!${digits.slice(1)}z` };
}

/* The drafts of 2010. */
class Hixie {
  constructor(client, draft) {
    this.draft = draft;
    this.raw = new Raw(client.server);
    this.keys = [hixieKey(), hixieKey()];
    this.body = crypto.randomBytes(8);
    const fields = draft === 76 ? { "Sec-WebSocket-Key1": this.keys[0].key, "Sec-WebSocket-Key2": this.keys[1].key } : {};
    this.raw.send(request("GET", client.path(), { headers: { Upgrade: "WebSocket", Connection: "Upgrade",
      Origin: "http://page.test", ...fields, ...client.headers } }));
    if (draft === 76)
      this.raw.send(this.body);
    this.opened = this.#open();
  }

  /* What proves that the server has read the keys. */
  proof() {
    const bytes = Buffer.alloc(16);
    this.keys.forEach(({ number }, i) => bytes.writeUInt32BE(number, 4 * i));
    this.body.copy(bytes, 8);
    return crypto.createHash("md5").update(bytes).digest();
  }

  async #open() {
    this.answer = await takeHead(this.raw);
    if (this.answer?.status !== 101) {
      this.status = this.answer?.status;
      return false;
    }
    if (this.draft === 76)
      assert.deepEqual(await this.raw.take(16), this.proof());
    return true;
  }

  async batch() {
    if (!await this.opened)
      return null;
    const first = await this.raw.take(1);
    if (first[0] !== 0) {
      this.terminated = first[0] === 0xff;
      return null;
    }
    const text = await this.raw.takeUntil("\xff");
    return text && text.toString("utf8", 0, text.length - 1);
  }

  send(batch) {
    this.raw.send(Buffer.concat([Buffer.from([0]), Buffer.from(batch), Buffer.from([0xff])]));
  }

  cut() {
    this.raw.destroy();
  }

  close() {
    if (this.draft === 76)
      this.raw.send(Buffer.from([0xff, 0]));
    this.raw.end();
  }
}

/* A response without an end. */
class Stream {
  #text = "";
  #decoder = new TextDecoder();

  constructor(client) {
    this.raw = new Raw(client.server).send(request("GET", client.path(), { headers: client.headers }));
  }

  /* Takes the next batch off the text that has come: what is left of it and the batch, null: there is none yet. */
  split(text) {
    throw new Error(`not made for ${text}`);
  }

  async #piece() {
    const chunked = this.answer.headers["transfer-encoding"];
    const first = chunked ? await takeChunk(this.raw).catch((error) => this.#cutOff(error)) : await this.raw.take(1);
    if (chunked)
      return first;
    return first.length ? Buffer.concat([first, await this.raw.take(this.raw.length)]) : null;
  }

  #cutOff(error) {
    if (!this.raw.ended)
      throw error;
    return null;
  }

  async batch() {
    this.answer ??= await takeHead(this.raw);
    if (this.answer?.status !== 200) {
      this.status = this.answer?.status;
      return null;
    }
    for (;;) {
      const found = this.split(this.#text);
      if (found) {
        this.#text = found.rest;
        return found.batch;
      }
      const piece = await this.#piece();
      if (!piece)
        return null;
      this.#text += this.#decoder.decode(piece, { stream: true });
    }
  }

  cut() {
    this.raw.destroy();
  }
}

class HtmlFile extends Stream {
  split(text) {
    if (!this.begun && text.length < 256)
      return null;
    const all = this.begun ? text : /^<html><body> {243,}(.*)$/s.exec(text)?.[1] ?? assert.fail(`the page begins: ${text}`);
    this.begun = true;
    const end = all.indexOf("</script>");
    if (end < 0)
      return all === text ? null : { rest: all, batch: "" };
    const [, json] = /^<script>parent\.s\._\((".*"), document\);$/s.exec(all.slice(0, end)) ?? assert.fail(all.slice(0, end));
    return { rest: all.slice(end + "</script>".length), batch: JSON.parse(json) };
  }
}

class Multipart extends Stream {
  split(text) {
    if (!this.begun && text.length < 11)
      return null;
    const all = this.begun ? text : /^--socketio\n(.*)$/s.exec(text)?.[1] ?? assert.fail(`the body begins: ${text}`);
    this.begun = true;
    const end = all.indexOf("\n--socketio\n");
    if (end < 0)
      return all === text ? null : { rest: all, batch: "" };
    const [, batch] = /^Content-Type: text\/plain\n\n(.*)$/s.exec(all.slice(0, end)) ?? assert.fail(all.slice(0, end));
    return { rest: all.slice(end + "\n--socketio\n".length), batch };
  }
}

/* Events as WHATWG HTML, 9.2.6 reads them. */
class Events extends Stream {
  split(text) {
    const end = /\r\n\r\n|\n\n|\r\r/.exec(text);
    if (!end)
      return null;
    const rest = text.slice(end.index + end[0].length);
    const lines = text.slice(0, end.index).split(/\r\n|\n|\r/).filter((line) => line && !line.startsWith(":"));
    if (!lines.length)
      return { rest, batch: "" };
    assert.equal(lines[0].replace(": ", ":"), "event:socket.io");
    return { rest, batch: lines.slice(1).map((line) => /^data:? ?(.*)$/s.exec(line)[1]).join("\n") };
  }
}

/* One poll after the other, until resting is set. */
class Polls {
  constructor(client) {
    this.client = client;
    this.raw = new Raw(client.server);
  }

  async batch() {
    if (this.resting)
      return null;
    this.raw.send(request("GET", this.client.path(), { headers: this.client.headers }));
    const answer = await takeResponse(this.raw);
    if (answer?.status !== 200) {
      this.status = answer?.status;
      return null;
    }
    this.answer = answer;
    return this.read(String(answer.body));
  }

  read(text) {
    return text;
  }

  cut() {
    this.raw.destroy();
  }
}

class ScriptPolls extends Polls {
  read(text) {
    const [, index, json] = /^io\.JSONP\[(\d+)\]\._\((".*")\);$/s.exec(text) ?? assert.fail(`no script: ${text.slice(0, 200)}`);
    assert.equal(Number(index), this.client.index);
    return JSON.parse(json);
  }
}

/* Each kind of client: what its transport is called, and how it receives. beats: the server sends heartbeats;
 * polls: it is answered once a request; resumes: it can come back; here: the server of 2011 has it. */
const hybi = (client) => new Hybi(client);
const hixie76 = (client) => new Hixie(client, 76);
const hixie75 = (client) => new Hixie(client, 75);
const rows = {
  "websocket": { name: "websocket", open: hybi, duplex: true, beats: true, resumes: true },
  "websocket of draft 76": { name: "websocket", open: hixie76, duplex: true, beats: true, resumes: !PEER, here: true },
  "websocket of draft 75": { name: "websocket", open: hixie75, duplex: true, beats: true, resumes: true, here: true },
  "flashsocket": { name: "flashsocket", open: hybi, duplex: true, beats: true, resumes: true },
  "flashsocket of draft 76": { name: "flashsocket", open: hixie76, duplex: true, beats: true, resumes: !PEER, here: true },
  "flashsocket of draft 75": { name: "flashsocket", open: hixie75, duplex: true, beats: true, resumes: true, here: true },
  "xhr-multipart": { name: "xhr-multipart", open: (client) => new Multipart(client), beats: true, resumes: true, here: true },
  "htmlfile": { name: "htmlfile", open: (client) => new HtmlFile(client), beats: true, resumes: true, here: true },
  "server-events": { name: "server-events", open: (client) => new Events(client), beats: true, resumes: true },
  "xhr-polling": { name: "xhr-polling", open: (client) => new Polls(client), polls: true, resumes: true, here: true },
  "jsonp-polling": { name: "jsonp-polling", open: (client) => new ScriptPolls(client), polls: true, resumes: true, here: true },
};
const kinds = Object.fromEntries(Object.entries(rows).filter(([, kind]) => kind.here || !PEER));
const KINDS = Object.keys(kinds);
const POLLS = KINDS.filter((kind) => kinds[kind].polls);
const HELD = KINDS.filter((kind) => !kinds[kind].polls);
const OVER_HTTP = KINDS.filter((kind) => !kinds[kind].duplex);

/* The path of a request; sid may be empty. */
function pathOf(name, sid = "", index = 0) {
  if (name === "jsonp-polling")
    return `${RESOURCE}/${name}/${sid}/${Date.now()}/${index}`;
  if (name === "websocket" || name === "flashsocket")
    return `${RESOURCE}/${name}${sid && `/${sid}`}`;
  return name === "xhr-multipart" ? `${RESOURCE}/${name}/${sid}` : `${RESOURCE}/${name}/${sid}/${Date.now()}`;
}

function sendPathOf(name, sid, index) {
  return name === "jsonp-polling" ? pathOf(name, sid, index) : `${RESOURCE}/${name}/${sid}/send`;
}

/* A form with what a client sends at once. */
function form(text) {
  return `data=${encodeURIComponent(text)}`;
}

/* The answer to a POST of a body. */
function post(server, name, sid, body, { index, headers = {} } = {}) {
  return ask(server, "POST", sendPathOf(name, sid, index), { body, headers: { "Content-Type": FORM, ...headers } });
}

/* One client. */
class Client {
  #bodies = [];
  #wake = () => {};
  #posting = Promise.resolve();

  constructor(server, kind, { headers = {}, answers = true } = {}) {
    this.server = server;
    this.kind = kind;
    this.facts = kinds[kind];
    this.headers = headers;
    this.answers = answers; /* heartbeats */
    this.sid = "";
    this.index = crypto.randomInt(100);
    this.beats = [];
    this.batches = [];      /* the bodies of each, heartbeats too */
  }

  path() {
    return pathOf(this.facts.name, this.sid, this.index);
  }

  /* Comes to receive, for the first time or again. ended: the way is at its end, be it cut. */
  come() {
    const wire = this.wire = this.facts.open(this);
    this.ended = this.#receive(wire);
    return this;
  }

  async #receive(wire) {
    try {
      for (let batch; (batch = await wire.batch()) !== null;) {
        if (this.wire === wire)
          this.#take(decode(batch));
      }
    } catch (error) {
      this.error = error; /* whoever waits for a message gets it */
    }
    if (this.wire === wire) {
      this.over = true;
      this.#wake();
    }
    return wire;
  }

  #take(bodies) {
    if (bodies.length)
      this.batches.push(bodies);
    for (const body of bodies) {
      /* The client of the time has its session id before anything else can be asked for it. */
      if (!this.sid)
        this.sid = body;
      if (!body.startsWith("~h~")) {
        this.#bodies.push(body);
        continue;
      }
      this.beats.push(Number(body.slice(3)));
      if (this.answers)
        this.sendRaw(frame(body));
    }
    this.#wake();
  }

  /* The body of the next message; null when there is nothing to receive by any more. */
  async body() {
    while (!this.#bodies.length && !this.over)
      await new Promise((resolve) => { this.#wake = resolve; });
    if (this.error)
      throw this.error;
    return this.#bodies.shift() ?? null;
  }

  async next() {
    const body = await this.body();
    return body === null ? null : parse(body);
  }

  async expect(...messages) {
    for (const message of messages)
      assert.deepEqual(await this.next(), message);
    return this;
  }

  /* Nothing has come that was not taken. */
  expectNothing() {
    assert.deepEqual(this.#bodies, []);
  }

  /* A batch as it stands. Requests follow one another, as in a browser. */
  sendRaw(batch) {
    const { wire } = this;
    const send = async () => {
      if (!this.facts.duplex)
        return this.post(form(batch));
      await wire.opened;
      wire.send(batch);
    };
    this.#posting = this.#posting.then(send).catch(() => {});
    return this.#posting;
  }

  send(...messages) {
    return this.sendRaw(encode(...messages));
  }

  async post(body, headers) {
    const answer = await post(this.server, this.facts.name, this.sid, body, { index: this.index, headers });
    assert.deepEqual([answer.status, answer.text], [200, "ok"]);
    return answer;
  }

  /* Echoed, and so everything that was sent before has been told. */
  async settle(word = crypto.randomUUID()) {
    await this.send(`echo:${word}`);
    return this.expect(word);
  }

  /* Cuts what it receives by, without a word. */
  async cut() {
    this.wire.cut();
    await this.ended;
  }

  /* Of a client that polls: has it come by one more answer and not ask again. */
  async rest() {
    this.wire.resting = true;
    await this.settle();
    await this.ended;
  }

  /* Comes back with its session. */
  again() {
    this.over = false;
    return this.come();
  }
}

async function open(server, kind, options) {
  const client = new Client(server, kind, options).come();
  const sid = await client.body();
  assert.match(String(sid), /^[A-Za-z0-9_-]{10,}$/, `no session id (${client.wire.status ?? "cut"})`);
  return client.expect({ welcome: sid });
}

/* Somebody else, who tells things. */
async function teller(server) {
  return open(server, PEER ? "websocket of draft 75" : "websocket");
}

async function hasGone(other, sid) {
  await other.send("gone");
  return (await other.next()).gone.includes(sid);
}

function untilGone(other, sid) {
  return eventually(() => hasGone(other, sid), `${sid} has gone`);
}

/* The server has seen whatever was cut before: it has had two turns since. */
async function settled(other) {
  await other.settle();
  await other.settle();
}

/* The same over several transports at once, since it takes its time: one test. */
function overAll(over, sentence, body, { add = test } = {}) {
  add(`${over.join(", ")}: ${sentence}`, (server) => Promise.all(over.map((kind) => body(server, kind).catch((error) => {
    error.stack = `${kind}: ${error.stack}`;
    throw error;
  }))));
}

/* Everything in JavaScript's strings that might go wrong on some transport. (The server of 2011 takes U+FFFD for the end
 * of a frame, and writes scripts that end where a text says so.) */
const TEXTS = [...PEER ? [] : ["\ufffd\ufeff", "</script>", "</SCRIPT ><script>alert(1)</script>"], "x", "grüße", "日本語", "😀", "👩‍👩‍👧 e\u0301", "a\nb\n", "\"quoted\" \\ '", "a+b c&d=e%20;", "\u2028\u2029", "~m~3~m~abc", "~m~",
  "~x~", "<!-- <b> ]]>", "\u0001\u007f", "x".repeat(5000), "é😀".repeat(3000)];
const VALUES = [...PEER ? [] : [{ text: "</script>\ufffd" }], {}, { a: 1 }, { "ключ": "значение 😀", "": [null, true, -0.25, { b: [] }] }, { text: "\u2028\n~m~" }];

module.exports = { APP, Client, DRAFT_76, FORM, HELD, KINDS, OVER_HTTP, PEER, POLLS, RESOURCE, TEXTS, VALUES, ask, decode,
  encode, form, frame, hasGone, kinds, open, ours, overAll, pathOf, post, request, sendPathOf, settled, teller,
  untilGone };
