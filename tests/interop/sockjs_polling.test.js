/* SockJS over xhr polling, and xhr_send, which all transports but websocket and jsonp send by. */

"use strict";

const { Raw, assert, run, takeResponse, test } = require("./support.js");
const { Receiver, ask, body, expectCors, expectEcho, expectError, expectNotCached, expectPreflight, fresh,
  openSession, openStream, ours, poll, post, request, send } = require("./sockjs.js");

const PLAIN = "text/plain; charset=UTF-8";
const SCRIPT = "application/javascript; charset=UTF-8";

/* Opening. */

test("server and session ids may be anything without a dot and a slash", async (server) => {
  for (const ids of ["a/a", "_/_", "1/1", "abcdefgh_i-j%20/abcdefg_i-j%20", "~!$&'()*+,;=:@/~!$&'()*+,;=:@", "%2F%2e/%00",
    `${"s".repeat(300)}/${"i".repeat(300)}`])
    assert.equal((await ask(server, "POST", `/echo/${ids}/xhr`)).text, "o\n", ids);
});

test("ids that differ in case or in their escapes are different ones", async (server) => {
  for (const id of ["case", "CASE", "cas%65"])
    assert.equal((await ask(server, "POST", `/echo/0/${id}/xhr`)).text, "o\n");
});

test("the server id is not looked at", async (server) => {
  const path = fresh();
  assert.equal(await poll(server, path), "o");
  await send(server, path.replace("/000/", "/999/"), "a");
  assert.equal(await poll(server, path.replace("/000/", "/abc/")), 'a["a"]');
});

test("a query changes nothing", async (server) => {
  const path = fresh();
  assert.equal((await ask(server, "POST", `${path}/xhr?t=${Date.now()}&a=%zz&c=x`)).text, "o\n");
  assert.equal((await ask(server, "POST", `${path}/xhr_send?t=1?t=2/`, { body: body(["a"]) })).status, 204);
  assert.equal((await ask(server, "POST", `${path}/xhr?`)).text, 'a["a"]\n');
});

test("a poll that comes before a message waits for it", async (server) => {
  const path = await openSession(server);
  const waiting = new Receiver(server, "xhr", path);
  await send(server, path, "a");
  assert.equal(await waiting.frame(), 'a["a"]');
  assert.equal(await waiting.frame(), null);
  waiting.abort();
});

test("what the client asks with is not looked at", async (server) => {
  const path = fresh();
  assert.equal((await ask(server, "POST", `${path}/xhr`, { body: "[broken", headers: { "Content-Type": "x/y" } })).text, "o\n");
  assert.equal((await ask(server, "POST", fresh() + "/xhr", { body: "x".repeat(100000) })).text, "o\n");
});

test("POST xhr without a length has no body and is answered", async (server) => {
  assert.equal((await ask(server, "POST", `${fresh()}/xhr`, { headers: { "Content-Length": null } })).text, "o\n");
});

test("POST xhr_send without a length has no body and is answered", async (server) => {
  const path = await openSession(server);
  expectError(await ask(server, "POST", `${path}/xhr_send`, { headers: { "Content-Length": null } }), 500,
    "Payload expected.");
});

/* Headers. */

for (const origin of ["http://page.test", "null", undefined]) {
  test(`xhr and xhr_send have types, CORS for Origin ${origin}, and are not cached`, async (server) => {
    const path = fresh();
    const headers = { Origin: origin ?? null, "Access-Control-Request-Headers": "a, b, c" };
    const opened = await ask(server, "POST", `${path}/xhr`, { headers });
    assert.deepEqual([opened.status, opened.text], [200, "o\n"]);
    const sent = await post(server, path, '["x"]', headers);
    assert.deepEqual([sent.status, sent.text], [204, ""]);
    const echoed = await ask(server, "POST", `${path}/xhr`, { headers });
    assert.deepEqual([echoed.status, echoed.text], [200, 'a["x"]\n']);
    for (const [answer, type] of [[opened, SCRIPT], [sent, PLAIN], [echoed, SCRIPT]]) {
      assert.equal(answer.headers["content-type"], type);
      expectCors(answer, origin);
      expectNotCached(answer);
      assert.equal(answer.headers["access-control-allow-headers"], "a, b, c");
      assert.equal(answer.headers["set-cookie"], undefined);
    }
  });
}

test("answers that refuse have CORS too and are not cached", async (server) => {
  const path = await openSession(server);
  for (const [where, text, status] of [[fresh(), "[]", 404], [path, "", 500], [path, "[", 500]]) {
    const answer = await post(server, where, text, { Origin: "http://page.test" });
    assert.equal(answer.status, status);
    expectCors(answer, "http://page.test");
    expectNotCached(answer);
  }
});

