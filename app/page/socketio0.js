/* A pane on the Socket.IO of 2010.
 *
 * Its client makes functions of strings, which the playground's policy forbids, and has today's name: io; and a poll
 * by script that was given up begins anew when its answer comes. So it has a hidden page of its own, with a policy of
 * its own, which goes when the connection does.
 *
 * Texts are what somebody says; objects are the server's: {"hello":{"id":N,"transport":"…"}} comes first, {"binary":N}
 * tells how many bytes were said. A text that begins with a sign of the protocol is {"text":"…"} both ways. */

import { clientIsThere } from "./client.js";
import { formatSize } from "./bytes.js";

const PAGE = "/socketio0.html";
const HERE = { words: "closed here" };
const MISSING = { words: "the page has no client for Socket.IO 0.6", missing: true };
const LACKING = { words: "this browser does not have that transport" };
const LOST = { words: "the connection was closed" };
const NO_ANSWER = { words: "the server did not answer" };

/* As long as SockJS's. */
const PATIENCE_MS = 10000;

const SIGNS = { "~h~": "heartbeat", "~j~": "JSON" };

function signOf(text) {
  return SIGNS[text.slice(0, 3)];
}

/* Half a surrogate pair, which encodeURIComponent() throws at, is U+FFFD as in a WebSocket. */
function whole(text) {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}

function openPage() {
  const page = document.createElement("iframe");
  page.hidden = true;
  page.src = PAGE;
  document.body.append(page);
  return page;
}

/* The client knows the port as 80 where the address says none. */
function optionsFor(transport) {
  const secure = location.protocol === "https:";
  return { transports: [transport], secure, port: location.port || (secure ? 443 : 80), connectTimeout: PATIENCE_MS,
    tryTransportsOnConnectTimeout: false, rememberTransport: false, reconnect: false };
}

/* on as for a Link, and session(facts), packets(note), packet(way, packet) and remark(words). */
export class SocketIo0 {
  #page = null;
  #socket = null;
  #ended = false;
  #greeted = false;

  constructor(name, on, { transport }) {
    this.on = on;
    this.#open(transport);
  }

  send(text) {
    this.#socket.send(signOf(text) ? { text } : whole(text));
  }

  close() {
    this.#end(HERE);
  }

  async #open(transport) {
    const there = await clientIsThere("socketio0");
    if (this.#ended)
      return;
    if (!there) {
      this.#end(MISSING);
      return;
    }
    this.#page = openPage();
    this.#page.onload = () => this.#begin(this.#page.contentWindow.io, transport);
  }

  #begin(io, transport) {
    if (!io?.Socket) {
      this.#end(MISSING);
      return;
    }
    this.on.packets(`Connection over ${transport}`);
    const socket = new io.Socket(null, optionsFor(transport));
    if (!socket.transport) {
      this.#end(LACKING);
      return;
    }
    this.#socket = socket;
    this.#watch(socket.transport);
    socket.on("connect", () => this.on.open({ client: `socket.io ${io.version}`, carrier: socket.transport.type }));
    socket.on("message", (data) => this.#receive(data));
    socket.on("error", () => this.#end(LOST));
    socket.on("connect_failed", () => this.#end(NO_ANSWER));
    socket.on("disconnect", () => this.#end(LOST));
    socket.connect();
  }

  /* What it puts into frames, and takes out of them. */
  #watch(transport) {
    const { encode, decode } = transport;
    const open = (way, frames) => {
      const bodies = decode.call(transport, frames);
      for (const body of bodies)
        this.#show(way, body);
      return bodies;
    };
    transport.decode = (frames) => open("heard", frames);
    transport.encode = (messages) => {
      const frames = encode.call(transport, messages);
      open("said", frames);
      return frames;
    };
  }

  #show(way, body) {
    const type = this.#greeted ? signOf(body) ?? "text" : "session id";
    this.#greeted = true;
    this.on.packet(way, { type, data: body });
  }

  #receive(data) {
    if (typeof data === "string")
      this.on.message(data);
    else if (data.hello)
      this.#meet(data.hello);
    else if (data.binary !== undefined)
      this.on.remark(`Bytes were said (${formatSize(data.binary)}), which Socket.IO 0.6 does not carry`);
    else
      this.on.message(data.text);
  }

  #meet({ id, transport }) {
    this.on.session({ transport, path: this.#socket.transport.sessionid });
    this.on.packets(`Connection ${id}`);
  }

  #end(event) {
    if (this.#ended)
      return;
    this.#ended = true;
    this.#socket?.disconnect();
    this.#page?.remove();
    this.on.closed(event);
  }
}
