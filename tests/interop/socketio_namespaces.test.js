/* Namespaces, who is admitted to them, and how connections end on both sides, with npm's socket.io-client of versions
 * 4.8, 3.1 and 2.5 over each kind of transport. */

"use strict";

const { assert, run } = require("./support.js");
const { Wire, lastReason, open: openAny, ours, unused, withEach } = require("./socketio.js");

/* Refusals: version 2 is told the data alone where there are any, else the message, as it is or in an object. */
function expectRefusal([error], version, message, data) {
  if (version === "2.5")
    assert.deepEqual(data ? error : error.message ?? error, data ?? message);
  else
    assert.deepEqual([error.message, error.data], [message, data]);
}

withEach("each namespace welcomes its own, by ids of their own", async (open, { version }) => {
  const main = await open();
  const others = [];
  for (const ns of ["/chat", "/dyn-1", "/dyn-123456789"]) {
    const client = main.of(ns);
    const [welcome] = await client.take("welcome");
    assert.deepEqual([welcome.ns, welcome.id], [ns, client.id]);
    await client.settle();
    others.push(client);
  }
  assert.equal(new Set([main, ...others].map(({ id }) => id)).size, 4);
  if (version === "2.5")
    assert.equal(others[0].id, `/chat#${main.id}`);
  assert.deepEqual(await main.ask("client-count"), await others[0].ask("client-count"));
});

withEach("events go to the namespace they are sent in, also with binary arguments at once", async (open) => {
  const main = await open();
  const chat = main.of("/chat");
  await chat.take("welcome");
  for (let i = 0; i < 20; i++) {
    main.emit("echo", "main", Buffer.from([i]));
    chat.emit("echo", "chat", Buffer.from([i]));
  }
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await main.take("echo-back"), ["main", Buffer.from([i])]);
    assert.deepEqual(await chat.take("echo-back"), ["chat", Buffer.from([i])]);
  }
  chat.emit("ask", Buffer.from([1]));
  (await chat.take("question"))[1](Buffer.from([2]), "x");
  assert.deepEqual(await chat.take("answer"), [Buffer.from([2]), "x"]);
  assert.equal(main.count("question"), 0);
});

withEach("namespaces made at first use keep apart", async (open) => {
  const [one, other, same] = [await open({ ns: "/dyn-1" }), await open({ ns: "/dyn-2" }), await open({ ns: "/dyn-1" })];
  one.emit("bcast", 1);
  await one.settle();
  assert.deepEqual(await same.take("bcast"), [1]);
  await other.settle();
  assert.equal(other.count("bcast"), 0);
});

withEach("unknown namespaces are refused, and the connection goes on", async (open, { version }) => {
  const main = await open();
  for (const ns of ["/nowhere", "/dyn-", "/dyn-x", "/dyn-1x", "/x/dyn-1", "/Chat", "/chat/"]) {
    const client = main.of(ns);
    expectRefusal(await client.take("refused"), version, "Invalid namespace");
    assert.equal(client.socket.connected, false);
  }
  await main.settle();
});

withEach("who does not know the secret is refused by message and data", async (open, { version, connect }) => {
  for (const auth of [undefined, {}, { token: "guess" }, { token: ["secret"] }, { Token: "secret" }]) {
    if (version === "2.5" && auth?.token?.[0] === "secret")
      continue; /* is the same in a query */
    const client = connect({ ns: "/auth", auth });
    expectRefusal(await client.take("refused"), version, "not authorized", { code: 401 });
    client.close();
  }
  const client = await open({ ns: "/auth", auth: { token: "secret", more: "é&=" } });
  const [{ auth }] = await client.ask("handshake");
  assert.deepEqual([auth.token, auth.more], ["secret", "é&="]);
});

withEach("who was refused may try again on the same connection", async (open) => {
  const main = await open();
  const auth = { token: "guess" };
  const client = main.of("/auth", { auth });
  await client.take("refused");
  auth.token = "secret";
  client.socket.connect();
  assert.equal((await client.take("welcome"))[0].ns, "/auth");
  await client.settle();
}, { versions: ["4.8", "3.1"] });

