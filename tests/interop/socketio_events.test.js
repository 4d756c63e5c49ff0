/* Events and acknowledgements both ways, with npm's socket.io-client of versions 4.8, 3.1 and 2.5 over each kind
 * of transport. */

"use strict";

const { MiB, assert, eventually, run } = require("./support.js");
const { withEach } = require("./socketio.js");

async function expectEcho(client, ...args) {
  client.emit("echo", ...args);
  assert.deepEqual(await client.take("echo-back"), args);
}

/* Byte i is i mod 251. */
function pattern(size) {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => i % 251));
}

withEach("a client is welcomed by its id, the transport and the revision", async (open, { version, transport }) => {
  const client = await open();
  assert.deepEqual(client.welcome, { id: client.id, ns: "/", recovered: false,
    transport: transport === "websocket" ? "websocket" : "polling", eio: version === "2.5" ? 3 : 4 });
  assert.match(client.id, /^[A-Za-z0-9_-]{20}$/);
});

withEach("arguments of every type come back", async (open) => {
  const client = await open();
  await expectEcho(client);
  await expectEcho(client, null, true, false, 0, 1, -1, "", [], {});
  await expectEcho(client, -0.25, 1e21, 5e-324, 1.7976931348623157e308, 9007199254740991, -9007199254740991);
  await expectEcho(client, [[[]], [{}], [null, [1, [2, [3]]]]], { a: { b: { c: [{ d: null }] } }, "": "" });
  await expectEcho(client, { "__proto__x": 1, constructor: 2, toString: 3, length: -1, "a.b": 4, "\u0000": 5 });
  await expectEcho(client, { _placeholder: false, num: 7 });
  client.emit("echo", undefined, NaN, Infinity, { gone: undefined }, new Date(0));
  assert.deepEqual(await client.take("echo-back"), [null, null, null, {}, "1970-01-01T00:00:00.000Z"]);
});

withEach("texts come back, whatever they look like", async (open, { version, transport }) => {
  const client = await open();
  const texts = ["x", "\"", "\\", "\\n", "\n", "\r\n\r\n", "\u0000", "\u001e", "4\u001e4", "2probe", "5", "40", "[]", "{}", ",", "/chat,",
    "51-", "1:1", "b4AAAA", "%", "100%25", "+ &=;", "&amp;", "</script>", "grüße", "日本語", "😀", "👩‍👩‍👧", "\u2028\u2029", "\ufeff",
    "\uffff\ufffe", "\u200c\u200f\u202e", "e\u0301"];
  await expectEcho(client, ...texts);
  for (const text of texts)
    client.emit("echo", text);
  assert.deepEqual(await client.takeAll("echo-back", texts.length), texts);
  /* (Version 2 writes its own UTF-8 over polling, and refuses them there.) */
  if (version !== "2.5" || transport === "websocket")
    await expectEcho(client, "\ud800", "\udc00\ud800", "x\ud83dx", { "\udfff": ["\udfff"] });
});

withEach("names of events are any texts and numbers", async (open) => {
  const client = await open();
  for (const name of ["", "é", "nobody listens", "\"", "message", "__proto__", "constructor", "error?", "\u0000"])
    client.emit(name, 1);
  await client.settle();
});

withEach("binary arguments come back from any depth", async (open) => {
  const client = await open();
  const [one, two, none] = [Buffer.from([1]), Buffer.from([0, 255, 4, 30, 0x1e, 10, 13, 128]), Buffer.alloc(0)];
  await expectEcho(client, one);
  await expectEcho(client, none);
  await expectEcho(client, one, "between", two, { a: [one, { b: two, c: none }], t: "é" }, [[[[none]]]]);
  await expectEcho(client, ...Array(10).fill(one));
  client.emit("echo", new Uint8Array([1, 2]), new Uint16Array([1]).buffer);
  assert.deepEqual(await client.take("echo-back"), [Buffer.from([1, 2]), Buffer.from([1, 0])]);
});

