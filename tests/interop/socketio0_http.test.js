/* Socket.IO 0.5 and 0.6: requests and answers of the transports over HTTP, as they stand on the wire. */

"use strict";

const { KiB, MiB, Raw, assert, eventually, run, takeHead, takeResponse, test } = require("./support.js");
const { APP, Client, FORM, OVER_HTTP, PEER, POLLS, RESOURCE, ask, decode, encode, form, frame, kinds, open, ours, overAll,
  pathOf, post, request, sendPathOf } = require("./socketio0.js");

const ORIGIN = "http://page.test";

async function cutAll(...clients) {
  await Promise.all(clients.map((client) => client.cut()));
}

/* To receive. */

test("a poll is answered as text, with its length", async (server) => {
  const { status, headers, text } = await ask(server, "GET", `${RESOURCE}/xhr-polling//1289812345678`);
  assert.deepEqual([status, headers["content-type"]], [200, "text/plain; charset=UTF-8"]);
  assert.equal(Number(headers["content-length"]), Buffer.byteLength(text));
  assert.match(decode(text)[0], /^[\w-]+$/);
});

test("a poll by script calls the callback whose number is in its path", async (server) => {
  for (const index of ["0", "7", "12345"]) {
    const { status, headers, text } = await ask(server, "GET", `${RESOURCE}/jsonp-polling//1289812345678/${index}`);
    assert.deepEqual([status, headers["content-type"]], [200, "text/javascript; charset=UTF-8"]);
    const [, batch] = new RegExp(`^io\\.JSONP\\[${index}\\]\\._\\((".*")\\);$`).exec(text) ?? assert.fail(text);
    assert.match(decode(JSON.parse(batch))[0], /^[\w-]+$/);
  }
});

ours("a script's answer is not to be taken for anything else", async (server) => {
  const { headers } = await ask(server, "GET", pathOf("jsonp-polling"));
  assert.equal(headers["x-content-type-options"], "nosniff");
});

ours("a poll by script without a number, or with another thing in its place, is refused", async (server) => {
  for (const path of ["", "/", "//1", "//1/", "//1/x", "//1/1x", "//1/-1", "//1/alert(1)", "//1/%31", "//1/1;a", `//1/${"1".repeat(30)}`])
    assert.equal((await ask(server, "GET", `${RESOURCE}/jsonp-polling${path}`)).status, 400, path);
});

for (const [kind, type] of [["htmlfile", /^text\/html(; charset=utf-8)?$/i],
  ["xhr-multipart", /^multipart\/x-mixed-replace; ?boundary="socketio"$/],
  ["server-events", /^text\/event-stream(; charset=utf-8)?$/i]].filter(([kind]) => OVER_HTTP.includes(kind))) {
  test(`${kind}: the stream has its type, and ${kind === "xhr-multipart" ? "neither length nor chunks" : "chunks"}`,
    async (server) => {
      const client = await open(server, kind);
      const { headers } = client.wire.answer;
      assert.match(headers["content-type"], type);
      assert.equal(headers["content-length"], undefined);
      assert.equal(headers["transfer-encoding"], kind === "xhr-multipart" ? undefined : "chunked");
      await client.cut();
    });
}

test("paths in which the session is missing begin one, however they end", async (server) => {
  for (const path of ["/xhr-polling", "/xhr-polling/", "/xhr-polling//", "/xhr-polling//1", "/xhr-polling//1?x=/y",
    "/xhr-polling?x", "/jsonp-polling//1/0", "/jsonp-polling//1/0/"]) {
    const { status, text } = await ask(server, "GET", RESOURCE + path);
    assert.deepEqual([status, text.includes("~m~")], [200, true], path);
  }
});

ours("answers of polls and streams are not kept by anybody", async (server) => {
  const clients = await Promise.all(OVER_HTTP.map((kind) => open(server, kind)));
  for (const client of clients)
    assert.match(client.wire.answer.headers["cache-control"], /no-store/, client.kind);
  await cutAll(...clients);
});

