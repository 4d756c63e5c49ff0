/* Clients that do anything, in any order, to the same few sessions: cut, reset, glued, half sent, misspelt. An
 * honest client echoes all the while. The seed of a run is said when it fails, and taken from SEED. */

"use strict";

const { MiB, Raw, assert, closeFrame, eventually, frame, handshake, instrumented, run, test } = require("./support.js");
const { expectEcho, openFramed, openSession, receivers, request, takeText } = require("./sockjs.js");

const FOR_MS = 20000;
const CLIENTS = 60;

const PREFIXES = ["/echo", "/close", "/amplify", "/broadcast", "/ticker", "/cookie_needed_echo", "/disabled_websocket_echo"];
const TEXTS = ['["a"]', '["18"]', "[]", "", '["', '[1,null,{"a":[]}]', '"x"', '["\\ud800"]', "[".repeat(1000),
  `["${"x".repeat(5000)}"]`, `["${"y".repeat(300000)}"]`, JSON.stringify(Array(500).fill("z"))];
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

/* Knuth's multiplier; the high bits are the good ones. */
function dice(seed) {
  let state = BigInt(seed);
  return (n) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return Number(state >> 33n) % n;
  };
}

function sendsFrames(throws) {
  const bytes = [];
  const text = () => frame(1, TEXTS[throws(TEXTS.length)]);
  const odd = [() => frame(9, "?"), () => frame(2, "b"), () => closeFrame(1000), () => frame(1, "x", { mask: false })];
  for (let i = throws(6); i > 0; i--)
    bytes.push(throws(8) ? text() : odd[throws(odd.length)]());
  return bytes;
}

/* Up to four requests; a WebSocket's is the last. */
function conversation(throws) {
  const bytes = [];
  for (let i = throws(4); i >= 0; i--) {
    const prefix = PREFIXES[throws(PREFIXES.length)];
    const path = `${prefix}/000/${throws(20)}`;
    const text = TEXTS[throws(TEXTS.length)];
    const what = throws(6);
    if (what < 2) {
      const name = Object.keys(receivers)[throws(5)];
      const { method, query } = receivers[name];
      bytes.push(request(method, `${path}/${name}${query}`, { version: throws(8) ? "1.1" : "1.0" }));
    } else if (what < 4) {
      bytes.push(request("POST", `${path}/xhr_send`, { body: text }));
    } else if (what < 5) {
      bytes.push(request("POST", `${path}/jsonp_send`, { body: `d=${encodeURIComponent(text)}`, headers: FORM }));
    } else {
      const line = `GET ${throws(2) ? prefix : path}/websocket HTTP/1.1`;
      return Buffer.concat([...bytes, Buffer.from(handshake({}, { line })), ...sendsFrames(throws)]);
    }
  }
  return Buffer.concat(bytes);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function misbehave(server, throws) {
  let bytes = conversation(throws);
  if (throws(5) === 0)
    bytes = bytes.subarray(0, throws(bytes.length) + 1);
  if (throws(20) === 0)
    bytes[throws(bytes.length)] = throws(256);
  const cut = throws(bytes.length);
  const raw = new Raw(server).send(bytes.subarray(0, cut));
  await pause(throws(5));
  raw.send(bytes.subarray(cut));
  if (throws(4) === 0)
    raw.socket.pause();
  await pause(throws(4) ? throws(30) : throws(400));
  if (throws(4) === 0)
    raw.socket.resetAndDestroy();
  else if (throws(3) === 0)
    await pause(raw.end() && throws(20));
  raw.destroy();
}

test("chaos ends nothing, and leaves nothing behind", async (server) => {
  const seed = Number(process.env.SEED ?? Date.now());
  const before = server.rss();
  const until = Date.now() + FOR_MS;
  const client = async (i) => {
    const throws = dice(seed + i);
    while (Date.now() < until)
      await misbehave(server, throws);
  };
  const honest = async () => {
    const path = await openSession(server);
    const socket = await openFramed(server);
    for (let i = 0; Date.now() < until; i++) {
      await expectEcho(server, path, `${i}`);
      socket.send(frame(1, `["${i}"]`));
      assert.equal(await takeText(socket), `a["${i}"]`);
    }
    socket.destroy();
  };
  try {
    await Promise.all([honest(), ...Array.from({ length: CLIENTS }, (_, i) => client(i))]);
    await eventually(() => server.rss() - before < 32 * MiB + (instrumented() ? 256 * MiB : 0), "the memory");
  } catch (error) {
    error.message += ` (SEED=${seed})`;
    throw error;
  }
});

run();
