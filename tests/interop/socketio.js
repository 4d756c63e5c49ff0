/* socketio.js: the vocabulary of the Socket.IO suites: npm's clients of three versions over each kind of transport,
 * as something that can be awaited, and a wire that can be cut. (For bytes of the protocol see engineio.js.)
 *
 * The suites are written so that npm's socket.io 4.8 behind the same APPs passes them too, when SOCKETIO_PEER is
 * set: what that server does otherwise is left out then. */

"use strict";

const net = require("net");
const { assert, eventually, test } = require("./support.js");

/* A test of what rill alone does. */
const ours = process.env.SOCKETIO_PEER ? () => {} : test;

const clients = {
  "4.8": require("socket.io-client"),
  "3.1": require("socket.io-client-3"),
  "2.5": require("socket.io-client-2"),
};
const VERSIONS = Object.keys(clients);

const transports = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};
const TRANSPORTS = Object.keys(transports);

/* What the test server may say. */
const EVENTS = ["welcome", "echo-back", "question", "question-silent", "answer", "ask-timed-out", "room-msg", "bcast",
  "big-text", "big-bin", "nested-bin", "burst"];

/* Binary values as Buffers, at any depth. */
function plain(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength);
  if (Array.isArray(value))
    return value.map(plain);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  return value;
}

const live = new Set();

/* One socket of a client in one namespace. What comes is kept until it is taken. */
class Client {
  #come = {};
  #wanted = {};

  constructor(socket) {
    this.socket = socket;
    live.add(this);
    for (const event of EVENTS)
      socket.on(event, (...args) => this.#put(event, args));
    socket.on("connect", () => this.#put("connect", []));
    socket.on("disconnect", (reason) => this.#put("disconnect", [reason]));
    socket.on("connect_error", (error) => this.#put("refused", [error]));
    socket.on("error", (error) => this.#put("refused", [error])); /* version 2 */
  }

  #put(event, args) {
    if (this.#wanted[event]?.length)
      this.#wanted[event].shift()(args);
    else
      (this.#come[event] ??= []).push(args);
  }

  /* The arguments with which an event comes, callbacks as they are. */
  async takeRaw(event) {
    if (this.#come[event]?.length)
      return this.#come[event].shift();
    return new Promise((resolve) => (this.#wanted[event] ??= []).push(resolve));
  }

  /* Without the offset that recovery adds to whatever asks for no answer. */
  async take(event) {
    const args = await this.takeRaw(event);
    if (EVENTS.includes(event) && typeof args.at(-1) !== "function")
      assert.equal(typeof args.pop(), "string", "the offset");
    return plain(args);
  }

  async takeAll(event, count) {
    const all = [];
    while (all.length < count)
      all.push(...await this.take(event));
    return all;
  }

  /* How many of an event wait to be taken. */
  count(event) {
    return this.#come[event]?.length ?? 0;
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /* What the server acknowledges with. */
  async ask(event, ...args) {
    return plain(await new Promise((resolve) => this.socket.emit(event, ...args, (...answer) => resolve(answer))));
  }

  /* When this returns, the server has done all that was asked for before, and what it had sent until then has
   * come. */
  async settle() {
    assert.deepEqual(await this.ask("echo-ack", 1), [1]);
  }

  async join(room) {
    assert.deepEqual(await this.ask("join", room), ["joined"]);
    return this;
  }

  get id() {
    return this.socket.id;
  }

  get engine() {
    return this.socket.io.engine;
  }

  /* Another namespace over the same connection. */
  of(ns, options = {}) {
    return new Client(this.socket.io.socket(ns, options));
  }

  close() {
    live.delete(this);
    this.socket.disconnect();
    this.socket.io.reconnection(false);
  }
}

/* Begins to connect; auth goes as version 2 has it, in the query, there. */
function connect(server, { version = "4.8", transport = "websocket", ns = "/", auth, query, headers, ...options } = {}) {
  const asked = version === "2.5" && auth ? { ...query, ...auth } : query;
  const io = clients[version].io ?? clients[version];
  return new Client(io(`${server.url}${ns}`, { forceNew: true, reconnection: false, transports: transports[transport],
    auth, query: asked, extraHeaders: headers, ...options }));
}

/* Connected and welcomed. */
async function open(server, options) {
  const client = connect(server, options);
  client.welcome = (await client.take("welcome"))[0];
  return client;
}

function closeAll() {
  for (const client of live)
    client.close();
}

/* A test with clients, which are closed behind it. */
function scene(make, sentence, body) {
  make(sentence, async (server) => {
    try {
      await body(server);
    } finally {
      closeAll();
    }
  });
}

/* A test for each version over each kind of transport. body gets open() for those, and which they are. */
function withEach(sentence, body, { versions = VERSIONS, kinds = TRANSPORTS, make = test } = {}) {
  for (const version of versions) {
    for (const transport of kinds) {
      scene(make, `${sentence} (${version}, ${transport})`, (server) => body(
        (options) => open(server, { version, transport, ...options }),
        { server, version, transport, connect: (options) => connect(server, { version, transport, ...options }) }));
    }
  }
}

/* A wire to the server that can be cut, for all connections at once; until it is mended, none are made. */
class Wire {
  #sockets = new Set();
  #asking = new Set();
  up = true;

  static async lay(server) {
    const wire = new Wire();
    wire.listener = net.createServer((near) => wire.#join(near, server));
    await new Promise((resolve) => wire.listener.listen(0, "127.0.0.1", resolve));
    wire.url = `http://127.0.0.1:${wire.listener.address().port}`;
    return wire;
  }

  #join(near, { host, port }) {
    if (!this.up) {
      near.destroy();
      return;
    }
    const far = net.connect({ host, port, noDelay: true });
    near.setNoDelay(true);
    near.on("data", () => this.#asking.add(near));
    far.on("data", () => this.#asking.delete(near));
    near.on("close", () => this.#asking.delete(near));
    for (const [one, other] of [[near, far], [far, near]]) {
      this.#sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  cut() {
    this.up = false;
    for (const socket of this.#sockets)
      socket.destroy();
  }

  /* Until each of its clients that poll waits for an answer, so that the server notices a cut at once. */
  async polled(watcher, ...clients) {
    const polling = clients.filter(({ engine }) => engine.transport.name === "polling").length;
    await eventually(() => this.#asking.size >= polling, "polls");
    await watcher.settle(); /* the server has read them, too */
  }

  mend() {
    this.up = true;
  }

  remove() {
    this.cut();
    this.listener.close();
  }
}

/* What the server says of why a socket went, when it has noticed. */
async function lastReason(watcher, id) {
  for (;;) {
    const [reason] = await watcher.ask("last-reason", id);
    if (reason !== null)
      return reason;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

let names = 0;

/* A name that nobody has used, for a room. */
function unused(what = "room") {
  names += 1;
  return `${what} ${names}`;
}

module.exports = { Client, TRANSPORTS, VERSIONS, Wire, connect, lastReason, open, ours, scene, unused, withEach };
