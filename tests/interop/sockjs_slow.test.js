/* The times of SockJS, which are tens of seconds by default; all are waited for at once. */

"use strict";

const { Raw, assert, closeFrame, eventually, frame, run, takeChunk, takeClose, takeFrame, takeHead,
  test } = require("./support.js");
const { GO_AWAY, POLLS, Receiver, STREAMS, body, expectCors, fresh, openFramed, openSession, openSocket, openStream,
  poll, post, request, send, takeText } = require("./sockjs.js");

const PING = 9;
const PONG = 10;

/* A test that begins with the first of them. */
const begin = [];
let running;

function together(sentence, wait) {
  const i = begin.push(wait) - 1;
  test(sentence, async (server) => {
    if (!running) {
      running = begin.map((one) => one(server));
      for (const promise of running)
        promise.catch(() => {}); /* it is looked at when its turn comes */
    }
    await running[i];
  });
}

/* A heartbeat comes 25 s after a receiver has, and a pong has 10 s: what comes first takes so long. */

together("each transport that is silent has a heartbeat, and a websocket without a pong is closed", async (server) => {
  const polls = POLLS.map(async (name) => {
    const path = await openSession(server);
    const receiver = new Receiver(server, name, path);
    assert.equal(await receiver.frame(), "h", name);
    assert.equal(await receiver.frame(), null);
    receiver.abort();
    await send(server, path, "a");
    assert.equal(await poll(server, path), 'a["a"]');
  });
  const streams = STREAMS.map(async (name) => {
    const path = fresh();
    const stream = await openStream(server, name, path);
    assert.equal(await stream.frame(), "h", name);
    await send(server, path, "a");
    assert.equal(await stream.frame(), 'a["a"]');
    assert.equal(await stream.frame(), "h", name);
    stream.abort();
  });
  const answering = async () => {
    const raw = await openFramed(server);
    for (let i = 0; i < 2; i++) {
      const ping = await takeFrame(raw);
      assert.deepEqual([ping.opcode, ping.payload.length], [PING, 0]);
      raw.send(frame(PONG, ""));
    }
    raw.send(frame(1, '["a"]'));
    assert.equal(await takeText(raw), 'a["a"]');
    raw.destroy();
  };
  const silent = async () => {
    const raw = await openFramed(server);
    assert.equal((await takeFrame(raw)).opcode, PING);
    assert.equal(await takeText(raw), 'c[3000,"No response from heartbeat"]');
    assert.equal((await takeClose(raw)).code, 1000);
    raw.destroy();
  };
  await Promise.all([...polls, ...streams, answering(), silent()]);
});

together("a raw websocket has no heartbeat", async (server) => {
  const raw = await openSocket(server, "/echo/websocket");
  const framed = await openFramed(server);
  assert.equal((await takeFrame(framed)).opcode, PING);
  assert.equal(raw.length, 0);
  raw.send(closeFrame(1000));
  assert.equal((await takeClose(raw)).code, 1000);
  raw.destroy();
  framed.destroy();
});

together("a closed session says so as long as it is asked, and is forgotten five seconds later", async (server) => {
  const path = fresh("/close");
  assert.equal(await poll(server, path), "o");
  for (let second = 0; second < 12; second++) {
    assert.equal(await poll(server, path), GO_AWAY);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await eventually(async () => (await post(server, path, body(["a"]))).status === 404, "404");
  assert.equal(await poll(server, path), "o");
});

together("a client of the first protocol finds out how chunks come through", async (server) => {
  const raw = new Raw(server).send(request("POST", "/echo/chunking_test", { headers: { Origin: "http://page.test" } }));
  const head = await takeHead(raw);
  assert.deepEqual([head.status, head.headers["content-type"]], [200, "application/javascript; charset=UTF-8"]);
  expectCors(head, "http://page.test");
  const chunks = [];
  for (let chunk; (chunk = await takeChunk(raw)) !== null;)
    chunks.push(String(chunk));
  assert.deepEqual(chunks, ["h\n", `${" ".repeat(2048)}h\n`, "h\n", "h\n", "h\n", "h\n", "h\n"]);
  raw.destroy();
});

together("a session lives as long as somebody comes back within five seconds", async (server) => {
  const path = await openSession(server);
  for (let second = 0; second < 12; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await send(server, path, `${second}`);
    assert.equal(await poll(server, path), `a["${second}"]`);
  }
});

run();
