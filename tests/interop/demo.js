/* demo.js: `rill demo` as the suites of its protocols start it, and panes of its page. RILL names the program. */

"use strict";

const WebSocket = require("ws");
const { assert, startServer } = require("./support.js");

const RILL = process.env.RILL;

function startDemo(...args) {
  return startServer({ program: RILL, args: ["demo", "--port", "0", ...args] });
}

async function withDemo(body, ...args) {
  const demo = await startDemo(...args);
  try {
    await body(demo);
  } finally {
    assert.equal(await demo.stop(), 0);
  }
}

/* next() gives what came, in its order. */
function queue() {
  const come = [], waiting = [];
  return {
    put: (item) => (waiting.length ? waiting.shift()(item) : come.push(item)),
    next: () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve))),
  };
}

async function openPane(demo) {
  const socket = new WebSocket(demo.ws, "rill-playground");
  const { put, next } = queue();
  socket.on("message", (data, binary) => put(binary ? data : String(data)));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  assert.match(await next(), /hello/);
  return { next, say: (data) => socket.send(data), close: () => socket.close() };
}

module.exports = { RILL, openPane, queue, startDemo, withDemo };