overAll(POLLS, "a poll is answered with nothing when there is nothing for as long as it may last", async (server, kind) => {
  const client = await open(server, kind);
  await client.rest();
  const begun = Date.now();
  const { status, text } = await ask(server, "GET", client.path());
  assert.deepEqual([status, text], [200, kind === "jsonp-polling" ? `io.JSONP[${client.index}]._("");` : ""]);
  assert.ok(Date.now() - begun >= 1400, "not before that");
  client.again();
  await client.settle();
  await client.cut();
});

overAll(POLLS, "a poll that is held is answered with what comes", async (server, kind) => {
  const client = await open(server, kind);
  await client.rest();
  const held = new Raw(server).send(request("GET", client.path()));
  await client.post(form(encode("echo:a", "json:b")));
  const { status, body } = await takeResponse(held);
  const text = kind === "jsonp-polling" ? JSON.parse(/\((".*")\)/.exec(String(body))[1]) : String(body);
  assert.equal(status, 200);
  held.destroy();
  /* (The server of 2011 answers the first at once, and has the second wait.) */
  assert.equal(decode(text)[0], "a");
  client.again();
  if (PEER)
    await client.expect({ echo: "b" });
  else
    assert.deepEqual(decode(text), ["a", '~j~{"echo":"b"}']);
  await client.settle();
  await client.cut();
});

ours("polls follow one another on one connection, and may be pipelined with what is sent", async (server) => {
  const raw = new Raw(server).send(request("GET", `${RESOURCE}/xhr-polling//1`));
  const [sid] = decode(String((await takeResponse(raw)).body));
  for (let i = 0; i < 50; i++) {
    const body = form(encode(`echo:${i}`));
    raw.send(request("POST", `${RESOURCE}/xhr-polling/${sid}/send`, { body, headers: { "Content-Type": FORM } }));
    raw.send(request("GET", `${RESOURCE}/xhr-polling/${sid}/${i}`));
    assert.equal(String((await takeResponse(raw)).body), "ok");
    assert.equal(decode(String((await takeResponse(raw)).body)).at(-1), `${i}`);
  }
  raw.destroy();
});

/* To send. */

