/* The examples do what their opening comments say. EXAMPLES names their folder. */

"use strict";

const { execFile, execFileSync, spawnSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");
const { EventSource } = require("eventsource");
const FayeWebSocket = require("faye-websocket");
const { io } = require("socket.io-client");
const deflate = require("permessage-deflate");
const SockJS = require("sockjs-client");
const WebSocket = require("ws");
const { Client: Socketio0 } = require("./socketio0.js");
const { assert, run, startServer, test } = require("./support.js");

const SOCKETIO0_DIR = path.join(path.dirname(require.resolve("socket.io-0.6")), "support/socket.io-client");

/* Runs body with the example's server. The examples have no end of their own. */
async function withExample(name, args, body) {
  const program = path.join(process.env.EXAMPLES, name);
  if (!fs.existsSync(program)) {
    console.log(`skipped: ${name} was not built`);
    return;
  }
  const example = await startServer({ program, args });
  try {
    await body(example);
    assert.ok(example.running());
  } finally {
    await example.stop();
  }
}

async function open(example, options) {
  const socket = new WebSocket(example.ws, options);
  socket.next = () => new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

async function expectEcho(example, options) {
  const socket = await open(example, options);
  for (const text of ["hello", "x".repeat(300000)]) {
    socket.send(text);
    assert.equal(await socket.next(), text);
  }
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close(1000);
  assert.equal(await closed, 1000);
}

test("websocket_echo echoes", () => withExample("websocket_echo", ["0"], expectEcho));

test("chat brings what a WebSocket says to other WebSockets and to event streams, which can come back", () =>
  withExample("chat", ["0"], async (example) => {
    const [a, b] = [await open(example), await open(example)];
    const url = example.ws.replace("ws:", "http:");
    const events = new EventSource(url);
    const heard = [];
    const until = (n) => new Promise((resolve) => {
      const look = () => heard.length >= n && resolve(heard);
      events.addEventListener("message", look);
      look();
    });
    events.addEventListener("message", (event) => heard.push(event));
    await new Promise((resolve) => events.addEventListener("open", resolve));
    for (const text of ["one", "two", "three"]) {
      const other = b.next();
      a.send(text);
      assert.equal(await other, text);
    }
    await until(3);
    assert.deepEqual(heard.map((event) => event.data), ["one", "two", "three"]);
    events.close();
    const response = await fetch(url, { headers: { Accept: "text/event-stream", "Last-Event-ID": heard[0].lastEventId } });
    let text = "";
    for await (const piece of response.body) {
      text += Buffer.from(piece).toString();
      if (text.includes("three"))
        break;
    }
    assert.match(text, /data: two\r\n[^]*data: three\r\n/);
    assert.ok(!text.includes("one"));
    a.close();
    b.close();
  }));

function client(...args) {
  const program = path.join(process.env.EXAMPLES, "websocket_client");
  return new Promise((resolve) =>
    execFile(program, args, (error, stdout, stderr) => resolve({ status: error ? error.code : 0, stdout, stderr })));
}

test("websocket_client hears its words back from websocket_echo, and leaves", () =>
  withExample("websocket_echo", ["0"], async (example) => {
    const { status, stdout } = await client(example.ws, "hello", "world");
    assert.match(stdout, /^open: 101, extensions "permessage-deflate[^"]*"\nhello\nworld\nclosed: 1000 goodbye\n$/);
    assert.equal(status, 0);
  }));

test("websocket_client talks to ws, and to what refuses it", async () => {
  const server = new WebSocket.Server({ port: 0, host: "127.0.0.1", perMessageDeflate: true, path: "/ws" });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  const { port } = server.address();
  const long = "x".repeat(100000);
  const good = await client(`ws://127.0.0.1:${port}/ws`, "hello", long);
  assert.ok(good.stdout.includes(`\nhello\n${long}\nclosed: 1000 goodbye\n`), good.stderr);
  assert.equal(good.status, 0);
  const bad = await client(`ws://127.0.0.1:${port}/elsewhere`, "hello");
  assert.deepEqual(bad, { status: 1, stdout: "", stderr: "the server answered 400 Bad Request instead of 101\n" });
  await new Promise((resolve) => server.close(resolve));
  const none = await client(`ws://127.0.0.1:${port}/ws`, "hello");
  assert.deepEqual(none,
    { status: 1, stdout: "", stderr: `connecting to 127.0.0.1 port ${port}: Connection refused\n` });
});

test("websocket_client talks to faye-websocket", async () => {
  const server = http.createServer();
  server.on("upgrade", (request, socket, head) => {
    const peer = new FayeWebSocket(request, socket, head, null, { extensions: [deflate] });
    peer.on("message", (event) => peer.send(event.data));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { status, stdout } = await client(`ws://127.0.0.1:${server.address().port}/`, "hello", "x".repeat(5000));
  assert.match(stdout, /^open: 101, extensions "permessage-deflate[^"]*"\nhello\nx{5000}\nclosed: 1000 goodbye\n$/);
  assert.equal(status, 0);
  await new Promise((resolve) => server.close(resolve));
});

test("http_and_websocket shows its page, and what is posted is heard", () =>
  withExample("http_and_websocket", ["0"], async (example) => {
    assert.match(await (await fetch(example.url)).text(), /WebSocket/);
    assert.equal((await fetch(`${example.url}/nothing`)).status, 404);
    const socket = await open(example);
    const heard = socket.next();
    assert.equal((await fetch(`${example.url}/say`, { method: "POST", body: "good morning" })).status, 204);
    assert.equal(await heard, "good morning");
    socket.terminate();
  }));

test("eventsource_clock ticks", () => withExample("eventsource_clock", ["0"], async (example) => {
  const source = new EventSource(`${example.url}/clock`);
  for (const id of ["1", "2"]) {
    const tick = await new Promise((resolve) => source.addEventListener("tick", resolve, { once: true }));
    assert.equal(tick.lastEventId, id);
    assert.match(tick.data, /^\d\d:\d\d:\d\d$/);
  }
  source.close();
}));

test("adopt: the foreign server answers its pages, rill the WebSockets", () =>
  withExample("adopt", ["0"], async (example) => {
    for (let i = 0; i < 3; i++) {
      assert.match(await (await fetch(example.url)).text(), /libmicrohttpd/);
      await expectEcho(example);
    }
    await expectEcho(example, { headers: { "X-Long": "x".repeat(3000) } });
  }));

for (const name of ["guest_libuv", "guest_glib"]) {
  test(`${name}: ticks of the host's timer are heard`, () => withExample(name, ["0"], async (example) => {
    const socket = await open(example);
    assert.match(await socket.next(), /^tick \d+$/);
    assert.match(await socket.next(), /^tick \d+$/);
    socket.terminate();
  }));
}

test("tls echoes, and shows a new certificate after SIGHUP", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-"));
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => path.join(folder, name));
  const make = () => execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
    "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
    cert], { stdio: "ignore" });
  make();
  return withExample("tls", [cert, key, "0"], async (example) => {
    const first = fs.readFileSync(cert);
    await expectEcho(example, { ca: first });
    make();
    example.child.kill("SIGHUP");
    const shown = () => open(example, { ca: fs.readFileSync(cert) }).then((socket) => socket.terminate());
    for (let tries = 0; ; tries++) {
      const error = await shown().then(() => null, (error) => error);
      if (!error)
        break;
      assert.ok(tries < 500, error);
    }
    await assert.rejects(open(example, { ca: first }));
  }).finally(() => fs.rmSync(folder, { recursive: true }));
});

