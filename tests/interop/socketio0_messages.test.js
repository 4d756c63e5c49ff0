/* Socket.IO 0.5 and 0.6: messages over each transport, by raw clients. */

"use strict";

const { assert, run, test } = require("./support.js");
const { APP, Client, KINDS, OVER_HTTP, TEXTS, VALUES, encode, form, frame, kinds, open, ours } = require("./socketio0.js");

const MANY = 1000;
const numbers = (letter, count) => Array.from({ length: count }, (_, i) => `${letter}${i}`);

for (const kind of KINDS) {
  test(`${kind}: the session id comes first, as a frame of its own, then what the program says`, async (server) => {
    const client = new Client(server, kind).come();
    const sid = await client.body();
    assert.match(sid, /^[A-Za-z0-9_-]{10,}$/);
    assert.equal(client.batches[0][0], sid);
    await client.expect({ welcome: sid });
    await client.cut();
  });

  test(`${kind}: session ids are never the same`, async (server) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => open(server, kind)));
    assert.equal(new Set(clients.map(({ sid }) => sid)).size, 20);
    await Promise.all(clients.map((client) => client.cut()));
  });

  test(`${kind}: texts come back, whatever is in them`, async (server) => {
    const client = await open(server, kind);
    for (const text of TEXTS)
      client.send(`echo:${text}`);
    await client.expect(...TEXTS);
    await client.cut();
  });

  test(`${kind}: an empty text comes back`, async (server) => {
    const client = await open(server, kind);
    client.send("echo:", "echo:behind");
    await client.expect("", "behind");
    await client.cut();
  });

  test(`${kind}: objects come back as objects, texts in objects`, async (server) => {
    const client = await open(server, kind);
    for (const v of [...VALUES, [], [1, [2]], "text", 5, null])
      client.send({ op: "echo", v });
    for (const v of [...VALUES, [], [1, [2]], "text", 5, null])
      await client.expect({ echo: v });
    client.send("json:grüße 😀");
    await client.expect({ echo: "grüße 😀" });
    await client.cut();
  });

  ours(`${kind}: numbers and booleans are their texts, null is an empty one, a list is its items`, async (server) => {
    const client = await open(server, kind);
    client.send("types");
    await client.expect("1", "true", "", "a", "b", "end");
    await client.cut();
  });

  test(`${kind}: ${MANY} messages of the server come in order`, async (server) => {
    const client = await open(server, kind);
    client.send(`many:${MANY}`);
    await client.expect(...numbers("m", MANY));
    client.expectNothing();
    await client.cut();
  });

  test(`${kind}: ${MANY} messages of the client come in order, one by one and all at once`, async (server) => {
    const client = await open(server, kind);
    const texts = numbers("c", MANY);
    for (const text of texts.slice(0, 100))
      client.send(`echo:${text}`);
    client.send(...texts.slice(100).map((text) => `echo:${text}`));
    await client.expect(...texts);
    await client.cut();
  });

  ours(`${kind}: messages behind a heartbeat in one batch are not lost`, async (server) => {
    const client = await open(server, kind);
    client.sendRaw(encode("echo:a") + frame("~h~77") + encode("echo:b") + frame("~h~") + frame("~h~x") + encode("echo:c"));
    await client.expect("a", "b", "c");
    await client.cut();
  });

  test(`${kind}: JSON that is none comes as an empty object`, async (server) => {
    const client = await open(server, kind);
    client.sendRaw(["~j~{", "~j~", "~j~{\"op\":\"echo\",\"v\":1", "~j~undefined"].map(frame).join("") + encode("echo:on"));
    await client.expect("on");
    await client.cut();
  });

  test(`${kind}: what stands before something that is no frame is told`, async (server) => {
    const client = await open(server, kind);
    client.sendRaw(`${encode("echo:good", "echo:too")}garbage${encode("echo:lost")}`);
    if (kinds[kind].duplex)
      await client.expect("good", "too");
    else
      await client.expect("good", "too").then(() => client.settle());
    await client.cut();
  });

  test(`${kind}: a megabyte goes each way`, async (server) => {
    const client = await open(server, kind);
    const text = "0123456789abcdé😀".repeat(65536);
    client.send(`echo:${text}`);
    await client.expect(text);
    await client.cut();
  });
}

test("clients of all kinds side by side get what is theirs", async (server) => {
  const clients = await Promise.all([...KINDS, ...KINDS].map((kind) => open(server, kind)));
  await Promise.all(clients.map(async (client, i) => {
    for (let n = 0; n < 20; n++)
      client.send(`echo:${client.kind} ${i} ${n}`);
    await client.expect(...Array.from({ length: 20 }, (_, n) => `${client.kind} ${i} ${n}`));
    client.expectNothing();
  }));
  await Promise.all(clients.map((client) => client.cut()));
});

for (const kind of OVER_HTTP) {
  ours(`${kind}: what is sent in one turn comes in one batch`, async (server) => {
    const client = await open(server, kind);
    client.send("many:100");
    await client.expect(...numbers("m", 100));
    assert.ok(client.batches.some((batch) => batch.length >= 100), "no batch of a hundred");
    await client.cut();
  });

  test(`${kind}: several frames in one request are several messages`, async (server) => {
    const client = await open(server, kind);
    await client.post(form(encode("echo:a", { op: "echo", v: "b" }, "echo:é😀", "json:d")));
    await client.expect("a", { echo: "b" }, "é😀", { echo: "d" });
    await client.cut();
  });
}

run(APP);