for (const kind of OVER_HTTP) {
  const { name } = kinds[kind];

  test(`${kind}: what is sent is answered ok, as text`, async (server) => {
    const client = await open(server, kind);
    const { headers } = await client.post(form(encode("echo:x")));
    assert.match(headers["content-type"], /^text\/plain(; charset=UTF-8)?$/);
    await client.expect("x");
    await client.cut();
  });

  test(`${kind}: the form is decoded: + is a space, %2B a plus, and other fields are passed over`, async (server) => {
    const client = await open(server, kind);
    await client.post("data=~m~8~m~echo%3Aa+b");
    await client.post("data=%7Em%7E8%7Em%7Eecho:a%2Bb");
    await client.post("x=1&data=~m~8~m~echo%3aa%26b&y");
    await client.post(`a=${encodeURIComponent("data=~m~8~m~echo:no!")}&data=${encodeURIComponent(encode("echo:é😀%"))}`);
    await client.expect("a b", "a+b", "a&b", "é😀%");
    await client.cut();
  });

  test(`${kind}: whatever the type says, or if there is none`, async (server) => {
    const client = await open(server, kind);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/plain; charset=ISO-8859-1", null])
      await client.post(form(encode(`echo:${type}`)), { "Content-Type": type });
    await client.expect("text/plain", "application/x-www-form-urlencoded", "text/plain; charset=ISO-8859-1", "null");
    await client.cut();
  });

  test(`${kind}: bodies without data, or with data that is none, are answered ok, and the client goes on`, async (server) => {
    const client = await open(server, kind);
    for (const body of ["", "data", "data=", "Data=~m~6~m~all:no", "x=y", "&&&", "=", "%", "data=%", "data=%zz", "data=garbage",
      "data=~m~", "data=~m~5", "data=~m~x~m~abc", "data=~h~1", "\0\xff", "data=%ff%fe%00", "data=~m~-1~m~x", "data=~m~~m~"])
      await client.post(body);
    await client.settle();
    client.expectNothing();
    await client.cut();
  });

  test(`${kind}: good frames before a broken one are told`, async (server) => {
    const client = await open(server, kind);
    await client.post(form(`${encode("echo:a", "echo:b")}~m~z~m~${encode("echo:c")}`));
    await client.expect("a", "b");
    await client.settle();
    await client.cut();
  });

  ours(`${kind}: a frame that says more than there is comes as what there is`, async (server) => {
    const client = await open(server, kind);
    for (const length of ["9", "99999", "4294967296"])
      await client.post(form(`~m~${length}~m~echo:x`));
    await client.expect("x", "x", "x");
    for (const length of ["18446744073709551616", "9".repeat(400)])
      await client.post(form(`~m~${length}~m~echo:that is no length`));
    await client.settle();
    await client.cut();
  });

  ours(`${kind}: other methods are refused, and are told which there are`, async (server) => {
    const client = await open(server, kind);
    for (const method of ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      for (const sid of ["", client.sid]) {
        const answer = await ask(server, method, pathOf(name, sid));
        assert.deepEqual([answer.status, answer.headers.allow], [405, "GET, POST"], method);
      }
    }
    assert.equal((await post(server, name, "", form(encode("x")))).status, 404, "a message for nobody");
    await client.settle();
    await client.cut();
  });

  /* Pages of elsewhere. */

  test(`${kind}: without an Origin nothing is said about origins`, async (server) => {
    const client = await open(server, kind);
    const answers = [client.wire.answer, await client.post(form(encode("echo:x")))];
    for (const { headers } of answers)
      assert.deepEqual(Object.keys(headers).filter((header) => header.startsWith("access-control")), []);
    await client.cut();
  });

  ours(`${kind}: an Origin may read, with cookies when it has sent some (on xhr-multipart always)`, async (server) => {
    const without = kind === "xhr-multipart" ? "true" : undefined;
    for (const [headers, credentials] of [[{}, without], [{ Cookie: "a=b" }, "true"]]) {
      for (const origin of [ORIGIN, "https://page.test:8443", "null"]) {
        const client = await open(server, kind, { headers: { Origin: origin, ...headers } });
        const sent = await client.post(form(encode("echo:x")), client.headers);
        for (const answer of [client.wire.answer, sent]) {
          assert.equal(answer.headers["access-control-allow-origin"], origin);
          assert.equal(answer.headers["access-control-allow-credentials"], credentials);
          assert.match(answer.headers.vary, /Origin/);
        }
        await client.cut();
      }
    }
  });

  ours(`${kind}: whoever asks before it asks is granted what it wants`, async (server) => {
    const client = await open(server, kind);
    for (const [method, path] of [["POST", sendPathOf(name, client.sid)], ["GET", pathOf(name)]]) {
      const { status, headers, text } = await ask(server, "OPTIONS", path, { headers: { Origin: ORIGIN,
        "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type, x-a" } });
      assert.deepEqual([status, text], [200, "ok"]);
      assert.equal(headers["access-control-allow-origin"], ORIGIN);
      assert.equal(headers["access-control-allow-methods"], method);
      assert.equal(headers["access-control-allow-headers"], "content-type, x-a");
    }
    await client.settle();
    await client.cut();
  });

  ours(`${kind}: a body above the limit is refused before it is sent, and while it comes`, async (server) => {
    const client = await open(server, kind);
    const head = (field) => `POST ${sendPathOf(name, client.sid)} HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`;
    const told = new Raw(server).send(head(`Content-Length: ${16 * MiB + 1}`));
    assert.equal((await takeResponse(told)).status, 413);
    const chunked = new Raw(server).send(head("Transfer-Encoding: chunked"));
    const piece = `${(64 * KiB).toString(16)}\r\n${"x".repeat(64 * KiB)}\r\n`;
    const answer = takeResponse(chunked);
    for (let i = 0; i <= 256 && !chunked.ended && !chunked.length; i++) {
      chunked.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await answer).status, 413);
    told.destroy();
    chunked.destroy();
    await client.settle();
    await client.cut();
  });
}

test("xhr-multipart: a preflight is granted the method it names", async (server) => {
  const { status, headers, text } = await ask(server, "OPTIONS", `${RESOURCE}/xhr-multipart/`, { headers: { Origin: ORIGIN,
    "Access-Control-Request-Method": "POST" } });
  assert.deepEqual([status, text, headers["access-control-allow-methods"]], [200, "ok", "POST"]);
});

