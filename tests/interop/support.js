/* support.js: the vocabulary of these suites: a test server, raw connections to it, HTTP
 * responses and WebSocket frames as bytes, and test() with a sentence.
 *
 * TESTSERVER names the program. Each suite starts one of its own on a free port, and at its end
 * the server has to be alive, to end by SIGTERM with status 0, and to have leaked nothing (with
 * AddressSanitizer the status tells). */

"use strict";

const assert = require("assert/strict");
const { spawn } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const net = require("net");
const readline = require("readline");

const WAIT_MS = 60000;
const KiB = 1024;
const MiB = 1024 * KiB;

/* The server. */

async function startServer({ program = process.env.TESTSERVER, args = ["services", "--port", "0", "--quiet"],
  stderr = "inherit" } = {}) {
  assert.ok(program, "the environment must name the program");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", stderr] });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  const line = await new Promise((resolve, reject) => {
    child.once("error", reject);
    ended.then((status) => reject(new Error(`the server ended with ${status}`)));
    readline.createInterface({ input: child.stdout }).once("line", resolve);
  });
  const found = /^listening on (https?):\/\/(\S+):(\d+)$/.exec(line);
  if (!found) {
    child.kill("SIGKILL");
    throw new Error(`unexpected first line: ${line}`);
  }
  const [, scheme, host, port] = found;
  return {
    child, host, port: Number(port),
    url: `${scheme}://${host}:${port}`,
    ws: `${scheme.replace("http", "ws")}://${host}:${port}/ws`,
    running: () => child.exitCode === null && child.signalCode === null,
    rss: () => rssOf(child.pid),
    async stop() {
      const patience = setTimeout(() => child.kill("SIGKILL"), WAIT_MS);
      child.kill("SIGTERM");
      const status = await ended;
      clearTimeout(patience);
      return status;
    },
  };
}

/* Resident memory, bytes. */
function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"))[1]) * KiB;
}

/* AddressSanitizer keeps what was freed, so what memory is left says nothing under it. */
function instrumented() {
  return fs.readFileSync(process.env.TESTSERVER).includes("__asan_init");
}

/* A connection of bytes. */

class Raw {
  #chunks = [];
  #length = 0;
  #wake = () => {};

