/* What a pane can speak: who speaks it, what it carries, and how it goes about it, in a sentence. */

import { Link } from "./link.js";
import { Session } from "./session.js";
import { Stream } from "./stream.js";

const SENDS = "what it says leaves by requests of its own.";
const HIDDEN = "from a hidden page of the server, as pages of other origins have to";

const PLAIN = [
  { value: "websocket", label: "WebSocket", speaks: "websocket", says: "all", link: Link,
    about: "Both ways on one connection, text and bytes, with each frame below." },
  { value: "eventsource", label: "EventSource", speaks: "eventsource", says: "nothing", link: Stream,
    about: "Hears everything in one endless answer, and comes back by itself." },
];

/* By their names in sockjs-client, in the order in which it tries them. */
const SOCKJS = {
  any: "SockJS tries what follows in this order, and stays with the first that works.",
  "websocket": "A WebSocket with SockJS's frames inside: o, h, a[…], c[…].",
  "xhr-streaming": `Hears in one long answer to a POST, opened anew every 128 KiB; ${SENDS}`,
  "eventsource": `Hears in an event stream, opened anew every 128 KiB; ${SENDS}`,
  "iframe-eventsource": `Like eventsource, ${HIDDEN}.`,
  "htmlfile": `Hears by scripts in a hidden page that does not end loading; ${SENDS}`,
  "xhr-polling": `Asks, and is answered when there is something to hear, again and again; ${SENDS}`,
  "iframe-xhr-polling": `Like xhr-polling, ${HIDDEN}.`,
  "jsonp-polling": "Each thing it hears is a script it loads; what it says is a form posted into a hidden frame.",
};

function sockjsRow([transport, about]) {
  return { value: `sockjs:${transport}`, label: `SockJS: ${transport}`, speaks: "sockjs", says: "text",
    link: Session, transport, about };
}

const SESSIONS = Object.entries(SOCKJS).map(sockjsRow);

export function fillTransports(select) {
  const option = ({ value, label }) => new Option(label, value);
  const group = document.createElement("optgroup");
  group.label = "SockJS";
  group.append(...SESSIONS.map(option));
  select.replaceChildren(...PLAIN.map(option), group);
}

export function transportOf(select) {
  return [...PLAIN, ...SESSIONS].find(({ value }) => value === select.value);
}