/* The SockJS examples, with the files their pages load. */
const SOCKJS_FILE = require.resolve("sockjs-client/dist/sockjs.min.js");
const MULTIPLEX_FILE = require.resolve("websocket-multiplex/multiplex_client.js");

async function post(url, body = "") {
  const answer = await fetch(url, { method: "POST", body, headers: { "Content-Type": "text/plain" } });
  return { status: answer.status, text: await answer.text() };
}

/* next() is the next event of something like a WebSocket: "open", a message, "code reason". */
function listening(socket) {
  const come = [];
  const waiting = [];
  const put = (event) => (waiting.length ? waiting.shift()(event) : come.push(event));
  socket.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  socket.onopen = () => put("open");
  socket.onmessage = ({ data }) => put(data);
  socket.onclose = ({ code, reason }) => put(code ? `${code} ${reason}` : "close");
  return socket;
}

/* npm's client, as a page uses it. */
function sockjs(url, transports) {
  return listening(new SockJS(url, null, { transports }));
}

async function expectPage(example, service) {
  const page = await (await fetch(example.url)).text();
  assert.ok(page.includes(`new SockJS('${service}')`) && page.includes("<script src=/sockjs.js>"));
  assert.equal(await (await fetch(`${example.url}/sockjs.js`)).text(), fs.readFileSync(SOCKJS_FILE, "utf8"));
  const iframe = await (await fetch(`${example.url}${service}/iframe.html`)).text();
  assert.ok(iframe.includes('src="/sockjs.js"'));
  return page;
}

