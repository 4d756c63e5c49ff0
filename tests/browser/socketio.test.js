/* npm's socket.io-client 4.8 in headless Chromium, as the server itself serves it to its page, over polling,
 * WebSocket, and from one to the other: on a page of the server's own origin, and on one of another.
 *
 * TESTSERVER names the program. The page at home is what the application answers outside of the service; the other
 * is served by this process. */

"use strict";

const assert = require("assert/strict");
const path = require("path");
const { chromium } = require("../interop/node_modules/playwright-core");
const { startServer } = require("../interop/support.js");
const { FLAGS, WAIT_MS, bounded, report, startPages } = require("./pages.js");

const DIST = path.dirname(require.resolve("../interop/node_modules/socket.io-client/dist/socket.io.js"));

const transports = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

/* In the page. What is not as expected throws, and the check fails. */

/* take(event) are the arguments of the next such event, without the offset of recovery. */
function client(url, transports, options) {
  const socket = window.io(url, { forceNew: true, transports, reconnectionDelay: 5, reconnectionDelayMax: 10, ...options });
  const come = {};
  const waiting = {};
  socket.onAny((event, ...args) => put(event, args));
  for (const event of ["connect", "disconnect", "connect_error"])
    socket.on(event, (...args) => put(event, args.map((arg) => arg?.message ?? arg)));
  function put(event, args) {
    if (waiting[event]?.length)
      waiting[event].shift()(args);
    else
      (come[event] ??= []).push(args);
  }
  socket.take = async (event) => {
    const args = come[event]?.shift() ?? await new Promise((resolve) => (waiting[event] ??= []).push(resolve));
    const bare = ["connect", "disconnect", "connect_error"].includes(event) || typeof args.at(-1) === "function";
    return bare ? args : args.slice(0, -1);
  };
  return socket;
}

/* With bytes as lists of their type. */
function plain(value) {
  if (value instanceof ArrayBuffer)
    return { bytes: [...new Uint8Array(value)] };
  if (Array.isArray(value))
    return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  return value;
}

function same(actual, wanted) {
  const [a, b] = [JSON.stringify(plain(actual)), JSON.stringify(plain(wanted))];
  if (a !== b)
    throw new Error(`${a.slice(0, 200)} for ${b.slice(0, 200)}`);
}

const VOCABULARY = [client, plain, same].join("\n");

