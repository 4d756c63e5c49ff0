/* The demo's Socket.IO: npm's clients of three versions, among everything else that says and hears there; and this
 * project's own client and load against this project's own server. RILL names the program. */

"use strict";

const { execFile } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const SockJS = require("sockjs-client");
const { connect } = require("./connect.js");
const { RILL, openPane, queue, startDemo, withDemo } = require("./demo.js");
const { MiB, assert, run, test } = require("./support.js");

const CLIENTS = { "4.8": require("socket.io-client"), "3.1": require("socket.io-client-3"), "2.5": require("socket.io-client-2") };
const DIST = path.join(__dirname, "node_modules/socket.io-client/dist");
const AWKWARD = "gr\u00fc\u00dfe \ud83c\udf0a </script> \u2028 \u0000 \"\\";

async function openSocket(demo, { version = "4.8", transports = ["websocket"] } = {}) {
  const socket = CLIENTS[version](demo.url, { transports, reconnection: false, forceNew: true });
  const { put, next } = queue();
  socket.on("said", put);
  socket.on("disconnect", (reason) => put({ reason }));
  const hello = await new Promise((resolve, reject) => {
    socket.on("connect_error", reject);
    socket.on("hello", resolve);
  });
  return { socket, next, hello, say: (data) => socket.emit("say", data), close: () => socket.disconnect() };
}

async function openSession(demo) {
  const session = new SockJS(`${demo.url}/sockjs`, null, { transports: "xhr-streaming" });
  const { put, next } = queue();
  session.onmessage = ({ data }) => put(data);
  assert.match(await next(), /hello/);
  return { next, say: (data) => session.send(data), close: () => session.close() };
}

function plain(data) {
  return typeof data === "string" ? data : Buffer.from(data);
}

for (const version of Object.keys(CLIENTS)) {
  for (const [name, transports] of Object.entries({ polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] })) {
    test(`socket.io-client ${version} by ${name}, panes and SockJS hear one another, texts and bytes`, () => withDemo(async (demo) => {
      const all = [await openSocket(demo, { version, transports }), await openSocket(demo), await openPane(demo), await openSession(demo)];
      assert.equal(all[0].hello.transport, transports[0]);
      assert.equal(typeof all[0].hello.id, "number");
      for (const [i, speaker] of all.entries()) {
        speaker.say(`${AWKWARD}${i}`);
        for (const listener of all.filter((one) => one !== speaker))
          assert.equal(await listener.next(), `${AWKWARD}${i}`, "nothing of one's own came before");
      }
      for (const speaker of all.slice(0, 3)) {
        speaker.say(Buffer.from([0, 255, 10]));
        for (const listener of all.slice(0, 3).filter((one) => one !== speaker))
          assert.deepEqual(plain(await listener.next()), Buffer.from([0, 255, 10]));
        assert.equal(await all[3].next(), '{"binary":3}');
      }
      all.forEach((one) => one.close());
    }));
  }
}

test("what is no text is said as its JSON, half a surrogate pair as U+FFFD, and nothing as nothing", () => withDemo(async (demo) => {
  const [socket, other, pane] = [await openSocket(demo), await openSocket(demo), await openPane(demo)];
  for (const [said, heard] of [[{ a: [1, null] }, '{"a":[1,null]}'], [7, "7"], ["", ""], ["a\ud83c.\udf0a", "a\ufffd.\ufffd"]]) {
    socket.say(said);
    assert.equal(await pane.next(), heard);
    assert.equal(await other.next(), heard);
  }
  socket.socket.emit("say");
  socket.say("last");
  assert.equal(await pane.next(), "last");
  [socket, other, pane].forEach((one) => one.close());
}));

test("an event stream hears sockets, and they are told of bytes as bytes", () => withDemo(async (demo) => {
  const stream = await fetch(`${demo.url}/events`, { headers: { Accept: "text/event-stream" } });
  const socket = await openSocket(demo, { transports: ["polling"] });
  socket.say("to the stream");
  socket.say(Buffer.alloc(5));
  let text = "";
  for await (const piece of stream.body) {
    text += Buffer.from(piece).toString();
    if (/event: ?binary/.test(text) && /data: ?5\r?\n/.test(text))
      break;
  }
  assert.match(text, /data: ?to the stream\r?\n/);
  socket.close();
}));

