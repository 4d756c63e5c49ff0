/* The table of frames, as the server decoded them. */

import { make } from "./dom.js";
import { Tail } from "./tail.js";

const KEPT = 500;
const COLUMNS = 8;

/* The trace speaks as the server does: what comes in is from the client. */
const WAYS = {
  in: { label: "client", arrow: "↑" },
  out: { label: "server", arrow: "↓" },
};

function bit(value) {
  return make("td", value ? "bit on" : "bit", value ? "1" : "0");
}

function drawWay(dir) {
  const { label, arrow } = WAYS[dir];
  const sign = make("span", "arrow", arrow);
  sign.setAttribute("aria-hidden", "true");
  return make("td", "way", sign, ` ${label}`);
}

function drawFrame(frame) {
  const row = make("tr", `frame ${frame.dir}`, drawWay(frame.dir),
    make("td", "opcode", frame.name, " ", make("span", "opcode-number", frame.opcode.toString(16))),
    bit(frame.fin), bit(frame.rsv1), bit(frame.masked),
    make("td", "number", String(frame.len)), make("td", "head", frame.head),
    make("td", "preview", make("span", "", frame.preview)));
  row.dataset.opcode = frame.opcode;
  return row;
}

function drawNote({ note }) {
  const cell = make("th", "", note);
  cell.colSpan = COLUMNS;
  cell.scope = "colgroup";
  return make("tr", "connection-row", cell);
}

function isFrame(frame) {
  return Object.hasOwn(WAYS, frame.dir) && Number.isInteger(frame.opcode);
}

export class Frames {
  #count = 0;

  constructor(parts) {
    this.counter = parts.frameCount;
    const draw = (entry) => (entry.note === undefined ? drawFrame(entry) : drawNote(entry));
    this.tail = new Tail({ scroller: parts.frameScroll, list: parts.frameRows, limit: KEPT, draw });
  }

  /* A row of words: what the frames below it belong to. */
  note(note) {
    this.tail.add({ note });
  }

  add(frame) {
    if (!isFrame(frame))
      return;
    this.#show(this.#count + 1);
    this.tail.add(frame);
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
