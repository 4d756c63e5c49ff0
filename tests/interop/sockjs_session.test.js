/* SockJS sessions: what waits while nobody receives, who may receive, and how they end. */

"use strict";

const { Raw, assert, eventually, run, startServer, takeClose, test } = require("./support.js");
const { ANOTHER, GO_AWAY, POLLS, Receiver, STREAMS, ask, body, expectEcho, fresh, openFramed, openSession, openSocket,
  openStream, ours, poll, post, receive, receivers, request, send, takeText } = require("./sockjs.js");

const ALL = Object.keys(receivers);

/* Large enough to end a stream of the echo service behind it. */
const ENDING = "e".repeat(4096);

function sendBy(server, name, path, messages) {
  const form = { body: `d=${encodeURIComponent(body(messages))}`,
    headers: { "Content-Type": "application/x-www-form-urlencoded" } };
  return ask(server, "POST", `${path}/${name}`, name === "jsonp_send" ? form : { body: body(messages) });
}

/* Waiting. */

test("what comes while nobody receives waits, in order, for one frame", async (server) => {
  const path = await openSession(server);
  const wanted = [];
  for (let i = 0; i < 20; i++) {
    await send(server, path, `${i}`, `${i}b`);
    wanted.push(`${i}`, `${i}b`);
  }
  assert.equal(await poll(server, path), `a${body(wanted)}`);
});

for (const name of ALL) {
  test(`a session is begun by ${name}, and o comes once`, async (server) => {
    const path = fresh();
    const receiver = new Receiver(server, name, path);
    await receiver.prelude();
    assert.equal(await receiver.frame(), "o");
    await send(server, path, ENDING);
    if (receivers[name].one_shot)
      assert.equal(await receiver.chunk(), null);
    const later = receivers[name].one_shot ? await receive(server, name, path) : await receiver.frames();
    assert.deepEqual(later, [`a["${ENDING}"]`]);
    receiver.abort();
  });
}

for (const sender of ["xhr_send", "jsonp_send"]) {
  test(`one session may change its transport each time, fed by ${sender}`, async (server) => {
    const path = await openSession(server);
    for (const name of [...ALL, ...ALL.reverse()]) {
      const answer = await sendBy(server, sender, path, [name, ENDING]);
      assert.equal(answer.status, sender === "xhr_send" ? 204 : 200);
      assert.deepEqual(await receive(server, name, path), [`a${body([name, ENDING])}`]);
    }
  });
}

test("a session of one service is none of another", async (server) => {
  const path = await openSession(server, "/cookie_needed_echo");
  await send(server, path, "a");
  assert.equal((await post(server, path.replace("/cookie_needed_echo", "/nowhere"), '["a"]')).status, 404);
});

ours("the same ids name another session in another service", async (server) => {
  const path = await openSession(server);
  const other = path.replace("/echo", "/amplify");
  assert.equal((await post(server, other, '["1"]')).status, 404);
  assert.equal(await poll(server, other), "o");
  await expectEcho(server, path, "mine");
});

test("websockets are no sessions of the table: an id may be used many times, and there is nothing to send to", async (server) => {
  const path = fresh();
  const raws = [];
  for (let i = 0; i < 3; i++)
    raws.push(await openSocket(server, `${path}/websocket`));
  for (const raw of raws)
    assert.equal(await takeText(raw), "o");
  assert.equal((await post(server, path, '["a"]')).status, 404);
  assert.equal(await poll(server, path), "o");
  for (const raw of raws)
    raw.destroy();
});

