/* `rill bench`: what it counts, what it says of servers that do not echo, its statuses. RILL names the program. */

"use strict";

const { execFile } = require("child_process");
const http = require("http");
const { Server } = require("socket.io");
const { WebSocketServer } = require("ws");
const { assert, run, startServer, test } = require("./support.js");

function bench(...args) {
  return new Promise((resolve) => execFile(process.env.RILL, ["bench", ...args], { timeout: 60000 },
    (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr })));
}

async function measured(...args) {
  const { status, stdout, stderr } = await bench("--json", "--seconds", "0.5", ...args);
  assert.equal(status, 0, stderr);
  assert.equal(stdout.split("\n").length, 2);
  return JSON.parse(stdout);
}

/* Of each message that was counted the server had to send one, and no more are under way than may be. */
function sound(result, { connections, inFlight = 1, size = 64 }) {
  assert.deepEqual([result.connections, result.in_flight, result.size], [connections, inFlight, size]);
  assert.ok(result.answered > 0);
  assert.ok(result.sent >= result.answered && result.sent <= result.answered + connections * inFlight, JSON.stringify(result));
  const { p50, p90, p99, max } = result.latency_ms;
  assert.ok(p50 > 0 && p50 <= p90 && p90 <= p99 && p99 <= max, JSON.stringify(result));
  assert.ok(Math.abs(result.per_second - result.answered / result.seconds) <= result.per_second / 100 + 0.1);
  assert.deepEqual([result.failed, result.lost, result.threads], [0, 0, 1]);
}

async function serving(setUp, body) {
  const server = http.createServer();
  const end = setUp(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await body(`127.0.0.1:${server.address().port}`);
  } finally {
    await end?.();
    server.closeAllConnections();
    server.close();
  }
}

function webSockets(on) {
  return (server) => {
    const all = new WebSocketServer({ server });
    all.on("connection", (socket) => {
      socket.on("error", () => {});
      on(socket, all);
    });
  };
}

function socketio(on) {
  return (server) => {
    const io = new Server(server);
    io.on("connection", on);
    io.of("/chat").use((socket, next) => next(socket.handshake.auth.token === "x" ? undefined : new Error("no"))).on("connection", on);
    return () => io.close();
  };
}

test("the echo of the test server is measured: plain, several under way, larger messages", async (server) => {
  sound(await measured(server.ws), { connections: 10 });
  sound(await measured("--connections", "100", "--in-flight", "7", "--size", "5000", server.ws),
    { connections: 100, inFlight: 7, size: 5000 });
  sound(await measured("--connections", "1", "--size", "20", server.ws), { connections: 1, size: 20 });
});

test("for people it says the same in words", async (server) => {
  const { status, stdout } = await bench("--seconds", "0.2", "--connections", "2", server.ws);
  assert.equal(status, 0);
  assert.match(stdout, /^2 connections of WebSocket, 1 message of 64 bytes under way on each, for 0\.\d\d s\nanswered +\d+ messages/);
  assert.match(stdout, /\nlatency +p50 [\d.]+ ms.*\nthis end +one thread, \d+ % of a processor/);
});

test("answers are known among what the server says besides, and in any order", () =>
  serving(webSockets((socket) => {
    const late = [];
    socket.on("message", (data) => {
      socket.send("something else");
      late.push(data);
      if (late.length === 4)
        late.splice(0).reverse().forEach((one) => socket.send(String(one)));
    });
  }), async (where) => {
    const result = await measured("--connections", "2", "--in-flight", "4", `ws://${where}`);
    sound(result, { connections: 2, inFlight: 4 });
    assert.ok(result.other_messages >= result.answered);
  }));

test("what others have sent is no answer", () => serving(webSockets((socket, all) => socket.on("message", (data) =>
  all.clients.forEach((one) => one !== socket && one.send(String(data))))), async (where) => {
  const { status, stderr } = await bench("--seconds", "0.3", "--connections", "3", `ws://${where}`);
  assert.equal(status, 1);
  assert.match(stderr, /^rill: the server does not echo: 3 messages were sent, and none came back\n$/);
}));

test("Socket.IO: an event that brings the message back, or an acknowledgement, of a namespace one may join", () =>
  serving(socketio((socket) => {
    socket.emit("welcome");
    socket.on("echo", (...args) => socket.emit("echo-back", ...args));
    socket.on("ask", (text, done) => done());
  }), async (where) => {
    sound(await measured("--socketio", "--event", "echo", `http://${where}`), { connections: 10 });
    sound(await measured("--socketio", "--event", "ask", "--ack", "--in-flight", "3", "--namespace", "/chat", "--auth",
      '{"token":"x"}', `ws://${where}`), { connections: 10, inFlight: 3 });
    const silent = await bench("--seconds", "0.3", "--socketio", "--event", "nothing", `http://${where}`);
    assert.equal(silent.status, 1);
    assert.match(silent.stderr, /does not echo: 10 messages were sent.*--event/);
    const refused = await bench("--socketio", "--event", "echo", "--namespace", "/chat", `http://${where}`);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /no connection was opened: the server refused the namespace \/chat: no\n/);
  }));

test("the echo of the test server's socketio is measured, as an event and as an acknowledgement", async () => {
  const server = await startServer({ args: ["socketio", "--port", "0", "--quiet"] });
  sound(await measured("--socketio", "--event", "echo", "--connections", "50", "--size", "1000", server.url),
    { connections: 50, size: 1000 });
  sound(await measured("--socketio", "--event", "echo-ack", "--ack", "--in-flight", "5", "--namespace", "/auth", "--auth",
    '{"token":"secret"}', server.url), { connections: 10, inFlight: 5 });
  assert.equal(await server.stop(), 0);
});

test("connections that are lost are told, and the status is 1", () => {
  let count = 0;
  return serving(webSockets((socket) => {
    const first = count++ === 0;
    socket.on("message", (data) => first ? socket.close(4000, "enough") : socket.send(String(data)));
  }), async (where) => {
    const { status, stdout, stderr } = await bench("--json", "--seconds", "0.3", "--connections", "3", `ws://${where}`);
    assert.equal(status, 1);
    assert.deepEqual([JSON.parse(stdout).lost, JSON.parse(stdout).failed], [1, 0]);
    assert.match(stderr, /opened: 0, lost: 1; the first: a connection was closed with 4000 enough/);
  });
});

test("where nobody listens nothing is measured", async () => {
  const { status, stdout, stderr } = await bench("ws://127.0.0.1:1/");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^rill: no connection was opened: [^\n]+\n$/);
});

const misuses = [[[], /URL/], [["a", "b"], /one URL too many/], [["http://a/"], /./], [["--size", "19", "ws://a"], /--size/],
  [["--seconds", "0", "ws://a"], /--seconds/], [["--connections", "0", "ws://a"], /--connections/],
  [["--in-flight", "x", "ws://a"], /--in-flight/], [["--ack", "ws://a"], /--ack needs --socketio/],
  [["--socketio", "http://a"], /--event/], [["--nonsense", "ws://a"], /--nonsense/], [["--json=1", "ws://a"], /--json/],
  [["--socketio", "--event", "e", "--auth", "x", "ws://a"], /--auth/], [["ws://a", "--size"], /--size needs/]];
for (const [args, words] of misuses) {
  test(`bench ${args.join(" ")}: one sentence, status 2`, async () => {
    const { status, stdout, stderr } = await bench(...args);
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, /^rill: [^\n]+\n$/);
    assert.match(stderr, words);
  });
}

run();
