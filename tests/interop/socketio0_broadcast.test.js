/* Socket.IO 0.5 and 0.6: what one client says to others, who is there and who has gone. */

"use strict";

const { assert, eventually, run, test } = require("./support.js");
const { APP, KINDS, POLLS, open } = require("./socketio0.js");

async function openAll(server, kinds) {
  return Promise.all(kinds.map((kind) => open(server, kind)));
}

function cutAll(clients) {
  return Promise.all(clients.map((client) => client.cut()));
}

for (const kind of KINDS) {
  test(`${kind}: what is broadcast comes to all others, of every kind, and not to who says it`, async (server) => {
    const [speaker, ...others] = await openAll(server, [kind, ...KINDS]);
    await speaker.send("bcast:grüße 😀");
    await Promise.all(others.map((other) => other.expect("grüße 😀")));
    await speaker.settle();
    await cutAll([speaker, ...others]);
  });

  test(`${kind}: what is said to all comes to who says it, too`, async (server) => {
    const clients = await openAll(server, [kind, ...KINDS]);
    await clients[0].send("all:x");
    await Promise.all(clients.map((client) => client.expect("x")));
    await cutAll(clients);
  });

  test(`${kind}: it is spared what is said to all except it`, async (server) => {
    const [spared, too, other] = await openAll(server, [kind, kind, KINDS[0]]);
    await other.send(`except:${spared.sid}:one`, `except:${spared.sid},${too.sid}:two`, `except:${other.sid}:three`,
      "except:unknown:four", "except::five");
    await spared.expect("three", "four", "five");
    await too.expect("one", "three", "four", "five");
    await other.expect("one", "two", "four", "five");
    await cutAll([spared, too, other]);
  });
}

test("what one client broadcasts keeps its order at each of the others", async (server) => {
  const [speaker, ...others] = await openAll(server, [KINDS[0], ...KINDS]);
  const texts = Array.from({ length: 300 }, (_, i) => `b${i}`);
  for (const text of texts)
    speaker.send(`bcast:${text}`);
  await Promise.all(others.map((other) => other.expect(...texts)));
  others.forEach((other) => other.expectNothing());
  await cutAll([speaker, ...others]);
});

test("clients are counted as they come and go, and who went is told, each once", async (server) => {
  const asker = await open(server, KINDS[0]);
  const ask = async (what) => {
    await asker.send(what);
    return (await asker.next())[what];
  };
  await eventually(async () => await ask("count") === 1, "those of the other tests have gone");
  const before = await ask("gone");
  const others = await openAll(server, KINDS);
  assert.equal(await ask("count"), 1 + KINDS.length);
  await cutAll(others);
  await eventually(async () => await ask("count") === 1, "all others have gone");
  const after = await ask("gone");
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual(after.slice(before.length).sort(), others.map(({ sid }) => sid).sort());
  await asker.cut();
});

for (const kind of POLLS) {
  test(`${kind}: a client between two polls is there, and is told what was broadcast meanwhile`, async (server) => {
    const [poller, other] = await openAll(server, [kind, KINDS[0]]);
    await poller.rest();
    await other.send("bcast:a", "bcast:b");
    await other.settle();
    poller.again();
    await poller.expect("a", "b");
    await cutAll([poller, other]);
  });
}

run(APP);