ours("a client for whom more than 16 MiB would wait is closed, and still gets what did wait", async (server) => {
  const path = await openSession(server, "/amplify");
  for (let i = 0; i < 70; i++)
    await send(server, path, "18"); /* 256 KiB each */
  let messages = 0, frame;
  while ((frame = await poll(server, path))[0] === "a")
    messages += JSON.parse(frame.slice(1)).length;
  assert.match(frame, /^c\[1008,/);
  assert.ok(messages > 56 && messages <= 64, `${messages}`);
});

/* Two who receive. */

for (const first of STREAMS) {
  test(`while ${first} receives others are told so and ended, and it goes on`, async (server) => {
    const path = fresh();
    const stream = await openStream(server, first, path);
    for (const name of ALL)
      assert.deepEqual(await receive(server, name, path), [ANOTHER], name);
    await send(server, path, "a");
    assert.equal(await stream.frame(), 'a["a"]');
    stream.abort();
  });
}

for (const name of POLLS) {
  test(`of two who wait by ${name} one is told of the other, who goes on`, async (server) => {
    const path = await openSession(server);
    const two = [new Receiver(server, name, path), new Receiver(server, name, path)];
    const frames = two.map((receiver) => receiver.frame());
    const told = await Promise.race(frames.map(async (frame, i) => ({ i, frame: await frame })));
    assert.equal(told.frame, ANOTHER);
    for (const third of ALL)
      assert.deepEqual(await receive(server, third, path), [ANOTHER], third);
    await send(server, path, "a");
    assert.equal(await frames[1 - told.i], 'a["a"]');
    for (const receiver of two)
      receiver.abort();
  });
}

/* Interrupted. */

/* Until the server has noticed: a new session, or word that the old one is gone. */
async function expectGone(server, name, path) {
  await eventually(async () => {
    const receiver = await new Receiver(server, name, path).prelude();
    const frame = await receiver.frame();
    receiver.abort();
    assert.match(frame, /^(o$|c\[1002,|c\[2010,)/);
    return frame !== ANOTHER;
  }, "the end of the session");
}

for (const name of ALL) {
  for (const how of ["closed", "reset"]) {
    test(`a session whose ${name} is ${how} by the client is gone`, async (server) => {
      const path = fresh();
      let receiver = await new Receiver(server, name, path).prelude();
      assert.equal(await receiver.frame(), "o");
      if (receivers[name].one_shot) {
        receiver.abort();
        receiver = new Receiver(server, name, path);
        await eventually(async () => (await receive(server, name, path))[0] === ANOTHER, "a poll that waits");
      } else {
        assert.deepEqual(await receive(server, name, path), [ANOTHER]);
      }
      if (how === "reset")
        receiver.raw.socket.resetAndDestroy();
      else
        receiver.abort();
      await expectGone(server, name, path);
    });
  }
}

test("a session whose stream is cut is forgotten: there is nothing to send to", async (server) => {
  const path = fresh();
  (await openStream(server, "xhr_streaming", path)).abort();
  await eventually(async () => (await post(server, path, '["a"]')).status === 404, "404");
});

test("a client that ends its side behind its poll is answered or gone, and harms nobody", async (server) => {
  const path = await openSession(server);
  const receiver = new Receiver(server, "xhr", path);
  receiver.raw.end();
  await expectGone(server, "xhr", path);
  receiver.abort();
});

/* Closed by the program. */

for (const name of ALL) {
  test(`the close frame comes by ${name}, again and again, and on any other transport`, async (server) => {
    const path = fresh("/close");
    const begun = await receive(server, name, path);
    assert.deepEqual(begun, receivers[name].one_shot ? ["o"] : ["o", GO_AWAY]);
    for (const other of [...ALL, ...ALL])
      assert.deepEqual(await receive(server, other, path), [GO_AWAY], other);
  });
}

test("to two at once the close frame comes too, never that there is another", async (server) => {
  const path = fresh("/close");
  assert.equal(await poll(server, path), "o");
  const all = await Promise.all([...ALL, ...ALL].map((name) => receive(server, name, path)));
  for (const frames of all)
    assert.deepEqual(frames, [GO_AWAY]);
});

test("what is sent to a closed session is dropped without an error", async (server) => {
  const path = fresh("/close");
  assert.equal(await poll(server, path), "o");
  assert.equal(await poll(server, path), GO_AWAY);
  await send(server, path, "a");
  assert.equal((await post(server, path, "[")).status, 500);
  assert.equal(await poll(server, path), GO_AWAY);
});

/* Left. All of them wait at once, because it takes five seconds. */

async function begun(server, name, prefix) {
  const path = fresh(prefix);
  const receiver = await new Receiver(server, name, path).prelude();
  assert.equal(await receiver.frame(), "o");
  if (prefix === "/echo" && !receivers[name].one_shot) {
    await send(server, path, ENDING);
    assert.equal(await receiver.frame(), `a["${ENDING}"]`);
  }
  if (prefix === "/close" && !receivers[name].one_shot)
    assert.equal(await receiver.frame(), GO_AWAY);
  assert.equal(await receiver.chunk(), null);
  receiver.abort();
  await send(server, path, "kept, while there is hope");
  return path;
}

test("a session nobody comes back to is forgotten, and so is a closed one; their ids are free again", async (server) => {
  const kept = await openSession(server);
  const waiting = new Receiver(server, "xhr", kept);
  await Promise.all(["/echo", "/close"].map((prefix) => Promise.all(ALL.map(async (name) => {
    const path = await begun(server, name, prefix);
    /* To send does not keep it. */
    await eventually(async () => (await post(server, path, '["more"]')).status === 404, `404 (${name})`);
    const again = await new Receiver(server, name, path).prelude();
    assert.equal(await again.frame(), "o");
    again.abort();
  }))));
  /* One that is received for lives on. */
  await send(server, kept, "still here");
  assert.equal(await waiting.frame(), 'a["still here"]');
  waiting.abort();
});

ours("when the server goes away all are told, whatever they receive by", async () => {
  const server = await startServer();
  const waiting = await Promise.all(ALL.map(async (name) => {
    const path = await openSession(server);
    const receiver = await new Receiver(server, name, path).prelude();
    await eventually(async () => (await receive(server, "xhr", path))[0] === ANOTHER, "somebody who waits");
    return receiver;
  }));
  const framed = await openFramed(server);
  const raw = await openSocket(server, "/echo/websocket");
  const status = server.stop();
  for (const receiver of waiting) {
    assert.deepEqual(await receiver.frames(), ['c[1001,"the server is going away"]']);
    receiver.abort();
  }
  assert.equal(await takeText(framed), 'c[1001,"the server is going away"]');
  assert.equal((await takeClose(framed)).code, 1000);
  assert.equal((await takeClose(raw)).code, 1001);
  framed.destroy();
  raw.destroy();
  assert.equal(await status, 0);
});

/* Connections. */

test("sending by one connection and receiving by another, thousand times each", async (server) => {
  const path = await openSession(server);
  const [sender, receiver] = [new Raw(server), new Raw(server)];
  for (let i = 0; i < 1000; i++) {
    sender.send(request("POST", `${path}/xhr_send`, { body: `["${i}"]` }));
    assert.deepEqual(await new Receiver(server, "xhr", path, { raw: receiver }).frames(), [`a["${i}"]`]);
    assert.match(String(await sender.takeUntil("\r\n\r\n")), /^HTTP\/1\.1 204 /);
  }
  sender.destroy();
  receiver.destroy();
});

test("sessions of two hundred clients at once do not mix", async (server) => {
  await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const name = ALL[i % ALL.length];
    const path = fresh();
    const receiver = await new Receiver(server, name, path).prelude();
    assert.equal(await receiver.frame(), "o");
    await send(server, path, `${i}`);
    const frame = receivers[name].one_shot ? (await receive(server, name, path))[0] : await receiver.frame();
    assert.equal(frame, `a["${i}"]`);
    receiver.abort();
  }));
});

test("a websocket and a poll talk by broadcast", async (server) => {
  const raw = await openFramed(server, "/broadcast");
  const path = await openSession(server, "/broadcast");
  await send(server, path, "hello");
  assert.equal(await takeText(raw), 'a["hello"]');
  assert.equal(await poll(server, path), 'a["hello"]');
  raw.destroy();
});

run();
