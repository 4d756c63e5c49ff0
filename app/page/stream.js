/* A pane that only listens: an event stream, which the browser opens again by itself when it is lost.
 *
 * The first event of /events is "hello", {"id":N}; "binary" tells how many bytes were said, which an event
 * stream cannot carry. Everything else is what somebody said. */

import { formatSize } from "./bytes.js";

const HERE = { words: "closed here" };
const REFUSED = { words: "the server refused the stream" };

/* on as for a Link, and back() and remark(words). */
export class Stream {
  #source;
  #opened = false;

  constructor(name, on) {
    this.on = on;
    this.#source = new EventSource(`/events?pane=${name}`);
    this.#source.onopen = () => this.#open();
    this.#source.onmessage = (event) => on.message(event.data);
    this.#source.onerror = () => this.#lost();
    this.#source.addEventListener("hello", (event) => on.streaming(JSON.parse(event.data).id));
    this.#source.addEventListener("binary", (event) =>
      on.remark(`Bytes were said (${formatSize(Number(event.data))}), which an event stream cannot carry`));
  }

  close() {
    this.#source.close();
    this.on.closed(HERE);
  }

  #open() {
    this.#opened = true;
    this.on.open({ protocol: "", extensions: "" });
  }

  #lost() {
    if (this.#source.readyState === EventSource.CLOSED)
      this.on.closed(REFUSED);
    else
      this.on.back(this.#opened);
  }
}
