/* The table of packets of a Socket.IO connection, as the client in this page has them: Engine.IO's types, and
 * what Socket.IO put into its messages. Bytes that belong to an event follow it. */

import { cut, formatSize, sizeOf } from "./bytes.js";
import { make } from "./dom.js";
import { Tail } from "./tail.js";

const KEPT = 500;
const COLUMNS = 4;
const SHOWN_CHARS = 200;

const WAYS = {
  said: { label: "client", arrow: "↑" },
  heard: { label: "server", arrow: "↓" },
};

/* Socket.IO's types, by the digit with which a message begins. */
const KINDS = ["CONNECT", "DISCONNECT", "EVENT", "ACK", "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK"];

function describe({ type, data }) {
  if (data === undefined || data === null)
    return { kind: type, size: 0, shown: "" };
  if (typeof data !== "string")
    return { kind: `${type}: bytes`, size: data.byteLength ?? data.size, shown: "" };
  const kind = type === "message" ? KINDS[data[0]] ?? type : type;
  return { kind, size: sizeOf(data), shown: cut(data, SHOWN_CHARS) };
}

function drawPacket({ way, kind, size, shown }) {
  const { label, arrow } = WAYS[way];
  const sign = make("span", "arrow", arrow);
  sign.setAttribute("aria-hidden", "true");
  return make("tr", `request packet ${way}`, make("td", "way", sign, ` ${label}`), make("td", "", kind),
    make("td", "number", formatSize(size)), make("td", "preview", make("span", "", shown)));
}

function drawNote({ note }) {
  const cell = make("th", "", note);
  cell.colSpan = COLUMNS;
  cell.scope = "colgroup";
  return make("tr", "connection-row", cell);
}

export class Packets {
  #count = 0;

  constructor(parts) {
    this.counter = parts.packetCount;
    const draw = (entry) => (entry.note === undefined ? drawPacket(entry) : drawNote(entry));
    this.tail = new Tail({ scroller: parts.packetScroll, list: parts.packetRows, limit: KEPT, draw });
  }

  note(note) {
    this.tail.add({ note });
  }

  add(way, packet) {
    this.#show(this.#count + 1);
    this.tail.add({ way, ...describe(packet) });
  }

  clear() {
    this.#show(0);
    this.tail.clear();
  }

  #show(count) {
    this.#count = count;
    this.counter.textContent = count;
  }
}
