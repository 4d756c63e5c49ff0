/* The client most programs in node use, npm's ws, against the test server. */

"use strict";

const { execFileSync } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const WebSocket = require("ws");
const { MiB, assert, eventually, instrumented, run, startServer, test } = require("./support.js");

const SIZES = [0, 1, 2, 124, 125, 126, 127, 128, 1023, 1024, 4095, 4096, 65534, 65535, 65536, 65537, 131072, MiB,
  16 * MiB];

/* What comes, in its order: next() waits for it. */
function inbox(socket) {
  const waiting = [];
  const come = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  socket.on("message", (data, binary) => put({ data, binary }));
  socket.on("close", (code, reason) => put({ code, reason: String(reason) }));
  return () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
}

async function open(server, { protocols = [], ...options } = {}) {
  const socket = new WebSocket(server.ws, protocols, { perMessageDeflate: false, maxPayload: 0, ...options });
  socket.next = inbox(socket);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

async function expectEcho(socket, data, binary) {
  const bytes = Buffer.from(data);
  socket.send(data, { binary });
  const echo = await socket.next();
  assert.equal(echo.code, undefined, `closed with ${echo.code} “${echo.reason}”`);
  assert.equal(echo.binary, binary);
  assert.ok(echo.data.equals(bytes), `the echo of ${bytes.length} bytes has other bytes`);
}

async function close(socket, code = 1000, reason = "") {
  socket.close(code, reason);
  const end = await socket.next();
  assert.deepEqual(end, { code, reason });
}

/* Text of so many bytes, of characters of one to four. */
function textOf(size) {
  const unit = "aé€🌊";
  const text = unit.repeat(Math.floor(size / Buffer.byteLength(unit)));
  return text + "z".repeat(size - Buffer.byteLength(text));
}

for (const [name, options] of [["plain", {}], ["deflate", { perMessageDeflate: { threshold: 0 } }]]) {
  test(`${name}: texts and bytes of every size at a boundary come back`, async (server) => {
    const socket = await open(server, options);
    for (const size of SIZES) {
      await expectEcho(socket, textOf(size), false);
      await expectEcho(socket, crypto.randomBytes(size), true);
    }
    await close(socket);
  });

  test(`${name}: messages in fragments come back whole`, async (server) => {
    const socket = await open(server, options);
    for (const count of [2, 3, 100]) {
      for (let i = 0; i < count; i++)
        socket.send(`piece ${i};`, { fin: i === count - 1 });
      const { data } = await socket.next();
      assert.equal(String(data), Array.from({ length: count }, (_, i) => `piece ${i};`).join(""));
    }
    await close(socket);
  });

  test(`${name}: thousands of messages at once come back in order`, async (server) => {
    const socket = await open(server, options);
    for (let i = 0; i < 5000; i++)
      socket.send(`message ${i}`);
    for (let i = 0; i < 5000; i++)
      assert.equal(String((await socket.next()).data), `message ${i}`);
    await close(socket);
  });
}

/* All combinations of the four parameters of RFC 7692, 7.1, as a client offers them. */
for (const serverNoContextTakeover of [false, true]) {
  for (const clientNoContextTakeover of [false, true]) {
    for (const serverMaxWindowBits of [undefined, 9, 12, 15]) {
      for (const clientMaxWindowBits of [undefined, 9, 12, 15]) {
        const offer = { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits };
        test(`deflate with ${JSON.stringify(offer)}`, async (server) => {
          const socket = await open(server, { perMessageDeflate: { ...offer, threshold: 0 } });
          assert.match(socket.extensions, /permessage-deflate/);
          for (let i = 0; i < 3; i++) {
            await expectEcho(socket, textOf(50000), false);
            await expectEcho(socket, crypto.randomBytes(20000), true);
            await expectEcho(socket, "short", false);
            await expectEcho(socket, "", false);
          }
          await close(socket);
        });
      }
    }
  }
}

test("a window of 256 bytes, which zlib cannot make, is declined and the connection opens plain", async (server) => {
  const socket = await open(server, { perMessageDeflate: { serverMaxWindowBits: 8 } });
  assert.equal(socket.extensions, "");
  await expectEcho(socket, "plain", false);
  await close(socket);
});

test("pings are answered with their payload", async (server) => {
  const socket = await open(server);
  for (const payload of [Buffer.alloc(0), Buffer.from("ping"), crypto.randomBytes(125)]) {
    const pong = new Promise((resolve) => socket.once("pong", resolve));
    socket.ping(payload);
    assert.ok((await pong).equals(payload));
  }
  socket.pong("nobody asked");
  await expectEcho(socket, "still open", false);
  await close(socket);
});

test("close codes and reasons come back", async (server) => {
  for (const [code, reason] of [[1000, ""], [1000, "done"], [1001, "leaving"], [1008, "policy"], [1011, "broken"],
    [3000, "ab".repeat(61)], [4999, "grüße"]])
    await close(await open(server), code, reason);
});

test("an empty close is answered", async (server) => {
  const socket = await open(server);
  socket.close();
  assert.ok([1000, 1005].includes((await socket.next()).code));
});

test("what was sent before a close comes back before it", async (server) => {
  const socket = await open(server);
  for (let i = 0; i < 100; i++)
    socket.send(`before ${i}`);
  socket.close(1000);
  for (let i = 0; i < 100; i++)
    assert.equal(String((await socket.next()).data), `before ${i}`);
  assert.equal((await socket.next()).code, 1000);
});

for (const [protocols, chosen] of [[["irc"], "irc"], [["amqp", "irc"], "amqp"], [["x", "irc", "amqp"], "irc"]]) {
  test(`of the subprotocols ${protocols} the server takes ${chosen}`, async (server) => {
    const socket = await open(server, { protocols });
    assert.equal(socket.protocol, chosen);
    await close(socket);
  });
}

test("origins and cookies of all kinds are admitted", async (server) => {
  const socket = await open(server, { origin: "https://elsewhere.test", headers: { Cookie: "a=b" } });
  await expectEcho(socket, "hello", false);
  await close(socket);
});

test("a message of exactly the limit comes back, one byte more closes with 1009", async (server) => {
  const socket = await open(server);
  await expectEcho(socket, Buffer.alloc(67108863, 0x78), true);
  socket.send(Buffer.alloc(67108864));
  socket.on("error", () => {}); /* the server stops reading what is too much */
  assert.equal((await socket.next()).code, 1009);
});

test("a hundred connections at once, each with its own echoes", async (server) => {
  const sockets = await Promise.all(Array.from({ length: 100 }, (_, i) =>
    open(server, i % 2 ? { perMessageDeflate: { threshold: 0 } } : {})));
  await Promise.all(sockets.map(async (socket, i) => {
    for (let k = 0; k < 20; k++)
      await expectEcho(socket, `${i} ${k} ${textOf(k * 100)}`, false);
  }));
  await Promise.all(sockets.map((socket) => close(socket)));
});

test("an echo of 64 MiB to a client that does not read waits, and costs a few MiB", async (server) => {
  const socket = await open(server);
  const piece = Buffer.alloc(64 * 1024, 0x65);
  const count = 64 * MiB / piece.length;
  const before = server.rss();
  socket.pause();
  for (let i = 0; i < count; i++)
    socket.send(piece);
  await eventually(async () => {
    const left = socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return left > 0 && socket.bufferedAmount === left;
  }, "the client being held back");
  const grown = server.rss() - before;
  assert.ok(grown < 8 * MiB + (instrumented() ? 160 * MiB : 0), `${grown} bytes more`);

  const other = await open(server);
  await expectEcho(other, "not disturbed", false);
  await close(other);

  socket.resume();
  for (let i = 0; i < count; i++)
    assert.ok((await socket.next()).data.equals(piece));
  await close(socket);
});

test("clients that vanish leave the memory as it was", async (server) => {
  const before = server.rss();
  for (let round = 0; round < 5; round++) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(server, { perMessageDeflate: true })));
    for (const socket of sockets) {
      socket.send(textOf(10000));
      socket.terminate();
    }
  }
  await eventually(() => server.rss() - before < 32 * MiB + (instrumented() ? 256 * MiB : 0), "the memory");
});

