/* One connection of a pane, and the second one that tells about it.
 *
 * The first message on /ws is {"hello":{"id":N}}. With that number /trace?id=N is opened: it
 * brings one JSON text for each frame of the first connection, and answers {"ping":K} with
 * {"pong":K}. Everything else on /ws is what somebody else said. */

import { Trips } from "./trips.js";

const PING_EVERY_MS = 2000;

/* Two sockets end in either order. The trace stays this much longer than what it traces, for
 * the close frames; and one that ends first is missed only when the other is still there. */
const SETTLES_MS = 1000;

export function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

function parse(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/* on has open(), hello(id), message(data), closed(event), and those of openTrace(). */
export class Link {
  #socket;
  #trace = null;
  #greeted = false;

  constructor(name, on) {
    this.on = on;
    this.#socket = new WebSocket(socketUrl(`/ws?pane=${name}`), "rill-playground");
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => on.open(this.#socket);
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#finish(event);
  }

  send(data) {
    this.#socket.send(data);
  }

  /* Without a code the close frame is empty. */
  close(code, reason) {
    if (code === undefined)
      this.#socket.close();
    else
      this.#socket.close(code, reason);
  }

  #receive(data) {
    if (this.#greeted)
      this.on.message(data);
    else
      this.#greet(parse(data).hello);
  }

  #greet(hello) {
    this.#greeted = true;
    if (hello?.id === undefined)
      return;
    this.on.hello(hello.id);
    this.#trace = openTrace(hello.id, this.on);
  }

  #finish(event) {
    this.on.closed(event);
    this.#trace?.stop();
  }
}

/* on has frame(frame), trip(trips) and traceLost(). */
function openTrace(id, on) {
  const socket = new WebSocket(socketUrl(`/trace?id=${id}`), "rill-trace");
  const trips = new Trips();
  let timer = null;
  let stopped = false;

  const ping = () => socket.send(JSON.stringify({ ping: trips.leave(performance.now()) }));

  socket.onopen = () => {
    if (stopped)
      return;
    ping();
    timer = setInterval(ping, PING_EVERY_MS);
  };
  socket.onmessage = (event) => {
    const now = performance.now();
    const told = parse(event.data);
    if (told.pong === undefined)
      on.frame(told);
    else if (trips.arrive(told.pong, now))
      on.trip(trips);
  };
  socket.onclose = () => {
    clearInterval(timer);
    setTimeout(() => stopped || on.traceLost(), SETTLES_MS);
  };
  return {
    stop() {
      stopped = true;
      clearInterval(timer);
      setTimeout(() => socket.close(), SETTLES_MS);
    },
  };
}
