/* Socket.IO 0.5 and 0.6: heartbeats, and what becomes of clients that do not answer them. */

"use strict";

const { assert, eventually, run, test } = require("./support.js");
const { APP, HELD, KINDS, PEER, POLLS, ask, frame, hasGone, kinds, open, ours, overAll, pathOf, teller,
  untilGone } = require("./socketio0.js");

overAll(HELD, "heartbeats are counted from 1, and who answers them stays", async (server, kind) => {
  const client = await open(server, kind);
  await eventually(() => client.beats.length >= 3, "three heartbeats");
  assert.deepEqual(client.beats.slice(0, 3), [1, 2, 3]);
  await client.settle();
  assert.equal(client.over, undefined);
  await client.cut();
});

overAll(HELD, "an unanswered heartbeat is the end of the client", async (server, kind) => {
  const [client, other] = [await open(server, kind, { answers: false }), await teller(server)];
  await untilGone(other, client.sid);
  assert.deepEqual(client.beats, [1]);
  await Promise.all([client.cut(), other.cut()]);
});

overAll(HELD, "its connection is closed, and it is gone when it does not come back", async (server, kind) => {
  const [client, other] = [await open(server, kind, { answers: false }), await teller(server)];
  await client.ended;
  assert.equal(await hasGone(other, client.sid), false);
  await untilGone(other, client.sid);
  assert.equal((await ask(server, "GET", pathOf("xhr-polling", client.sid))).status, 404);
  await other.cut();
}, { add: ours });

overAll(HELD, "a client that was closed for its silence may come back", async (server, kind) => {
  const [client, other] = [await open(server, kind, { answers: false }), await teller(server)];
  await client.send("later:2800:while you slept");
  await client.ended;
  await other.send("later:400:now");
  await other.expect("now");
  client.answers = true;
  await client.again().expect("while you slept");
  await client.settle();
  assert.equal(await hasGone(other, client.sid), false);
  await Promise.all([client.cut(), other.cut()]);
}, { add: ours });

overAll(HELD, "an answer with another number is none", async (server, kind) => {
  const [client, other] = [await open(server, kind, { answers: false }), await teller(server)];
  await eventually(() => client.beats.length, "a heartbeat");
  await client.sendRaw(frame("~h~2"));
  await client.sendRaw(frame("~h~0"));
  await client.sendRaw(frame("~h~"));
  await client.sendRaw(frame("~h~11"));
  await untilGone(other, client.sid);
  assert.deepEqual(client.beats, [1]);
  await Promise.all([client.cut(), other.cut()]);
});

overAll(HELD, "messages are no answer", async (server, kind) => {
  const [client, other] = [await open(server, kind, { answers: false }), await teller(server)];
  const talk = setInterval(() => client.sendRaw(frame("echo:talk")), 100);
  await untilGone(other, client.sid);
  clearInterval(talk);
  assert.deepEqual(client.beats, [1]);
  await Promise.all([client.cut(), other.cut()]);
});

for (const kind of POLLS) {
  test(`${kind}: there are no heartbeats, an empty answer comes instead`, async (server) => {
    const client = await open(server, kind);
    const first = client.wire.answer;
    await eventually(() => client.wire.answer !== first, "an answer");
    const second = client.wire.answer;
    await eventually(() => client.wire.answer !== second && !client.wire.answer.body.includes("~m~"), "an empty answer");
    assert.deepEqual(client.beats, []);
    await client.settle();
    await client.cut();
  });
}

overAll(KINDS.filter((kind) => kinds[kind].duplex), "a client that closes its connection in order is gone, too",
  async (server, kind) => {
    const [client, other] = [await open(server, kind), await teller(server)];
    client.wire.close();
    /* (The server of 2011 leaves a connection half open.) */
    if (!PEER)
      await client.ended;
    await untilGone(other, client.sid);
    await other.cut();
  });

run(APP);
