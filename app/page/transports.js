/* What a pane can speak: who speaks it, what it carries, and how it goes about it, in a sentence. codeless: one
 * closes it without code and reason. protocol: what lies above the transport, and needs a client. */

import { Link } from "./link.js";
import { Session } from "./session.js";
import { SocketIo } from "./socketio.js";
import { SocketIo0 } from "./socketio0.js";
import { Stream } from "./stream.js";

const SENDS = "what it says leaves by requests of its own.";
const HIDDEN = "from a hidden page of the server, as pages of other origins have to";

const PLAIN = [
  { value: "websocket", label: "WebSocket", speaks: "websocket", says: "all", link: Link,
    about: "Both ways on one connection, text and bytes, with each frame below." },
  { value: "eventsource", label: "EventSource", speaks: "eventsource", says: "nothing", link: Stream, codeless: true,
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
  return { value: `sockjs:${transport}`, label: `SockJS: ${transport}`, protocol: "SockJS", speaks: "sockjs",
    says: "text", link: Session, transport, about };
}

const SESSIONS = Object.entries(SOCKJS).map(sockjsRow);

const SOCKETIO = [
  { value: "upgrade", transports: ["polling", "websocket"], label: "upgrade",
    about: "Begins with polling, and goes over to a WebSocket when that works: what socket.io-client does by itself." },
  { value: "polling", transports: ["polling"], label: "polling",
    about: "Asks, and is answered when there is something to hear, again and again; what it says leaves by POST." },
  { value: "websocket", transports: ["websocket"], label: "websocket",
    about: "A WebSocket from the start, with Engine.IO's packets inside, and Socket.IO's in those." },
];

function socketioRow({ value, label, ...rest }) {
  return { value: `socketio:${value}`, label: `Socket.IO: ${label}`, protocol: "Socket.IO", speaks: "socketio",
    says: "all", link: SocketIo, codeless: true, ...rest };
}

const SOCKETS = SOCKETIO.map(socketioRow);

/* Those of 2010 that today's browsers have. */
const SOCKETIO0 = {
  "websocket": "A WebSocket with frames inside, as in ~m~5~m~hello: a length in UTF-16 units, and the text.",
  "xhr-polling": "Asks, and is answered when there is something to hear, again and again; what it says leaves by POST, " +
    "as a form's field.",
  "jsonp-polling": SOCKJS["jsonp-polling"],
};

function socketio0Row([transport, about]) {
  return { value: `socketio0:${transport}`, label: `Socket.IO 0.6: ${transport}`, protocol: "Socket.IO 0.6",
    speaks: "socketio0", says: "text", link: SocketIo0, codeless: true, transport, about };
}

const OLD_SOCKETS = Object.entries(SOCKETIO0).map(socketio0Row);

function option({ value, label }) {
  return new Option(label, value);
}

function group(label, rows) {
  const element = document.createElement("optgroup");
  element.label = label;
  element.append(...rows.map(option));
  return element;
}

export function fillTransports(select) {
  select.replaceChildren(...PLAIN.map(option), group("SockJS", SESSIONS), group("Socket.IO", SOCKETS),
    group("Socket.IO of 2010", OLD_SOCKETS));
}

export function transportOf(select) {
  return [...PLAIN, ...SESSIONS, ...SOCKETS, ...OLD_SOCKETS].find(({ value }) => value === select.value);
}