/* TLS. */

function makeCertificate(folder) {
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => path.join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { cert, key };
}

test("over TLS, with the certificate checked, sizes at the boundaries come back and it closes cleanly", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-"));
  const { cert, key } = makeCertificate(folder);
  const server = await startServer({ args: ["services", "--port", "0", "--quiet", "--tls-cert", cert, "--tls-key", key] });
  try {
    assert.match(server.url, /^https:/);
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"]) {
      const socket = await open(server, { ca: fs.readFileSync(cert), maxVersion, perMessageDeflate: true });
      for (const size of [0, 1, 125, 126, 16383, 16384, 16385, 65535, 65536, MiB, 8 * MiB])
        await expectEcho(socket, crypto.randomBytes(size), true);
      await close(socket, 1000, "done");
    }
    await assert.rejects(open(server, { ca: fs.readFileSync(cert), maxVersion: "TLSv1.1", minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0" }), "TLS below 1.2 is refused");
    await assert.rejects(open(server), /self.signed/i);
  } finally {
    assert.equal(await server.stop(), 0);
    fs.rmSync(folder, { recursive: true });
  }
});

test("plain text on a TLS port does not disturb it", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-"));
  const { cert, key } = makeCertificate(folder);
  const server = await startServer({ args: ["services", "--port", "0", "--quiet", "--tls-cert", cert, "--tls-key", key] });
  try {
    await assert.rejects(open({ ...server, ws: server.ws.replace("wss", "ws") }));
    const socket = await open(server, { ca: fs.readFileSync(cert) });
    await expectEcho(socket, "hello", false);
    await close(socket);
  } finally {
    assert.equal(await server.stop(), 0);
    fs.rmSync(folder, { recursive: true });
  }
});

test("SIGTERM closes open connections with 1001", async () => {
  const server = await startServer();
  const sockets = await Promise.all(Array.from({ length: 5 }, () => open(server)));
  const status = server.stop();
  for (const socket of sockets)
    assert.equal((await socket.next()).code, 1001);
  assert.equal(await status, 0);
});

run();
