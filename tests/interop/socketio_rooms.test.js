/* Rooms, broadcasts, and what the server does to all of a room, with npm's socket.io-client of versions 4.8, 3.1 and
 * 2.5 over each kind of transport. */

"use strict";

const { MiB, assert, run } = require("./support.js");
const { open: openAny, scene, unused, withEach } = require("./socketio.js");
const { test } = require("./support.js");

/* What the server sent to each of them so far, by an event of one argument: one list for each. Whoever acted settles
 * first, so that the server has acted when the others do. */
async function heard(actor, clients, event = "room-msg") {
  await actor.settle();
  await Promise.all(clients.map((client) => client.settle()));
  return Promise.all(clients.map((client) => client.takeAll(event, client.count(event))));
}

async function openAll(open, count) {
  return Promise.all(Array.from({ length: count }, () => open()));
}

withEach("a message to a room reaches its members but the sender, or all of them", async (open) => {
  const room = unused();
  const [ann, ben, cat] = await openAll(open, 3);
  await Promise.all([ann.join(room), ben.join(room)]);
  ann.emit("room-msg", room, { m: 1 });
  assert.deepEqual(await heard(ann, [ann, ben, cat]), [[], [{ m: 1 }], []]);
  ann.emit("room-msg-all", room, "2");
  assert.deepEqual(await heard(ann, [ann, ben, cat]), [["2"], ["2"], []]);
  cat.emit("room-msg", room, "from outside");
  assert.deepEqual(await heard(cat, [ann, ben, cat]), [["from outside"], ["from outside"], []]);
  assert.deepEqual(await ben.ask("leave", room), ["left"]);
  ann.emit("room-msg-all", room, 3);
  assert.deepEqual(await heard(ann, [ann, ben, cat]), [[3], [], []]);
});

withEach("joining twice is joining once, and leaving what one is not in does nothing", async (open) => {
  const room = unused();
  const [ann, ben] = await openAll(open, 2);
  await ann.join(room);
  await ann.join(room);
  assert.deepEqual(await ben.ask("leave", room), ["left"]);
  assert.deepEqual(await ben.ask("who", room), [[ann.id]]);
  ben.emit("room-msg", room, 1);
  assert.deepEqual(await heard(ben, [ann, ben]), [[1], []]);
  await ann.ask("leave", room);
  assert.deepEqual(await ben.ask("who", room), [[]]);
});

withEach("binary messages to a room come whole, and in order with texts", async (open) => {
  const room = unused();
  const [ann, ...others] = await openAll(open, 3);
  await Promise.all(others.map((client) => client.join(room)));
  const all = Array.from({ length: 50 }, (_, i) => (i % 2 ? { list: [i, { deep: Buffer.from([i, 0, 255]) }] } : `${i}`));
  for (const message of all)
    ann.emit("room-msg", room, message);
  for (const client of others)
    assert.deepEqual(await client.takeAll("room-msg", all.length), all);
});

withEach("members of another room are left out", async (open) => {
  const [room, not] = [unused(), unused()];
  const [ann, ben, cat] = await openAll(open, 3);
  await Promise.all([ann.join(room), ben.join(room), ben.join(not), cat.join(not)]);
  ann.emit("room-except", room, not, 1);
  assert.deepEqual(await heard(ann, [ann, ben, cat]), [[1], [], []]);
});

withEach("a socket's id is a room of its own", async (open) => {
  const [ann, ben, cat] = await openAll(open, 3);
  ann.emit("room-msg", ben.id, "to you");
  ann.emit("room-msg", ann.id, "to me");
  ann.emit("room-except", ben.id, ben.id, "to nobody");
  assert.deepEqual(await heard(ann, [ann, ben, cat]), [[], ["to you"], []]);
  assert.deepEqual(await ann.ask("who", ben.id), [[ben.id]]);
});

withEach("a broadcast reaches all others of the namespace, and of no other", async (open) => {
  const [ann, ben] = await openAll(open, 2);
  const [chat, other] = [await open({ ns: "/chat" }), await open({ ns: "/chat" })];
  ann.emit("bcast", 1);
  chat.emit("bcast", Buffer.from([2]));
  assert.deepEqual(await heard(ann, [ann, ben], "bcast"), [[], [1]]);
  assert.deepEqual(await heard(chat, [chat, other], "bcast"), [[], [Buffer.from([2])]]);
});

withEach("a room of a name in one namespace is not that of another", async (open) => {
  const room = unused();
  const ann = await open();
  const ben = await open({ ns: "/chat" });
  await Promise.all([ann.join(room), ben.join(room)]);
  ann.emit("room-msg-all", room, "main");
  assert.deepEqual(await heard(ann, [ann, ben]), [["main"], []]);
  assert.deepEqual(await ben.ask("who", room), [[ben.id]]);
});

withEach("rooms may have any name", async (open) => {
  const [ann, ben] = await openAll(open, 2);
  for (const suffix of ["", " ", "é", "😀", "\"", ",", "#", "__proto__", "\n", "x".repeat(1000)]) {
    const room = `${unused()}${suffix}`;
    await ann.join(room);
    ben.emit("room-msg", room, suffix);
    assert.deepEqual(await heard(ben, [ann, ben]), [[suffix], []]);
  }
});

