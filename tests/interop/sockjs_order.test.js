/* Nothing is lost, nothing comes twice, nothing overtakes: over many short streams, and with many sessions. */

"use strict";

const { execFileSync } = require("child_process");
const { Raw, assert, run, startServer, takeResponse, test } = require("./support.js");
const { Receiver, body, fresh, openSession, receivers, request } = require("./sockjs.js");

const MESSAGES = 1000;

/* All messages of a session until the last, over as many requests as it takes; its requests go one behind
 * another on one connection. */
async function takeAll(server, name, path, count) {
  const raw = new Raw(server);
  const messages = [];
  let requests = 0;
  while (messages.length < count) {
    const receiver = await new Receiver(server, name, path, { raw }).prelude();
    requests += 1;
    for (let frame; messages.length < count && (frame = await receiver.frame()) !== null;) {
      if (frame === "o")
        assert.equal(requests, 1, "a new session in the middle");
      else
        messages.push(...JSON.parse(frame.slice(1)));
    }
  }
  raw.destroy();
  return { messages, requests };
}

/* In batches of 1 to 7 by one connection, without waiting for what comes back. */
async function sendAll(server, path, messages) {
  const raw = new Raw(server);
  for (let from = 0, batch = 1; from < messages.length; from += batch, batch = batch % 7 + 1) {
    raw.send(request("POST", `${path}/xhr_send`, { body: body(messages.slice(from, from + batch)) }));
    assert.equal((await takeResponse(raw)).status, 204);
  }
  raw.destroy();
}

function numbered(sizes) {
  return Array.from({ length: MESSAGES }, (_, i) => `${i}:${"x".repeat(i * 37 % sizes)}`);
}

for (const name of Object.keys(receivers)) {
  test(`${name}: a thousand messages there and back arrive once and in order`, async (server) => {
    const path = await openSession(server);
    const sent = numbered(60);
    const [{ messages, requests }] = await Promise.all([takeAll(server, name, path, MESSAGES), sendAll(server, path, sent)]);
    assert.deepEqual(messages, sent);
    assert.ok(requests >= 5, `${requests} requests`);
  });

  test(`${name}: so they do when they are larger than a stream may be`, async (server) => {
    const path = await openSession(server);
    const sent = numbered(9000);
    const [{ messages }] = await Promise.all([takeAll(server, name, path, MESSAGES), sendAll(server, path, sent)]);
    assert.ok(messages.every((message, i) => message === sent[i]) && messages.length === MESSAGES);
  });
}

test("a thousand messages to all arrive once and in order, whatever the transport", async (server) => {
  const paths = await Promise.all(Object.keys(receivers).map(() => openSession(server, "/broadcast")));
  const sent = numbered(500);
  const taken = Object.keys(receivers).map((name, i) => takeAll(server, name, paths[i], MESSAGES));
  await sendAll(server, paths[0], sent);
  for (const { messages } of await Promise.all(taken))
    assert.ok(messages.every((message, i) => message === sent[i]) && messages.length === MESSAGES);
});

test("of four who send at once each is heard in order", async (server) => {
  const path = await openSession(server);
  const senders = ["a", "b", "c", "d"].map((who) => numbered(100).map((text) => who + text));
  const [{ messages }] = await Promise.all([takeAll(server, "xhr_streaming", path, 4 * MESSAGES),
    ...senders.map((sent) => sendAll(server, path, sent))]);
  for (const sent of senders)
    assert.deepEqual(messages.filter((message) => message[0] === sent[0][0]), sent);
});

/* Ten thousand, as far as descriptors go: each of them holds one here and one in the server. */
function crowd() {
  const descriptors = execFileSync("/bin/sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  return Math.min(10000, descriptors === "unlimited" ? Infinity : Number(descriptors) - 500);
}

async function inTurns(items, width, each) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < items.length)
      await each(items[next++]);
  }));
}

test("ten thousand sessions wait by polls at once, and each gets its own", async () => {
  const server = await startServer({ program: "/bin/sh",
    args: ["-c", 'ulimit -n "$(ulimit -Hn)"; exec "$TESTSERVER" services --port 0 --quiet'] });
  const all = Array.from({ length: crowd() }, (_, i) => ({ path: fresh(), text: `${i}` }));
  assert.ok(all.length > 1000, "descriptors");
  await inTurns(all, 200, async (one) => {
    one.raw = new Raw(server);
    const receiver = new Receiver(server, "xhr", one.path, { raw: one.raw });
    assert.deepEqual(await receiver.frames(), ["o"]);
    one.waiting = new Receiver(server, "xhr", one.path, { raw: one.raw });
  });
  const senders = Array.from({ length: 50 }, () => new Raw(server));
  await inTurns(all, senders.length, async ({ path, text }) => {
    const sender = senders.pop();
    sender.send(request("POST", `${path}/xhr_send`, { body: body([text]) }));
    assert.equal((await takeResponse(sender)).status, 204);
    senders.push(sender);
  });
  for (const { waiting, raw, text } of all) {
    assert.deepEqual(await waiting.frames(), [`a["${text}"]`]);
    raw.destroy();
  }
  for (const sender of senders)
    sender.destroy();
  assert.equal(await server.stop(), 0);
});

run();