withEach("leaving one namespace leaves the others, and one may come back", async (open, { version }) => {
  const main = await open();
  const chat = main.of("/chat");
  const [{ id }] = await chat.take("welcome");
  chat.socket.disconnect();
  assert.deepEqual(await chat.take("disconnect"), ["io client disconnect"]);
  assert.equal(await lastReason(main, id), "client namespace disconnect");
  chat.socket.connect();
  const [again] = await chat.take("welcome");
  assert.equal(again.id === id, version === "2.5");
  assert.equal(again.recovered, false);
  await chat.settle();
});

/* (The reference server takes this for a second CONNECT, and closes the connection.) */
withEach("who leaves may come back at once", async (open) => {
  const main = await open();
  const chat = main.of("/chat");
  await chat.take("welcome");
  for (let i = 0; i < 20; i++) {
    chat.socket.disconnect();
    chat.socket.connect();
    await chat.take("welcome");
  }
  await chat.settle();
  await main.settle();
}, { make: ours });

withEach("the server has one socket leave, or the client leave all", async (open) => {
  const main = await open();
  const watcher = await open();
  for (const [ns, close] of [["/chat", false], ["/dyn-1", true]]) {
    const chat = main.of(ns);
    const [{ id }] = await chat.take("welcome");
    chat.emit("kick", close);
    assert.deepEqual(await chat.take("disconnect"), ["io server disconnect"]);
    assert.equal(await lastReason(watcher, id), "server namespace disconnect");
    if (close)
      assert.deepEqual(await main.take("disconnect"), ["io server disconnect"]);
    else
      await main.settle();
    chat.close();
  }
  assert.equal(await lastReason(watcher, main.welcome.id), "server namespace disconnect");
});

withEach("the server drops the session below its sockets", async (open) => {
  const [main, watcher] = [await open(), await open()];
  const chat = main.of("/chat");
  const [{ id }] = await chat.take("welcome");
  chat.emit("drop");
  assert.deepEqual(await chat.take("disconnect"), ["transport close"]);
  assert.deepEqual(await main.take("disconnect"), ["transport close"]);
  assert.equal(await lastReason(watcher, id), "forced close");
  assert.equal(await lastReason(watcher, main.welcome.id), "forced close");
});

withEach("the client closes the connection", async (open, { transport }) => {
  const [main, watcher] = [await open(), await open()];
  main.socket.disconnect();
  assert.deepEqual(await main.take("disconnect"), ["io client disconnect"]);
  assert.equal(await lastReason(watcher, main.welcome.id), "client namespace disconnect");
  const other = await open();
  if (transport === "upgrade")
    await new Promise((resolve) => (other.engine.transport.name === "websocket" ? resolve() : other.engine.once("upgrade", resolve)));
  other.engine.close();
  await other.take("disconnect");
  assert.equal(await lastReason(watcher, other.welcome.id), "transport close");
});

withEach("a connection that is cut has ended, on both sides", async (open, { server, transport, version }) => {
  const wire = await Wire.lay(server);
  const watcher = await open();
  const client = await openAny(wire, { transport, version });
  await client.settle();
  await wire.polled(watcher, client);
  wire.cut();
  const [reason] = await client.take("disconnect");
  assert.match(reason, /^transport (close|error)$/);
  /* Between two polls there is nothing to notice. */
  const polls = transport === "websocket" ? "" : "|ping timeout";
  assert.match(await lastReason(watcher, client.welcome.id), new RegExp(`^(transport close|transport error${polls})$`));
  wire.remove();
});

withEach("dropped clients come back by themselves, and kicked ones do not", async (open, { version }) => {
  const options = { reconnection: true, reconnectionDelay: 1, reconnectionDelayMax: 5, randomizationFactor: 0 };
  const client = await open(options);
  const room = unused();
  await client.join(room);
  client.emit("drop");
  assert.deepEqual(await client.take("disconnect"), ["transport close"]);
  const [again] = await client.take("welcome");
  assert.equal(again.recovered, version === "4.8");
  assert.equal(again.id === client.welcome.id, version === "4.8");
  await client.settle();
  assert.deepEqual(await client.ask("who", room), [version === "4.8" ? [again.id] : []]);
  client.emit("kick", true);
  assert.deepEqual(await client.take("disconnect"), ["io server disconnect"]);
  assert.equal(client.socket.active ?? false, false);
});

run({ args: ["socketio", "--port", "0", "--quiet"] });
