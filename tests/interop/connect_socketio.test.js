/* `rill connect --socketio` against npm's socket.io 4.8, and servers that break the protocol. RILL names the
 * program. */

"use strict";

const http = require("http");
const https = require("https");
const { Server } = require("socket.io");
const { WebSocketServer } = require("ws");
const { connect } = require("./connect.js");
const { makeCertificates } = require("./certificates.js");
const { assert, run, startServer, test } = require("./support.js");

const certificates = makeCertificates();

/* Starts socket.io; with(io) sets it up. The body gets the URL. */
async function serving({ tls = false, ...options }, setUp, body) {
  const server = tls ? https.createServer(certificates.server) : http.createServer();
  const io = new Server(server, options);
  setUp(io);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await body(`${tls ? "https" : "http"}://127.0.0.1:${server.address().port}`, io);
  } finally {
    await io.close();
  }
}

/* What the test server of this project does on these events, as far as it is needed here. */
function echoes(io) {
  io.on("connection", (socket) => {
    socket.on("echo", (...args) => socket.emit("echo-back", ...args));
    socket.on("echo-ack", (...args) => args.pop()(...args));
    socket.on("ask", (payload) => socket.emit("question", payload, (...answer) => socket.emit("answer", ...answer)));
  });
}

/* A WebSocket server that says these messages, then awaits the end. */
async function saying(messages, body) {
  const server = http.createServer();
  new WebSocketServer({ server }).on("connection", (socket) => {
    for (const message of messages)
      socket.send(message);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await body(`ws://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const socketio = (...args) => connect("--socketio", ...args);

function event(name, ...args) {
  return { event: "message", kind: "event", name, args };
}

function closed({ status, close, error, lines, stderr }, code, reason = "") {
  assert.equal(status, 0, `${lines.join("\n")} ${stderr}`);
  assert.equal(error, undefined);
  assert.deepEqual(close, { event: "close", code, reason });
}

function failed({ status, close, error, lines }, words) {
  assert.equal(status, 1, lines.join("\n"));
  assert.match(error.message, words);
  assert.equal(close.code, 1006);
}

for (const scheme of ["http", "ws"]) {
  test(`${scheme}: lines are events, with names and arguments of every kind`, () => serving({}, echoes, async (url) => {
    const client = socketio(url.replace("http", scheme));
    const open = await client.event("open");
    assert.equal(open.status, 101);
    assert.equal(open.namespace, "/");
    assert.match(open.id, /^.{20}$/);
    client.say("echo");
    client.say('echo "zwei Wörter, 🌊"   {"a": [1, 2 , {"b": null}]} -0.5,true');
    client.say('  ["echo", 1, "]"]');
    client.say('echo "last"');
    await client.event("message", ({ args }) => args[0] === "last");
    assert.deepEqual(client.events.filter(({ kind }) => kind), [
      event("echo-back"), event("echo-back", "zwei Wörter, 🌊", { a: [1, 2, { b: null }] }, -0.5, true),
      event("echo-back", 1, "]"), event("echo-back", "last")]);
    client.child.kill("SIGINT");
    closed(await client.done(), 1000);
  }));
}

test("https: the certificate is judged as for a WebSocket", () => serving({ tls: true }, echoes, async (url) => {
  failed(await socketio("--close", "1000", url).done(), /certificate/);
  closed(await socketio("--ca", certificates.caFile, "--close", "1000", url.replace("127.0.0.1", "localhost")).done(), 1000);
}));

test("?NAME asks for an acknowledgement, !NUMBER gives one, and both are counted by --count", () =>
  serving({}, echoes, async (url) => {
    const result = await socketio("--count", "2", "--send", '?echo-ack "a" [2]', "--send", '?["echo-ack"]', url).done();
    closed(result, 1000);
    assert.deepEqual(result.events.filter(({ kind }) => kind), [
      { event: "message", kind: "ack", args: ["a", [2]], ack: 0 }, { event: "message", kind: "ack", args: [], ack: 1 }]);
    const client = socketio("--count", "2", "--send", 'ask "how?"', url);
    const question = await client.event("message");
    assert.deepEqual(question, { ...event("question", "how?"), ack: question.ack });
    client.say(`!${question.ack} "so" {"so":1}`);
    closed(await client.done(), 1000);
    assert.deepEqual(client.events.filter(({ kind }) => kind)[1], event("answer", "so", { so: 1 }));
  }));

test("bytes are shown in base64, wherever they stand", () => serving({}, (io) => io.on("connection", (socket) =>
  socket.emit("bytes", { a: [Buffer.from([0, 255]), { b: Buffer.alloc(0) }] }, "t", Buffer.from("é"))), async (url) => {
  const result = await socketio("--count", "1", url).done();
  closed(result, 1000);
  assert.deepEqual(result.events.find(({ kind }) => kind),
    event("bytes", { a: [{ base64: "AP8=" }, { b: { base64: "" } }] }, "t", { base64: "w6k=" }));
}));

test("--namespace and --auth: the namespace is joined with what is said to get in, or the refusal is told", () =>
  serving({}, (io) => io.of("/chat").use((socket, next) => {
    const refusal = Object.assign(new Error("not authorized"), { data: { code: 401 } });
    next(socket.handshake.auth.token === "secret" ? undefined : refusal);
  }).on("connection", (socket) => {
    socket.on("echo-ack", (...args) => args.pop()(...args));
    socket.emit("in", socket.handshake.auth);
  }), async (url) => {
    const args = ["--namespace", "/chat", "--auth", '{ "token": "secret" }'];
    const result = await socketio(...args, "--count", "2", "--send", "?echo-ack 1", url).done();
    closed(result, 1000);
    assert.equal(result.open.namespace, "/chat");
    assert.deepEqual(result.events.filter(({ kind }) => kind),
      [event("in", { token: "secret" }), { event: "message", kind: "ack", args: [1], ack: 0 }]);
    failed(await socketio("--namespace", "/chat", url).done(), /refused.*\/chat: not authorized.*401/);
    failed(await socketio("--namespace", "/none", url).done(), /refused.*\/none: Invalid namespace/);
    const people = await connect("--socketio", "--namespace", "/none", url, { json: false }).done();
    assert.equal(people.status, 1);
    assert.match(people.stderr, /^rill: the server refused the namespace \/none: Invalid namespace\n$/);
  }));

test("a path in the URL is the server's, and its query is kept", () => {
  let query;
  return serving({ path: "/my/io/" }, (io) => io.on("connection", (socket) => { query = socket.handshake.query; }), async (url) => {
    closed(await socketio("--close", "1000", `${url}/my/io/?a=b%20c`).done(), 1000);
    assert.equal(query.a, "b c");
    const result = await socketio(url).done();
    failed(result, /before it had answered/);
  });
});

test("pings are answered, and told; a server that goes silent is given up", async () => {
  await serving({ pingInterval: 100, pingTimeout: 500 }, (io) => io.on("connection", (socket) => {
    let pings = 0;
    socket.conn.on("heartbeat", () => { if (++pings === 3) socket.emit("three"); });
  }), async (url) => {
    const result = await socketio("--count", "1", url).done();
    closed(result, 1000);
    assert.deepEqual(result.events.filter(({ event }) => event === "ping")[0], { event: "ping", data: "" });
  });
  await saying(['0{"sid":"x","pingInterval":100,"pingTimeout":100}', '40{"sid":"y"}'], async (url) =>
    failed(await socketio(url).done(), /not pinged for 0\.2 s/));
});

test("--close sends the code behind what was said; the server hears a client that leaves", () => {
  const heard = [];
  return serving({}, (io) => io.on("connection", (socket) => {
    socket.on("bye", (word) => heard.push(word));
    socket.on("disconnect", (reason) => heard.push(reason));
  }), async (url) => {
    closed(await socketio("--send", 'bye "now"', "--close", "4001:done: so", url).done(), 4001, "done: so");
    assert.deepEqual(heard, ["now", "client namespace disconnect"]);
  });
});

test("a server that disconnects the client has closed in order", () => serving({}, (io) =>
  io.on("connection", (socket) => socket.on("kick", (close) => socket.disconnect(close))), async (url) => {
  for (const close of [false, true])
    closed(await socketio("--send", `kick ${close}`, url).done(), 1000, "io server disconnect");
}));

test("a lost connection is told as lost", () => serving({}, (io) => io.on("connection", (socket) =>
  socket.on("cut", () => socket.conn.transport.socket._socket.destroy())), async (url) => {
  const result = await socketio("--send", "cut", url).done();
  assert.equal(result.status, 1);
  assert.equal(result.close.code, 1006);
}));

test("--timeout bounds what comes behind the WebSocket, too", async () => {
  for (const messages of [[], ['0{"sid":"x","pingInterval":25000,"pingTimeout":20000}']]) {
    await saying(messages, async (url) => {
      const result = await socketio("--timeout", "0.3", "--namespace", "/chat", url).done();
      failed(result, /not let us into \/chat for 0\.3 s/);
    });
  }
});

const OPEN = '0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';
const broken = {
  "no Socket.IO": ["hello"],
  "nothing at all": [""],
  "an empty packet": [OPEN, "4"],
  "no count of attachments": [OPEN, '40{"sid":"y"}', '45-["x"]'],
  "a placeholder too far is no bytes": [OPEN, '40{"sid":"y"}', '451-["x",{"_placeholder":true,"num":1}]', Buffer.from([1]), "9"],
  "an opening that is none": ["0[]"],
  "an opening twice": [OPEN, OPEN],
  "no id": [OPEN, "40"],
  "an event before the namespace": [OPEN, '42["x"]'],
  "no JSON": [OPEN, '40{"sid":"y"}', '42["x"'],
  "no name": [OPEN, '40{"sid":"y"}', "42[]"],
  "a name that is a number": [OPEN, '40{"sid":"y"}', "42[1]"],
  "bytes of no event": [OPEN, '40{"sid":"y"}', Buffer.from([1])],
  "text where bytes have to be": [OPEN, '40{"sid":"y"}', '451-["x",{"_placeholder":true,"num":0}]', '42["x"]'],
  "a million attachments": [OPEN, '40{"sid":"y"}', '451000000-["x"]'],
  "no type": [OPEN, '40{"sid":"y"}', "49"],
  "no packet": [OPEN, "9"],
  "200,000 deep": [OPEN, '40{"sid":"y"}', `42["x",${"[".repeat(200000)}${"]".repeat(200000)}]`],
};
for (const [name, messages] of Object.entries(broken)) {
  test(`a server that breaks the protocol (${name}): said in a sentence, status 1`, () =>
    saying(messages, async (url) => failed(await socketio(url).done(), /protocol|speak|attachments|twice/)));
}

test("what breaks lines or steers terminals in JSON does not", () =>
  saying([OPEN, '40{"sid":"y"}', '42[ "a\\nb" ,\n{"c" :\r\n"\\u001b[31m \u202e"}\n]'], async (url) => {
    const result = await socketio("--count", "1", url).done();
    assert.deepEqual(result.events.find(({ kind }) => kind), event("a\nb", { c: "\u001b[31m \u202e" }));
    const people = await connect("--socketio", "--count", "1", url, { json: false }).done();
    const line = people.lines.find((one) => one.includes("a\\nb"));
    assert.ok(line.endsWith('< "a\\nb" {"c":"\\u001b[31m \\u202e"}'), JSON.stringify(people.lines));
  }));

test("a line that is no event is not sent, and says what one is", () => serving({}, echoes, async (url) => {
  const client = socketio(url);
  await client.event("open");
  for (const line of ["", "say hello", "?", "[]", "[1]", "[", "!", "!x 1", "echo ]", "echo 1] [2", "disconnect", 'x "a'])
    client.say(line);
  client.say('echo "ok"');
  await client.event("message");
  assert.deepEqual(client.events.filter(({ kind }) => kind), [event("echo-back", "ok")]);
  client.child.kill("SIGINT");
  const result = await client.done();
  closed(result, 1000);
  assert.equal(result.stderr.split("\n").filter((line) => line.startsWith("rill: a line was not sent: ")).length, 12);
}));

/* This project's own server, with recovery on: events without an acknowledgement have one argument more. */
test("the test server's socketio: events, acknowledgements, bytes, refusals and ends are the same", async () => {
  const server = await startServer({ args: ["socketio", "--port", "0", "--quiet"] });
  const result = await socketio("--count", "5", "--send", 'echo {"a":1}', "--send", "?echo-ack 1 [2]", "--send", "nested-bin",
    "--send", "?handshake", "--auth", '{"token":"x"}', `${server.url}?a=b`).done();
  closed(result, 1000);
  const [welcome, ...rest] = result.events.filter(({ kind }) => kind);
  assert.equal(welcome.name, "welcome");
  assert.equal(welcome.args[0].transport, "websocket");
  assert.equal(welcome.args[0].eio, 4);
  const offset = rest[0].args.pop();
  assert.equal(typeof offset, "string");
  assert.deepEqual(rest[0], event("echo-back", { a: 1 }));
  assert.deepEqual(rest[1], { event: "message", kind: "ack", args: [1, [2]], ack: 0 });
  assert.deepEqual(rest[2].args.slice(0, 2), [{ a: [{ base64: "AQI=" }, { b: { base64: "Aw==" } }], t: "é" }, { base64: "BAUG" }]);
  assert.deepEqual([rest[3].args[0].auth, rest[3].args[0].query.a], [{ token: "x" }, "b"]);

  failed(await socketio("--namespace", "/auth", server.url).done(), /refused.*\/auth: not authorized.*401/);
  failed(await socketio("--namespace", "/none", server.url).done(), /Invalid namespace/);
  const inside = await socketio("--namespace", "/auth", "--auth", '{"token":"secret"}', "--count", "1", server.url).done();
  closed(inside, 1000);
  assert.equal(inside.open.namespace, "/auth");
  for (const close of [false, true])
    closed(await socketio("--namespace", "/dyn-7", "--send", `kick ${close}`, server.url).done(), 1000, "io server disconnect");

  const asked = socketio("--count", "3", "--send", 'ask "how?"', server.url);
  const question = await asked.event("message", ({ name }) => name === "question");
  assert.deepEqual(question.args, ["how?"]);
  asked.say(`!${question.ack} "so"`);
  closed(await asked.done(), 1000);
  assert.equal(asked.events.find(({ name }) => name === "answer").args[0], "so");
  assert.equal(await server.stop(), 0);
});

test("the test server pings each 2 s, and is answered", async () => {
  const server = await startServer({ args: ["socketio", "--port", "0", "--quiet"] });
  const client = socketio(server.url);
  await client.event("ping");
  await client.event("ping", (one) => one !== client.events.find(({ event }) => event === "ping"));
  client.say("?echo-ack 1");
  await client.event("message", ({ kind }) => kind === "ack");
  client.child.kill("SIGINT");
  closed(await client.done(), 1000);
  assert.equal(await server.stop(), 0);
});

const URL = "http://127.0.0.1:1/";
const misuses = [
  [["--namespace", "/x", URL], /--namespace needs --socketio/], [["--auth", "{}", URL], /--auth needs --socketio/],
  [["--socketio", "--namespace", "x", URL], /--namespace/], [["--socketio", "--namespace", "/a,b", URL], /--namespace/],
  [["--socketio", "--auth", "[]", URL], /--auth/], [["--socketio", "--auth", "secret", URL], /--auth/],
  [["--socketio", "--echo", URL], /--echo/], [["--socketio", "--binary", URL], /--binary/],
  [["--socketio", "--send", "hello world", URL], /--send/], [["--socketio", "--send", "connect", URL], /--send/],
  [["--socketio=1", URL], /--socketio/], [["--socketio", "http://"], /./], [["--socketio", "http://a/#x"], /./],
];
for (const [args, words] of misuses) {
  test(`connect ${args.join(" ")}: one sentence, status 2`, async () => {
    const { status, stderr, lines } = await connect(...args).done();
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^rill: [^\n]+\n$/);
    assert.match(stderr, words);
    assert.deepEqual(lines, []);
  });
}

run();