ours("jsonp-polling: a form's CRLF is the LF it was, where the length says so", async (server) => {
  const client = await open(server, "jsonp-polling");
  const crlf = (text) => text.replace(/\n/g, "\r\n");
  for (const text of ["a\nb", "\n", "\n\n\nx\n", "é\n😀\n"])
    await client.post(form(crlf(frame(`echo:${text}`))));
  await client.post(form(crlf(encode("echo:1\n2", "echo:3", "echo:\n4"))));
  await client.post(form(encode("echo:kept\r\nas it is")));
  await client.expect("a\nb", "\n", "\n\n\nx\n", "é\n😀\n", "1\n2", "3", "\n4", "kept\r\nas it is");
  await client.cut();
});

ours("server-events: line ends of any kind come as LF, with the length to fit", async (server) => {
  const client = await open(server, "server-events");
  await client.send("echo:a\r\nb\rc\nd", "echo:\r", "echo:\r\r\n\n");
  await client.expect("a\nb\nc\nd", "\n", "\n\n\n");
  await client.settle();
  await client.cut();
});

ours("htmlfile and jsonp-polling: what a text says does not end the script around it", async (server) => {
  for (const kind of ["htmlfile", "jsonp-polling"]) {
    const client = await open(server, kind);
    const raw = new Raw(server);
    if (kind === "jsonp-polling") {
      await client.rest();
      await client.send("echo:</script></SCRIPT><!--\u2028\u2029");
      raw.send(request("GET", client.path()));
      const text = String((await takeResponse(raw)).body);
      assert.ok(!/<\/|\u2028|\u2029/.test(text), text);
    } else {
      await client.send("echo:</script></SCRIPT><!--\u2028\u2029");
      await client.expect("</script></SCRIPT><!--\u2028\u2029");
    }
    raw.destroy();
    await client.cut();
  }
});

/* What is for others. */

test("what names no transport is the application's", async (server) => {
  for (const path of ["/", "/health2", "/socket.io", "/socket.io/", "/socket.io/unknown", "/socket.io/Websocket", "/socket.io/xhr",
    "/socket.io/xhr-pollingx//1", "/socket.io//xhr-polling", "/socket.io/%78hr-polling", "/elsewhere/xhr-polling"])
    assert.deepEqual(await ask(server, "GET", path).then(({ status, text }) => [status, text]), [200, `app:${path}`]);
});

ours("what only begins like the resource is the application's", async (server) => {
  for (const path of ["/socket.iofoo", "/socket.iofoo/xhr-polling//1", "/socket.io.js", "/socket.ioxhr-polling"])
    assert.deepEqual(await ask(server, "GET", path).then(({ status, text }) => [status, text]), [200, `app:${path}`]);
});

ours("a WebSocket's path without an upgrade is refused, with another method, too", async (server) => {
  for (const name of ["websocket", "flashsocket"]) {
    assert.equal((await ask(server, "GET", pathOf(name))).status, 400);
    for (const method of ["POST", "HEAD", "OPTIONS"]) {
      const { status, headers } = await ask(server, method, pathOf(name));
      assert.deepEqual([status, headers.allow], [405, "GET"]);
    }
  }
});

ours("upgrades on other transports mean nothing", async (server) => {
  const raw = new Raw(server).send(request("GET", pathOf("xhr-polling"), { headers: { Upgrade: "websocket", Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13" } }));
  const answer = await takeHead(raw);
  assert.equal(answer.status, 200);
  raw.destroy();
});

ours("clients of a half-read stream are cut off without harm to others", async (server) => {
  const other = await open(server, "xhr-polling");
  const clients = await Promise.all(OVER_HTTP.filter((kind) => !kinds[kind].polls).map((kind) => open(server, kind)));
  for (const client of clients) {
    client.wire.raw.socket.pause();
    await client.send("many:20000");
    client.wire.cut();
  }
  await eventually(async () => {
    await other.send("count");
    return (await other.next()).count === 1;
  }, "they have gone");
  await other.cut();
});

run(APP);
