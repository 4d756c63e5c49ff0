/* engineio.js: Engine.IO as bytes: requests to a session's URL, polls, packets in bodies of both revisions, and
 * WebSockets, each message one packet. */

"use strict";

const { Raw, assert, frame, handshake, takeFrame, takeHead, takeResponse } = require("./support.js");
const { ours } = require("./socketio.js");

const SEPARATOR = "\x1e";

/* What each error code says. */
const ERRORS = ["Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
  "Unsupported protocol version"];

/* A header whose value is null is left out. */
function request(method, path, { headers = {}, body = "" } = {}) {
  const bytes = Buffer.from(body);
  const length = method === "POST" || bytes.length ? { "Content-Length": bytes.length } : {};
  const fields = Object.entries({ Host: "rill.test", ...length, ...headers });
  const lines = fields.filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), bytes]);
}

/* On a connection of its own: { status, headers, body, text }. */
async function ask(server, method, path, options) {
  const raw = new Raw(server).send(request(method, path, options));
  const response = await takeResponse(raw, { method });
  raw.destroy();
  assert.ok(response, `no answer to ${method} ${path}`);
  return { ...response, text: String(response.body) };
}

/* (The reference server sends a JSON body also where it says that it is an upgrade's.) */
function expectError({ status, headers, text }, code, message = ERRORS[code]) {
  assert.deepEqual([status, headers["content-type"]], [code === 4 ? 403 : 400, "application/json"]);
  assert.deepEqual(JSON.parse(text), { code, message });
}

/* What stands in an open packet. */
function readOpen(packet) {
  assert.equal(packet[0], "0", packet);
  const open = JSON.parse(packet.slice(1));
  assert.deepEqual(Object.keys(open).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
  assert.match(open.sid, /^[A-Za-z0-9_-]{20}$/);
  return open;
}

/* A session by polling. Pings are answered as they come, unless pongs is false, and are not shown. */
class Polling {
  #come = [];

  /* The path has to end with "/". */
  constructor(server, { path = "/engine.io/", pongs = true, eio = 4 } = {}) {
    this.server = server;
    this.path = path;
    this.pongs = pongs;
    this.eio = eio;
  }

  static async open(server, options) {
    const session = new Polling(server, options);
    const { status, text } = await session.get();
    assert.equal(status, 200, text);
    const [first, ...rest] = session.split(text);
    session.open = readOpen(first);
    session.sid = session.open.sid;
    session.#come = rest;
    return session;
  }

  url(transport = "polling", more = "") {
    const sid = this.sid ? `&sid=${this.sid}` : "";
    return `${this.path}?EIO=${this.eio}&transport=${transport}${sid}${more}`;
  }

  get(options) {
    return ask(this.server, "GET", this.url(), options);
  }

  /* A GET that is left to wait: its connection. */
  hold() {
    return new Raw(this.server).send(request("GET", this.url()));
  }

  post(body, options) {
    return ask(this.server, "POST", this.url(), { body, headers: { "Content-Type": "text/plain;charset=UTF-8" }, ...options });
  }

  /* Packets that are taken. */
  async send(...packets) {
    const { status, text } = await this.post(this.join(packets));
    assert.deepEqual([status, text], [200, "ok"]);
  }

  join(packets) {
    return this.eio === 4 ? packets.join(SEPARATOR) : packets.map((packet) => `${packet.length}:${packet}`).join("");
  }

  /* The packets of a body. */
  split(text) {
    if (this.eio === 4)
      return text.split(SEPARATOR);
    const packets = [];
    for (let at = 0; at < text.length;) {
      const [, digits] = /^(\d+):/.exec(text.slice(at)) ?? assert.fail(`no length: ${text.slice(at, at + 50)}`);
      at += digits.length + 1;
      packets.push(text.slice(at, at + Number(digits)));
      at += Number(digits);
      assert.ok(at <= text.length, "longer than the body");
    }
    return packets;
  }

  /* The packets of one poll. */
  async poll() {
    const { status, text } = await this.get();
    assert.equal(status, 200, text);
    return this.split(text);
  }

  /* The next packet that is no ping. */
  async take() {
    for (;;) {
      if (!this.#come.length)
        this.#come = await this.poll();
      const packet = this.#come.shift();
      if (packet !== "2" || !this.pongs)
        return packet;
      await this.send("3");
    }
  }

  /* Is it gone? */
  async gone() {
    return (await this.get()).status === 400;
  }
}

/* A session, or a second transport of one, by WebSocket. */
class Socket {
  static async open(server, { path = "/engine.io/", query = "?EIO=4&transport=websocket", headers = {}, pongs = true } = {}) {
    const socket = new Socket();
    socket.raw = new Raw(server).send(handshake(headers, { line: `GET ${path}${query} HTTP/1.1` }));
    socket.pongs = pongs;
    const head = await takeHead(socket.raw);
    assert.equal(head?.status, 101);
    return socket;
  }

  /* One that begins a session. */
  static async begin(server, options) {
    const socket = await Socket.open(server, options);
    socket.handshake = readOpen(await socket.take());
    socket.sid = socket.handshake.sid;
    return socket;
  }

  /* Text or bytes, each one packet. */
  send(...packets) {
    for (const packet of packets)
      this.raw.send(frame(Buffer.isBuffer(packet) ? 2 : 1, packet));
    return this;
  }

  /* The next packet that is no ping: text, or bytes as a Buffer; null at the end, the code being in closed. */
  async take() {
    for (;;) {
      const next = await takeFrame(this.raw);
      if (next === null || next.opcode === 8) {
        this.closed = next?.payload.length ? next.payload.readUInt16BE() : next ? 1005 : 1006;
        this.raw.end();
        return null;
      }
      assert.ok(next.fin && next.opcode <= 2);
      const packet = next.opcode === 1 ? String(next.payload) : next.payload;
      if (packet !== "2" || !this.pongs)
        return packet;
      this.send("3");
    }
  }

  /* Whatever comes until the end. */
  async rest() {
    const all = [];
    for (let packet; (packet = await this.take()) !== null;)
      all.push(packet);
    return all;
  }

  destroy() {
    this.raw.destroy();
  }
}

/* The upgrade of a session whose poll is not held: its WebSocket. */
async function upgrade(session) {
  const socket = await Socket.open(session.server, { path: session.path, query: session.url("websocket").slice(session.path.length),
    pongs: session.pongs });
  socket.send("2probe");
  assert.equal(await socket.take(), "3probe");
  return socket;
}

module.exports = { ERRORS, Polling, SEPARATOR, Socket, ask, expectError, ours, readOpen, request, upgrade };
