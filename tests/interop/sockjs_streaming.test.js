/* SockJS over the streams: xhr_streaming, eventsource, htmlfile. Every prelude and every frame is a chunk of its
 * own, and a stream ends when its limit, 4096 bytes here, is reached. */

"use strict";

const { Raw, assert, run, test } = require("./support.js");
const { GO_AWAY, HTMLFILE_HEAD, Receiver, STREAMS, ask, expectCors, expectError, expectNoCors, expectNotCached,
  expectPreflight, fresh, openStream, ours, poll, post, receivers, send } = require("./sockjs.js");

const LIMIT = 4096;
const NO_CALLBACK = '"callback" parameter required';
const BAD_CALLBACK = 'invalid "callback" parameter';

for (const name of STREAMS) {
  const { wrap, type } = receivers[name];

  test(`${name}: head, prelude, and each frame in a chunk of its own`, async (server) => {
    const path = fresh();
    const stream = new Receiver(server, name, path, { headers: { Origin: "http://page.test" } });
    const answer = await stream.head();
    assert.equal(answer.headers["content-type"], type);
    assert.equal(answer.headers["transfer-encoding"], "chunked");
    assert.equal(answer.headers["content-length"], undefined);
    assert.equal(answer.headers["set-cookie"], undefined);
    expectNotCached(answer);
    if (name === "htmlfile")
      expectNoCors(answer);
    else
      expectCors(answer, "http://page.test");
    await stream.prelude();
    assert.equal(await stream.chunk(), wrap("o"));
    await send(server, path, "x");
    assert.equal(await stream.chunk(), wrap('a["x"]'));
    await send(server, path, "y", "z");
    assert.deepEqual(await stream.messages(2), ["y", "z"]);
    stream.abort();
  });

  test(`${name}: 31 messages of 128 bytes pass the limit exactly with the last`, async (server) => {
    if (name !== "xhr_streaming")
      return; /* the others' wrappings count too */
    const path = fresh();
    const stream = await openStream(server, name, path);
    const message = "x".repeat(128);
    for (let i = 0; i < 31; i++) {
      await send(server, path, message);
      assert.equal(await stream.frame(), `a["${message}"]`);
    }
    assert.equal(await stream.chunk(), null);
    stream.abort();
  });

  test(`${name}: a message as large as the limit arrives whole, and the stream ends behind it`, async (server) => {
    const path = fresh();
    const stream = await openStream(server, name, path);
    const message = "x".repeat(LIMIT);
    await send(server, path, message);
    assert.equal(await stream.frame(), `a["${message}"]`);
    assert.equal(await stream.chunk(), null);
    stream.abort();
    await send(server, path, "next");
    const next = await new Receiver(server, name, path).prelude();
    assert.equal(await next.frame(), 'a["next"]');
    next.abort();
  });

  test(`${name}: it ends at the limit, not one byte before`, async (server) => {
    const path = fresh();
    const stream = await openStream(server, name, path);
    const room = LIMIT - wrap("o").length;
    const first = "x".repeat(room - 1 - wrap('a[""]').length);
    await send(server, path, first);
    assert.equal(await stream.frame(), `a["${first}"]`);
    await send(server, path, "y"); /* one byte is left */
    assert.equal(await stream.frame(), 'a["y"]');
    assert.equal(await stream.chunk(), null);
    stream.abort();

    const other = fresh();
    const exact = await openStream(server, name, other);
    await send(server, other, `${first}x`);
    assert.equal(await exact.frame(), `a["${first}x"]`);
    assert.equal(await exact.chunk(), null);
    exact.abort();
  });

  test(`${name}: its connection serves the next request when it has ended`, async (server) => {
    const path = fresh("/close");
    const raw = new Raw(server);
    for (const [transport, where, frames] of [[name, path, ["o", GO_AWAY]], [name, path, [GO_AWAY]], ["xhr", fresh(), ["o"]]]) {
      const receiver = await new Receiver(server, transport, where, { raw }).prelude();
      assert.deepEqual(await receiver.frames(), frames);
    }
    raw.destroy();
  });

  test(`${name}: what might break its lines does not`, async (server) => {
    const path = fresh();
    const stream = await openStream(server, name, path);
    for (const message of ["\n", "\r\n\r\n", "\0", "%0A%25", "100%", "data: x", "\u2028\u2029", "\u0085", ");\n"]) {
      await send(server, path, message);
      const chunk = await stream.chunk();
      const frame = receivers[name].unwrap(chunk);
      assert.deepEqual(JSON.parse(frame.slice(1)), [message]);
      assert.equal(chunk, wrap(frame));
    }
    stream.abort();
  });

  test(`${name}: all of U+0000 to U+0100 and halves of surrogate pairs arrive`, async (server) => {
    const path = fresh();
    const stream = await openStream(server, name, path);
    const message = `${String.fromCharCode(...Array(257).keys())}\ud800\udfff😀`;
    await send(server, path, message);
    assert.deepEqual(JSON.parse((await stream.frame()).slice(1)), [message]);
    stream.abort();
  });

  test(`${name}: a message of 1 MiB arrives in one frame`, async (server) => {
    const path = fresh();
    const stream = await openStream(server, name, path);
    const message = "0123456789abcdef".repeat(65536);
    await send(server, path, message);
    assert.ok(await stream.frame() === `a["${message}"]`);
    assert.equal(await stream.chunk(), null);
    stream.abort();
  });
}

