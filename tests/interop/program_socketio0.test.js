/* The demo's Socket.IO of 2010: raw clients of each transport there was, among everything else that says and hears
 * there. RILL names the program. */

"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");
const { openPane, startDemo, withDemo } = require("./demo.js");
const { MiB, assert, run, test } = require("./support.js");
const { Client, KINDS, TEXTS, frame } = require("./socketio0.js");

const FILE = path.join(__dirname, "node_modules/socket.io-0.6/support/socket.io-client/socket.io.js");
const TODAYS = path.join(__dirname, "node_modules/socket.io-client/dist");

/* One that has been greeted. */
async function openOld(demo, kind) {
  const client = new Client(demo, kind).come();
  assert.equal(await client.body(), client.sid);
  const { hello } = await client.next();
  assert.equal(hello.transport, client.facts.name);
  assert.equal(typeof hello.id, "number");
  return client;
}

for (const kind of KINDS) {
  test(`${kind}: clients of 2010 and panes hear one another, whatever the text`, () => withDemo(async (demo) => {
    const [client, other, pane] = [await openOld(demo, kind), await openOld(demo, "websocket"), await openPane(demo)];
    for (const text of TEXTS) {
      client.send(text);
      assert.equal(await pane.next(), text);
      assert.equal(await other.next(), text);
      pane.say(text);
      await client.expect(text);
      await other.expect(text);
    }
    client.send("", "behind");
    assert.deepEqual([await pane.next(), await pane.next()], ["", "behind"]);
    client.expectNothing();
    pane.close();
    await Promise.all([client.cut(), other.cut()]);
  }));
}

test("texts that look like signs of the protocol are told, and said, as objects", () => withDemo(async (demo) => {
  const [client, other, pane] = [await openOld(demo, "websocket"), await openOld(demo, "xhr-polling"), await openPane(demo)];
  for (const text of ["~h~1", "~j~{\"a\":1}", "~j~\"\\\u2028"]) {
    pane.say(text);
    await client.expect({ text });
    await other.expect({ text });
    client.send({ text });
    assert.equal(await pane.next(), text);
    await other.expect({ text });
  }
  pane.say("~m~4~m~~h~1");
  await client.expect("~m~4~m~~h~1");
  client.expectNothing();
  pane.close();
  await Promise.all([client.cut(), other.cut()]);
}));

test("what is no text is said as its JSON, and what is no JSON as the empty object of that time", () => withDemo(async (demo) => {
  const [client, pane] = [await openOld(demo, "websocket"), await openPane(demo)];
  client.send({ a: [1, null] }, { text: 7 }, [1], null, 7);
  for (const heard of ['{"a":[1,null]}', '{"text":7}', "[1]", "null", "7"])
    assert.equal(await pane.next(), heard);
  client.sendRaw(frame("~j~{"));
  assert.equal(await pane.next(), "{}");
  pane.close();
  await client.cut();
}));

test("clients of 2010 are told of bytes", () => withDemo(async (demo) => {
  const [client, pane] = [await openOld(demo, "jsonp-polling"), await openPane(demo)];
  pane.say(Buffer.alloc(5));
  await client.expect({ binary: 5 });
  pane.close();
  await client.cut();
}));

test("a client of 2010 says up to 1 MiB at once, and is closed for more", () => withDemo(async (demo) => {
  const [client, pane] = [await openOld(demo, "websocket"), await openPane(demo)];
  client.send("x".repeat(MiB));
  assert.equal((await pane.next()).length, MiB);
  client.send("x".repeat(MiB + 5000));
  assert.equal(await client.next(), null);
  assert.equal(client.wire.code, 1009);
  pane.close();
}));

test("the client of 2010 is served under a name of its own, beside today's", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-clients-"));
  fs.copyFileSync(FILE, path.join(folder, "socket.io-0.6.js"));
  return withDemo(async (demo) => {
    for (const [name, file] of [["socket.io-0.6.js", FILE], ["socket.io.js", path.join(TODAYS, "socket.io.js")]]) {
      const answer = await fetch(`${demo.url}/socket.io/${name}`);
      assert.deepEqual([answer.status, answer.headers.get("content-encoding")], [200, "gzip"], name);
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(fs.readFileSync(file)), name);
    }
    const { files } = await (await fetch(`${demo.url}/clients.json`)).json();
    assert.ok(files.includes("/socket.io/socket.io-0.6.js"));
  }, "--client-dir", folder, "--client-dir", TODAYS).finally(() => fs.rmSync(folder, { recursive: true }));
});

test("the hidden page alone may make functions of strings, and only this server's pages show it", () => withDemo(async (demo) => {
  const policy = async (name) => (await fetch(`${demo.url}/${name}`)).headers.get("content-security-policy");
  const [hidden, page] = [await policy("socketio0.html"), await policy("")];
  assert.match(hidden, /script-src 'self' 'unsafe-eval';.*frame-ancestors 'self'$/);
  assert.doesNotMatch(page, /unsafe/);
  assert.equal(await policy("socketio0.js"), page);
}));

test("SIGTERM ends the demo with clients of 2010 there: those on WebSockets are told, status 0", async () => {
  const demo = await startDemo();
  const clients = [await openOld(demo, "websocket"), await openOld(demo, "xhr-polling"), await openOld(demo, "xhr-multipart")];
  const ended = new Promise((resolve) => demo.child.once("exit", resolve));
  demo.child.kill("SIGTERM");
  for (const client of clients)
    assert.equal(await client.next(), null);
  assert.equal(clients[0].wire.code, 1001);
  assert.equal(await ended, 0);
});

run();
