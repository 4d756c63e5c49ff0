/* The client file of Socket.IO 0.6.18 (it calls itself 0.6.3), unchanged, in headless Chromium: as the service serves
 * it, on a page of its own origin and on one of another, over each transport that Chromium has for it.
 *
 * TESTSERVER names the program. What Chromium cannot do, raw clients of tests/interop do: xhr-multipart needs Gecko's
 * XMLHttpRequest.multipart, flashsocket Flash, and server-events no client file of 0.5 or 0.6 ever asks for. htmlfile
 * needs Internet Explorer's ActiveXObject("htmlfile"), a document that nobody sees; a frame's is one as well, so the page
 * has that under this name (INTERNET_EXPLORER). That the client knows what the browser has by itself is checked, too. */

"use strict";

const assert = require("assert/strict");
const net = require("net");
const path = require("path");
const { chromium } = require("../interop/node_modules/playwright-core");
const { startServer } = require("../interop/support.js");
const { FLAGS, WAIT_MS, bounded, report, startPages } = require("./pages.js");

const FILE = path.join(path.dirname(require.resolve("../interop/node_modules/socket.io-0.6")),
  "support/socket.io-client/socket.io.js");
const TRANSPORTS = ["websocket", "xhr-polling", "jsonp-polling"];

/* Of all that there was in Internet Explorer, what htmlfile uses. */
const INTERNET_EXPLORER = `
  window.ActiveXObject = function () {
    const frame = document.documentElement.appendChild(document.createElement("iframe"));
    frame.contentDocument.parentWindow = frame.contentWindow;
    return frame.contentDocument;
  };
  window.attachEvent = (name, fn) => window.addEventListener(name.slice(2), fn);
  window.CollectGarbage = () => {};`;

/* In the page. What is not as expected throws, and the check fails. */

/* next(event) is what the next such event comes with. */
function client({ host, port, transport }, options) {
  const socket = new window.io.Socket(host, { port, transports: [transport].flat(), rememberTransport: false, reconnect: false,
    ...options });
  const come = {};
  const waiting = {};
  for (const event of ["connect", "message", "disconnect", "reconnect", "reconnecting", "connect_failed"]) {
    socket.on(event, (...args) => {
      if (waiting[event]?.length)
        waiting[event].shift()(args[0]);
      else
        (come[event] ??= []).push(args[0]);
    });
  }
  socket.next = (event = "message") => (come[event]?.length ? Promise.resolve(come[event].shift())
    : new Promise((resolve) => (waiting[event] ??= []).push(resolve)));
  socket.connect();
  return socket;
}

function same(actual, wanted) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== b)
    throw new Error(`${String(a).slice(0, 200)} for ${String(b).slice(0, 200)}`);
}

async function open(where, options) {
  const socket = client(where, options);
  await socket.next("connect");
  same(socket.transport.type, [where.transport].flat().at(-1));
  same(await socket.next(), { welcome: socket.transport.sessionid });
  return socket;
}

/* Somebody else: a page cannot have two clients on jsonp-polling, whose scripts get into one another's way. */
function openOther(where) {
  return open({ ...where, transport: "websocket" });
}

async function close(socket) {
  socket.disconnect();
  await socket.next("disconnect");
}

const VOCABULARY = [client, same, open, openOther, close].join("\n");

