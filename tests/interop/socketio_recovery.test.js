/* Connection state recovery: who was cut off comes back to its id, rooms and data, and to every event it missed, in
 * order and once; with npm's socket.io-client 4.8 over each kind of transport, and by hand. */

"use strict";

const { assert, eventually, run, test } = require("./support.js");
const { Wire, lastReason, open: openAny, ours, scene, unused, withEach } = require("./socketio.js");
const { Socket } = require("./engineio.js");

const COMES_BACK = { reconnection: true, reconnectionDelay: 5, reconnectionDelayMax: 10, randomizationFactor: 0 };
const PATH = "/socket.io/";

function withCuts(sentence, body) {
  withEach(sentence, async (open, { server, transport }) => {
    const wire = await Wire.lay(server);
    const [client, other] = [await openAny(wire, { ...COMES_BACK, transport }), await openAny(server)];
    try {
      await body({ wire, client, other, server, transport });
    } finally {
      wire.remove();
    }
  }, { versions: ["4.8"] });
}

/* Until the server has noticed, too: then nobody is in the room of the socket's own. */
function noticed(other, id) {
  return eventually(async () => (await other.ask("who", id))[0].length === 0, `the end of ${id}`);
}

async function cut({ wire, client, other }) {
  const { id } = client;
  await wire.polled(other, client);
  wire.cut();
  await client.take("disconnect");
  await noticed(other, id);
}

async function comeBack({ wire, client }) {
  wire.mend();
  return (await client.take("welcome"))[0];
}

/* Sends each to the room. */
async function say(other, room, messages) {
  for (const message of messages)
    other.emit("room-msg", room, message);
  await other.settle();
}

function numbers(count, from = 0) {
  return Array.from({ length: count }, (_, i) => from + i);
}

withCuts("every event that was missed comes in order, and id, rooms and data are as before", async (scenery) => {
  const { client, other } = scenery;
  const room = unused();
  const { id } = client;
  await client.join(room);
  await client.ask("set-data", { name: "Ann", list: [1, "é"] });
  await say(other, room, ["seen"]);
  assert.deepEqual(await client.take("room-msg"), ["seen"]);
  await cut(scenery);
  await say(other, room, numbers(100));
  await say(other, id, ["to its id"]);
  other.emit("bcast", "to all");
  await say(other, unused(), ["to others"]);
  const welcome = await comeBack(scenery);
  assert.deepEqual([welcome.recovered, welcome.id, client.socket.recovered, client.id], [true, id, true, id]);
  assert.deepEqual(await client.takeAll("room-msg", 101), [...numbers(100), "to its id"]);
  assert.deepEqual(await client.take("bcast"), ["to all"]);
  await say(other, room, ["live"]);
  assert.deepEqual(await client.take("room-msg"), ["live"]);
  assert.equal(client.count("room-msg"), 0);
  assert.deepEqual(await client.ask("get-data"), [{ name: "Ann", list: [1, "é"] }]);
  assert.deepEqual(await other.ask("who", room), [[id]]);
});

withCuts("binary events that were missed come whole", async (scenery) => {
  const { client, other } = scenery;
  const all = numbers(20).map((i) => (i % 2 ? { deep: [Buffer.from([i]), Buffer.alloc(0)] } : i));
  const { id } = client;
  await cut(scenery);
  await say(other, id, all);
  await comeBack(scenery);
  assert.deepEqual(await client.takeAll("room-msg", 20), all);
});

withCuts("what goes to rooms it was kept from, or was said before it came, is not caught up with", async (scenery) => {
  const { client, other } = scenery;
  const [room, not] = [unused(), unused()];
  await say(other, room, ["before"]);
  await Promise.all([client.join(room), client.join(not)]);
  client.emit("echo");
  await client.take("echo-back");
  await cut(scenery);
  other.emit("room-except", room, not, "except");
  await say(other, room, ["missed"]);
  await comeBack(scenery);
  assert.deepEqual(await client.take("room-msg"), ["missed"]);
  await client.settle();
  assert.equal(client.count("room-msg"), 0);
});

