/* npm's sockjs-client in headless Chromium over every transport it has there: on a page of the services' own
 * origin, and on one of another.
 *
 * TESTSERVER names the program. The page at home is a greeting, the other is served by this process; both are
 * given the client. The iframe page looks for it somewhere on the net, where the browser is made to find the same
 * one. (No page is made up this way: Chromium takes it for one from the net and does not let it open a WebSocket
 * to this machine.) */

"use strict";

const assert = require("assert/strict");
const fs = require("fs");
const { chromium } = require("../interop/node_modules/playwright-core");
const { startServer } = require("../interop/support.js");
const { FLAGS, WAIT_MS, bounded, report, startPages } = require("./pages.js");

const CLIENT = fs.readFileSync(require.resolve("../interop/node_modules/sockjs-client/dist/sockjs.js"), "utf8");

/* htmlfile writes into the page that asks, so it is for its own origin alone; within an iframe of the
 * services' origin it is at home. */
const ANYWHERE = ["jsonp-polling", "iframe-xhr-polling", "xhr-polling", "iframe-htmlfile", "iframe-eventsource",
  "eventsource", "xhr-streaming", "websocket"];
const AT_HOME = [...ANYWHERE, "htmlfile"];

/* In the page. A message that is not the one expected throws, and the check fails. */

/* next() is the next thing that happens: "open over" its transport, { data } or { code, reason, clean } of the close. */
function client(url, transport) {
  const socket = new window.SockJS(url, null, { transports: transport, timeout: 30000 });
  const waiting = [];
  const come = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  socket.onopen = () => put(`open over ${socket.transport}`);
  socket.onmessage = ({ data }) => put({ data });
  socket.onclose = ({ code, reason, wasClean }) => put({ code, reason, clean: wasClean });
  socket.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  return socket;
}

async function open(url, transport) {
  const socket = client(url, transport);
  const first = await socket.next();
  if (first !== `open over ${transport}`)
    throw new Error(JSON.stringify(first));
  return socket;
}

async function expectMessages(socket, messages) {
  const show = (value) => String(JSON.stringify(value)).slice(0, 200);
  for (const message of messages) {
    const next = await socket.next();
    if (next.data !== message)
      throw new Error(`${show(next)} for ${show(message)}`);
  }
}

/* One by one, then all at once. */
async function expectEchoes(socket, messages) {
  for (const message of messages) {
    socket.send(message);
    await expectMessages(socket, [message]);
  }
  for (const message of messages)
    socket.send(message);
  await expectMessages(socket, messages);
}

async function close(socket, code, reason) {
  socket.close(code, reason);
  return socket.next();
}

const VOCABULARY = [client, open, expectMessages, expectEchoes, close].join("\n");

/* The checks, which run in the page. What they return, if anything, stands behind them. */

const checks = {
  "texts come back, whatever they look like": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo`, transport);
    await expectEchoes(socket, ["", "x", "\"", "\\", "[]", "a[\"x\"]", "&amp;", "%", "100%25", "+ &=;", "\n", "\r\n\r\n", "\0",
      "data: x\n\n", "grüße", "日本語", "😀", "👩‍👩‍👧", "\u2028\u2029", "\ufeff", "\uffff\ufffe", "\u200c\u200f\u202e", "e\u0301", "\ud800",
      "\udfff", "\udc00\ud800", "x\ud83dx"]);
    await close(socket);
  }],
  /* (The reference server's htmlfile ends here.) */
  "markup comes back": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo`, transport);
    await expectEchoes(socket, ["</script>", "</SCRIPT ><script>alert(1)</script>", "<!--", "<!--<script>", "-->", "]]>",
      "<iframe>", "<plaintext>", "</body></html>"]);
    await close(socket);
  }],
  "all units there are come back, and each from U+0000 to U+0100 alone": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo`, transport);
    const units = (from, to) => String.fromCharCode(...Array.from({ length: to - from }, (_, i) => from + i));
    const all = [units(0, 0x101), ...units(0, 0x101)];
    for (let from = 0; from < 0x10000; from += 0x1000)
      all.push(units(from, from + 0x1000));
    for (const message of all)
      socket.send(message);
    await expectMessages(socket, all);
    await close(socket);
  }],
  "messages of 1 byte to 1 MiB come back, one by one and all at once": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo`, transport);
    await expectEchoes(socket, Array.from({ length: 16 }, (_, bits) => "x".repeat(2 ** bits)));
    const large = "0123456789abcdef".repeat(65536);
    socket.send(large);
    await expectMessages(socket, [large]);
    await close(socket);
  }],
  "a thousand messages in one turn come back in order, and amplified ones whole": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo`, transport);
    const messages = Array.from({ length: 1000 }, (_, i) => `${i}`);
    for (const message of messages)
      socket.send(message);
    await expectMessages(socket, messages);
    await close(socket);
    const amplifier = await open(`${url}/amplify`, transport);
    for (const bits of [1, 4, 15, 18]) {
      amplifier.send(`${bits}`);
      await expectMessages(amplifier, ["x".repeat(2 ** bits)]);
    }
    await close(amplifier);
  }],
  "a query of the page's is passed through": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo?token=a%20b&x`, transport);
    await expectEchoes(socket, ["a", "b"]);
    await close(socket);
  }],
  "the server closes with code and reason": [async ({ url, transport }) => {
    const socket = await open(`${url}/close`, transport);
    return socket.next();
  }, { code: 3000, reason: "Go away!", clean: true }],
  "the client closes with code and reason": [async ({ url, transport }) => {
    const socket = await open(`${url}/echo`, transport);
    await expectEchoes(socket, ["a"]);
    return close(socket, 4999, "bye");
  }, { code: 4999, reason: "bye", clean: true }],
};

async function openPage(browser, server, url) {
  const context = await browser.newContext();
  await context.route(({ hostname }) => hostname !== server.host, (route) => {
    const client = /\/sockjs(\.min)?\.js$/.test(new URL(route.request().url()).pathname);
    return client ? route.fulfill({ contentType: "text/javascript", body: CLIENT }) : route.abort();
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(url);
  await page.addScriptTag({ content: CLIENT });
  await page.addScriptTag({ content: VOCABULARY });
  return page;
}

/* All checks over one transport, in a browser context of their own, which has connections of its own. A page
 * where something failed is left. */
async function checkTransport({ browser, server, url, transport, counts }) {
  const where = url.startsWith(server.url) ? "at home" : "from another origin";
  let page;
  for (const [what, [check, wanted]] of Object.entries(checks)) {
    const sentence = `${transport} ${where}: ${what}`;
    if (process.argv[2] && !sentence.includes(process.argv[2]))
      continue;
    try {
      page ??= await openPage(browser, server, url);
      assert.deepEqual(await bounded(page.evaluate(check, { url: server.url, transport })), wanted);
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

/* So many at a time: they mostly wait. */
const WIDTH = 4;

async function run() {
  const server = await startServer();
  const pages = await startPages();
  const home = `${server.url}/echo`;
  const elsewhere = `http://127.0.0.1:${pages.address().port}/`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const counts = { passed: 0, failed: 0 };
  const left = [...AT_HOME.map((transport) => ({ url: home, transport })),
    ...ANYWHERE.map((transport) => ({ url: elsewhere, transport }))];
  left.sort((a, b) => AT_HOME.indexOf(a.transport) - AT_HOME.indexOf(b.transport)); /* what takes longest first */
  await Promise.all(Array.from({ length: WIDTH }, async () => {
    while (left.length)
      await checkTransport({ browser, server, counts, ...left.shift() });
  }));
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
