/* The table of requests of a SockJS session, as the browser has measured them.
 *
 * A session's requests lie below its path. Those of hidden pages (iframe-…) are told by these pages'
 * windows. A request is told when its answer has ended; WebSockets are not told at all. */

import { formatMs, formatSize } from "./bytes.js";
import { make } from "./dom.js";
import { Tail } from "./tail.js";

const KEPT = 500;
const COLUMNS = 5;

const WAYS = {
  said: { label: "client", arrow: "↑" },
  heard: { label: "server", arrow: "↓" },
};

function drawRequest({ name, status, took, size }) {
  const way = name.endsWith("_send") ? "said" : "heard";
  const { label, arrow } = WAYS[way];
  const sign = make("span", "arrow", arrow);
  sign.setAttribute("aria-hidden", "true");
  return make("tr", `request ${way}`, make("td", "way", sign, ` ${label}`), make("td", "request-name", name),
    make("td", "number", status ? String(status) : "–"), make("td", "number", formatMs(took)),
    make("td", "number", formatSize(size)));
}

function drawNote({ note }) {
  const cell = make("th", "", note);
  cell.colSpan = COLUMNS;
  cell.scope = "colgroup";
  return make("tr", "connection-row", cell);
}

function windows() {
  const frames = [...document.querySelectorAll("iframe")].map((frame) => frame.contentWindow);
  return [window, ...frames].filter((one) => one?.PerformanceObserver);
}

export class Requests {
  #count = 0;
  #observers = [];

  constructor(parts) {
    this.parts = parts;
    const draw = (entry) => (entry.note === undefined ? drawRequest(entry) : drawNote(entry));
    this.tail = new Tail({ scroller: parts.requestScroll, list: parts.requestRows, limit: KEPT, draw });
    this.#explain("");
  }

  /* Those below the session's path, from now on. */
  watch({ id, transport, path }) {
    this.stop();
    this.#explain(transport);
    this.tail.add({ note: `Connection ${id}, over ${transport}` });
    const below = `${location.origin}${path}/`;
    const take = (list) => list.getEntries().filter(({ name }) => name.startsWith(below))
      .forEach((entry) => this.#add(entry, entry.name.slice(below.length)));
    this.#observers = windows().map((one) => {
      const observer = new one.PerformanceObserver(take);
      observer.observe({ type: "resource", buffered: true });
      return observer;
    });
  }

  stop() {
    for (const observer of this.#observers)
      observer.disconnect();
    this.#observers = [];
  }

  clear() {
    this.#show(0);
    this.tail.clear();
  }

  #add({ responseStatus, duration, encodedBodySize }, name) {
    this.#show(this.#count + 1);
    this.tail.add({ name: name.replace(/\?.*/, ""), status: responseStatus, took: duration, size: encodedBodySize });
  }

  #explain(carrier) {
    this.parts.requestNote.textContent = carrier === "websocket"
      ? "One WebSocket carries it all, so there are no requests. Frames are shown of panes that speak WebSocket without SockJS."
      : "As this browser measured them, each when its answer has ended. The frames inside them are not shown.";
  }

  #show(count) {
    this.#count = count;
    this.parts.requestCount.textContent = count;
  }
}
