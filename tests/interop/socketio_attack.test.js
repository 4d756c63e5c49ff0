/* Work that is cheap to ask for and dear to do: while a client asks for as much of it as a body holds, others are
 * answered as ever, and it is done in time. (See socketio_hostile.test.js for what is merely wrong.) */

"use strict";

const { assert, run, test } = require("./support.js");
const { open, scene } = require("./socketio.js");
const { Polling } = require("./engineio.js");

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

run({ args: ["socketio", "--port", "0", "--quiet"] });