  /* options go to net.connect() */
  constructor(server, options = {}) {
    this.ended = false;       /* the server has ended its side, or the connection is cut */
    this.reset = false;
    this.socket = net.connect({ host: server.host, port: server.port, allowHalfOpen: true, noDelay: true, ...options });
    this.socket.on("data", (data) => {
      this.#chunks.push(data);
      this.#length += data.length;
      this.#wake();
    });
    this.socket.on("error", (error) => {
      this.reset = error.code === "ECONNRESET";
      this.#finish();
    });
    this.socket.on("end", () => this.#finish());
    this.socket.on("close", () => this.#finish());
  }

  #finish() {
    this.ended = true;
    this.#wake();
  }

  get length() {
    return this.#length;
  }

  send(data) {
    this.socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
    return this;
  }

  /* One segment for each byte, as far as the kernel lets us. */
  async sendBytewise(data) {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    for (let i = 0; i < bytes.length && !this.ended && this.socket.writable; i++) {
      this.socket.write(bytes.subarray(i, i + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this;
  }

  /* Ends our side. */
  end() {
    this.socket.end();
    return this;
  }

  destroy() {
    this.socket.destroy();
  }

  #peek() {
    if (this.#chunks.length > 1)
      this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  async #more() {
    await new Promise((resolve) => { this.#wake = resolve; });
    this.#wake = () => {};
  }

  /* The next n bytes; fewer when the connection ends before. */
  async take(n) {
    while (this.#length < n && !this.ended)
      await this.#more();
    const all = this.#peek();
    const taken = all.subarray(0, n);
    this.#chunks = all.length > n ? [all.subarray(n)] : [];
    this.#length -= taken.length;
    return taken;
  }

  /* Everything up to and with the mark; null when the connection ends before. */
  async takeUntil(mark) {
    for (;;) {
      const at = this.#peek().indexOf(mark, 0, "latin1");
      if (at >= 0)
        return this.take(at + mark.length);
      if (this.ended)
        return null;
      await this.#more();
    }
  }

  /* Everything until the server ends. */
  async rest() {
    while (!this.ended)
      await this.#more();
    return this.take(this.#length);
  }
}

/* HTTP. */

/* One chunk; null when it is the last, the empty one. */
async function takeChunk(raw) {
  const line = await raw.takeUntil("\r\n");
  assert.match(String(line), /^[0-9a-fA-F]+\r\n$/, "a chunk's size");
  const piece = await raw.take(parseInt(line, 16));
  assert.equal(String(await raw.take(2)), "\r\n", "no trailers, and each chunk as long as it says");
  return piece.length ? piece : null;
}

async function takeChunked(raw) {
  const pieces = [];
  for (let piece; (piece = await takeChunk(raw)) !== null;)
    pieces.push(piece);
  return Buffer.concat(pieces);
}

/* A response's head: { status, headers }, names in lower case, fields that are repeated joined by commas; null
 * when there is none. */
async function takeHead(raw) {
  const head = await raw.takeUntil("\r\n\r\n");
  if (!head)
    return null;
  const [first, ...lines] = head.toString("latin1").slice(0, -4).split("\r\n");
  const [, status] = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first) ?? assert.fail(`bad status line: ${first}`);
  const headers = {};
  for (const line of lines) {
    const [, field, value] = /^([!#$%&'*+.^_`|~\w-]+): ?(.*)$/.exec(line) ?? assert.fail(`bad field: ${line}`);
    const name = field.toLowerCase();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { status: Number(status), headers };
}

/* One response: { status, headers, body }; null when there is none. */
async function takeResponse(raw, { method = "GET" } = {}) {
  const head = await takeHead(raw);
  if (!head)
    return null;
  const { status, headers } = head;
  const response = { status, headers, body: Buffer.alloc(0) };
  if (method === "HEAD" || status < 200 || status === 204 || status === 304)
    return response;
  if (headers["transfer-encoding"])
    response.body = await takeChunked(raw);
  else if (headers["content-length"] !== undefined)
    response.body = await raw.take(Number(headers["content-length"]));
  else
    response.body = await raw.rest();
  return response;
}

/* WebSocket. */

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/* A handshake's head. Each field can be replaced; null leaves it out, a list repeats it. */
function handshake(fields = {}, { line = "GET /ws HTTP/1.1" } = {}) {
  const all = { Host: "rill.test", Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13", ...fields };
  let head = `${line}\r\n`;
  for (const [name, value] of Object.entries(all)) {
    for (const one of value === null ? [] : [value].flat())
      head += `${name}: ${one}\r\n`;
  }
  return `${head}\r\n`;
}

/* An open WebSocket as a raw connection. */
async function openRaw(server, fields = {}, options = {}) {
  const raw = new Raw(server, options).send(handshake(fields));
  const response = await takeResponse(raw);
  assert.equal(response?.status, 101);
  raw.response = response;
  return raw;
}

/* form: how the length is written: 7, 16 or 64 bits; the shortest unless said otherwise. length: the one to
 * claim. */
function frame(opcode, payload = "", { fin = true, rsv = 0, mask = true, length, form } = {}) {
  const bytes = Buffer.from(payload);
  const len = BigInt(length ?? bytes.length);
  const bits = form ?? (len < 126n ? 7 : len < 65536n ? 16 : 64);
  const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  if (bits === 7)
    head[1] = Number(len);
  else if (bits === 16)
    head.writeUInt16BE(Number(len), 2);
  else
    head.writeBigUInt64BE(len, 2);
  if (bits !== 7)
    head[1] = bits === 16 ? 126 : 127;
  if (!mask)
    return Buffer.concat([head, bytes]);
  head[1] |= 0x80;
  const key = crypto.randomBytes(4);
  const masked = Buffer.from(bytes);
  for (let i = 0; i < masked.length; i++)
    masked[i] ^= key[i & 3];
  return Buffer.concat([head, key, masked]);
}

function closeFrame(code, reason = "") {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(8, Buffer.concat([payload, Buffer.from(reason)]));
}

/* The server's next frame; null when it has ended. */
async function takeFrame(raw) {
  const head = await raw.take(2);
  if (head.length < 2)
    return null;
  assert.equal(head[1] & 0x80, 0, "a server does not mask");
  let len = head[1];
  if (len === 126)
    len = (await raw.take(2)).readUInt16BE();
  else if (len === 127)
    len = Number((await raw.take(8)).readBigUInt64BE());
  return { opcode: head[0] & 15, fin: head[0] >= 0x80, rsv: (head[0] >> 4) & 7, payload: await raw.take(len) };
}

/* The code and reason of the Close frame that comes next, all else skipped; 1005 when it is empty, 1006 when
 * the connection ends without one. */
async function takeClose(raw) {
  for (;;) {
    const next = await takeFrame(raw);
    if (!next)
      return { code: 1006, reason: "" };
    if (next.opcode !== 8)
      continue;
    assert.ok(next.payload.length !== 1 && next.payload.length <= 125);
    const code = next.payload.length ? next.payload.readUInt16BE() : 1005;
    return { code, reason: next.payload.toString("utf8", 2) };
  }
}

/* The closing handshake from our side, and the server ends TCP first. */
async function closeRaw(raw) {
  raw.send(closeFrame(1000));
  assert.equal((await takeClose(raw)).code, 1000);
  assert.equal((await raw.rest()).length, 0, "nothing behind the Close");
  raw.destroy();
}

/* Until it holds. */
async function eventually(holds, what) {
  const until = Date.now() + WAIT_MS / 2;
  while (!await holds()) {
    assert.ok(Date.now() < until, `never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/* Tests. */

const tests = [];

function test(sentence, body) {
  tests.push({ sentence, body });
}

function bounded(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing for ${WAIT_MS / 1000} s`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function runTests(server) {
  let failed = 0;
  const report = (error, sentence) => {
    failed += 1;
    const short = String(error.stack).replace(/^(.{300}).*$/gm, "$1…");
    console.log(`FAIL ${sentence}\n     ${short.replace(/\n/g, "\n     ")}`);
  };
  const wanted = tests.filter(({ sentence }) => !process.argv[2] || sentence.includes(process.argv[2]));
  for (const { sentence, body } of wanted) {
    try {
      await bounded(Promise.resolve(body(server)));
      assert.ok(server.running(), "the server has ended");
      if (process.argv[2])
        console.log(`ok   ${sentence}`);
    } catch (error) {
      report(error, sentence);
    }
  }
  const status = await server.stop();
  const sentence = "the server ends by SIGTERM with status 0 and without a leak";
  if (status !== 0)
    report(new Error(`it ended with ${status}`), sentence);
  return { passed: wanted.length + 1 - failed, failed };
}

/* Runs all tests, or those whose sentence holds the argument, on one server. */
async function run(options) {
  process.on("unhandledRejection", (error) => {
    console.log(`${error.stack}\n0 passed, 1 failed`);
    process.exit(1);
  });
  const { passed, failed } = await runTests(await startServer(options));
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

module.exports = { ACCEPT, KiB, MiB, Raw, assert, closeFrame, closeRaw, eventually, frame, handshake,
  instrumented, openRaw, run, startServer, takeChunk, takeClose, takeFrame, takeHead, takeResponse, test };
