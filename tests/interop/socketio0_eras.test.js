/* Both eras of Socket.IO on one path of one port: the clients of 2010 name a transport of theirs in the path, all else
 * is today's. */

"use strict";

const fs = require("fs");
const path = require("path");
const { io } = require("socket.io-client");
const { assert, eventually, run, startServer, test } = require("./support.js");
const { KINDS, ask, open } = require("./socketio0.js");

const OLD = path.join(path.dirname(require.resolve("socket.io-0.6")), "support/socket.io-client/socket.io.js");
const TODAY = path.dirname(require.resolve("socket.io-client/dist/socket.io.js"));
const ARGS = ["socketio-both", "--port", "0", "--quiet", "--client-dir", TODAY, "--client-file", OLD];

/* A client of today. next(event) awaits what one comes with. */
async function join(server, transports) {
  const socket = io(server.url, { transports, forceNew: true, reconnection: false });
  socket.next = (event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("connect_error", reject));
  return socket;
}

for (const [order, more] of [["today's first", []], ["the old one first", ["--old-first"]]]) {
  const both = (sentence, body) => test(`${sentence}; attached: ${order}`, async () => {
    const server = await startServer({ args: [...ARGS, ...more] });
    let status;
    try {
      await body(server);
    } finally {
      status = await server.stop();
    }
    assert.equal(status, 0);
  });

  both("clients of both are served side by side, each by its own", async (server) => {
    const old = await Promise.all(KINDS.map((kind) => open(server, kind)));
    const today = await Promise.all([["polling"], ["websocket"], ["polling", "websocket"]].map((transports) => join(server, transports)));
    for (const client of old)
      await client.settle();
    for (const socket of today) {
      const back = socket.next("echo-back");
      socket.emit("echo", "grüße 😀", { a: [1] });
      assert.deepEqual((await back).slice(0, 2), ["grüße 😀", { a: [1] }]);
    }
    const heard = today.slice(1).map((socket) => socket.next("bcast"));
    old.forEach((client) => client.expectNothing());
    await old[0].send("all:among the old");
    await Promise.all(old.map((client) => client.expect("among the old")));
    today[0].emit("bcast", "among those of today");
    assert.deepEqual(await Promise.all(heard.map(async (args) => (await args)[0])), ["among those of today", "among those of today"]);
    old.forEach((client) => client.expectNothing());
    await Promise.all(old.map((client) => client.cut()));
    today.forEach((socket) => socket.disconnect());
  });

  both("each has its client file under its name", async (server) => {
    const served = async (name) => (await ask(server, "GET", `/socket.io/${name}`)).text;
    assert.equal(await served("socket.io.js"), fs.readFileSync(path.join(TODAY, "socket.io.js"), "utf8"));
    assert.equal(await served("socket.io-0.js"), fs.readFileSync(OLD, "utf8"));
  });

  both("what is for neither is the application's or refused by today's, and what is the old one's is not", async (server) => {
    assert.equal((await ask(server, "GET", "/elsewhere")).text, "app:/elsewhere");
    assert.equal((await ask(server, "GET", "/socket.iofoo")).text, "app:/socket.iofoo");
    assert.equal((await ask(server, "GET", "/socket.io/")).status, 400);
    assert.deepEqual(JSON.parse((await ask(server, "GET", "/socket.io/?EIO=4&transport=nonsense")).text).code, 0);
    assert.equal((await ask(server, "GET", "/socket.io/xhr-polling/unknown/1")).status, 404);
    assert.ok((await ask(server, "GET", "/socket.io/?EIO=4&transport=polling")).text.startsWith("0{"));
  });

  both("who comes and goes on one side is not counted on the other", async (server) => {
    const [client, socket] = [await open(server, "xhr-polling"), await join(server, ["websocket"])];
    await client.send("count");
    await client.expect({ count: 1 });
    assert.equal(await socket.emitWithAck("client-count"), 1);
    await client.cut();
    const other = await open(server, "websocket");
    await eventually(async () => {
      await other.send("count");
      return (await other.next()).count === 1;
    }, "the first has gone");
    assert.equal(await socket.emitWithAck("client-count"), 1);
    socket.disconnect();
    await other.cut();
  });
}

run({ args: ARGS });
