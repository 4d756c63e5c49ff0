/* The message log: what this pane said, what it heard, and what became of the connection. */

import { make } from "./dom.js";
import { cut, formatClock, formatSize, hexDump, sizeOf } from "./bytes.js";
import { Tail } from "./tail.js";

const KEPT = 500;
const SHOWN_CHARS = 2000;
const SHOWN_BYTES = 64;

const WHO = {
  said: { label: "Said", arrow: "↑" },
  heard: { label: "Heard", arrow: "↓" },
};

/* An entry holds what is drawn and not the message, which may be a megabyte. */
function preview(data) {
  if (typeof data === "string") {
    const shown = cut(data, SHOWN_CHARS);
    return { kind: "text", body: shown, shown: sizeOf(shown) };
  }
  const bytes = new Uint8Array(data).subarray(0, SHOWN_BYTES);
  return { kind: "binary", body: hexDump(bytes), shown: bytes.length };
}

function drawBody(entry) {
  if (entry.size === 0)
    return make("p", "body empty", "empty");
  return make(entry.kind === "text" ? "p" : "pre", "body", entry.body);
}

function drawMessage(entry) {
  const { label, arrow } = WHO[entry.who];
  const sign = make("span", "arrow", arrow);
  sign.setAttribute("aria-hidden", "true");
  const head = make("p", "meta", make("span", "who", sign, ` ${label}`), make("span", "kind", entry.kind),
    make("span", "", formatSize(entry.size)), make("time", "", formatClock(entry.at)));
  const item = make("li", `message ${entry.who}`, head, drawBody(entry));
  item.dataset.kind = entry.kind;
  if (entry.shown < entry.size)
    item.append(make("p", "more", `first ${formatSize(entry.shown)} of ${formatSize(entry.size)}`));
  return item;
}

function drawRemark(entry) {
  return make("li", "remark", make("span", "", entry.remark), " ", make("time", "", formatClock(entry.at)));
}

export class Messages {
  constructor(scroller, list) {
    const draw = (entry) => (entry.remark ? drawRemark(entry) : drawMessage(entry));
    this.tail = new Tail({ scroller, list, limit: KEPT, draw });
  }

  said(data) {
    this.#add("said", data);
    this.tail.reveal();
  }

  heard(data) {
    this.#add("heard", data);
  }

  remark(remark) {
    this.tail.add({ remark, at: new Date() });
  }

  clear() {
    this.tail.clear();
  }

  #add(who, data) {
    this.tail.add({ who, size: sizeOf(data), at: new Date(), ...preview(data) });
  }
}