withCuts("cut again and again while much is said, it hears all of it once", async (scenery) => {
  const { client, other, transport } = scenery;
  const room = unused();
  /* Between polls the server notices by its pings alone, which takes seconds. */
  const rounds = transport === "websocket" ? 10 : 1;
  await client.join(room);
  for (let round = 0; round < rounds; round++) {
    await say(other, room, numbers(20, round * 60));
    const cutting = cut(scenery); /* with what may be on its way */
    await say(other, room, numbers(20, round * 60 + 20));
    await cutting;
    const back = comeBack(scenery);
    await say(other, room, numbers(20, round * 60 + 40));
    assert.equal((await back).recovered, true);
  }
  assert.deepEqual(await client.takeAll("room-msg", rounds * 60), numbers(rounds * 60));
  await client.settle();
  assert.equal(client.count("room-msg"), 0);
});

withCuts("each namespace is recovered by itself, and passes its middleware", async (scenery) => {
  const { client, other } = scenery;
  const auth = { token: "secret" };
  const sockets = [client, client.of("/auth", { auth }), client.of("/dyn-1")];
  await Promise.all(sockets.slice(1).map((socket) => socket.take("welcome")));
  const ids = sockets.map(({ id }) => id);
  auth.token = "forgotten";
  await cut(scenery);
  const same = other.of("/dyn-1");
  await same.take("welcome");
  same.emit("room-msg", ids[2], "in dyn-1");
  await same.settle();
  await comeBack(scenery);
  for (const socket of sockets.slice(1))
    assert.equal((await socket.take("welcome"))[0].recovered, true);
  assert.deepEqual(sockets.map(({ id }) => id), ids);
  assert.deepEqual(await sockets[2].take("room-msg"), ["in dyn-1"]);
});

withCuts("who left, or was sent away, is somebody new", async (scenery) => {
  const { client, other } = scenery;
  const chat = client.of("/chat");
  await chat.take("welcome");
  for (const leave of [() => chat.emit("kick", false), () => chat.socket.disconnect()]) {
    const { id } = chat;
    const room = unused();
    await chat.join(room);
    leave();
    await chat.take("disconnect");
    await lastReason(other, id);
    chat.socket.connect();
    const [welcome] = await chat.take("welcome");
    assert.equal(welcome.recovered, false);
    assert.notEqual(welcome.id, id);
    assert.deepEqual(await chat.ask("who", room), [[]]);
  }
});

withCuts("a session that the server drops is recovered", async (scenery) => {
  const { client } = scenery;
  const { id } = client;
  client.emit("burst", 100);
  client.emit("drop");
  assert.deepEqual(await client.takeAll("burst", 100), numbers(100));
  const [welcome] = await client.take("welcome");
  assert.deepEqual([welcome.recovered, welcome.id], [true, id]);
});

withCuts("questions that were under way are not asked again", async (scenery) => {
  const { client } = scenery;
  client.emit("ask", 1);
  const [, reply] = await client.take("question");
  await cut(scenery);
  reply("too late");
  assert.equal((await comeBack(scenery)).recovered, true);
  await client.settle();
  assert.equal(client.count("question"), 0);
});

withEach("clients that know nothing of recovery are connected anew", async (open) => {
  const client = await open(COMES_BACK);
  client.emit("drop");
  const [welcome] = await client.take("welcome");
  assert.equal(welcome.recovered, false);
  await client.settle();
}, { versions: ["3.1", "2.5"] });

scene(test, "a hundred that are cut at once all hear what they missed", async (server) => {
  const wire = await Wire.lay(server);
  const room = unused();
  const other = await openAny(server);
  const all = await Promise.all(numbers(100).map((i) => openAny(wire,
    { ...COMES_BACK, transport: i % 2 ? "websocket" : "polling" })));
  await Promise.all(all.map((client) => client.join(room)));
  const ids = all.map(({ id }) => id);
  await wire.polled(other, ...all);
  wire.cut();
  await Promise.all(all.map((client) => client.take("disconnect")));
  await Promise.all(ids.map((id) => noticed(other, id)));
  await say(other, room, numbers(50));
  wire.mend();
  for (const [i, client] of all.entries()) {
    assert.equal((await client.take("welcome"))[0].recovered, true);
    assert.equal(client.id, ids[i]);
    assert.deepEqual(await client.takeAll("room-msg", 50), numbers(50));
  }
  wire.remove();
});

/* By hand. */

/* A session and its answer to CONNECT. */
async function join(server, payload) {
  const socket = await Socket.begin(server, { path: PATH });
  socket.send(payload === undefined ? "40" : `40${typeof payload === "string" ? payload : JSON.stringify(payload)}`);
  return socket;
}

/* The packets up to the answer to CONNECT, which is the last. */
async function takeAnswer(socket) {
  const packets = [];
  while (!packets.at(-1)?.startsWith("40"))
    packets.push(await socket.take());
  return { missed: packets.slice(0, -1), ...JSON.parse(packets.at(-1).slice(2)) };
}

