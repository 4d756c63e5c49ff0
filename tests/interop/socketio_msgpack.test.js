/* Socket.IO in MessagePack: npm's parser on one side, the example's server on the other. EXAMPLES names its folder. */

"use strict";

const { assert, MiB, run, startServer, test } = require("./support.js");
const path = require("path");
const { io } = require("socket.io-client");
const parser = require("socket.io-msgpack-parser");

const VALUES = [null, true, false, 0, 1, -1, 31, -32, -33, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1,
  -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 0.5, -0.25, 0.1, 5e-324, "", "x", "grüße 😀", "\u2028\u0000\u001e", "x".repeat(31),
  "x".repeat(32), "x".repeat(255), "x".repeat(256), "x".repeat(65536), [], [[]], Array(15).fill(1), Array(16).fill([]), Array(70000).fill(0), {},
  { a: { "": [{}] }, "é": null }, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
  Object.fromEntries(Array.from({ length: 70000 }, (_, i) => [`k${i}`, i])),
  Buffer.alloc(0), Buffer.from([1, 2, 3]), Buffer.alloc(255, 1), Buffer.alloc(256, 2), Buffer.alloc(70000, 3),
  { deep: [Buffer.from([4]), { b: Buffer.alloc(0) }] }, { _placeholder: true, num: 0 }];

for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`values of every type come back by ${transports.join(" and ")}`, async () => {
    const example = await startServer({ program: path.join(process.env.EXAMPLES, "socketio_msgpack"), args: ["0"] });
    const socket = io(example.url, { parser, transports, forceNew: true, reconnection: false });
    const asked = (event, ...args) => new Promise((resolve) => socket.emit(event, ...args, (...answer) => resolve(answer)));
    try {
      for (const value of VALUES) {
        const echoed = new Promise((resolve) => socket.once("echo", (...args) => resolve(args)));
        assert.deepEqual(await asked("echo", value, "behind"), [value, "behind"]);
        assert.deepEqual(await echoed, [value, "behind"]);
      }
      assert.deepEqual(await asked("measure", Buffer.alloc(MiB / 2)), [MiB / 2]);
      assert.deepEqual(await asked("measure", "text"), [0]);
      assert.ok(example.running());
    } finally {
      socket.disconnect();
      await example.stop();
    }
  });
}

run();