withEach("who is in a room is told, and who has left is not", async (open) => {
  const room = unused();
  const all = await openAll(open, 4);
  assert.deepEqual(await all[0].ask("who", room), [[]]);
  await Promise.all(all.map((client) => client.join(room)));
  assert.deepEqual(await all[0].ask("who", room), [all.map(({ id }) => id).sort()]);
  const gone = all.pop();
  const { id } = gone;
  gone.close();
  while ((await all[0].ask("who", room))[0].includes(id));
  assert.deepEqual(await all[0].ask("who", room), [all.map((client) => client.id).sort()]);
});

withEach("all of a room join another, and leave one", async (open) => {
  const [from, to] = [unused(), unused()];
  const all = await openAll(open, 3);
  await Promise.all([all[0].join(from), all[1].join(from)]);
  assert.deepEqual(await all[2].ask("room-move", from, to), ["moved"]);
  const two = [all[0].id, all[1].id].sort();
  assert.deepEqual(await all[2].ask("who", to), [two]);
  assert.deepEqual(await all[2].ask("room-drop", to, from), ["dropped"]);
  assert.deepEqual(await all[2].ask("who", from), [[]]);
  assert.deepEqual(await all[2].ask("who", to), [two]);
  all[2].emit("room-msg", to, 1);
  assert.deepEqual(await heard(all[2], all), [[1], [1], []]);
});

withEach("all of a room are asked, and their answers gathered", async (open) => {
  const room = unused();
  const all = await openAll(open, 4);
  await Promise.all(all.slice(0, 3).map((client) => client.join(room)));
  for (const payload of ["text", { bytes: Buffer.from([1, 2]) }]) {
    const asking = all[3].ask("room-ask", room, payload, 20000);
    for (const [i, client] of all.slice(0, 3).entries()) {
      const [asked, reply] = await client.take("question");
      assert.deepEqual(asked, payload);
      reply(i === 1 ? { deep: [Buffer.from([i])] } : `answer ${i}`, "ignored");
    }
    const [error, answers] = await asking;
    assert.equal(error, null);
    answers.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    assert.deepEqual(answers, ["answer 0", "answer 2", { deep: [Buffer.from([1])] }]);
  }
  assert.deepEqual(await all[3].ask("room-ask", unused(), 1, 20000), [null, []]);
});

withEach("who does not answer in time is missing from the answers", async (open) => {
  const room = unused();
  const all = await openAll(open, 3);
  await Promise.all(all.map((client) => client.join(room)));
  const asking = all[0].ask("room-ask", room, "?", 200);
  (await all[0].take("question"))[1]("here");
  (await all[1].take("question"))[1]("here, too");
  const [, silent] = await all[2].take("question");
  const [error, answers] = await asking;
  assert.deepEqual([error, answers.sort()], ["timeout", ["here", "here, too"]]);
  silent("late");
  await all[2].settle();
});

withEach("all of a room are disconnected, from their namespace or with all they have", async (open) => {
  for (const close of [false, true]) {
    const room = unused();
    const [ann, ben, cat] = await openAll(open, 3);
    const chat = ann.of("/chat");
    await chat.take("welcome");
    await Promise.all([ann.join(room), ben.join(room)]);
    cat.emit("kick-room", room, close);
    for (const client of [ann, ben])
      assert.deepEqual(await client.take("disconnect"), ["io server disconnect"]);
    if (close)
      assert.deepEqual(await chat.take("disconnect"), ["io server disconnect"]);
    else
      await chat.settle();
    await cat.settle();
    assert.deepEqual(await cat.ask("who", room), [[]]);
  }
});

/* Many. */

scene(test, "two hundred clients of all kinds at once are told everything that is said, in each one's order", async (server) => {
  const room = unused();
  const kinds = ["4.8", "3.1", "2.5"].flatMap((version) => ["websocket", "upgrade", "polling", "websocket", "upgrade"]
    .map((transport) => ({ version, transport })));
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => openAny(server, kinds[i % kinds.length])));
  await Promise.all(all.map((client) => client.join(room)));
  assert.equal((await all[0].ask("who", room))[0].length, 200);
  for (const [i, client] of all.entries()) {
    for (let turn = 0; turn < 2; turn++)
      client.emit("room-msg", room, { i, turn });
  }
  await Promise.all(all.map(async (client, me) => {
    const turns = Array(200).fill(0);
    turns[me] = 2;
    for (const { i, turn } of await client.takeAll("room-msg", 398)) {
      assert.equal(turn, turns[i]);
      turns[i] += 1;
    }
    assert.deepEqual(turns, Array(200).fill(2));
  }));
  const bytes = Buffer.alloc(MiB / 16, 7);
  all[0].emit("bcast", [bytes]);
  await Promise.all(all.slice(1).map(async (client) => assert.ok((await client.take("bcast"))[0][0].equals(bytes))));
});

run({ args: ["socketio", "--port", "0", "--quiet"] });
