/* A pane: one connection with its controls, its log and its frames. */

import { Composer } from "./composer.js";
import { describeClose, readClosing } from "./closing.js";
import { formatMs, formatSize, sizeOf } from "./bytes.js";
import { Frames } from "./frames.js";
import { Messages } from "./messages.js";
import { Packets } from "./packets.js";
import { Requests } from "./requests.js";
import { clientIsThere } from "./client.js";
import { fillTransports, transportOf } from "./transports.js";
import { partsOf } from "./dom.js";

/* Each state's word, and what the button does then. */
const STATES = {
  connecting: { word: "Connecting", action: "Cancel" },
  open: { word: "Connected", action: "Disconnect" },
  closing: { word: "Closing", action: "Disconnect" },
  closed: { word: "Disconnected", action: "Connect" },
};

const NONE_YET = "–";
/* Those that hold while there is a connection. */
const FACTS = ["protocol", "extensions", "trip", "carrier", "seen", "client", "path"];

function title(name) {
  return name[0].toUpperCase() + name.slice(1);
}

export class Pane {
  #state = "closed";
  #transport;
  #link = null;
  #counts;

  constructor(root, name) {
    this.root = root;
    this.name = name;
    this.parts = partsOf(root);
    this.messages = new Messages(this.parts.log, this.parts.messages);
    this.frames = new Frames(this.parts);
    this.requests = new Requests(this.parts);
    this.packets = new Packets(this.parts);
    this.composer = new Composer(this.parts, (data) => this.#say(data));
    fillTransports(this.parts.transport);
    this.#nameParts();
    this.#resetCounts();
    this.#listen();
    this.#choose();
  }

  connect() {
    this.#resetCounts();
    this.#enter("connecting");
    this.#link = new this.#transport.link(this.name, {
      open: (facts) => this.#opened(facts),
      hello: (id) => this.frames.note(`Connection ${id}`),
      session: (hello) => this.#sessionOpened(hello),
      streaming: (id) => this.frames.note(`Connection ${id}, an event stream: it has no frames`),
      back: (again) => this.#comingBack(again),
      carried: (facts) => this.#showFacts(facts),
      packets: (note) => this.packets.note(note),
      packet: (way, packet) => this.packets.add(way, packet),
      remark: (words) => this.messages.remark(words),
      message: (data) => this.#heard(data),
      frame: (frame) => this.frames.add(frame),
      trip: (trips) => this.#showTrip(trips),
      traceLost: () => this.#traceLost(),
      closed: (event) => this.#closed(event),
    }, this.#transport);
  }