const checks = {
  "it connects, is given a session id, and welcomed": async (where) => {
    const socket = await open(where);
    same([socket.connected, /^\d{10,}$/.test(socket.transport.sessionid)], [true, true]);
    await close(socket);
  },
  "texts come back, whatever is in them": async (where) => {
    const socket = await open(where);
    const texts = ["x", "grüße", "日本語", "😀", "👩‍👩‍👧 e\u0301", "\"quoted\" \\ '", "a+b c&d=e%20;", "\u2028\u2029", "~m~3~m~abc", "~x~",
      "</script>", "</SCRIPT ><script>alert(1)</script>", "<!-- <b> ]]>", "\u0001\u007f\ufffd", "line\nand line\n", "x".repeat(5000),
      "é😀".repeat(3000)];
    for (const text of texts) {
      socket.send(`echo:${text}`);
      same(await socket.next(), text);
    }
    for (const text of texts)
      socket.send(`echo:${text}`);
    for (const text of texts)
      same(await socket.next(), text);
    await close(socket);
  },
  "objects come back as objects, lists as their items": async (where) => {
    const socket = await open(where);
    for (const v of [{}, { a: 1 }, { "ключ": "значение 😀", "": [null, true, -0.25, { b: [] }] }, { text: "</script>\u2028\n~m~" }, [1, [2]]]) {
      socket.send({ op: "echo", v });
      same(await socket.next(), { echo: v });
    }
    socket.send(["echo:a", "echo:b", { op: "echo", v: 3 }]);
    same([await socket.next(), await socket.next(), await socket.next()], ["a", "b", { echo: 3 }]);
    socket.send("types");
    for (const text of ["1", "true", "", "a", "b", "end"])
      same(await socket.next(), text);
    await close(socket);
  },
  "a thousand messages come in order": async (where) => {
    const socket = await open(where);
    socket.send("many:1000");
    for (let i = 0; i < 1000; i++)
      same(await socket.next(), `m${i}`);
    await close(socket);
  },
  "a thousand messages go in order": async (where) => {
    const socket = await open(where);
    for (let i = 0; i < 1000; i++)
      socket.send(`echo:c${i}`);
    for (let i = 0; i < 1000; i++)
      same(await socket.next(), `c${i}`);
    await close(socket);
  },
  "two clients hear one another": async (where) => {
    const [one, other] = [await open(where), await openOther(where)];
    one.send("bcast:to the other");
    same(await other.next(), "to the other");
    other.send("bcast:and back");
    same(await one.next(), "and back");
    await close(one);
    await close(other);
  },
  "heartbeats and empty polls keep it there": async (where) => {
    const socket = await open(where);
    socket.send("later:4500:still here");
    same(await socket.next(), "still here");
    same(socket.connected, true);
    await close(socket);
  },
  "the server sees it close": async (where) => {
    const [one, other] = [await open(where), await openOther(where)];
    const { sessionid } = one.transport;
    await close(one);
    for (;;) {
      other.send("gone");
      const { gone } = await other.next();
      if (gone.includes(sessionid))
        break;
      other.send("later:100:again");
      await other.next();
    }
    await close(other);
  },
};

/* A way to the server that can be cut. */
async function startWire(server) {
  const sockets = new Set();
  const wire = net.createServer((socket) => {
    const other = net.connect(server.port, server.host);
    for (const [from, to] of [[socket, other], [other, socket]]) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => { sockets.delete(from); to.destroy(); });
      from.pipe(to);
    }
  });
  await new Promise((resolve) => wire.listen(0, "127.0.0.1", resolve));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return { port: wire.address().port, cut, stop: () => { wire.close(); cut(); } };
}

/* Cut off, a WebSocket says so at once, and the client comes back by itself as another session. Of a poll on a connection
 * that was used before Chromium says nothing and asks again: the session goes on, and nothing is lost; where it does
 * say so, it is as with a WebSocket. (What jsonp-polling then sends goes to the session that was: its form is made
 * once.) */
async function checkCut(page, { server, transport }) {
  const wire = await startWire(server);
  await page.evaluate(async ({ cut, straight }) => {
    window.other = await open(straight);
    window.cut = await open(cut, { reconnect: true, reconnectionDelay: 50 });
    window.first = window.cut.transport.sessionid;
  }, { cut: { host: "127.0.0.1", port: wire.port, transport }, straight: { host: server.host, port: server.port, transport: "websocket" } });
  wire.cut();
  const told = await page.evaluate(async () => {
    window.other.send("later:500:now");
    await window.other.next();
    window.other.send("bcast:on");
    return Promise.race([window.cut.next("disconnect").then(() => true), window.cut.next().then((text) => same(text, "on")).then(() => false)]);
  });
  assert.ok(told || transport !== "websocket", "a WebSocket's end is told");
  await page.evaluate(async ([was, transport]) => {
    const { cut, first, other } = window;
    if (was) {
      await cut.next("reconnect");
      same(cut.transport.sessionid === first, false);
    } else {
      same(cut.transport.sessionid, first);
    }
    if (!was || transport !== "jsonp-polling") {
      cut.send("echo:back");
      while (await cut.next() !== "back");
    }
    cut.disconnect(); /* (Somebody waits for "disconnect" already.) */
    await close(other);
  }, [told, transport]);
  wire.stop();
}

