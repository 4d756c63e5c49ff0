/* Nothing that a client sends ends or slows a SockJS server: while each of these attacks goes on, honest clients
 * echo. */

"use strict";

const { KiB, MiB, Raw, assert, closeFrame, eventually, frame, handshake, instrumented, run, takeClose, takeFrame,
  takeHead, takeResponse, test } = require("./support.js");
const { ANOTHER, Receiver, STREAMS, ask, body, expectEcho, fetchMessages, fresh, openFramed, openSession, openSocket,
  openStream, ours, poll, post, receive, receivers, request, send, takeText } = require("./sockjs.js");

const ALL = Object.keys(receivers);
const TEXT = 1;
const BINARY = 2;

/* A websocket and a session of polls, until going() says no. */
async function echo(server, going) {
  const socket = await openFramed(server);
  const path = await openSession(server);
  for (let i = 0; i === 0 || going(); i++) {
    socket.send(frame(TEXT, `["${i}"]`));
    assert.equal(await takeText(socket), `a["${i}"]`);
    await expectEcho(server, path, `${i}`);
    await new Promise((resolve) => setTimeout(resolve, 10)); /* honest clients do not hurry */
  }
  socket.destroy();
}

function against(make, sentence, attack) {
  make(sentence, async (server) => {
    let going = true;
    const honest = echo(server, () => going);
    await Promise.all([honest, attack(server).finally(() => { going = false; })]);
    await echo(server, () => false);
  });
}

/* Asks something odd of a session that is received for: whatever becomes of that, the session brings what is
 * sent then. */
async function askOddly(server, path, url, options) {
  const asking = ask(server, "POST", `${path}/${url}`, options);
  const alive = asking.then(() => send(server, path, "alive"));
  while (!(await fetchMessages(server, path, 1)).includes("alive"));
  await alive;
  return asking;
}

/* What is read. */

const bodies = {
  "100,000 arrays deep": `${"[".repeat(100000)}${"]".repeat(100000)}`,
  "100,000 arrays that never end": "[".repeat(100000),
  "100,000 objects deep": `[${'{"a":'.repeat(100000)}1${"}".repeat(100000)}]`,
  "a deep array behind a message": `["a",${"[".repeat(100000)}${"]".repeat(100000)}]`,
  "200,000 numbers": `[${"1,".repeat(200000)}1]`,
  "200,000 empty messages": `[${'"",'.repeat(200000)}""]`,
  "a megabyte of commas": `[${",".repeat(MiB)}]`,
  "a megabyte of blanks": `${" ".repeat(MiB)}[]`,
  "a string that never ends": `["${"a".repeat(MiB)}`,
  "escapes that never end": `["${"\\u00".repeat(100000)}`,
  "a number of 100,000 digits": `[${"1".repeat(100000)}]`,
  "an exponent of 100,000 digits": `[1e${"9".repeat(100000)}]`,
  "an object with 50,000 equal names": `[{${'"a":1,'.repeat(50000)}"a":1}]`,
  "an object with bad names": '[{"__proto__":{"a":1},"constructor":null,"toString":1,"length":-1}]',
  "every type": '[null,true,false,0,-0,1.5e300,"",[],{},[[]],{"":{}}]',
  "halves of surrogate pairs by the thousand": `["${"\\ud800".repeat(50000)}"]`,
  "NULs by the thousand": `["${"\\u0000".repeat(50000)}"]`,
  "NULs as they are": Buffer.alloc(10000),
  "bytes that are no UTF-8": Buffer.from('["\xff\xfe\x80"]', "latin1"),
  "an overlong NUL": Buffer.from('["\xc0\x80"]', "latin1"),
  "half a surrogate pair in UTF-8": Buffer.from('["\xed\xa0\x80"]', "latin1"),
  "a character that is cut off": Buffer.from('["\xf0\x9f\x98', "latin1"),
  "a byte-order mark": "\ufeff[]",
};

against(ours, "bodies of any shape are read or refused, and their sessions go on", async (server) => {
  for (const [what, text] of Object.entries(bodies)) {
    for (const [url, taken, type] of [["xhr_send", 204, "text/plain"], ["jsonp_send", 200, "text/plain"],
      ["jsonp_send", 200, "application/x-www-form-urlencoded"]]) {
      const path = await openSession(server);
      const form = type.endsWith("urlencoded") ? Buffer.concat([Buffer.from("d="), Buffer.from(text)]) : text;
      const { status } = await askOddly(server, path, url, { body: form, headers: { "Content-Type": type } });
      assert.ok([taken, 500].includes(status), `${what}: ${status}`);
    }
  }
});

