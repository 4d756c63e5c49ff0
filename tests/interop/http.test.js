/* HTTP/1.1 over raw connections: hostile requests get their status and the end of the connection,
 * in one segment and byte by byte; what is in order works, however it is cut. */

"use strict";

const fs = require("fs");
const { KiB, MiB, Raw, assert, eventually, instrumented, run, startServer, takeResponse, test } = require("./support.js");

const HOST = "Host: rill.test\r\n";
const GET = `GET /health HTTP/1.1\r\n${HOST}`;
const POST = `POST /body HTTP/1.1\r\n${HOST}`;
const BIG = 64 * MiB;
const MAX_BODY = 16 * MiB;

function get(path = "/health", fields = "") {
  return `GET ${path} HTTP/1.1\r\n${HOST}${fields}\r\n`;
}

function chunked(chunks, fields = "") {
  return `${POST}Transfer-Encoding: chunked\r\n${fields}\r\n${chunks}`;
}

async function expectHealth(raw) {
  const response = await takeResponse(raw);
  assert.deepEqual([response?.status, String(response?.body)], [200, "ok"]);
  return response;
}

/* Refused: what, the bytes, the status. Each ends the connection, and what follows is not parsed. */
const refused = [
  /* smuggling */
  ["both framings", `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["both framings, the other way round", `${POST}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n`, 400],
  ["two unequal lengths", `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
  ["two unequal lengths in one field", `${POST}Content-Length: 5, 6\r\n\r\nhello`, 400],
  ["a signed length", `${POST}Content-Length: +5\r\n\r\nhello`, 400],
  ["a negative length", `${POST}Content-Length: -1\r\n\r\n`, 400],
  ["an empty length", `${POST}Content-Length: \r\n\r\n`, 400],
  ["a hexadecimal length", `${POST}Content-Length: 0x5\r\n\r\nhello`, 400],
  ["a length with a blank inside", `${POST}Content-Length: 1 0\r\n\r\n`, 400],
  ["an unknown transfer coding", `${POST}Transfer-Encoding: gzip\r\n\r\n`, [400, 501]],
  ["chunked before another coding", `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, [400, 501]],
  ["chunked twice", `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
  ["chunked with an odd letter", `${POST}Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n`, 400],
  ["identity as a transfer coding", `${POST}Transfer-Encoding: identity\r\n\r\n`, [400, 501]],
  ["a transfer coding in HTTP/1.0", `POST /body HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["a blank before the colon", `${GET}Content-Length : 0\r\n\r\n`, 400],
  ["a folded line", `${GET}X-A: b\r\n c\r\n\r\n`, 400],
  ["a folded first field", `GET /health HTTP/1.1\r\n ${HOST}\r\n`, 400],
  ["a bare CR in a value", `${GET}X-A: b\rc\r\n\r\n`, 400],
  ["a bare LF at a line's end", `GET /health HTTP/1.1\n${HOST}\r\n`, 400],
  ["a bare LF at a field's end", `GET /health HTTP/1.1\r\nHost: rill.test\n\r\n`, 400],
  ["a bare LF as the empty line", `${GET}\n`, 400],
  ["a bare CR as the empty line", `${GET}\rGET`, 400],
  ["a NUL in a value", `${GET}X-A: b\0c\r\n\r\n`, 400],
  ["a control character in a value", `${GET}X-A: b\x07c\r\n\r\n`, 400],
  ["a DEL in a value", `${GET}X-A: b\x7fc\r\n\r\n`, 400],
  ["a NUL in a name", `${GET}X\0A: b\r\n\r\n`, 400],
  ["a field with no name", `${GET}: b\r\n\r\n`, 400],
  ["a field with no colon", `${GET}nothing\r\n\r\n`, 400],
  ["a name that is no token", `${GET}X(A): b\r\n\r\n`, 400],
  /* chunks */
  ["a chunk size that is none", chunked("x\r\n"), 400],
  ["an empty chunk size", chunked("\r\n"), 400],
  ["a chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400],
  ["a signed chunk size", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400],
  ["a chunk size that overflows", chunked("ffffffffffffffffff\r\n"), [400, 413]],
  ["a chunk longer than it says", chunked("5\r\nhello!\r\n0\r\n\r\n"), 400],
  ["a chunk without its line end", chunked("5\r\nhello0\r\n\r\n"), 400],
  ["a chunk size ended by LF", chunked("5\nhello\r\n0\r\n\r\n"), 400],
  ["a chunk ended by LF", chunked("5\r\nhello\n0\r\n\r\n"), 400],
  ["a bare CR in a chunk extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400],
  ["a malformed trailer", chunked("0\r\nno colon\r\n\r\n"), 400],
  ["a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), 400],
  ["more than 4 KiB of chunk extensions", chunked(`1;${"e".repeat(5 * KiB)}\r\n`), 400],
  ["4 KiB of chunk extensions over many chunks", chunked(`1;${"e".repeat(60)}\r\nx\r\n`.repeat(80)), 400],
  /* hosts */
  ["no Host", "GET /health HTTP/1.1\r\n\r\n", 400],
  ["two Hosts", `${GET}Host: other\r\n\r\n`, 400],
  ["two equal Hosts", `${GET}${HOST}\r\n`, 400],
  ["two names in Host", "GET /health HTTP/1.1\r\nHost: a, b\r\n\r\n", 400],
  ["a Host with a path", "GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["a Host with a user", "GET /health HTTP/1.1\r\nHost: u@a\r\n\r\n", 400],
  ["a Host with a blank", "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
  ["a Host with a bad port", "GET /health HTTP/1.1\r\nHost: a:b\r\n\r\n", 400],
  /* request lines */
  ["two blanks", `GET  /health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a tab", `GET\t/health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a blank at the line's start", ` GET /health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a blank at the line's end", `GET /health HTTP/1.1 \r\n${HOST}\r\n`, 400],
  ["no version", `GET /health\r\n${HOST}\r\n`, 400],
  ["a version in small letters", `GET /health http/1.1\r\n${HOST}\r\n`, 400],
  ["a version of two digits", `GET /health HTTP/1.10\r\n${HOST}\r\n`, [400, 505]],
  ["version 2.0", `GET /health HTTP/2.0\r\n${HOST}\r\n`, 505],
  ["version 0.9", `GET /health HTTP/0.9\r\n${HOST}\r\n`, [400, 505]],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505]],
  ["a method that is no token", `G(T /health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a target with no slash", `GET health HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a control character in the target", `GET /he\x01lth HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400],
  /* limits */
  ["a head above 16 KiB", `${GET}X-A: ${"a".repeat(17 * KiB)}\r\n\r\n`, 431],
  ["a head above 16 KiB that never ends", `${GET}X-A: ${"a".repeat(17 * KiB)}`, 431],
  ["129 fields", `${GET}${"A: b\r\n".repeat(128)}\r\n`, 431],
  ["a target above 8 KiB", `GET /${"a".repeat(9 * KiB)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ["a target above 8 KiB that never ends", `GET /${"a".repeat(9 * KiB)}`, 414],
  ["trailers above the head's limit", chunked(`0\r\nA: ${"a".repeat(17 * KiB)}\r\n\r\n`), [400, 431]],
  ["a length above the limit, before any of it", `${POST}Content-Length: ${MAX_BODY + 1}\r\n\r\n`, 413],
  ["a length of twenty digits", `${POST}Content-Length: 99999999999999999999\r\n\r\n`, [400, 413]],
  ["a chunk above the limit, before any of it", chunked(`${(MAX_BODY + 1).toString(16)}\r\n`), 413],
  ["an unknown expectation", `${POST}Expect: miracles\r\nContent-Length: 5\r\n\r\nhello`, 417],
];

for (const [what, bytes, wanted] of refused) {
  const statuses = [wanted].flat();
  const expectRefusal = async (raw) => {
    const response = await takeResponse(raw);
    assert.ok(statuses.includes(response?.status), `answered by ${response?.status}`);
    assert.equal(response.headers.connection, "close");
    assert.equal((await raw.rest()).length, 0, "nothing behind the answer");
    raw.destroy();
  };
  test(`${what}: ${statuses.join(" or ")}, and the next request is not parsed`, async (server) => {
    await expectRefusal(new Raw(server).send(bytes + get()));
  });
  if (bytes.length < 600) {
    test(`${what}: ${statuses.join(" or ")}, byte by byte`, async (server) => {
      await expectRefusal(await new Raw(server).sendBytewise(bytes));
    });
  }
}

/* Accepted. */

for (const [what, bytes] of [
  ["an empty line before the request", `\r\n${get()}`],
  ["a field value in blanks", get("/health", "X-A: \t b \t \r\n")],
  ["an empty field value", get("/health", "X-A:\r\n")],
  ["bytes above 127 in a value", get("/health", "X-A: \xff\xfe\r\n")],
  ["128 fields", `${GET}${"A: b\r\n".repeat(127)}\r\n`],
  ["a query", get("/health?a=b&c")],
  ["the absolute form", `GET http://rill.test/health HTTP/1.1\r\n${HOST}\r\n`],
  ["a Host that is IPv6, with a port", "GET /health HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n"],
  ["Expect on a request with no body", get("/health", "Expect: 100-continue\r\n")],
  ["a body on a GET, dropped", get("/health", "Content-Length: 3\r\n") + "abc"],
]) {
  test(`${what} is in order, whole and byte by byte`, async (server) => {
    const raw = new Raw(server).send(bytes);
    await expectHealth(raw);
    await raw.sendBytewise(bytes);
    await expectHealth(raw);
    raw.destroy();
  });
}

for (const [what, bytes, length] of [
  ["a Content-Length", `${POST}Content-Length: 5\r\n\r\nhello`, 5],
  ["no body", `${POST}Content-Length: 0\r\n\r\n`, 0],
  ["neither framing", `${POST}\r\n`, 0],
  ["chunks", chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), 11],
  ["chunk sizes with zeros and capitals", chunked("00A\r\n0123456789\r\n000\r\n\r\n"), 10],
  ["chunk extensions", chunked('5;a=b;c="d"\r\nhello\r\n0;last\r\n\r\n'), 5],
  ["trailers", chunked("5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n"), 5],
  ["no chunks at all", chunked("0\r\n\r\n"), 0],
]) {
  test(`a body with ${what} is read, whole and byte by byte`, async (server) => {
    const raw = new Raw(server).send(bytes);
    assert.equal(String((await takeResponse(raw)).body), String(length));
    await raw.sendBytewise(bytes);
    assert.equal(String((await takeResponse(raw)).body), String(length));
    raw.send(get());
    await expectHealth(raw);
    raw.destroy();
  });
}

test("a body of exactly 16 MiB is read, by length and in chunks", async (server) => {
  const raw = new Raw(server);
  const half = Buffer.alloc(MAX_BODY / 2, "b");
  raw.send(`${POST}Content-Length: ${MAX_BODY}\r\n\r\n`).send(half).send(half);
  assert.equal(String((await takeResponse(raw)).body), String(MAX_BODY));
  const size = half.length.toString(16);
  raw.send(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 2; i++)
    raw.send(`${size}\r\n`).send(half).send("\r\n");
  raw.send("0\r\n\r\n");
  assert.equal(String((await takeResponse(raw)).body), String(MAX_BODY));
  raw.destroy();
});

test("chunks whose sum is above 16 MiB: 413, before the last one's data", async (server) => {
  const raw = new Raw(server);
  raw.send(`${POST}Transfer-Encoding: chunked\r\n\r\n${MAX_BODY.toString(16)}\r\n`).send(Buffer.alloc(MAX_BODY));
  raw.send("\r\n1\r\n");
  assert.equal((await takeResponse(raw)).status, 413);
  raw.destroy();
});

test("a client that sends on after a 413 still reads it", async (server) => {
  const raw = new Raw(server);
  raw.send(`${POST}Content-Length: ${32 * MiB}\r\n\r\n`).send(Buffer.alloc(4 * MiB));
  assert.equal((await takeResponse(raw)).status, 413);
  raw.destroy();
});

/* Methods and paths. */

test("HEAD has the head of GET and no body", async (server) => {
  const raw = new Raw(server).send(get("/health", ""));
  const whole = await expectHealth(raw);
  raw.send(`HEAD /health HTTP/1.1\r\n${HOST}\r\n`);
  const head = await takeResponse(raw, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers["content-length"], whole.headers["content-length"]);
  raw.send(get());
  await expectHealth(raw);
  raw.destroy();
});

test("HEAD of a streamed response has its length and no body", async (server) => {
  const raw = new Raw(server).send(`HEAD /big HTTP/1.1\r\n${HOST}\r\n${get()}`);
  const head = await takeResponse(raw, { method: "HEAD" });
  assert.equal(head.headers["content-length"], String(BIG));
  await expectHealth(raw);
  raw.destroy();
});

test("other paths are 404, other methods 405 with Allow", async (server) => {
  const raw = new Raw(server).send(get("/nothing"));
  assert.equal((await takeResponse(raw)).status, 404);
  raw.send(get("/healthy"));
  assert.equal((await takeResponse(raw)).status, 404);
  raw.send(get("/ws"));
  assert.equal((await takeResponse(raw)).status, 404);
  raw.send(`DELETE /health HTTP/1.1\r\n${HOST}\r\n`);
  const { status, headers } = await takeResponse(raw);
  assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
  raw.send(get());
  await expectHealth(raw);
  raw.destroy();
});

test("responses carry a Date and no surprise", async (server) => {
  const raw = new Raw(server).send(get());
  const { headers } = await expectHealth(raw);
  assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 60000, headers.date);
  assert.equal(headers["content-length"], "2");
  raw.destroy();
});

/* Connections. */

test("a connection serves a thousand requests", async (server) => {
  const raw = new Raw(server);
  for (let i = 0; i < 1000; i++) {
    raw.send(get());
    await expectHealth(raw);
  }
  raw.destroy();
});

test("a pipeline is answered in its order", async (server) => {
  const raw = new Raw(server);
  let bytes = "";
  for (let i = 0; i < 500; i++)
    bytes += `${POST}Content-Length: ${i}\r\n\r\n${"x".repeat(i)}`;
  raw.send(bytes);
  for (let i = 0; i < 500; i++)
    assert.equal(String((await takeResponse(raw)).body), String(i));
  raw.destroy();
});

test("a pipeline cut at every byte is answered alike", async (server) => {
  const raw = new Raw(server);
  await raw.sendBytewise(get() + chunked("3\r\nabc\r\n0\r\n\r\n") + get());
  await expectHealth(raw);
  assert.equal(String((await takeResponse(raw)).body), "3");
  await expectHealth(raw);
  raw.destroy();
});

test("a pipeline that is not read costs little memory, and is answered once it is", async (server) => {
  const before = server.rss();
  const raw = new Raw(server);
  raw.socket.pause();
  const many = get().repeat(20000);
  for (let i = 0; i < 16; i++)
    raw.send(many);
  await eventually(async () => {
    const left = raw.socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return raw.socket.writableLength === left;
  }, "the end of the flood");
  assert.ok(server.rss() - before < 8 * MiB + (instrumented() ? 160 * MiB : 0), `${server.rss() - before} bytes`);
  raw.socket.resume();
  for (let i = 0; i < 1000; i++)
    await expectHealth(raw);
  raw.destroy();
});

test("Connection: close and HTTP/1.0 end the connection, HTTP/1.0 with keep-alive does not", async (server) => {
  for (const bytes of [get("/health", "Connection: close\r\n"), "GET /health HTTP/1.0\r\n\r\n"]) {
    const raw = new Raw(server).send(bytes);
    const { headers } = await expectHealth(raw);
    assert.equal(headers.connection, "close");
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  }
  const raw = new Raw(server).send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const { headers } = await expectHealth(raw);
  if (headers.connection === "keep-alive") {
    raw.send(get());
    await expectHealth(raw);
  }
  raw.destroy();
});

test("a GET before a half-close is answered", async (server) => {
  const raw = new Raw(server).send(get()).end();
  await expectHealth(raw);
  assert.equal((await raw.rest()).length, 0);
});

test("a half-close inside a body ends the connection without a 200", async (server) => {
  const raw = new Raw(server).send(`${POST}Content-Length: 10\r\n\r\nhello`).end();
  const response = await takeResponse(raw);
  assert.ok(response === null || response.status >= 400, `answered by ${response?.status}`);
  await raw.rest();
});

test("Expect: 100-continue is answered before the body, and not when the body is there", async (server) => {
  const raw = new Raw(server).send(`${POST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
  assert.equal((await takeResponse(raw)).status, 100);
  raw.send("hello");
  assert.equal(String((await takeResponse(raw)).body), "5");
  raw.send(`${POST}Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n`);
  assert.equal((await takeResponse(raw)).status, 100);
  raw.send("5\r\nhello\r\n0\r\n\r\n");
  assert.equal(String((await takeResponse(raw)).body), "5");
  raw.destroy();
});

test("Expect: 100-continue with a body above the limit gets 413 and no 100", async (server) => {
  const raw = new Raw(server).send(`${POST}Expect: 100-continue\r\nContent-Length: ${MAX_BODY + 1}\r\n\r\n`);
  assert.equal((await takeResponse(raw)).status, 413);
  raw.destroy();
});

/* Streams. */

async function takeBig(raw) {
  const head = String(await raw.takeUntil("\r\n\r\n"));
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.match(head, /content-length: 67108864\r\n/i);
  for (let left = BIG; left > 0;) {
    const piece = await raw.take(Math.min(left, MiB));
    assert.ok(piece.length > 0, `the stream ended ${left} bytes early`);
    assert.ok(piece.every((byte) => byte === 0x78));
    left -= piece.length;
  }
}

test("/big arrives whole, and the connection goes on", async (server) => {
  const raw = new Raw(server).send(get("/big"));
  await takeBig(raw);
  raw.send(get());
  await expectHealth(raw);
  raw.destroy();
});

test("slow readers of /big cost a few MiB each, and get it whole", async (server) => {
  const before = server.rss();
  const raws = Array.from({ length: 8 }, () => new Raw(server).send(get("/big")));
  for (const raw of raws)
    raw.socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.ok(server.rss() - before < 8 * 4 * MiB + (instrumented() ? 160 * MiB : 0), `${server.rss() - before} bytes`);

  const other = new Raw(server).send(get());
  await expectHealth(other);
  other.destroy();

  raws[0].socket.resume();
  await takeBig(raws[0]);
  for (const raw of raws)
    raw.destroy();
});

test("readers that leave in the middle of /big leave nothing behind", async (server) => {
  const before = server.rss();
  for (let i = 0; i < 30; i++) {
    const raw = new Raw(server).send(get("/big"));
    await raw.take(10000);
    raw.socket.resetAndDestroy();
  }
  await eventually(() => server.rss() - before < 32 * MiB + (instrumented() ? 256 * MiB : 0), "the memory");
});

test("connections that are opened and say nothing disturb nobody", async (server) => {
  const silent = Array.from({ length: 200 }, () => new Raw(server));
  const half = Array.from({ length: 200 }, () => new Raw(server).send("GET /health HTTP/1.1\r\nHo"));
  const raw = new Raw(server).send(get());
  await expectHealth(raw);
  for (const one of [...silent, ...half, raw])
    one.destroy();
});

/* Processor time used so far, in ticks of 10 ms. */
function ticks(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("when descriptors run out nothing spins, open connections are served, and new ones once there is room", async () => {
  const server = await startServer({ program: "/bin/sh",
    args: ["-c", 'ulimit -n 60; exec "$TESTSERVER" services --port 0 --quiet'] });
  const witness = new Raw(server).send(get());
  await expectHealth(witness);
  const crowd = Array.from({ length: 120 }, () => new Raw(server));
  await eventually(() => crowd.every((raw) => raw.ended || !raw.socket.connecting), "the crowd");

  const before = ticks(server.child.pid);
  for (let i = 0; i < 10; i++) {
    witness.send(get());
    await expectHealth(witness);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(ticks(server.child.pid) - before < 50, "it spins");

  for (const raw of crowd)
    raw.destroy();
  const late = new Raw(server).send(get());
  await expectHealth(late);
  late.destroy();
  witness.destroy();
  assert.equal(await server.stop(), 0);
});

run();