test("sockjs_echo echoes by hand, to npm's client and to raw WebSockets, and serves its page", () =>
  withExample("sockjs_echo", ["0", SOCKJS_FILE], async (example) => {
    await expectPage(example, "/echo");
    const session = `${example.url}/echo/000/mine`;
    assert.equal((await post(`${session}/xhr`)).text, "o\n");
    assert.equal((await post(`${session}/xhr_send`, '["hello"]')).status, 204);
    assert.equal((await post(`${session}/xhr`)).text, 'a["hello"]\n');
    for (const transport of ["websocket", "xhr-streaming", "xhr-polling"]) {
      const socket = sockjs(`${example.url}/echo`, transport);
      assert.equal(await socket.next(), "open");
      socket.send("good morning");
      assert.equal(await socket.next(), "good morning");
      socket.close(3001, "enough");
      assert.equal(await socket.next(), "3001 enough");
    }
    await expectEcho({ ws: `${example.ws.replace("/ws", "/echo/websocket")}` });
  }));

test("sockjs_echo without the client's file says on its page what is missing", () =>
  withExample("sockjs_echo", ["0"], async (example) => {
    assert.match(await (await fetch(example.url)).text(), /npm install sockjs-client/);
    assert.equal((await fetch(`${example.url}/sockjs.js`)).status, 404);
  }));

test("the SockJS examples say how they are used when asked, or when the client's file is not there", () => {
  for (const name of ["sockjs_echo", "sockjs_multiplex", "sockjs_auth"]) {
    for (const args of [["--help"], ["0", "/nowhere/sockjs.js"]]) {
      const { status, stderr } = spawnSync(path.join(process.env.EXAMPLES, name), args, { timeout: 10000 });
      assert.equal(status, 2);
      assert.match(String(stderr), new RegExp(`^usage: ${name} \\[PORT \\[SOCKJS.MIN.JS`));
    }
  }
});

/* npm's websocket-multiplex, which knows only browsers. */
function multiplexer(socket) {
  return new (new Function(`${fs.readFileSync(MULTIPLEX_FILE, "utf8")}; return WebSocketMultiplex;`)())(socket);
}

const channelOf = (multiplex, name) => listening(multiplex.channel(name));

test("sockjs_multiplex has several channels on one connection, for npm's client as it is", () =>
  withExample("sockjs_multiplex", ["0", SOCKJS_FILE, MULTIPLEX_FILE], async (example) => {
    assert.equal(await (await fetch(`${example.url}/multiplex.js`)).text(), fs.readFileSync(MULTIPLEX_FILE, "utf8"));
    assert.match(await (await fetch(example.url)).text(), /new WebSocketMultiplex\(new SockJS\('\/multiplex'\)\)/);
    const [a, b] = ["websocket", "xhr-polling"].map((by) => multiplexer(new SockJS(`${example.url}/multiplex`, null,
      { transports: by })));
    const echo = channelOf(a, "echo");
    const [room, other] = [channelOf(a, "room"), channelOf(b, "room")];
    const once = channelOf(b, "once");
    const nobody = channelOf(a, "no such channel");
    for (const channel of [echo, room, other, once, nobody])
      assert.equal(await channel.next(), "open");
    assert.deepEqual([await once.next(), await once.next()], ["goodbye", "close"]);
    for (const text of ["one", "two, and three", "", ",,", "\u00e4\u{1f600}", "x".repeat(100000)]) {
      echo.send(text);
      assert.equal(await echo.next(), text);
    }
    room.send("hello, all");
    assert.deepEqual([await room.next(), await other.next()], ["hello, all", "hello, all"]);
    room.close();
    assert.equal(await room.next(), "close");
    nobody.send("nothing comes of it");
    other.send("and now?");
    assert.equal(await other.next(), "and now?");
    const again = channelOf(a, "room");
    assert.equal(await again.next(), "open");
    echo.send("in between");
    assert.equal(await echo.next(), "in between");
    other.send("again");
    assert.deepEqual([await other.next(), await again.next()], ["again", "again"]);
    for (const { ws } of [a, b])
      ws.close();
  }));

