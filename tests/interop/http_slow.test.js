/* The times of HTTP, which are tens of seconds by default; all are waited for at once. */

"use strict";

const { KiB, MiB, Raw, assert, eventually, instrumented, run, takeResponse, test } = require("./support.js");

const HOST = "Host: rill.test\r\n";

/* Sends a byte now and then until the server has had enough. */
function drip(raw, byte, everyMs) {
  const timer = setInterval(() => raw.ended || raw.send(byte), everyMs);
  raw.socket.once("close", () => clearInterval(timer));
  raw.socket.once("end", () => clearInterval(timer));
  return raw;
}

const late = [
  ["a head that stops", (server) => new Raw(server).send(`GET /health HTTP/1.1\r\n${HOST}`)],
  ["a head that trickles", (server) => drip(new Raw(server).send(`GET /health HTTP/1.1\r\nX-A: `), "a", 500)],
  ["an upgrade request that stops", (server) => new Raw(server).send(
    `GET /ws HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n`)],
  ["a body that stops", (server) => new Raw(server).send(`POST /body HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nab`)],
  ["a body that trickles", (server) => drip(
    new Raw(server).send(`POST /body HTTP/1.1\r\n${HOST}Content-Length: 900000\r\n\r\n`), "abcdefgh", 100)],
];

test("slow heads and slow bodies get 408 and the end", async (server) => {
  await Promise.all(late.map(async ([what, start]) => {
    const raw = start(server);
    const response = await takeResponse(raw);
    assert.equal(response?.status, 408, what);
    assert.equal((await raw.rest()).length, 0, what);
    raw.destroy();
  }));
});

test("a body above the minimum rate is not hurried", async (server) => {
  const length = 40 * KiB;
  const raw = new Raw(server).send(`POST /body HTTP/1.1\r\n${HOST}Content-Length: ${length}\r\n\r\n`);
  for (let sent = 0; sent < length; sent += KiB) {
    raw.send(Buffer.alloc(KiB));
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  assert.equal(String((await takeResponse(raw)).body), String(length));
  raw.destroy();
});

test("a client that reads late gets all answers of its pipeline, and the error behind them", async (server) => {
  const many = 30000;
  const raw = new Raw(server);
  raw.socket.pause();
  raw.send(`GET /health HTTP/1.1\r\n${HOST}\r\n`.repeat(many) + "bad\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 5000));
  raw.socket.resume();
  const text = String(await raw.rest());
  assert.equal(text.split("HTTP/1.1 200 OK").length - 1, many);
  assert.equal(text.split("HTTP/1.1 400 ").length - 1, 1);
});

test("when thousands of half heads have gone, their memory has too", async (server) => {
  const before = server.rss();
  const half = `GET /health HTTP/1.1\r\nX-A: ${"a".repeat(12 * KiB)}`;
  const raws = Array.from({ length: 4000 }, () => new Raw(server).send(half));
  if (!instrumented())
    await eventually(() => server.rss() - before > 40 * MiB, "the half heads");
  for (const raw of raws)
    raw.destroy();
  await eventually(() => server.rss() - before < 32 * MiB + (instrumented() ? 256 * MiB : 0), "the memory");
});

run();