withEach("binary events and texts keep their order", async (open) => {
  const client = await open();
  const all = Array.from({ length: 60 }, (_, i) => (i % 3 ? i : Buffer.from([i])));
  for (const item of all)
    client.emit("echo", item);
  assert.deepEqual(await client.takeAll("echo-back", all.length), all);
});

withEach("the server's own binary comes as it is written", async (open) => {
  const client = await open();
  client.emit("nested-bin");
  assert.deepEqual(await client.take("nested-bin"),
    [{ a: [Buffer.from([1, 2]), { b: Buffer.from([3]) }], t: "é" }, Buffer.from([4, 5, 6])]);
});

withEach("the server acknowledges with what came, text and binary", async (open) => {
  const client = await open();
  assert.deepEqual(await client.ask("echo-ack"), []);
  assert.deepEqual(await client.ask("echo-ack", 1, "zwei", [3], { vier: null }), [1, "zwei", [3], { vier: null }]);
  const deep = { a: [Buffer.from([1, 2, 3]), { b: Buffer.alloc(0) }] };
  assert.deepEqual(await client.ask("echo-ack", deep, Buffer.from("x")), [deep, Buffer.from("x")]);
  assert.deepEqual(await client.ask("bin-len", Buffer.alloc(1000)), [1000]);
  assert.deepEqual(await client.ask("bin-len", "text"), [-1]);
  assert.deepEqual(await client.ask("bin-len", { a: Buffer.alloc(1) }), [-1]);
});

withEach("a hundred acknowledgements under way come back to whom they belong", async (open) => {
  const client = await open();
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => client.ask("echo-ack", i)));
  assert.deepEqual(answers.flat(), Array.from({ length: 100 }, (_, i) => i));
});

withEach("what is never acknowledged disturbs nobody", async (open) => {
  const client = await open();
  let answered = false;
  client.socket.emit("nobody listens", () => { answered = true; });
  await client.settle();
  assert.equal(answered, false);
});

withEach("the client acknowledges with what it likes, text and binary", async (open) => {
  const client = await open();
  const answers = [[], [1], ["zwei", [3], { vier: null }], [Buffer.from([5])], [{ a: [Buffer.from([6, 7])] }, "ü"]];
  for (const payload of ["p", null, { deep: [1] }, Buffer.from([8])]) {
    for (const answer of answers) {
      client.emit("ask", payload);
      const [asked, reply] = await client.take("question");
      assert.deepEqual(asked, payload);
      reply(...answer);
      assert.deepEqual(await client.take("answer"), answer);
    }
  }
});

withEach("answers may come in another order than questions, and once", async (open) => {
  const client = await open();
  for (const i of [0, 1, 2])
    client.emit("ask", i);
  const questions = [await client.take("question"), await client.take("question"), await client.take("question")];
  for (const [asked, reply] of questions.reverse()) {
    reply(`to ${asked}`);
    reply("twice");
  }
  assert.deepEqual(await client.takeAll("answer", 3), ["to 2", "to 1", "to 0"]);
  await client.settle();
  assert.equal(client.count("answer"), 0);
});

withEach("a question that is not answered in time times out, and a late answer is nothing", async (open) => {
  const client = await open();
  client.emit("ask-timeout", 30);
  const [one, reply] = await client.take("question-silent");
  assert.equal(one, 1);
  assert.deepEqual(await client.take("ask-timed-out"), [true]);
  reply("late");
  await client.settle();
  client.emit("ask-timeout", 20000);
  (await client.take("question-silent"))[1]("in time");
  await client.settle();
  assert.equal(client.count("ask-timed-out"), 0);
});

withEach("the client's own timeouts are its own", async (open) => {
  const client = await open();
  const error = await new Promise((resolve) => client.socket.timeout(30).emit("nobody listens", resolve));
  assert.match(error.message, /timed out/);
  assert.deepEqual(await new Promise((resolve) => client.socket.timeout(20000).emit("echo-ack", 5,
    (...args) => resolve(args))), [null, 5]);
}, { versions: ["4.8"] });