test("sockjs_multiplex ignores what makes no sense", () => withExample("sockjs_multiplex", ["0"], async (example) => {
  const socket = await open({ ws: example.ws.replace("/ws", "/multiplex/websocket") });
  for (const text of ["", ",", "sub", "sub,", "sub,nothing", "msg,echo,not open", "uns,echo", "SUB,echo", "sub,echo,x",
    "sub,echo", "nod,echo,x", "uns,room"])
    socket.send(text);
  socket.send("msg,echo,a,b");
  assert.equal(await socket.next(), "msg,echo,a,b");
  socket.send("uns,echo");
  socket.send("msg,echo,closed");
  socket.send("sub,echo");
  socket.send("msg,echo");
  assert.equal(await socket.next(), "msg,echo,");
  socket.terminate();
}));

const tokenOf = (page) => /sock\.send\('([0-9a-f]{32})'\)/.exec(page)[1];

test("sockjs_auth lets in whoever shows the page's token, once", () =>
  withExample("sockjs_auth", ["0", SOCKJS_FILE], async (example) => {
    await expectPage(example, "/talk");
    const page = await fetch(`${example.url}/?name=ann`);
    assert.equal(page.headers.get("cache-control"), "no-store");
    const token = tokenOf(await page.text());
    const socket = sockjs(`${example.url}/talk`, "xhr-streaming");
    assert.equal(await socket.next(), "open");
    socket.send(token);
    assert.equal(await socket.next(), "welcome, ann");
    socket.send(token);
    assert.equal(await socket.next(), token);
    const wrong = [token, tokenOf(await (await fetch(example.url)).text()).replace(/^./, "x"), "", "\0".repeat(32),
      "x".repeat(100000)];
    for (const text of wrong) {
      const other = sockjs(`${example.url}/talk`, "websocket");
      assert.equal(await other.next(), "open");
      other.send(text);
      other.send("hello?");
      assert.equal(await other.next(), "4001 the token is wrong or too old");
    }
    socket.send("still here");
    assert.equal(await socket.next(), "still here");
    socket.close();
    assert.match(await socket.next(), /^1000/);
  }));

test("sockjs_auth closes whoever shows no token in time, and nobody else", () =>
  withExample("sockjs_auth", ["0", SOCKJS_FILE, "2000"], async (example) => {
    const token = tokenOf(await (await fetch(example.url)).text());
    const known = sockjs(`${example.url}/talk`, "websocket");
    assert.equal(await known.next(), "open");
    known.send(token);
    assert.equal(await known.next(), "welcome, nobody");
    await Promise.all(["websocket", "xhr-polling"].map(async (transport) => {
      const silent = sockjs(`${example.url}/talk`, transport);
      assert.equal(await silent.next(), "open");
      assert.equal(await silent.next(), "4002 no token came in time");
    }));
    known.send("still here");
    assert.equal(await known.next(), "still here");
    known.close();
    await known.next();
  }));

/* A socket of Socket.IO that is connected. next(event) awaits the arguments of one; ask() is emit with an answer. */
async function join(example, space = "/", options = {}) {
  const socket = io(`http://${example.host}:${example.port}${space}`, { reconnection: false, forceNew: true, ...options });
  const come = {}, wanted = {};
  socket.onAny((event, ...args) => wanted[event]?.length ? wanted[event].shift()(args) : (come[event] ??= []).push(args));
  socket.next = (event) => come[event]?.length ? come[event].shift()
    : new Promise((resolve) => (wanted[event] ??= []).push(resolve));
  socket.ask = (...args) => new Promise((resolve) => socket.emit(...args, resolve));
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  return socket;
}

function leave(...sockets) {
  for (const socket of sockets)
    socket.disconnect();
}

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`socketio_chat brings what is said in a room to the others in it, over ${transports.join(" and ")}`, () =>
    withExample("socketio_chat", ["0"], async (example) => {
      const [ann, bob, cid] = [await join(example, "/", { transports }), await join(example), await join(example)];
      ann.emit("join", "kitchen", "Ann");
      assert.equal(await ann.ask("say", "kitchen", "to nobody"), true, "she is in");
      bob.emit("join", "kitchen", "Bob");
      cid.emit("join", "cellar", "Cid");
      assert.equal(await bob.ask("say", "kitchen", { tea: ["?"] }), true);
      assert.deepEqual(await ann.next("said"), ["Bob", { tea: ["?"] }]);
      assert.equal(await ann.ask("say", "kitchen", "Tea!"), true);
      assert.deepEqual(await bob.next("said"), ["Ann", "Tea!"]);
      cid.emit("say", "kitchen", "I am not in there");
      cid.emit("join", "kitchen", "Cid");
      await cid.ask("say", "kitchen", "now I am");
      assert.deepEqual(await ann.next("said"), ["Cid", "now I am"]);
      leave(ann, bob, cid);
    }));
}

