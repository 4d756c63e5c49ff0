/* npm's sockjs-client over each transport that it has without a browser. */

"use strict";

const https = require("https");
const net = require("net");
const SockJS = require("sockjs-client");
const { makeCertificates } = require("./certificates.js");
const { assert, eventually, run, startServer, test } = require("./support.js");
const { ours, post } = require("./sockjs.js");

const TRANSPORTS = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"];

/* The client gives a transport so long to open: by default some hundreds of milliseconds, which a busy machine
 * may not keep to. */
const PATIENCE_MS = 30000;

/* next() is the next thing that happens: "open", { data } or { code, reason, clean } of the close. */
function client(url, transports, options = {}) {
  const socket = new SockJS(url, null, { transports, timeout: PATIENCE_MS, ...options });
  const waiting = [];
  const come = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  socket.onopen = () => put("open");
  socket.onmessage = ({ data }) => put({ data });
  socket.onclose = ({ code, reason, wasClean }) => put({ code, reason, clean: wasClean });
  socket.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  return socket;
}

async function open(server, transport, service = "/echo", options = {}) {
  const socket = client(server.url + service, transport, options);
  assert.equal(await socket.next(), "open");
  assert.equal(socket.transport, transport);
  return socket;
}

async function expectMessages(socket, messages) {
  for (const message of messages) {
    const { data, ...rest } = await socket.next();
    assert.deepEqual(rest, {});
    assert.ok(data === message, `${JSON.stringify(data).slice(0, 100)} for ${JSON.stringify(message).slice(0, 100)}`);
  }
}

/* One by one, then all at once. */
async function expectEchoes(socket, messages) {
  for (const message of messages) {
    socket.send(message);
    await expectMessages(socket, [`${message}`]);
  }
  for (const message of messages)
    socket.send(message);
  await expectMessages(socket, messages.map(String));
}

async function close(socket, code = 1000, reason = "Normal closure") {
  socket.close(code, reason);
  assert.deepEqual(await socket.next(), { code, reason, clean: true });
}

function units(from, to) {
  return String.fromCharCode(...Array.from({ length: to - from }, (_, i) => from + i));
}

const rich = ["", "x", " ", 0, -1.5, 1e300, NaN, true, null, undefined, "null", '"', "\\", "[]", '["a"]', "{}", { a: 1 },
  [1, [2, 3]], "a[\"x\"]", "o", "h", "c[3000,\"Go away!\"]", "%", "100%25", "+ &=;", "\n", "\r\n\r\n", "\0", "\t", "</script>",
  "<!--", "data: x\n\n"];

const unicode = ["grüße", "€", "日本語", "😀", "👩‍👩‍👧‍👦", "\u2028\u2029", "\ufeff", "\uffff\ufffe", "\u200c\u200f\u202e",
  "e\u0301", "\u{10ffff}", "\ud800", "\udfff", "\udc00\ud800", "x\ud83dx"];

/* Over each transport, all at the same time because they mostly wait. */
function overEach(sentence, body) {
  test(`each transport: ${sentence}`, (server) => Promise.all(TRANSPORTS.map(async (transport) => {
    await body(server, transport).catch((error) => {
      error.stack = `over ${transport}: ${error.stack}`;
      throw error;
    });
  })));
}

overEach("values come back as the texts they are", async (server, transport) => {
  const socket = await open(server, transport);
  await expectEchoes(socket, rich);
  await expectEchoes(socket, unicode);
  await close(socket);
});

overEach("all of U+0000 to U+0100 come back, in one message and each alone", async (server, transport) => {
  const socket = await open(server, transport);
  const all = units(0, 0x101);
  socket.send(all);
  for (const unit of all)
    socket.send(unit);
  await expectMessages(socket, [all, ...all]);
  await close(socket);
});

overEach("all units there are come back, halves of surrogate pairs too", async (server, transport) => {
  const socket = await open(server, transport);
  const all = Array.from({ length: 16 }, (_, i) => units(i * 0x1000, (i + 1) * 0x1000));
  for (const message of all)
    socket.send(message);
  await expectMessages(socket, all);
  await close(socket);
});

overEach("messages of 1 byte to 32 KiB come back, one by one and all at once", async (server, transport) => {
  const socket = await open(server, transport);
  await expectEchoes(socket, Array.from({ length: 16 }, (_, bits) => "x".repeat(2 ** bits)));
  await close(socket);
});

