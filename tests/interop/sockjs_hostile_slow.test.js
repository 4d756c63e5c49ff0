/* What floods of SockJS clients leave behind: nothing. */

"use strict";

const { KiB, MiB, Raw, assert, eventually, frame, instrumented, run, takeHead, test } = require("./support.js");
const { Receiver, expectEcho, fresh, openFramed, openSession, openStream, receivers, request, send } = require("./sockjs.js");

const ALL = Object.keys(receivers);

/* Runs start(i) for each i below count, some at a time. */
async function flood(count, start) {
  let next = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next < count)
      await start(next++);
  }));
}

/* Twice, and the second time counts: what grew once may be kept for reuse. */
function leavesNothing(sentence, attack) {
  test(`${sentence} leave nothing behind`, async (server) => {
    await attack(server);
    const before = server.rss();
    await attack(server);
    await eventually(() => server.rss() - before < 32 * MiB + (instrumented() ? 256 * MiB : 0), "the memory");
    await expectEcho(server, await openSession(server), "alive");
  });
}

leavesNothing("ten thousand sessions that nobody comes back to", async (server) => {
  const last = fresh();
  await flood(10000, async (i) => {
    const receiver = await new Receiver(server, ALL[i % ALL.length], i ? fresh() : last).prelude();
    assert.equal(await receiver.frame(), "o");
    receiver.abort();
  });
  await eventually(async () => {
    const raw = new Raw(server).send(request("POST", `${last}/xhr_send`, { body: "[]" }));
    const { status } = await takeHead(raw);
    raw.destroy();
    return status === 404;
  }, "404");
});

leavesNothing("sessions with messages that nobody fetches", (server) => flood(300, async () => {
  await send(server, await openSession(server), "x".repeat(512 * KiB));
}));

leavesNothing("bodies that are cut in the middle", (server) => flood(100, async () => {
  const raw = new Raw(server).send(request("POST", `${await openSession(server)}/xhr_send`,
    { headers: { "Content-Length": 12 * MiB } }));
  for (let i = 0; i < 4; i++)
    raw.send(Buffer.alloc(MiB, " "));
  await new Promise((resolve) => raw.socket.write("x", resolve));
  raw.socket.resetAndDestroy();
}));

leavesNothing("websockets that are cut", (server) => flood(3000, async () => {
  const raw = await openFramed(server);
  raw.send(frame(1, "x".repeat(10 * KiB), { length: 100 * KiB }));
  raw.destroy();
}));

leavesNothing("streams that do not read", (server) => flood(50, async () => {
  const path = fresh("/amplify");
  const stream = await openStream(server, "xhr_streaming", path);
  stream.raw.socket.pause();
  for (let i = 0; i < 16; i++)
    await send(server, path, "18");
  stream.abort();
}));

run();