/* What the client says of this browser. */
async function checkSupport(page) {
  const can = await page.evaluate(() => Object.fromEntries(Object.entries(window.io.Transport)
    .filter(([, { check }]) => check).map(([name, { check }]) => [name, Boolean(check())])));
  assert.deepEqual([can.websocket, can["xhr-polling"], can["jsonp-polling"]], [true, true, true]);
  assert.deepEqual([can.htmlfile, can["xhr-multipart"], can.flashsocket], [false, false, false]);
}

/* With its defaults it takes the best there is. */
async function checkDefaults(page, { server }) {
  const transport = await page.evaluate(async ({ host, port }) => {
    const socket = new window.io.Socket(host, { port });
    socket.connect();
    await new Promise((resolve) => socket.on("connect", resolve));
    const { type } = socket.transport;
    socket.disconnect();
    return type;
  }, { host: server.host, port: server.port });
  assert.equal(transport, "websocket");
}

async function openPage(browser, server, url, transport) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(url);
  if (transport === "htmlfile")
    await page.addScriptTag({ content: INTERNET_EXPLORER });
  await page.addScriptTag({ url: `${server.url}/socket.io/socket.io.js` });
  await page.addScriptTag({ content: VOCABULARY });
  return page;
}

/* The sentences of one page over one transport, each with its body. */
function sentencesOf({ server, transport }) {
  const where = { host: server.host, port: server.port, transport };
  const all = Object.entries(checks).map(([what, body]) => [what, (page) => page.evaluate(body, where)]);
  if (transport !== "htmlfile") /* whose client sees no cut: it hears nothing for 15 s, and gives up */
    all.push(["cut off, it comes back", (page) => checkCut(page, { server, transport })]);
  if (transport === TRANSPORTS[0])
    all.push(["the client knows what this browser can", checkSupport],
      ["with its defaults it takes a WebSocket", (page) => checkDefaults(page, { server })]);
  return all;
}

/* All over one transport, with a server that nobody else broadcasts on. Each has a page of its own: a client of
 * jsonp-polling that was closed does not stop polling, as somebody new, while its page lives. At home the page is the
 * client file, because that says what it is encoded in, as the forms are that jsonp-polling sends. */
async function checkTransport({ browser, elsewhere, transport, counts }) {
  const server = await startServer({ args: ["socketio-0.x", "--port", "0", "--quiet", "--client-file", FILE] });
  const place = elsewhere ? "from another origin" : "at home";
  const url = elsewhere ?? `${server.url}/socket.io/socket.io.js`;
  for (const [what, body] of sentencesOf({ server, transport })) {
    const sentence = `${transport} ${place}: ${what}`;
    if (process.argv[2] && !sentence.includes(process.argv[2]))
      continue;
    const page = await openPage(browser, server, url, transport);
    try {
      await bounded(body(page));
      counts.passed += 1;
    } catch (error) {
      counts.failed += 1;
      report(sentence, error);
    }
    await page.context().close();
  }
  if (await server.stop() === 0) {
    counts.passed += 1;
  } else {
    counts.failed += 1;
    report(`${transport} ${place}: the server ends by SIGTERM with status 0 and without a leak`, new Error("it did not"));
  }
}

async function run() {
  const pages = await startPages();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS });
  const counts = { passed: 0, failed: 0 };
  const elsewhere = `http://127.0.0.1:${pages.address().port}/`;
  await Promise.all([...[undefined, elsewhere].flatMap((page) =>
    TRANSPORTS.map((transport) => checkTransport({ browser, elsewhere: page, transport, counts }))),
  checkTransport({ browser, transport: "htmlfile", counts })]);
  await browser.close();
  pages.close();
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exit(counts.failed ? 1 : 0);
}

run().catch((error) => {
  console.log(`${error.stack}\n0 passed, 1 failed`);
  process.exit(1);
});