against(ours, "texts of any shape on a websocket are read, or end that websocket", async (server) => {
  for (const [what, text] of Object.entries(bodies)) {
    const raw = await openFramed(server);
    raw.send(frame(TEXT, text)).send(frame(TEXT, '["alive"]')).send(closeFrame(1000));
    const { code } = await takeClose(raw);
    assert.ok([1000, 3000, 1007].includes(code), `${what}: ${code}`);
    raw.destroy();
  }
});

against(ours, "bytes where there should be text end the websocket, or are read", async (server) => {
  for (const path of [`${fresh()}/websocket`, "/echo/websocket"]) {
    for (const bytes of ["", '["a"]', "\xff\xfe", "x".repeat(100 * KiB)]) {
      const raw = await openSocket(server, path);
      raw.send(frame(BINARY, Buffer.from(bytes, "latin1"))).send(closeFrame(1000));
      const { code } = await takeClose(raw);
      assert.ok([1000, 1003, 1007, 3000].includes(code), `${code}`);
      raw.destroy();
    }
  }
});

/* Whom. */

against(test, "who guesses session ids finds nothing and makes nothing", async (server) => {
  const raw = new Raw(server);
  const paths = Array.from({ length: 1000 }, () => fresh());
  for (const path of paths) {
    raw.send(request("POST", `${path}/${Math.random() < 0.5 ? "xhr_send" : "jsonp_send"}`, { body: "[]",
      headers: { "Content-Type": "text/plain" } }));
    assert.equal((await takeResponse(raw)).status, 404);
  }
  raw.destroy();
  assert.equal(await poll(server, paths[0]), "o");
});

against(test, "second receivers by the hundred harm neither the first nor the session", async (server) => {
  const path = fresh();
  const first = await openStream(server, "xhr_streaming", path);
  for (let round = 0; round < 4; round++) {
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => receive(server, ALL[i % ALL.length], path)));
    for (const frames of all)
      assert.deepEqual(frames, [ANOTHER]);
    await send(server, path, `${round}`);
    assert.equal(await first.frame(), `a["${round}"]`);
  }
  first.abort();
});

against(test, "second receivers that are cut harm neither the first nor the session", async (server) => {
  const path = fresh();
  const first = await openStream(server, "xhr_streaming", path);
  for (let i = 0; i < 100; i++)
    new Receiver(server, ALL[i % ALL.length], path).raw.socket.once("connect", function cut() { this.resetAndDestroy(); });
  await send(server, path, "a");
  assert.equal(await first.frame(), 'a["a"]');
  first.abort();
});

against(test, "receivers that are cut, wherever they are", async (server) => {
  for (let i = 0; i < 300; i++) {
    const path = fresh();
    const name = ALL[i % ALL.length];
    const receiver = new Receiver(server, name, path);
    if (i % 3 > 0)
      await receiver.prelude();
    if (i % 3 > 1)
      assert.equal(await receiver.frame(), "o");
    if (i % 2)
      receiver.raw.socket.resetAndDestroy();
    else
      receiver.abort();
  }
});

against(test, "polls that are cut while they wait leave their sessions closed", async (server) => {
  const paths = await Promise.all(Array.from({ length: 100 }, () => openSession(server)));
  const waiting = paths.map((path) => new Receiver(server, "xhr", path));
  await eventually(async () => {
    const told = await Promise.all(paths.map((path) => receive(server, "jsonp", path)));
    return told.every(([one]) => one === ANOTHER);
  }, "all polls to wait");
  for (const receiver of waiting)
    receiver.raw.socket.resetAndDestroy();
  for (const path of paths)
    await eventually(async () => (await post(server, path, "[]")).status === 404, "404");
});

/* Upgrades. */

const urls = [["GET", "/echo"], ["GET", "/echo/iframe.html"], ["GET", "/echo/info"], ["OPTIONS", "/echo/info"],
  ["GET", "/echo/no/such"], ["POST", "ID/xhr"], ["OPTIONS", "ID/xhr"], ["POST", "ID/xhr_send"],
  ["POST", "ID/xhr_streaming"], ["GET", "ID/eventsource"],
  ["GET", "ID/htmlfile?c=cb"], ["GET", "ID/htmlfile"], ["GET", "ID/jsonp?c=cb"], ["GET", "ID/jsonp"], ["POST", "ID/jsonp_send"],
  ["GET", "ID/xhr"], ["POST", "ID/websocket"], ["GET", "/health"], ["GET", "/nothing"]];