/* xhr_streaming alone. */

test("xhr_streaming answers a preflight, which makes no session", async (server) => {
  const path = fresh();
  await expectPreflight(server, `${path}/xhr_streaming`, "OPTIONS, POST");
  assert.equal((await post(server, path, '["a"]')).status, 404);
});

test("xhr_streaming has CORS for no origin and for null", async (server) => {
  for (const origin of ["null", undefined]) {
    const stream = new Receiver(server, "xhr_streaming", fresh(), { headers: { Origin: origin ?? null } });
    expectCors(await stream.head(), origin);
    stream.abort();
  }
});

/* eventsource alone. */

test("eventsource is for any origin where it is null, and then without credentials", async (server) => {
  for (const origin of ["null", undefined]) {
    const stream = new Receiver(server, "eventsource", fresh(), { headers: { Origin: origin ?? null } });
    expectCors(await stream.head());
    stream.abort();
  }
});

test("eventsource escapes percent signs, because its client decodes them", async (server) => {
  const path = fresh();
  const stream = await openStream(server, "eventsource", path);
  await send(server, path, "100%\r\n\0");
  assert.equal(await stream.chunk(), 'data: a["100%25\\r\\n\\u0000"]\r\n\r\n');
  stream.abort();
});

/* htmlfile alone. */

test("htmlfile's callback may be named c or callback and is percent-decoded", async (server) => {
  for (const [query, callback] of [["?c=%63allback", "callback"], ["?callback=call%62ack", "callback"],
    ["?c=a-b_c.D9", "a-b_c.D9"], ["?callback=no&c=yes", "yes"], ["?t=1&c=x&c2=y", "x"],
    [`?c=${"l".repeat(33)}`, "l".repeat(33)]]) {
    const stream = new Receiver(server, "htmlfile", fresh(), { query });
    const chunk = await stream.chunk();
    assert.equal(chunk.trim(), HTMLFILE_HEAD(callback));
    assert.ok(chunk.length > 1024);
    assert.equal(await stream.frame(), "o");
    stream.abort();
  }
});

test("htmlfile without a callback is refused, and makes no session", async (server) => {
  const path = fresh();
  for (const query of ["", "?", "?d=x", "?cc=x"])
    expectError(await ask(server, "GET", `${path}/htmlfile${query}`), 500, NO_CALLBACK);
  assert.equal(await poll(server, path), "o");
});

test("htmlfile with a callback that is more than a name is refused, and makes no session", async (server) => {
  const path = fresh();
  for (const callback of ["%20", "*", "abc(", "abc%28", "a%0d%0ab", "a%00", "%3Cscript%3E", "a;b", "a'", "%22", "a%2f", "%C3%A9",
    "a[0]", "a%"])
    expectError(await ask(server, "GET", `${path}/htmlfile?c=${callback}`), 500, BAD_CALLBACK);
  assert.equal(await poll(server, path), "o");
});

ours("htmlfile holds no end of its own script, whatever a message holds", async (server) => {
  const path = fresh();
  const stream = await openStream(server, "htmlfile", path);
  for (const message of ["</script>", "<!--<script>", "</SCRIPT ", "<script>", "]]>", "-->"]) {
    await send(server, path, message);
    const chunk = await stream.chunk();
    assert.doesNotMatch(between(chunk), /<[/!]/i);
    assert.deepEqual(JSON.parse(receivers.htmlfile.unwrap(chunk).slice(1)), [message]);
  }
  stream.abort();
});

/* What stands between the tags. */
function between(chunk) {
  return chunk.slice("<script>".length, chunk.lastIndexOf("</script>"));
}

run();