  #nameParts() {
    const name = title(this.name);
    this.root.id = this.name;
    this.parts.title.id = `${this.name}-title`;
    this.parts.title.textContent = name;
    this.root.setAttribute("aria-labelledby", this.parts.title.id);
    this.parts.log.setAttribute("aria-label", `${name}: messages`);
    this.parts.frameScroll.setAttribute("aria-label", `${name}: frames`);
    this.parts.frameCaption.textContent = `${name}: frames as the server decoded them`;
    this.parts.requestScroll.setAttribute("aria-label", `${name}: requests`);
    this.parts.requestCaption.textContent = `${name}: requests of its SockJS session`;
    this.parts.packetScroll.setAttribute("aria-label", `${name}: packets`);
    this.parts.packetCaption.textContent = `${name}: packets of its Socket.IO connection`;
    this.parts.clear.setAttribute("aria-label", `Clear messages and frames of ${this.name}`);
    this.#describe(this.parts.about, [this.parts.transport]);
    this.#describe(this.parts.note, [this.parts.hex, this.parts.file]);
    this.#describe(this.parts.closeNote, [this.parts.code, this.parts.reason]);
    /* On a small screen the conversation comes first. */
    for (const details of [this.parts.frames, this.parts.requests, this.parts.packets])
      details.open = !matchMedia("(max-width: 720px)").matches;
  }

  #describe(note, fields) {
    note.id = `${this.name}-${note.dataset.part}`;
    for (const field of fields)
      field.setAttribute("aria-describedby", note.id);
  }

  #listen() {
    this.parts.transport.addEventListener("change", () => this.#choose());
    this.parts.connection.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#toggle();
    });
    this.parts.clear.addEventListener("click", () => {
      this.messages.clear();
      this.frames.clear();
      this.requests.clear();
      this.packets.clear();
    });
  }

  #choose() {
    this.#transport = transportOf(this.parts.transport);
    this.root.dataset.speaks = this.#transport.speaks;
    this.parts.about.textContent = this.#transport.about;
    this.#enter("closed");
    this.#lookForClient();
  }

  /* Says so at once when the chosen transport has to do without. */
  async #lookForClient() {
    const chosen = this.#transport;
    const missing = chosen.protocol && !await clientIsThere(chosen.speaks);
    if (chosen === this.#transport)
      this.#showMissing(missing);
  }

  #showMissing(missing) {
    this.parts.missing.hidden = !missing;
    this.parts.about.hidden = missing;
  }

  #toggle() {
    if (this.#state === "closed")
      this.connect();
    else
      this.#disconnect();
  }

  #disconnect() {
    if (this.#transport.codeless) {
      this.#link.close();
      return;
    }
    const { wrong, code, reason } = readClosing(this.parts.code.value, this.parts.reason.value);
    this.parts.closeNote.textContent = wrong ?? "";
    if (wrong || this.#state === "closing")
      return;
    this.#enter("closing");
    this.#link.close(code, reason);
  }

  #enter(state, detail = "") {
    const { word, action } = STATES[state];
    this.#state = state;
    this.root.dataset.state = state;
    this.parts.state.textContent = word;
    this.parts.stateDetail.textContent = detail;
    this.parts.toggle.textContent = action;
    this.parts.transport.disabled = state !== "closed";
    for (const field of [this.parts.code, this.parts.reason])
      field.disabled = Boolean(this.#transport.codeless);
    this.composer.carry(this.#transport.says, this.#transport.protocol);
    this.composer.allow(state === "open" && this.#transport.says !== "nothing");
  }

  /* The browser tries again by itself. */
  #comingBack(again) {
    if (this.#state === "connecting")
      return;
    this.#enter("connecting", again ? "comes back by itself" : "");
    this.messages.remark("Lost; it comes back by itself");
  }

  /* What of this a transport does not have is none; the server's side of a session comes later. */
  #opened({ protocol, extensions, carrier, client }) {
    this.#enter("open");
    this.#showMissing(false);
    this.#showFacts({ protocol: protocol || "none", extensions: extensions || "none", carrier, client });
    this.messages.remark(carrier ? `Connected by ${carrier}` : "Connected");
  }

  #sessionOpened(hello) {
    this.#showFacts({ seen: hello.transport, path: hello.path });
    if (this.#transport.speaks === "sockjs")
      this.requests.watch(hello);
  }

  #showFacts(facts) {
    for (const [fact, words] of Object.entries(facts))
      this.parts[fact].textContent = words ?? NONE_YET;
  }

  #closed(event) {
    const words = event.words ?? describeClose(event);
    const what = this.#state === "connecting" ? "Not connected" : "Disconnected";
    this.#link = null;
    this.requests.stop();
    this.#enter("closed", words);
    this.parts.closeNote.textContent = "";
    for (const fact of FACTS)
      this.parts[fact].textContent = NONE_YET;
    if (event.missing)
      this.#showMissing(true);
    this.messages.remark(`${what}: ${words}`);
  }

  #traceLost() {
    this.parts.trip.textContent = NONE_YET;
    this.messages.remark("The server stopped tracing: no more frames and round trips");
  }

  #say(data) {
    if (this.#state !== "open" || this.#transport.says === "nothing")
      return false;
    this.#link.send(data);
    this.#count("said", data);
    this.messages.said(data);
    return true;
  }

  #heard(data) {
    this.#count("heard", data);
    this.messages.heard(data);
  }

  #resetCounts() {
    this.#counts = { said: { messages: 0, bytes: 0 }, heard: { messages: 0, bytes: 0 } };
    this.#showCount("said");
    this.#showCount("heard");
  }

  #count(way, data) {
    this.#counts[way].messages += 1;
    this.#counts[way].bytes += sizeOf(data);
    this.#showCount(way);
  }

  #showCount(way) {
    const { messages, bytes } = this.#counts[way];
    this.parts[way].textContent = `${messages} · ${formatSize(bytes)}`;
  }

  #showTrip(trips) {
    if (this.#state === "open")
      this.parts.trip.textContent = `${formatMs(trips.last)} · median ${formatMs(trips.median)}`;
  }
}