against(ours, "upgrades where there is no websocket change nothing", async (server) => {
  const status = async (method, url, fields) => {
    const raw = new Raw(server).send(request(method, url.replace("ID", fresh()), { headers: fields }));
    const answer = await takeHead(raw);
    raw.destroy();
    return answer?.status;
  };
  const websocket = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": 13,
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
  const h2c = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA" };
  for (const [method, url] of urls) {
    const plain = await status(method, url, {});
    assert.ok(plain, url);
    for (const fields of [websocket, h2c, { Connection: "Upgrade", Upgrade: "websocket" }])
      assert.equal(await status(method, url, fields), plain, `${method} ${url} with ${fields.Upgrade}`);
  }
});

against(ours, "an upgraded info, frames behind it, and more of them", async (server) => {
  for (let i = 0; i < 20; i++) {
    const raw = new Raw(server).send(Buffer.concat([Buffer.from(handshake({}, { line: "GET /echo/info HTTP/1.1" })),
      frame(TEXT, '["a"]'), frame(8, "")]));
    assert.equal((await takeResponse(raw)).status, 200);
    raw.destroy();
  }
});

/* Bodies that are too much. */

against(ours, "bodies without an end are refused, and what came of them is dropped", async (server) => {
  const path = await openSession(server);
  const piece = Buffer.concat([Buffer.from("40000\r\n"), Buffer.alloc(256 * KiB, " "), Buffer.from("\r\n")]);
  await Promise.all(["xhr_send", "jsonp_send", "xhr_send", "jsonp_send"].map(async (url) => {
    const raw = new Raw(server).send(request("POST", `${path}/${url}`,
      { headers: { "Content-Length": null, "Transfer-Encoding": "chunked" } }));
    for (let sent = 0; sent < 128 && !raw.ended && raw.length === 0; sent++) {
      raw.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await takeHead(raw))?.status, 413);
    raw.destroy();
  }));
  await expectEcho(server, path, "a");
});

against(ours, "bodies where there should be none are not waited for without end", async (server) => {
  for (const [method, url] of urls) {
    if (url.startsWith("/nothing") || url.startsWith("/health"))
      continue;
    const raw = new Raw(server).send(request(method, url.replace("ID", fresh()),
      { headers: { "Content-Length": 99999999999 } }));
    const answer = await takeHead(raw);
    assert.ok(answer?.status >= 200, `${method} ${url}`);
    raw.destroy();
  }
});

against(test, "requests that stop half way", async (server) => {
  const path = await openSession(server);
  const whole = request("POST", `${path}/xhr_send`, { body: body(["never"]) });
  const raws = [];
  for (let at = 1; at < whole.length; at++)
    raws.push(new Raw(server).send(whole.subarray(0, at)));
  await expectEcho(server, path, "a");
  for (const [i, raw] of raws.entries())
    i % 2 ? raw.destroy() : raw.end();
  await expectEcho(server, path, "b");
});

/* What is written. */

against(test, "callbacks, origins, cookies and ids put no line into an answer", async (server) => {
  const evil = "%0d%0aX-Evil:%201%0d%0a%0d%0a<script>alert(1)</script>";
  for (const [method, url, headers] of [
    ["GET", `${fresh()}/jsonp?c=${evil}`], ["GET", `${fresh()}/htmlfile?callback=${evil}`], ["GET", `/echo/${evil}`],
    ["POST", `/echo/000/${evil.replace("</", "<%2f")}/xhr`], ["GET", `/echo/info?${evil}`],
    ["GET", "/echo/info", { Origin: '"><script>alert(1)</script>' }],
    ["OPTIONS", `${fresh()}/xhr`, { "Access-Control-Request-Headers": "a\tb, <script>" }],
    ["POST", `${fresh("/cookie_needed_echo")}/xhr`, { Cookie: "JSESSIONID=%0d%0aX-Evil: 1" }],
  ]) {
    const answer = await ask(server, method, url, { headers });
    assert.equal(answer.headers["x-evil"], undefined, url);
    assert.equal(answer.text.includes("<script>alert"), false, url);
  }
});

against(ours, "control characters in a header or an id are refused", async (server) => {
  for (const [url, headers] of [["/echo/info", { Origin: "a\rb" }], ["/echo/info", { Origin: "a\0b" }], ["/echo/\x01/x/xhr", {}],
    ["/echo/info", { Cookie: "a\nX-Evil: 1" }]])
    assert.equal((await ask(server, "GET", url, { headers })).status, 400);
});

/* Cut anywhere. */