/* An event's arguments and its offset. */
function readEvent(packet) {
  assert.ok(packet.startsWith("42["), packet);
  const args = JSON.parse(packet.slice(2));
  return { args: args.slice(0, -1), offset: args.at(-1) };
}

async function lose(socket, other, sid) {
  socket.destroy();
  return noticed(other, sid);
}

scene(test, "what was missed comes before the answer to CONNECT, which says the same pid", async (server) => {
  const other = await openAny(server);
  const socket = await join(server);
  const { sid, pid } = await takeAnswer(socket);
  assert.match(pid, /^\S{8,}$/);
  const { offset } = readEvent(await socket.take());
  await lose(socket, other, sid);
  await say(other, sid, [1, 2]);
  const again = await join(server, { pid, offset });
  const answer = await takeAnswer(again);
  assert.deepEqual([answer.sid, answer.pid], [sid, pid]);
  assert.deepEqual(answer.missed.map((packet) => readEvent(packet).args), [["room-msg", 1], ["room-msg", 2]]);
  assert.equal(readEvent(await again.take()).args[1].recovered, true);
  again.destroy();
});

scene(ours, "who has seen no event yet hears everything since its CONNECT", async (server) => {
  const other = await openAny(server);
  await say(other, "nobody", ["before"]);
  const socket = await join(server);
  const { sid, pid } = await takeAnswer(socket);
  await lose(socket, other, sid);
  await say(other, sid, [1, 2]);
  const again = await join(server, { pid });
  const { missed, ...answer } = await takeAnswer(again);
  assert.deepEqual(answer, { sid, pid });
  assert.deepEqual(missed.map((packet) => readEvent(packet).args[0]), ["welcome", "room-msg", "room-msg"]);
  again.destroy();
});

scene(test, "pids and offsets that are none make somebody new", async (server) => {
  const other = await openAny(server);
  const socket = await join(server);
  const { sid, pid } = await takeAnswer(socket);
  const { offset } = readEvent(await socket.take());
  await lose(socket, other, sid);
  for (const payload of [{ pid: "guess", offset }, { pid: sid, offset }, { pid: "", offset: "" }, { pid: 1, offset: 2 },
    { pid: [pid], offset }, { pid: null, offset: null }, { offset }, { pid: "x".repeat(100000), offset }]) {
    const again = await join(server, payload);
    const answer = await takeAnswer(again);
    assert.notEqual(answer.sid, sid);
    assert.equal(readEvent(await again.take()).args[1].recovered, false);
    again.destroy();
  }
  const again = await join(server, { pid, offset });
  assert.equal((await takeAnswer(again)).sid, sid);
  again.destroy();
});

scene(ours, "a pid is of use once", async (server) => {
  const other = await openAny(server);
  const socket = await join(server);
  const { sid, pid } = await takeAnswer(socket);
  const { offset } = readEvent(await socket.take());
  await lose(socket, other, sid);
  const first = await join(server, { pid, offset });
  assert.equal((await takeAnswer(first)).sid, sid);
  const second = await join(server, { pid, offset });
  const answer = await takeAnswer(second);
  assert.notEqual(answer.pid, pid);
  first.destroy();
  second.destroy();
});

scene(ours, "an offset that is unknown or of another type makes somebody new", async (server) => {
  const other = await openAny(server);
  for (const offset of ["guess", 5, {}, "x".repeat(100000)]) {
    const socket = await join(server);
    const { sid, pid } = await takeAnswer(socket);
    await lose(socket, other, sid);
    const again = await join(server, { pid, offset });
    assert.notEqual((await takeAnswer(again)).sid, sid);
    again.destroy();
  }
});

scene(test, "a session of another namespace is not to be had by its pid", async (server) => {
  const other = await openAny(server);
  const socket = await join(server);
  const { sid, pid } = await takeAnswer(socket);
  const { offset } = readEvent(await socket.take());
  await lose(socket, other, sid);
  const thief = await Socket.begin(server, { path: PATH });
  thief.send(`40/chat,${JSON.stringify({ pid, offset })}`);
  const answer = JSON.parse((await thief.take()).slice("40/chat,".length));
  assert.notEqual(answer.sid, sid);
  thief.destroy();
  await noticed(other, sid);
});

run({ args: ["socketio", "--port", "0", "--quiet"] });
