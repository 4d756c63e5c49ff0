/* SockJS over jsonp polling, and jsonp_send. */

"use strict";

const { assert, run, test } = require("./support.js");
const { GO_AWAY, Receiver, ask, body, expectError, expectNoCors, expectNotCached, fresh, openSession, ours, poll,
  receive, send } = require("./sockjs.js");

const NO_CALLBACK = '"callback" parameter required';
const BAD_CALLBACK = 'invalid "callback" parameter';
const FORM = "application/x-www-form-urlencoded";
const PLAIN = "text/plain; charset=UTF-8";

function jsonp(server, path, query = "?c=cb", options = {}) {
  return ask(server, "GET", `${path}/jsonp${query}`, options);
}

function jsonpSend(server, path, text, type = FORM) {
  return ask(server, "POST", `${path}/jsonp_send`, { body: text, headers: { "Content-Type": type } });
}

function form(messages) {
  return `d=${encodeURIComponent(body(messages))}`;
}

async function expectOk(server, path, text, type) {
  const answer = await jsonpSend(server, path, text, type);
  assert.deepEqual([answer.status, answer.text], [200, "ok"]);
  return answer;
}

test("a poll calls the callback, jsonp_send answers ok", async (server) => {
  const path = fresh();
  const opened = await jsonp(server, path, "?c=%63allback");
  assert.equal(opened.text, '/**/callback("o");\r\n');
  const sent = await expectOk(server, path, form(["x"]));
  const echoed = await jsonp(server, path, "?c=%63allback");
  assert.equal(echoed.text, '/**/callback("a[\\"x\\"]");\r\n');
  for (const answer of [opened, echoed]) {
    assert.equal(answer.headers["content-type"], "application/javascript; charset=UTF-8");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
  }
  assert.equal(sent.headers["content-type"], PLAIN);
  assert.equal(sent.headers["content-length"], "2");
  for (const answer of [opened, sent, echoed]) {
    assert.equal(answer.status, 200);
    expectNotCached(answer);
    expectNoCors(answer);
    assert.equal(answer.headers["set-cookie"], undefined);
  }
});

test("a callback may be named c or callback, c wins, and it has up to 32 letters, digits, - _ .", async (server) => {
  for (const [query, callback] of [["?callback=cb", "cb"], ["?callback=no&c=yes", "yes"], ["?c=_jp.a0-Z", "_jp.a0-Z"],
    [`?c=${"l".repeat(32)}&t=1`, "l".repeat(32)]])
    assert.equal((await jsonp(server, fresh(), query)).text, `/**/${callback}("o");\r\n`);
});

test("without a callback it is refused, and no session is made", async (server) => {
  const path = fresh();
  for (const query of ["", "?", "?d=x", "?C=x"])
    expectError(await jsonp(server, path, query), 500, NO_CALLBACK);
  assert.equal(await poll(server, path), "o");
});

test("a callback that is more than a name, or longer, is refused, and no session is made", async (server) => {
  const path = fresh();
  for (const callback of ["%20", "*", "abc(", "abc%28", "alert(1)//", "a%0d%0aSet-Cookie:b", "a%00", "%3Cscript%3E", "a;b",
    "a%27", "%C3%A9", "a[0]", "a+b", "%FF", "l".repeat(33)])
    expectError(await jsonp(server, path, `?c=${callback}`), 500, BAD_CALLBACK);
  assert.equal(await poll(server, path), "o");
});

test("a poll waits for a message", async (server) => {
  const path = await openSession(server);
  const waiting = new Receiver(server, "jsonp", path);
  await expectOk(server, path, form(["a"]));
  assert.equal(await waiting.frame(), 'a["a"]');
  waiting.abort();
});

test("the close frame comes again each time", async (server) => {
  const path = fresh("/close");
  const frames = [];
  for (let i = 0; i < 3; i++)
    frames.push(...await receive(server, "jsonp", path));
  assert.deepEqual(frames, ["o", GO_AWAY, GO_AWAY]);
});

/* jsonp_send. */

