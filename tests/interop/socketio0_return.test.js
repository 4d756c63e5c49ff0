/* Socket.IO 0.5 and 0.6: a client that was cut off comes back with its session id, and finds what it was sent. */

"use strict";

const { Raw, assert, eventually, run, takeResponse, test } = require("./support.js");
const { APP, Client, HELD, KINDS, OVER_HTTP, PEER, POLLS, ask, encode, form, hasGone, kinds, open, ours, overAll, pathOf,
  post, request, settled, teller, untilGone } = require("./socketio0.js");

const texts = (letter, count) => Array.from({ length: count }, (_, i) => `${letter}${i}`);

const RESUMING = KINDS.filter((name) => kinds[name].resumes);

for (const kind of RESUMING) {
  test(`${kind}: what it was sent while it was away comes once, in order, as one batch, and then what follows`,
    async (server) => {
      const [client, other] = [await open(server, kind), await teller(server)];
      await client.cut();
      await settled(other);
      await other.send(...texts("a", 50).map((text) => `bcast:${text}`));
      await other.settle();
      const before = client.batches.length;
      await client.again().expect(...texts("a", 50));
      assert.deepEqual(client.batches[before], texts("a", 50));
      await other.send(...texts("b", 50).map((text) => `bcast:${text}`));
      await client.expect(...texts("b", 50));
      await client.settle();
      client.expectNothing();
      await Promise.all([client.cut(), other.cut()]);
    });

  test(`${kind}: it may be cut off again and again`, async (server) => {
    const [client, other] = [await open(server, kind), await teller(server)];
    for (let i = 0; i < 10; i++) {
      await client.cut();
      await settled(other);
      await other.send(`bcast:${i}`, `bcast:${i}!`);
      await other.settle();
      await client.again().expect(`${i}`, `${i}!`);
      await client.settle();
    }
    client.expectNothing();
    await Promise.all([client.cut(), other.cut()]);
  });

  test(`${kind}: it is welcomed once, and is not told to have gone`, async (server) => {
    const [client, other] = [await open(server, kind), await teller(server)];
    const { sid } = client;
    await client.cut();
    await settled(other);
    await client.again().settle();
    assert.equal(client.sid, sid);
    assert.equal(await hasGone(other, sid), false);
    await Promise.all([client.cut(), other.cut()]);
  });
}

overAll(RESUMING, "what waits for a client that comes back too late is dropped, and it has gone", async (server, kind) => {
  const [client, other] = [await open(server, kind), await teller(server)];
  await client.send("later:300:lost");
  await client.settle();
  await client.cut();
  await untilGone(other, client.sid);
  client.again();
  assert.equal(await client.body(), null);
  if (!PEER)
    assert.equal(client.wire.status, 404);
  await other.cut();
});

overAll(RESUMING, "a client that has been there for some heartbeats or polls may still be cut off and come back",
  async (server, kind) => {
    const [client, other] = [await open(server, kind), await teller(server)];
    await client.send("later:3500:done");
    await client.expect("done");
    await client.send("later:300:missed");
    await client.settle();
    await client.cut();
    await other.send("later:600:now");
    await other.expect("now");
    await client.again().expect("missed");
    await client.settle();
    await Promise.all([client.cut(), other.cut()]);
  });

for (const kind of POLLS) {
  test(`${kind}: between two polls it is away, and gets all it was sent with the next`, async (server) => {
    const [client, other] = [await open(server, kind), await teller(server)];
    await client.rest();
    await other.send(...texts("p", 100).map((text) => `bcast:${text}`));
    await other.settle();
    const before = client.batches.length;
    await client.again().expect(...texts("p", 100));
    assert.deepEqual(client.batches[before], texts("p", 100));
    await client.settle();
    client.expectNothing();
    await Promise.all([client.cut(), other.cut()]);
  });

  test(`${kind}: it sends between two polls, and is answered with the next`, async (server) => {
    const client = await open(server, kind);
    await client.rest();
    await client.send("echo:a", "echo:b");
    await client.send("later:100:c");
    await client.again().expect("a", "b", "c");
    await client.cut();
  });

  test(`${kind}: who does not ask again in time has gone`, async (server) => {
    const [client, other] = [await open(server, kind), await teller(server)];
    await client.rest();
    await untilGone(other, client.sid);
    await other.cut();
  });
}

/* Not in time, or not as it was. */

for (const kind of OVER_HTTP) {
  ours(`${kind}: an unknown session is not found, to receive and to send`, async (server) => {
    const { name } = kinds[kind];
    for (const sid of ["123456789012345678", "x", "%2e%2e", "~m~"]) {
      assert.equal((await ask(server, "GET", pathOf(name, sid))).status, 404);
      assert.equal((await post(server, name, sid, form(encode("echo:x")))).status, 404);
    }
  });
}

for (const kind of KINDS.filter((name) => kinds[name].duplex)) {
  ours(`${kind}: an unknown session is not found`, async (server) => {
    const client = new Client(server, kind);
    client.sid = "123456789012345678";
    client.come();
    assert.equal(await client.body(), null);
    assert.equal(client.wire.status, 404);
  });
}

ours("a session of another transport is refused, to receive and to send, and goes on", async (server) => {
  const clients = await Promise.all(OVER_HTTP.map((kind) => open(server, kind)));
  for (const client of clients) {
    for (const kind of OVER_HTTP.filter((name) => name !== client.kind)) {
      assert.equal((await ask(server, "GET", pathOf(kind, client.sid))).status, 400, `${client.kind} by ${kind}`);
      assert.equal((await post(server, kind, client.sid, form(encode("all:lost")))).status, 400);
    }
    for (const kind of ["websocket", "flashsocket"]) {
      const thief = new Client(server, kind);
      thief.sid = client.sid;
      thief.come();
      assert.equal(await thief.body(), null);
      assert.equal(thief.wire.status, 400);
    }
  }
  await Promise.all(clients.map(async (client) => {
    await client.settle();
    await client.cut();
  }));
});

/* Who comes to receive while somebody does. */

for (const kind of POLLS) {
  test(`${kind}: a second poll takes the place of the first`, async (server) => {
    const client = await open(server, kind);
    const second = new Raw(server).send(request("GET", client.path()));
    /* (The server of 2011 never answers the first.) */
    if (!PEER) {
      const first = client.wire.answer;
      await eventually(() => client.wire.answer !== first, "the first is answered");
      assert.ok(!client.wire.answer.body.includes("~m~"));
      client.wire.resting = true;
    }
    await client.send("echo:x");
    const said = String((await takeResponse(second)).body);
    if (PEER)
      assert.ok(said.includes("~m~1~m~x"));
    second.destroy();
    client.wire.cut();
    await client.ended;
  });
}

for (const kind of HELD) {
  ours(`${kind}: a second one takes the place of the first, which ends`, async (server) => {
    const first = await open(server, kind);
    const second = new Client(server, kind);
    second.sid = first.sid;
    second.come();
    await first.ended;
    await second.settle();
    first.expectNothing();
    await second.cut();
  });
}

run(APP);