overEach("a thousand messages in one turn come back in order", async (server, transport) => {
  const socket = await open(server, transport);
  const messages = Array.from({ length: 1000 }, (_, i) => `${i}`);
  for (const message of messages)
    socket.send(message);
  await expectMessages(socket, messages);
  await close(socket);
});

overEach("a message of 1 MiB comes back", async (server, transport) => {
  const socket = await open(server, transport);
  const message = "0123456789abcdef".repeat(65536);
  socket.send(message);
  await expectMessages(socket, [message]);
  await close(socket);
});

overEach("the server closes with code and reason", async (server, transport) => {
  const socket = client(`${server.url}/close`, transport);
  assert.equal(await socket.next(), "open");
  assert.deepEqual(await socket.next(), { code: 3000, reason: "Go away!", clean: true });
});

overEach("the client closes with code and reason, and its session is gone", async (server, transport) => {
  const socket = await open(server, transport, "/echo", { server: "000", sessionId: () => `closed-${transport}` });
  await close(socket, 4999, "bye");
  await eventually(async () => (await post(server, `/echo/000/closed-${transport}`, '["a"]')).status === 404, "404");
});

overEach("amplify makes messages of up to 256 KiB", async (server, transport) => {
  const socket = await open(server, transport, "/amplify");
  for (const bits of [1, 4, 15, 18]) {
    socket.send(bits);
    await expectMessages(socket, ["x".repeat(2 ** bits)]);
  }
  await close(socket);
});

overEach("the ticker ticks", async (server, transport) => {
  const socket = await open(server, transport, "/ticker");
  await expectMessages(socket, ["tick!", "tick!"]);
  await close(socket);
});

overEach("a query of the page's is passed through", async (server, transport) => {
  const socket = await open(server, transport, "/echo?token=a%20b&x");
  await expectEchoes(socket, ["a", "b"]);
  await close(socket);
});

test("broadcast goes from each transport to all", async (server) => {
  const sockets = [];
  for (const transport of TRANSPORTS)
    sockets.push(await open(server, transport, "/broadcast"));
  for (const from of sockets) {
    from.send(`from ${from.transport}`);
    for (const to of sockets)
      await expectMessages(to, [`from ${from.transport}`]);
  }
  for (const socket of sockets)
    await close(socket);
});

test("left to itself it takes a websocket, and where there is none a stream", async (server) => {
  for (const [service, transport] of [["/echo", "websocket"], ["/disabled_websocket_echo", "xhr-streaming"]]) {
    const socket = client(server.url + service);
    assert.equal(await socket.next(), "open");
    assert.equal(socket.transport, transport);
    await expectEchoes(socket, ["a"]);
    await close(socket);
  }
});

test("it finds no transport where it may only use a websocket and there is none", async (server) => {
  const socket = client(`${server.url}/disabled_websocket_echo`, "websocket");
  assert.deepEqual(await socket.next(), { code: 2000, reason: "All transports failed", clean: false });
});

test("it cannot connect where there is no service, or nobody", async (server) => {
  const nobody = net.createServer();
  await new Promise((resolve) => nobody.listen(0, "127.0.0.1", resolve));
  const { port } = nobody.address();
  await new Promise((resolve) => nobody.close(resolve));
  for (const url of [`${server.url}/nothing`, `http://127.0.0.1:${port}/echo`])
    assert.deepEqual(await client(url).next(), { code: 1002, reason: "Cannot connect to server", clean: false });
});

ours("over TLS each transport echoes, and closes as it should", async () => {
  const { ca, server: { certFile, keyFile } } = makeCertificates();
  const args = ["services", "--port", "0", "--quiet", "--tls-cert", certFile, "--tls-key", keyFile];
  const server = await startServer({ args });
  const named = { url: `https://localhost:${server.port}` }; /* an address is no name for TLS */
  https.globalAgent.options.ca = ca;
  await Promise.all(TRANSPORTS.map(async (transport) => {
    const socket = await open(named, transport, "/echo", { transportOptions: { websocket: { tls: { ca } } } });
    await expectEchoes(socket, [...unicode, "x".repeat(100000)]);
    await close(socket, 3001, "bye");
  }));
  https.globalAgent.destroy();
  assert.equal(await server.stop(), 0);
});

test("forty clients of all transports at once", async (server) => {
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const socket = await open(server, TRANSPORTS[i % TRANSPORTS.length]);
    await expectEchoes(socket, Array.from({ length: 10 }, (_, j) => `${i}.${j}`));
    await close(socket);
  }));
});

run();