withEach("a megabyte of text and of bytes goes each way", async (open) => {
  const client = await open();
  client.emit("big-text", MiB);
  client.emit("big-bin", MiB);
  assert.deepEqual(await client.take("big-text"), ["x".repeat(MiB)]);
  assert.ok((await client.take("big-bin"))[0].equals(pattern(MiB)));
  const text = "grüße 😀 ".repeat(MiB / 14);
  assert.deepEqual(await client.ask("echo-ack", text), [text]);
  assert.deepEqual(await client.ask("bin-len", pattern(MiB)), [MiB]);
  client.emit("echo", { deep: [pattern(MiB)] });
  assert.ok((await client.take("echo-back"))[0].deep[0].equals(pattern(MiB)));
});

withEach("sizes around every boundary go each way", async (open) => {
  const client = await open();
  for (const size of [0, 1, 2, 3, 100, 125, 126, 127, 1023, 1024, 1025, 4096, 65535, 65536, 100000]) {
    client.emit("big-text", size);
    client.emit("big-bin", size);
    assert.deepEqual(await client.take("big-text"), ["x".repeat(size)]);
    assert.ok((await client.take("big-bin"))[0].equals(pattern(size)));
    const [text, bytes] = await client.ask("echo-ack", "x".repeat(size), pattern(size));
    assert.ok(text.length === size && bytes.equals(pattern(size)));
  }
});

withEach("a burst keeps its order", async (open) => {
  const client = await open();
  client.emit("burst", 1000);
  client.emit("burst", 0);
  assert.deepEqual(await client.takeAll("burst", 1000), Array.from({ length: 1000 }, (_, i) => i));
});

withEach("what both send during an upgrade arrives once and in order", async (open, { connect }) => {
  const client = connect();
  const all = Array.from({ length: 400 }, (_, i) => i);
  await client.take("connect");
  client.emit("burst", 300);
  for (const i of all) {
    client.emit("echo", i);
    if (i % 10 === 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(await client.takeAll("echo-back", all.length), all);
  assert.deepEqual(await client.takeAll("burst", 300), all.slice(0, 300));
  assert.equal(client.engine.transport.name, "websocket");
  await client.settle();
}, { kinds: ["upgrade"] });

withEach("the handshake knows query, headers and what the client says of itself", async (open, { version, transport }) => {
  const auth = version === "2.5" ? undefined : { token: "t", deep: { list: [1, null, "é"] } };
  const client = await open({ auth, query: { a: "b c", "ü&=+": "%41+é", empty: "" }, headers: { "X-Test": "from afar" } });
  const [handshake] = await client.ask("handshake");
  assert.deepEqual(handshake.auth, auth ?? {});
  assert.equal(handshake.header, "from afar");
  const { a, "ü&=+": odd, empty, EIO, transport: first } = handshake.query;
  assert.deepEqual([a, odd, empty, EIO, first], ["b c", "%41+é", "", version === "2.5" ? "3" : "4",
    transport === "websocket" ? "websocket" : "polling"]);
  const plain = await open();
  const [none] = await plain.ask("handshake");
  assert.deepEqual([none.auth, none.header], [{}, null]);
});

withEach("data of a socket are kept as they are set", async (open) => {
  const client = await open();
  assert.deepEqual(await client.ask("get-data"), [null]);
  for (const data of [{ name: "Ann", list: [1, { deep: true }] }, "text", 0, [], null]) {
    assert.deepEqual(await client.ask("set-data", data), ["ok"]);
    assert.deepEqual(await client.ask("get-data"), [data]);
  }
  const other = await open();
  assert.deepEqual(await other.ask("get-data"), [null]);
});

withEach("the server counts its sessions", async (open) => {
  const client = await open();
  const counted = (wanted) => eventually(async () => (await client.ask("client-count"))[0] === wanted, `${wanted}`);
  await counted(1); /* those of the test before are gone */
  const more = await Promise.all([open(), open(), open()]);
  await counted(4);
  more.forEach((other) => other.close());
  await counted(1);
});

run({ args: ["socketio", "--port", "0", "--quiet"] });
