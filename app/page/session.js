/* A pane on SockJS: a session of the transport one chose, or of the first that works.
 *
 * The first message is {"hello":{"id":N,"transport":"…","path":"…"}}: what the server sees; {"binary":N} tells
 * how many bytes were said, which SockJS does not carry. Everything else is what somebody said. */

import { formatSize } from "./bytes.js";
import { loadClient } from "./client.js";

const SERVICE = "/sockjs";
const HERE = { words: "closed here" };
const MISSING = { words: "the page has no SockJS client", missing: true };

/* sockjs-client's own codes for what never began. */
const NO_ANSWER = 1002;
const NONE_WORKED = 2000;

/* sockjs-client gives up on a transport after a few round trips, which is right where it has others to
 * try; of one that was chosen one wants to see what becomes of it. */
const PATIENCE_MS = 10000;

const TOLD = /^\{"(hello|binary)":/;

function told(text) {
  if (!TOLD.test(text))
    return {};
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function describe({ code, reason }) {
  return reason ? `${code}, “${reason}”` : String(code);
}

/* What to make of an end; undefined where its own words say enough. */
function explain(code, transport) {
  if (code === NO_ANSWER)
    return "The server did not answer. Browsers open at most six connections to one server for requests, and every " +
      "stream and poll of other tabs holds one";
  if (code === NONE_WORKED && transport !== "any")
    return `${transport} came to nothing: this browser does not have it, or something between here and the ` +
      "server holds it up";
}

/* on as for a Link, and session(facts) and remark(words). */
export class Session {
  #transport;
  #socket = null;
  #ended = false;
  #greeted = false;

  constructor(name, on, { transport }) {
    this.on = on;
    this.#transport = transport;
    this.#open();
  }

  send(text) {
    this.#socket.send(text);
  }

  close(code, reason) {
    if (this.#socket)
      this.#socket.close(code, reason);
    else
      this.#end(HERE);
  }

  async #open() {
    const SockJS = await loadClient("sockjs");
    if (this.#ended)
      return;
    if (!SockJS) {
      this.#end(MISSING);
      return;
    }
    const one = { transports: this.#transport, timeout: PATIENCE_MS };
    this.#socket = new SockJS(SERVICE, null, this.#transport === "any" ? {} : one);
    this.#socket.onopen = () => this.on.open({ client: `sockjs-client ${SockJS.version}`,
      carrier: this.#socket.transport });
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#finish(event);
  }

  #receive(text) {
    const { hello, binary } = told(text);
    if (!this.#greeted && hello)
      this.on.session(hello);
    else if (Number.isInteger(binary))
      this.on.remark(`Bytes were said (${formatSize(binary)}), which SockJS does not carry`);
    else
      this.on.message(text);
    this.#greeted = true;
  }

  #finish(event) {
    const why = explain(event.code, this.#transport);
    if (why)
      this.on.remark(why);
    this.#end({ words: describe(event) });
  }

  #end(event) {
    this.#ended = true;
    this.on.closed(event);
  }
}