test("socketio0_chat tells what was said and who comes and goes, and serves its page and client", () =>
  withExample("socketio0_chat", ["0", SOCKETIO0_DIR], async (example) => {
    assert.ok((await (await fetch(`${example.url}/`)).text()).includes("/socket.io/socket.io.js"));
    assert.ok((await (await fetch(`${example.url}/socket.io/socket.io.js`)).text()).includes("0.6.3"));
    const enter = async (kind) => {
      const client = new Socketio0(example, kind).come();
      await client.body();
      return client;
    };
    const ann = await enter("websocket");
    await ann.expect({ buffer: [] });
    await ann.send("hello 😀");
    const bob = await enter("xhr-polling");
    await bob.expect({ buffer: [{ message: [ann.sid, "hello 😀"] }] });
    await ann.expect({ announcement: `${bob.sid} connected` });
    await bob.send("hi");
    await ann.expect({ message: [bob.sid, "hi"] });
    await ann.cut();
    await bob.expect({ announcement: `${ann.sid} disconnected` });
    await bob.cut();
  }));

test("socketio_rooms tells who is there, who comes and who goes, and brings whispers and votes", () =>
  withExample("socketio_rooms", ["0"], async (example) => {
    const [ann, bob, cid] = [await join(example), await join(example), await join(example)];
    assert.deepEqual(await ann.ask("enter", "kitchen", "Ann"), []);
    assert.deepEqual(await bob.ask("enter", "kitchen", "Bob"), ["Ann"]);
    assert.deepEqual(await ann.next("came"), ["kitchen", "Bob", bob.id]);
    assert.deepEqual((await cid.ask("enter", "kitchen", "Cid")).sort(), ["Ann", "Bob"]);
    assert.deepEqual(await bob.next("came"), ["kitchen", "Cid", cid.id]);
    ann.emit("whisper", bob.id, "Tea?");
    assert.deepEqual(await bob.next("whispered"), ["Ann", "Tea?"]);
    bob.on("question", (what, answer) => answer(`${what} yes`));
    cid.on("question", (what, answer) => answer(`${what} no`));
    assert.deepEqual((await ann.ask("vote", "kitchen", "Tea?")).sort(), ["Tea? no", "Tea? yes"]);
    bob.emit("leave", "kitchen");
    assert.deepEqual(await ann.next("went"), ["kitchen", "Bob"]);
    leave(cid);
    assert.deepEqual(await ann.next("went"), ["kitchen", "Cid"]);
    leave(ann, bob);
  }));

test("socketio_auth lets in who has a token, says why others are not, and throws people out", () =>
  withExample("socketio_auth", ["0"], async (example) => {
    const as = (token, space) => join(example, space, { auth: { token } });
    for (const [token, space, code] of [["", "/", 401], ["nonsense", "/", 401], ["nonsense", "/admin", 401],
      ["ann-secret", "/admin", 403]]) {
      const error = await as(token, space).then(() => assert.fail("was let in"), (refusal) => refusal);
      assert.deepEqual([error.message, error.data], ["not authorized", { code }]);
    }
    const [ann, twice, bob, root] = [await as("ann-secret"), await as("ann-secret"), await as("bob-secret"),
      await as("root-secret", "/admin")];
    assert.deepEqual(await ann.next("hello"), ["ann"]);
    assert.equal(await bob.ask("post", "mine"), "you may read");
    assert.equal(await ann.ask("post", { news: 1 }), "posted");
    assert.deepEqual(await bob.next("posted"), ["ann", { news: 1 }]);
    const thrown = [ann, twice].map((socket) => new Promise((resolve) => socket.once("disconnect", resolve)));
    assert.equal(await root.ask("kick", "ann"), true);
    assert.deepEqual(await Promise.all(thrown), ["io server disconnect", "io server disconnect"]);
    assert.ok(bob.connected && root.connected);
    leave(bob, root);
  }));

test("socketio_auth: clients that are gone before it is decided do no harm", () =>
  withExample("socketio_auth", ["0"], async (example) => {
    const gone = Array.from({ length: 20 }, () => new WebSocket(`ws://${example.host}:${example.port}/socket.io/?EIO=4&transport=websocket`));
    await Promise.all(gone.map((socket) => new Promise((resolve) => socket.once("message", () => {
      socket.send('40{"token":"ann-secret"}', () => { socket.terminate(); resolve(); });
    }))));
    const ann = await join(example, "/", { auth: { token: "ann-secret" } });
    assert.deepEqual(await ann.next("hello"), ["ann"]);
    leave(ann);
  }));

run();