for (const name of ["xhr", "xhr_send"]) {
  test(`${name} answers a preflight, which makes no session`, async (server) => {
    const path = fresh();
    await expectPreflight(server, `${path}/${name}`, "OPTIONS, POST");
    assert.equal((await post(server, path, '["a"]')).status, 404);
  });
}

/* Sending. */

test("xhr_send to nobody's session is not found, and makes none", async (server) => {
  const path = fresh();
  for (let i = 0; i < 2; i++)
    expectError(await post(server, path, '["a"]'), 404, "404 Error: Page not found\n");
  assert.equal(await poll(server, path), "o");
});

test("the body is judged before the session is looked for", async (server) => {
  expectError(await post(server, fresh(), ""), 500, "Payload expected.");
  expectError(await post(server, fresh(), '["a'), 500, "Broken JSON encoding.");
});

const broken = ['["a', "[", "]", "[]]", "[] []", "['a']", '["a",]', "[,]", '["a" "b"]', '["\\x"]', '["\\u12"]', '["\\u12g4"]',
  '["a\nb"]', '["a\tb"]', '["\0"]', "[NaN]", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[nul]", "[True]", "[undefined]",
  "[Infinity]", '{"a":1', '{"a"}', "{a:1}", "{1:1}", '{"a":1,}', "[/*x*/]", "[]//", "x", '"a', "-", "\u00a0[]", "\ufeff\ufeff[]",
  "[\v]", "[]\0", "NaN"];

test("what is no JSON is refused whole, and the session goes on", async (server) => {
  const path = await openSession(server);
  for (const text of broken)
    expectError(await post(server, path, text), 500, "Broken JSON encoding.");
  for (const text of ["", "null", "0", '""', '"a"', "{}", "true", '{"length":1}', " 1 "])
    expectError(await post(server, path, text), 500, "Payload expected.");
  await expectEcho(server, path, "a");
});

test("of an array that is broken behind a good message nothing is delivered", async (server) => {
  const path = await openSession(server);
  expectError(await post(server, path, '["never","never"'), 500, "Broken JSON encoding.");
  expectError(await post(server, path, '["never"],'), 500, "Broken JSON encoding.");
  await expectEcho(server, path, "x");
});

ours("refusals say that they are plain text", async (server) => {
  const path = await openSession(server);
  for (const text of ["", "["])
    assert.equal((await post(server, path, text)).headers["content-type"], PLAIN);
});

test("blanks between the tokens of JSON are in order", async (server) => {
  const path = await openSession(server);
  assert.equal((await post(server, path, ' \r\n\t[ "a"\t,\n"b" ]\r\n ')).status, 204);
  assert.equal(await poll(server, path), 'a["a","b"]');
});

test("an empty array is no message, and no error", async (server) => {
  const path = await openSession(server);
  await send(server, path);
  await expectEcho(server, path, "a");
});

ours("elements that are no strings are delivered as their JSON", async (server) => {
  const path = await openSession(server);
  assert.equal((await post(server, path, '[1,null,true,"s",[1,"a"],{"a":{}},-1.5e3]')).status, 204);
  assert.deepEqual(JSON.parse((await poll(server, path)).slice(1)),
    ["1", "null", "true", "s", '[1,"a"]', '{"a":{}}', "-1.5e3"]);
});

test("the content types of old and new clients are read, and parameters are not looked at", async (server) => {
  const path = await openSession(server);
  const types = ["text/plain", "T", "application/json", "application/xml", "", "application/json; charset=utf-8",
    "text/xml; charset=utf-8", "text/xml"];
  for (const type of types)
    assert.equal((await post(server, path, '["a"]', { "Content-Type": type })).status, 204, type);
  assert.equal((await post(server, path, '["b"]', { "Content-Type": null })).status, 204);
  assert.equal(await poll(server, path), `a${body([...types.map(() => "a"), "b"])}`);
});

test("bodies of other types are none", async (server) => {
  const path = await openSession(server);
  for (const type of ["application/octet-stream", "image/png", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded"])
    expectError(await post(server, path, '["a"]', { "Content-Type": type }), 500, "Payload expected.");
  await expectEcho(server, path, "b");
});

test("a body in chunks is read, wherever it is cut", async (server) => {
  const path = await openSession(server);
  const text = Buffer.from('["grüße","€😀"]');
  const raw = new Raw(server);
  for (let at = 1; at < text.length; at++) {
    const chunks = [text.subarray(0, at), text.subarray(at), ""].map((part) =>
      Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), Buffer.from(part), Buffer.from("\r\n")]));
    const headers = { "Content-Length": null, "Transfer-Encoding": "chunked" };
    raw.send(Buffer.concat([request("POST", `${path}/xhr_send`, { headers }), ...chunks]));
    assert.equal((await takeResponse(raw)).status, 204);
    assert.equal(await poll(server, path), 'a["grüße","€\\ud83d\\ude00"]');
  }
  raw.destroy();
});