const checks = {
  "is welcomed, and goes over to a WebSocket when it may": async ({ url, transports }) => {
    const socket = client(url, transports);
    const [welcome] = await socket.take("welcome");
    same([welcome.id, welcome.transport], [socket.id, transports[0]]);
    if (transports.length > 1)
      await new Promise((resolve) => (socket.io.engine.transport.name === "websocket" ? resolve() : socket.io.engine.once("upgrade", resolve)));
    same(await socket.emitWithAck("echo-ack", "alive"), "alive");
    same(socket.io.engine.transport.name, transports.at(-1));
    socket.disconnect();
  },
  "texts and bytes come back": async ({ url, transports }) => {
    const socket = client(url, transports);
    const bytes = new Uint8Array([0, 1, 30, 127, 128, 255]).buffer;
    for (const args of [[], ["grüße 😀", "\ud800", "\u2028\u001e\u0000"], [null, -0.25, 1e21, [[]], { a: { "": "" } }], [bytes],
      [{ a: [bytes, { b: new ArrayBuffer(0) }], t: "é" }, bytes]]) {
      socket.emit("echo", ...args);
      same(await socket.take("echo-back"), args);
    }
    socket.emit("echo", new Blob([new Uint8Array([7, 8])]), new File(["9"], "f"), new Uint8Array([1]));
    same(await socket.take("echo-back"), [{ bytes: [7, 8] }, { bytes: [57] }, { bytes: [1] }]);
    socket.emit("nested-bin");
    same(await socket.take("nested-bin"), [{ a: [{ bytes: [1, 2] }, { b: { bytes: [3] } }], t: "é" }, { bytes: [4, 5, 6] }]);
    socket.disconnect();
  },
  "acknowledgements go both ways": async ({ url, transports }) => {
    const socket = client(url, transports);
    same(await socket.emitWithAck("bin-len", new Uint8Array(1000)), 1000);
    socket.emit("ask", "p");
    const [payload, reply] = await socket.take("question");
    reply(payload, new Uint8Array([1]));
    same(await socket.take("answer"), ["p", { bytes: [1] }]);
    socket.emit("ask-timeout", 20);
    same(await socket.take("ask-timed-out"), [true]);
    socket.disconnect();
  },
  "a megabyte goes each way, and a burst keeps its order": async ({ url, transports }) => {
    const socket = client(url, transports);
    socket.emit("big-text", 1 << 20);
    socket.emit("big-bin", 1 << 20);
    same((await socket.take("big-text"))[0].length, 1 << 20);
    const bytes = new Uint8Array((await socket.take("big-bin"))[0]);
    same(bytes.length === 1 << 20 && bytes.every((byte, i) => byte === i % 251), true);
    same(await socket.emitWithAck("bin-len", bytes), 1 << 20);
    socket.emit("burst", 500);
    for (let i = 0; i < 500; i++)
      same(await socket.take("burst"), [i]);
    socket.disconnect();
  },
  "rooms are heard, also by what was missed while away": async ({ url, transports, room }) => {
    const [socket, other] = [client(url, transports), client(url, transports)];
    const [{ id }] = await socket.take("welcome");
    await other.take("welcome");
    same(await socket.emitWithAck("join", room), "joined");
    other.emit("room-msg", room, [1]);
    same(await socket.take("room-msg"), [[1]]);
    socket.emit("drop");
    same((await socket.take("disconnect"))[0], "transport close");
    other.emit("room-msg", room, 2);
    const [again] = await socket.take("welcome");
    same([again.recovered, again.id], [true, id]);
    same(await socket.take("room-msg"), [2]);
    socket.disconnect();
    other.disconnect();
  },
  "namespaces admit or refuse": async ({ url, transports }) => {
    const main = client(url, transports);
    const admitted = client(`${url}/auth`, transports, { auth: { token: "secret" } });
    same((await admitted.take("welcome"))[0].ns, "/auth");
    same(await client(`${url}/auth`, transports).take("connect_error"), ["not authorized"]);
    same(await client(`${url}/nowhere`, transports).take("connect_error"), ["Invalid namespace"]);
    same((await client(`${url}/dyn-5`, transports).take("welcome"))[0].ns, "/dyn-5");
    main.emit("kick", true);
    same((await main.take("disconnect"))[0], "io server disconnect");
    admitted.disconnect();
  },
};

async function openPage(browser, server, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(url);
  await page.addScriptTag({ url: `${server.url}/socket.io/socket.io.min.js` });
  await page.addScriptTag({ content: VOCABULARY });
  return page;
}

/* All checks over one kind of transport on a page. A page where something failed is left. */
async function checkKind({ browser, server, url, kind, counts }) {
  const where = url.startsWith(server.url) ? "at home" : "from another origin";
  let page;
  for (const [what, body] of Object.entries(checks)) {
    const sentence = `${kind} ${where}: ${what}`;
    if (process.argv[2] && !sentence.includes(process.argv[2]))
      continue;
    try {
      page ??= await openPage(browser, server, url);
      await bounded(page.evaluate(body, { url: server.url, transports: transports[kind], room: sentence }));
      counts.passed += 1;
    } catch (error) {
      counts.failed += 1;
      report(sentence, error);
      await page?.context().close();
      page = undefined;
    }
  }
  await page?.context().close();
}

async function run() {
  const server = await startServer({ args: ["socketio", "--port", "0", "--quiet", "--client-dir", DIST] });
  const pages = await startPages();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS });
  const counts = { passed: 0, failed: 0 };
  for (const url of [`${server.url}/page`, `http://127.0.0.1:${pages.address().port}/`]) {
    for (const kind of Object.keys(transports))
      await checkKind({ browser, server, url, kind, counts });
  }
  await browser.close();
  pages.close();
  if (await server.stop() === 0) {
    counts.passed += 1;
  } else {
    counts.failed += 1;
    report("the server ends by SIGTERM with status 0 and without a leak", new Error("it did not"));
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exit(counts.failed ? 1 : 0);
}

run().catch((error) => {
  console.log(`${error.stack}\n0 passed, 1 failed`);
  process.exit(1);
});