function pieces(path) {
  const json = Buffer.from('4\r\n["a"\r\n1\r\n]\r\n0\r\n\r\n');
  const chunked = { "Content-Length": null, "Transfer-Encoding": "chunked" };
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  return {
    "a poll": [request("POST", `${path}/xhr?t=1`, { headers: { Origin: "http://page.test" } }), 200],
    "an xhr_send": [request("POST", `${path}/xhr_send`, { body: '["grüße","\\ud83d😀"]' }), 204],
    "a form": [request("POST", `${path}/jsonp_send`, { body: "d=%5B%22a%2bb+c%22%5D&i=1", headers: form }), 200],
    "a chunked body": [Buffer.concat([request("POST", `${path}/xhr_send`, { headers: chunked }), json]), 204],
    "a jsonp poll": [request("GET", `${path}/jsonp?callback=c%62`), 200],
    "a refusal": [request("POST", `${path}/xhr_send`, { body: '["a' }), 500],
    "an info": [request("GET", "/echo/info", { headers: { Origin: "null" } }), 200],
  };
}

for (const what of Object.keys(pieces(""))) {
  against(test, `${what} may be cut at any byte`, async (server) => {
    const path = await openSession(server);
    const sender = new Raw(server);
    const raw = new Raw(server);
    const [bytes, status] = pieces(path)[what];
    for (let at = 1; at < bytes.length; at++) {
      if (what.endsWith("poll")) { /* there is something to fetch */
        sender.send(request("POST", `${path}/xhr_send`, { body: '["a"]' }));
        assert.equal((await takeResponse(sender)).status, 204);
      }
      raw.send(bytes.subarray(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      raw.send(bytes.subarray(at));
      assert.equal((await takeResponse(raw)).status, status, `cut at ${at}`);
    }
    sender.destroy();
    raw.destroy();
  });
}

against(test, "requests of all kinds glued together, and byte by byte", async (server) => {
  const path = fresh();
  const all = [[request("POST", `${path}/xhr`), 200]];
  for (const [bytes, status] of Object.values(pieces(path)))
    all.push([request("POST", `${path}/xhr_send`, { body: '["to fetch"]' }), 204], [bytes, status]);
  const glued = Buffer.concat(all.map(([bytes]) => bytes));
  const raw = new Raw(server);
  for (const bytewise of [false, true, false]) {
    if (bytewise)
      await raw.sendBytewise(glued);
    else
      raw.send(glued);
    for (const [bytes, status] of all)
      assert.equal((await takeResponse(raw)).status, status, String(bytes));
    await send(server, path, "for the next round");
  }
  raw.destroy();
});

against(ours, "a websocket's beginning may be cut at any byte, and glued", async (server) => {
  const bytes = Buffer.concat([Buffer.from(handshake({}, { line: `GET ${fresh()}/websocket HTTP/1.1` })),
    frame(TEXT, '["a"]'), frame(9, "?"), frame(TEXT, '"b"', { form: 16 }), closeFrame(1000)]);
  for (let at = 1; at <= bytes.length; at++) {
    const raw = new Raw(server).send(bytes.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    raw.send(bytes.subarray(at));
    assert.equal((await takeHead(raw)).status, 101);
    const said = [];
    for (let next; (next = await takeFrame(raw)) !== null;)
      said.push(next.opcode === 8 ? next.payload.readUInt16BE() : String(next.payload));
    /* A pong may overtake what is on its way. */
    const told = said.filter((one) => one !== "?").join(" ").replace('a["a","b"]', 'a["a"] a["b"]');
    assert.equal(told, 'o a["a"] a["b"] 1000', `cut at ${at}`);
    assert.equal(said.includes("?"), true);
    raw.destroy();
  }
});

/* Those who do not read. */

against(ours, "clients that do not read their streams are closed before they cost much", async (server) => {
  const before = server.rss();
  await Promise.all(STREAMS.map(async (name) => {
    const path = fresh("/amplify");
    const stream = await openStream(server, name, path);
    stream.raw.socket.pause();
    const sender = new Raw(server);
    let status = 204;
    for (let sent = 0; sent < 400 && status === 204; sent++) {
      sender.send(request("POST", `${path}/xhr_send`, { body: '["18"]' })); /* 256 KiB each */
      status = (await takeResponse(sender)).status;
    }
    await eventually(async () => (await post(server, path, "[]")).status === 404, "404");
    sender.destroy();
    stream.abort();
  }));
  /* 16 MiB may wait for each. */
  assert.ok(server.rss() - before < 96 * MiB + (instrumented() ? 256 * MiB : 0), `${(server.rss() - before) / MiB} MiB`);
});

against(ours, "a websocket that does not read holds up itself alone", async (server) => {
  const before = server.rss();
  const raw = await openFramed(server, "/amplify");
  raw.socket.pause();
  for (let i = 0; i < 400; i++)
    raw.send(frame(TEXT, '["18"]'));
  for (let i = 0; i < 20; i++)
    await echo(server, () => false);
  assert.ok(server.rss() - before < 64 * MiB + (instrumented() ? 256 * MiB : 0), `${(server.rss() - before) / MiB} MiB`);
  raw.destroy();
});

run();