/* Messages. */

test("one message each, in order, many in one frame", async (server) => {
  const path = await openSession(server);
  await send(server, path, "a", "b");
  await send(server, path, "", "d");
  await send(server, path, "e");
  assert.equal(await poll(server, path), 'a["a","b","","d","e"]');
});

/* The frame that a message has to be in: what JSON escapes, in its way; what some browsers change or lose,
 * and halves of surrogate pairs, by four small digits; all else as it is. */
function frameOf(message) {
  const awkward = /[\ud800-\udfff\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g;
  const escape = (unit) => `\\u${unit.charCodeAt().toString(16)}`;
  return `a[${JSON.stringify(message).replace(awkward, escape)}]`;
}

function units(from, to) {
  return String.fromCharCode(...Array.from({ length: to - from }, (_, i) => from + i));
}

test("what has to be escaped is, in small letters, and nothing else above U+007F", async (server) => {
  const path = await openSession(server);
  for (let from = 0; from < 0x10000; from += 0x1000) {
    const message = units(from, from + 0x1000);
    await send(server, path, message);
    const frame = await poll(server, path);
    assert.equal(JSON.parse(frame.slice(1))[0], message);
    assert.ok(frame === frameOf(message), `the frame of U+${from.toString(16)}`);
  }
});

test("pairs of surrogates that come as UTF-8 leave as two escapes", async (server) => {
  const path = await openSession(server);
  await send(server, path, "😀\u{10000}\u{10ffff}");
  assert.equal(await poll(server, path), 'a["\\ud83d\\ude00\\ud800\\udc00\\udbff\\udfff"]');
});

test("halves of surrogate pairs survive, alone, turned round and beside pairs", async (server) => {
  const path = await openSession(server);
  for (const message of ["\ud800", "\udfff", "\udc00\ud800", "\ud800\ud800\udc00", "a\udbffb", "😀\ud83d", "\ude00😀"]) {
    await send(server, path, message);
    assert.deepEqual(JSON.parse((await poll(server, path)).slice(1)), [message]);
  }
});

test("every unit that is written as an escape is understood", async (server) => {
  const path = await openSession(server);
  for (let from = 0; from < 0x10000; from += 0x2000) {
    const message = units(from, from + 0x2000);
    const text = `["${message.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt().toString(16).padStart(4, "0")}`)}"]`;
    assert.equal((await post(server, path, text)).status, 204);
    assert.ok(JSON.parse((await poll(server, path)).slice(1))[0] === message, `U+${from.toString(16)}`);
  }
});

test("U+0000 inside a message survives", async (server) => {
  const path = await openSession(server);
  await send(server, path, "a\0b", "\0");
  assert.equal(await poll(server, path), 'a["a\\u0000b","\\u0000"]');
});

test("messages of 2^0 to 2^18 bytes come back", async (server) => {
  const path = await openSession(server);
  for (let bits = 0; bits <= 18; bits++) {
    const message = "x".repeat(2 ** bits);
    await send(server, path, message);
    assert.ok(await poll(server, path) === `a["${message}"]`, `2^${bits}`);
  }
});

/* Other services. */

test("amplify makes messages of 2^n", async (server) => {
  const path = await openSession(server, "/amplify");
  for (const n of [1, 10, 17, 18]) {
    await send(server, path, String(n));
    assert.ok(await poll(server, path) === `a["${"x".repeat(2 ** n)}"]`, `2^${n}`);
  }
});

test("broadcast reaches each session, on whatever transport", async (server) => {
  const paths = [];
  for (let i = 0; i < 3; i++)
    paths.push(await openSession(server, "/broadcast"));
  const streams = [];
  for (const name of ["xhr_streaming", "eventsource", "htmlfile"])
    streams.push(await openStream(server, name, fresh("/broadcast")));
  await send(server, paths[0], "all");
  for (const path of paths)
    assert.equal(await poll(server, path), 'a["all"]');
  for (const stream of streams) {
    assert.equal(await stream.frame(), 'a["all"]');
    stream.abort();
  }
});

test("ticker ticks", async (server) => {
  const path = await openSession(server, "/ticker");
  assert.equal(await poll(server, path), 'a["tick!"]');
  assert.equal(await poll(server, path), 'a["tick!"]');
});

run();