test("jsonp_send to nobody's session is not found", async (server) => {
  expectError(await jsonpSend(server, fresh(), form(["a"])), 404, "404 Error: Page not found\n");
});

test("what is no array of JSON is refused, and the session goes on", async (server) => {
  const path = await openSession(server);
  for (const text of ["d=%5B%22a", "d=%5B", "d=x", "d=%5B%22a%22%2C%5D", "d=[1;2]"])
    expectError(await jsonpSend(server, path, text), 500, "Broken JSON encoding.");
  for (const text of ["", "d=", "p=p", "i=1&d=", "D=%5B%5D", "d", "d=null", "d=1", "d=%7B%7D", "d=%22%22"])
    expectError(await jsonpSend(server, path, text), 500, "Payload expected.");
  await expectOk(server, path, form(["b"]));
  assert.equal(await poll(server, path), 'a["b"]');
});

test("the form's field is decoded, the others are not looked at", async (server) => {
  const path = await openSession(server);
  await expectOk(server, path, `i=abc&${form(["grüße 😀 + % & = \u2028"])}&x`);
  await expectOk(server, path, "d=%5B%22a+b%2Bc%22%5D");
  await expectOk(server, path, "%64=%5b%22lower%22%5d");
  await expectOk(server, path, form(["x"]), `${FORM}; charset=UTF-8`);
  assert.deepEqual(JSON.parse((await poll(server, path)).slice(1)),
    ["grüße 😀 + % & = \u2028", "a b+c", "lower", "x"]);
});

test("plain text, or no type, is JSON as it stands", async (server) => {
  const path = await openSession(server);
  await expectOk(server, path, '["%61bc","a+b"]', "text/plain");
  await expectOk(server, path, '["c"]', "text/plain; charset=UTF-8");
  await expectOk(server, path, '["d"]', "");
  await expectOk(server, path, '["e"]', null);
  assert.equal(await poll(server, path), 'a["%61bc","a+b","c","d","e"]');
});

test("bodies of other types are none", async (server) => {
  const path = await openSession(server);
  for (const type of ["application/octet-stream", "multipart/form-data; boundary=x"])
    expectError(await jsonpSend(server, path, '["a"]', type), 500, "Payload expected.");
});

test("JSON that was made twice is read twice", async (server) => {
  const path = await openSession(server);
  await expectOk(server, path, JSON.stringify(body(["a", "b"])), "text/plain");
  expectError(await jsonpSend(server, path, '"["', "text/plain"), 500, "Broken JSON encoding.");
  assert.equal(await poll(server, path), 'a["a","b"]');
});

test("an empty array is no message, and no error", async (server) => {
  const path = await openSession(server);
  await expectOk(server, path, "d=[]");
  await expectOk(server, path, form(["x"]));
  assert.equal(await poll(server, path), 'a["x"]');
});

test("all of U+0000 to U+0100, halves of surrogate pairs and markup come back in a script", async (server) => {
  const path = await openSession(server);
  const message = `${String.fromCharCode(...Array(257).keys())}\ud800\udfff😀\u2028</script><!--`;
  await expectOk(server, path, form([message]));
  const { text } = await jsonp(server, path, "?c=cb");
  let frame;
  new Function("cb", text)((argument) => { frame = argument; });
  assert.deepEqual(JSON.parse(frame.slice(1)), [message]);
});

test("a message of 1 MiB comes back", async (server) => {
  const path = await openSession(server);
  const message = "0123456789abcdef".repeat(65536);
  await expectOk(server, path, form([message]));
  assert.deepEqual(await receive(server, "jsonp", path), [`a["${message}"]`]);
});

ours("refusals say that they are plain text", async (server) => {
  const path = await openSession(server);
  for (const answer of [await jsonpSend(server, path, ""), await jsonpSend(server, path, "d=["), await jsonp(server, path, ""),
    await jsonp(server, path, "?c=*")])
    assert.equal(answer.headers["content-type"], PLAIN);
  await send(server, path, "a");
});

run();
