/* Work that is cheap to ask for and dear to do: while a client asks for as much of it as a body holds, others are
 * answered as ever, and it is done in time. (See socketio_hostile.test.js for what is merely wrong.) */

"use strict";

const { Raw, assert, frame, handshake, run, takeHead, takeResponse, test } = require("./support.js");
const { open, scene } = require("./socketio.js");
const { Polling, Socket, ask, request } = require("./engineio.js");

const PATH = "/socket.io/";
const BODY = 3900000; /* the test server takes 4,000,000 */

/* As many packets as fit. */
function fill(packet, bytes = BODY) {
  const packets = [];
  for (let i = 0, size = 0; ; i++) {
    const next = packet(i);
    size += next.length + 1;
    if (size > bytes)
      return packets.join("\x1e");
    packets.push(next);
  }
}

async function join(server) {
  const session = await Polling.open(server, { path: PATH });
  await session.send("40");
  await session.take();
  return session;
}

/* One who asks and asks is answered each time while the attack goes on. */
function against(sentence, attack) {
  scene(test, sentence, async (server) => {
    const client = await open(server, { transport: "websocket" });
    let going = true;
    let answers = 0;
    const honest = (async () => {
      while (going) {
        assert.deepEqual(await client.ask("echo-ack", answers), [answers]);
        answers += 1;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await Promise.all([honest, attack(server).finally(() => { going = false; })]);
    assert.ok(answers > 0);
    client.close();
  });
}

async function post(session, body) {
  assert.equal((await session.post(body)).status, 200);
  await session.post("1");
}

against("a body of questions that are never answered", async (server) => {
  await post(await join(server), fill(() => '42["ask",1]'));
});

against("a body of questions to a room that never answers", async (server) => {
  for (let i = 0; i < 50; i++)
    await (await join(server)).send('42["join","silent"]');
  await post(await join(server), fill(() => '421["room-ask","silent",1,60000]'));
});

against("a body of departures from a room it is not in, by one in ten thousand others", async (server) => {
  await (await join(server)).send('42["join","elsewhere"]');
  const session = await join(server);
  await session.send(fill((i) => `42["join","r ${i}"]`, 200000));
  await post(session, fill(() => '42["leave","elsewhere"]'));
});

against("a body of departures in the order of arrival", async (server) => {
  const session = await join(server);
  const rooms = Array.from({ length: 9000 }, (_, i) => `["join","order ${i}"]`);
  const body = rooms.map((args) => `42${args}`).concat(rooms.map((args) => `42${args.replace("join", "leave")}`));
  await post(session, fill((i) => body[i % body.length]));
});

against("a body of names that are no namespaces, beside ten thousand that are", async (server) => {
  for (let k = 0; k < 10; k++) {
    const session = await join(server);
    assert.equal((await session.post(fill((i) => `40/dyn-${k}${String(i).padStart(3, "0")},`, 13000))).status, 200);
  }
  await post(await join(server), fill((i) => `40/no${i % 10},`));
});

against("a body of comings and goings by one in a thousand namespaces", async (server) => {
  const session = await join(server);
  await session.post(fill((i) => `40/dyn-0${i},`, 11000));
  await post(session, fill((i) => (i % 2 ? "41/chat," : "40/chat,")));
});

/* Requests in any pieces, and many in one. */

against("a WebSocket's request with frames behind it, split at any byte", async (server) => {
  const whole = Buffer.concat([Buffer.from(handshake({}, { line: `GET ${PATH}?EIO=4&transport=websocket HTTP/1.1` })),
    frame(1, "40"), frame(1, '421["echo-ack","whole"]')]);
  for (let at = 1; at < whole.length; at++) {
    const raw = new Raw(server).send(whole.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    raw.send(whole.subarray(at));
    assert.equal((await takeHead(raw)).status, 101);
    await raw.takeUntil('431["whole"]');
    raw.destroy();
  }
});

against("requests of all kinds glued together, in pieces of seven bytes", async (server) => {
  const session = await join(server);
  const asked = [[request("POST", session.url(), { body: '421["echo-ack",1]' }), 200], [request("GET", session.url()), 200],
    [request("POST", session.url(), { body: '422["echo-ack",2]' }), 200], [request("GET", session.url()), 200],
    [request("OPTIONS", session.url()), 204], [request("PUT", session.url(), { body: "x" }), 500],
    [request("GET", `${PATH}?EIO=4&transport=polling`), 200]];
  const bytes = Buffer.concat(asked.map(([one]) => one));
  const raw = new Raw(server);
  for (let at = 0; at < bytes.length; at += 7)
    raw.send(bytes.subarray(at, at + 7));
  for (const [, status] of asked)
    assert.equal((await takeResponse(raw)).status, status);
  raw.destroy();
});

/* Transports of one session against one another. */

against("three upgrades at once of one session: one is made", async (server) => {
  for (let round = 0; round < 30; round++) {
    const session = await join(server);
    const query = session.url("websocket").slice(PATH.length);
    const sockets = await Promise.all([1, 2, 3].map(() => Socket.open(server, { path: PATH, query })));
    for (const socket of sockets)
      socket.send("2probe", "5", '421["echo-ack"]');
    const all = await Promise.all(sockets.map(async (socket) => {
      for (let packet; (packet = await socket.take()) !== null;)
        if (packet === "431[]") {
          socket.send("1");
          return true;
        }
      return false;
    }));
    assert.equal(all.filter((made) => made).length, 1);
    sockets.forEach((socket) => socket.destroy());
  }
});

against("upgrades raced by posts and polls", async (server) => {
  for (let round = 0; round < 30; round++) {
    const session = await join(server);
    const held = session.hold();
    const socket = await Socket.open(server, { path: PATH, query: session.url("websocket").slice(PATH.length) });
    socket.send("2probe", "5", '421["echo-ack"]');
    const posts = Promise.all([1, 2, 3].map((i) => session.post(`42${i}["echo-ack"]`)));
    for (const { status } of await posts)
      assert.ok([200, 400].includes(status));
    held.destroy();
    socket.destroy();
  }
});

/* Revision 3 by scripts. */

against("scripts and forms that are none", async (server) => {
  for (const j of ["9".repeat(4000), "alert(1)", "-1", "", "%00", "0;x"]) {
    const { text } = await ask(server, "GET", `${PATH}?EIO=3&transport=polling&j=${j}`);
    assert.match(text, /^___eio\[\d*\]\("/);
  }
  for (const body of ["d=", "d=%", "d=%zz", "d=4:42[]&d=1:2", "x=1", `d=${"%5C".repeat(500000)}`, `d=${"\\".repeat(1000000)}`,
    "d=\\n".repeat(300000), "d=%ff%fe", "=".repeat(1000000), "&".repeat(1000000)]) {
    const session = await Polling.open(server, { path: PATH, eio: 3 });
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const { status } = await ask(server, "POST", session.url("polling", "&j=0"), { body, headers });
    assert.ok([200, 400].includes(status));
  }
});

/* Recovery. */

async function connect(server, auth = {}) {
  const socket = await Socket.begin(server, { path: PATH });
  socket.send(`40${JSON.stringify(auth)}`);
  let packet;
  do
    packet = await socket.take();
  while (!packet.startsWith("40"));
  const { sid, pid } = JSON.parse(packet.slice(2));
  const offset = JSON.parse((await socket.take()).slice(2)).at(-1);
  return { socket, sid, pid, offset };
}

against("nobody comes back as somebody by guessing", async (server) => {
  const one = await connect(server);
  const { pid, sid, offset } = one;
  const [prefix] = offset.split("-");
  one.socket.destroy();
  for (const auth of [{ pid: sid, offset }, { pid: `${pid}x`, offset }, { pid: pid.slice(1), offset }, { pid: [pid], offset }, { pid: {} },
    { pid: "\0".repeat(20) }, { pid: "\ud800".repeat(20) }, { pid: "é".repeat(10) }, { pid: null, offset },
    { pid, offset: `${prefix}-18446744073709551616` }]) {
    const other = await connect(server, auth);
    assert.notEqual(other.sid, sid);
    other.socket.destroy();
  }
});

against("three hundred who are cut and come back, over and over", async (server) => {
  let all = await Promise.all(Array.from({ length: 300 }, () => connect(server)));
  for (let round = 0; round < 3; round++) {
    all.forEach(({ socket }) => socket.raw.socket.resetAndDestroy());
    all = await Promise.all(all.map(({ pid, offset }) => connect(server, { pid, offset })));
  }
  all.forEach(({ socket }) => socket.destroy());
});

run({ args: ["socketio", "--port", "0", "--quiet"] });
