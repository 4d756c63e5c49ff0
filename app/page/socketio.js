/* A pane on Socket.IO: by polling, over a WebSocket, or first the one and then the other.
 *
 * Said is what "say" brings to the server, heard what "said" brings; each has one argument, a text or bytes. The
 * first event is "hello", {"id":N,"transport":"…"}: what the server sees. "transport" asks it again, once the client
 * has gone over to another. */

import { loadClient } from "./client.js";

const HERE = { words: "closed here" };
const MISSING = { words: "the page has no Socket.IO client", missing: true };

/* socket.io-client's names for the ends. */
const REASONS = {
  "io client disconnect": "closed here",
  "io server disconnect": "the server closed it",
  "transport close": "the connection was closed",
  "transport error": "the connection was cut",
  "ping timeout": "the server has not pinged in time",
  "parse error": "the server broke the protocol",
};

/* on as for a Link, and session(facts), carried(facts), packets(note), packet(way, packet) and remark(words). */
export class SocketIo {
  #socket = null;
  #ended = false;

  constructor(name, on, { transports }) {
    this.on = on;
    this.#open(transports);
  }

  send(data) {
    this.#socket.emit("say", data);
  }

  close() {
    if (this.#socket?.connected)
      this.#socket.disconnect();
    else
      this.#end(HERE);
  }

  async #open(transports) {
    const io = await loadClient("socketio");
    if (this.#ended)
      return;
    if (!io) {
      this.#end(MISSING);
      return;
    }
    this.on.packets(`Connection over ${transports.join(", then ")}`);
    const socket = io({ transports, reconnection: false, forceNew: true });
    this.#socket = socket;
    this.#watch(socket.io.engine);
    socket.on("connect", () => this.on.open({ client: "socket.io-client",
      carrier: socket.io.engine.transport.name }));
    socket.on("hello", (hello) => this.#meet(hello));
    socket.on("said", (data) => this.on.message(data));
    socket.on("connect_error", (error) => this.#end({ words: error.message }));
    socket.on("disconnect", (reason) => this.#end({ words: REASONS[reason] ?? reason }));
  }

  #meet({ id, transport }) {
    this.on.session({ transport, path: this.#socket.id });
    this.on.packets(`Connection ${id}, socket ${this.#socket.id}`);
  }

  /* The engine below, which knows packets and transports. */
  #watch(engine) {
    engine.on("packet", (packet) => this.on.packet("heard", packet));
    engine.on("packetCreate", (packet) => this.on.packet("said", packet));
    engine.on("upgrade", (transport) => this.#carriedBy(transport.name));
  }

  #carriedBy(carrier) {
    this.on.remark(`Went over to ${carrier}`);
    this.on.packets(`Over ${carrier}`);
    this.on.carried({ carrier });
    this.#socket.emit("transport", (seen) => this.#ended || this.on.carried({ seen }));
  }

  #end(event) {
    if (this.#ended)
      return;
    this.#ended = true;
    this.#socket?.disconnect();
    this.on.closed(event);
  }
}
