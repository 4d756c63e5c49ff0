/* What floods of Socket.IO clients leave behind: nothing. */

"use strict";

const { KiB, MiB, Raw, assert, eventually, frame, instrumented, run, takeHead, test } = require("./support.js");
const { open, scene } = require("./socketio.js");
const { Polling, Socket, request } = require("./engineio.js");

const PATH = "/socket.io/";

/* Runs start(i) for each i below count, some at a time. */
async function flood(count, start) {
  let next = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next < count)
      await start(next++);
  }));
}

/* Until the one who asks is alone. */
async function alone(server) {
  const client = await open(server);
  await eventually(async () => (await client.ask("client-count"))[0] === 1, "the last session's end");
  client.close();
}

/* Twice, and the second time counts: what grew once may be kept for reuse. An honest client goes on meanwhile. */
function leavesNothing(sentence, attack) {
  scene(test, `${sentence} leave nothing behind`, async (server) => {
    const client = await open(server);
    let going = true;
    const honest = (async () => {
      for (let i = 0; going; i++) {
        assert.deepEqual(await client.ask("echo-ack", i), [i]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      client.close();
    })();
    let before;
    const attacks = (async () => {
      await attack(server);
      await eventually(async () => (await client.ask("client-count"))[0] === 1, "the last session's end");
      before = server.rss();
      await attack(server);
      await eventually(async () => (await client.ask("client-count"))[0] === 1, "the last session's end");
    })();
    await Promise.all([honest, attacks.finally(() => { going = false; })]);
    await eventually(() => server.rss() - before < 32 * MiB + (instrumented() ? 256 * MiB : 0), "the memory");
    await alone(server);
  });
}

leavesNothing("ten thousand handshakes that nobody comes back to", (server) => flood(10000, async (i) => {
  const raw = new Raw(server).send(i % 3
    ? request("GET", `${PATH}?EIO=${i % 2 ? 4 : 3}&transport=polling`)
    : `GET ${PATH}?EIO=4&transport=websocket HTTP/1.1\r\nHost: rill.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  assert.ok([101, 200].includes((await takeHead(raw)).status));
  raw.destroy();
}));

/* They may come back for 30 s, so the first thousand bear what the second find. */
leavesNothing("clients that are lost with all their rooms", (server) => flood(500, async (i) => {
  const socket = await Socket.begin(server, { path: PATH });
  socket.send("40");
  for (let k = 0; k < 20; k++)
    socket.send(`42["join","room ${k} of ${i}"]`);
  socket.send('421["echo-ack"]');
  for (let packet; (packet = await socket.take()) !== "431[]";)
    assert.notEqual(packet, null);
  socket.destroy();
}));

leavesNothing("attachments that never come", (server) => flood(300, async (i) => {
  const packet = `4510-["echo","${"x".repeat(200 * KiB)}",{"_placeholder":true,"num":9}]`;
  if (i % 2) {
    const socket = await Socket.begin(server, { path: PATH });
    socket.send("40", packet, Buffer.alloc(100 * KiB), Buffer.alloc(100 * KiB));
    await socket.take();
    socket.destroy();
  } else {
    const session = await Polling.open(server, { path: PATH });
    await session.send("40", packet, `b${"A".repeat(100 * KiB)}`);
    await session.post("1");
  }
}));

leavesNothing("messages that nobody fetches", (server) => flood(100, async () => {
  const session = await Polling.open(server, { path: PATH });
  await session.send("40", '42["big-text",1000000]', '42["big-bin",1000000]');
}));

leavesNothing("bodies that are cut in the middle", (server) => flood(100, async () => {
  const session = await Polling.open(server, { path: PATH });
  const raw = new Raw(server).send(request("POST", session.url(), { headers: { "Content-Length": 3 * MiB } }));
  raw.send(Buffer.alloc(MiB, "4"));
  await new Promise((resolve) => raw.socket.write("x", resolve));
  raw.socket.resetAndDestroy();
}));

leavesNothing("websockets that are cut in a message", (server) => flood(2000, async () => {
  const socket = await Socket.begin(server, { path: PATH });
  socket.send("40");
  socket.raw.send(frame(1, "4".repeat(10 * KiB), { length: 100 * KiB }));
  socket.destroy();
}));

leavesNothing("upgrades that stop half way", (server) => flood(1000, async () => {
  const session = await Polling.open(server, { path: PATH });
  await session.send("40");
  const socket = await Socket.open(server, { path: PATH, query: session.url("websocket").slice(PATH.length) });
  socket.send("2probe");
  socket.destroy();
}));

leavesNothing("namespaces by the thousand", (server) => flood(50, async (i) => {
  const socket = await Socket.begin(server, { path: PATH });
  for (let k = 0; k < 900; k++)
    socket.send(`40/dyn-${i % 5}${String(k).padStart(4, "0")},`);
  for (let k = 0; k < 900; k++)
    assert.notEqual(await socket.take(), null);
  socket.destroy();
}));

run({ args: ["socketio", "--port", "0", "--quiet"] });