test("a socket says up to 1 MiB at once, and is disconnected for more", () => withDemo(async (demo) => {
  const [socket, pane] = [await openSocket(demo, { transports: ["polling"] }), await openPane(demo)];
  socket.say("x".repeat(MiB));
  assert.equal((await pane.next()).length, MiB);
  socket.say("x".repeat(MiB + 5000));
  assert.deepEqual(await socket.next(), { reason: "io server disconnect" });
  const other = await openSocket(demo);
  other.say("still here");
  assert.equal(await pane.next(), "still here", "nothing of the large one came");
  [other, pane].forEach((one) => one.close());
}));

test("\"transport\" is acknowledged with the one of now", () => withDemo(async (demo) => {
  const { socket, close } = await openSocket(demo, { transports: ["polling", "websocket"] });
  if (socket.io.engine.transport.name !== "websocket")
    await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
  assert.equal(await new Promise((resolve) => socket.emit("transport", resolve)), "websocket");
  close();
}));

test("npm's socket.io-client is served as it was published, from one of several folders", () => {
  const empty = fs.mkdtempSync(path.join(os.tmpdir(), "rill-clients-"));
  return withDemo(async (demo) => {
    for (const name of ["socket.io.js", "socket.io.min.js", "socket.io.js.map", "socket.io.min.js.map"]) {
      for (let i = 0; i < 2; i++) {
        const answer = await fetch(`${demo.url}/socket.io/${name}`);
        assert.deepEqual([answer.status, answer.headers.get("content-encoding")], [200, "gzip"], name);
        assert.ok(Buffer.from(await answer.arrayBuffer()).equals(fs.readFileSync(path.join(DIST, name))), name);
      }
    }
    const { files } = await (await fetch(`${demo.url}/clients.json`)).json();
    assert.ok(files.includes("/socket.io/socket.io.min.js") && !files.includes("/sockjs/sockjs.min.js"));
  }, "--client-dir", empty, "--client-dir", DIST).finally(() => fs.rmSync(empty, { recursive: true }));
});

test("rill connect --socketio speaks with the demo: events, acknowledgements, pings, bytes, the end", () => withDemo(async (demo) => {
  const client = connect("--socketio", demo.url);
  assert.equal((await client.event("message")).name, "hello");
  const pane = await openPane(demo);
  client.say(`say ${JSON.stringify(AWKWARD)}`);
  assert.equal(await pane.next(), AWKWARD);
  client.say("?transport");
  assert.deepEqual(await client.event("message", ({ kind }) => kind === "ack"),
    { event: "message", kind: "ack", args: ["websocket"], ack: 0 });
  pane.say(Buffer.from([0, 255]));
  assert.deepEqual((await client.event("message", ({ name }) => name === "said")).args, [{ base64: "AP8=" }]);
  client.child.kill("SIGINT");
  const { status, close } = await client.done();
  assert.deepEqual([status, close], [0, { event: "close", code: 1000, reason: "" }]);
  const refused = await connect("--socketio", "--namespace", "/none", demo.url).done();
  assert.equal(refused.status, 1);
  assert.match(refused.error.message, /\/none: Invalid namespace/);
  pane.close();
}));

test("SIGINT ends the demo with sockets open: they are told, status 0", async () => {
  const demo = await startDemo();
  const sockets = [await openSocket(demo), await openSocket(demo, { transports: ["polling"] })];
  const client = connect("--socketio", demo.url);
  await client.event("open");
  const ended = new Promise((resolve) => demo.child.once("exit", resolve));
  demo.child.kill("SIGINT");
  for (const { next } of sockets)
    assert.match((await next()).reason, /^transport (close|error)$|^io server disconnect$/);
  assert.equal(await ended, 0);
  assert.equal((await client.done()).open.status, 101);
});

test("rill bench measures the demo by an event that is acknowledged", () => withDemo(async (demo) => {
  const { status, stdout, stderr } = await new Promise((resolve) => execFile(RILL, ["bench", "--json", "--seconds", "0.5",
    "--connections", "20", "--in-flight", "2", "--socketio", "--event", "transport", "--ack", demo.url],
  (error, out, err) => resolve({ status: error?.code ?? 0, stdout: out, stderr: err })));
  assert.equal(status, 0, stderr);
  const { protocol, connections, answered, lost } = JSON.parse(stdout);
  assert.deepEqual([protocol, connections, lost], ["socketio", 20, 0]);
  assert.ok(answered > 0);
}));

run();
