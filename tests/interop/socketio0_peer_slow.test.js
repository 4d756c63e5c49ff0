/* The suites of Socket.IO 0.5 and 0.6 say what the protocol was, not what rill happens to do: a server of that time,
 * npm's socket.io 0.6.18, passes them too, but for what is marked as rill's own. */

"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { assert, run, test } = require("./support.js");

const PEER = path.join(__dirname, "socketio0_peer.js");
/* Those are rill's own from the first line to the last. */
const OURS = /_(hostile|flash|eras)\./;
const suites = fs.readdirSync(__dirname).filter((name) => /^socketio0_(?!.*slow).*\.test\.js$/.test(name) && !OURS.test(name));

for (const name of suites) {
  test(`${name} passes against npm's socket.io 0.6.18`, async () => {
    const env = { ...process.env, TESTSERVER: PEER, SOCKETIO0_PEER: "1" };
    const suite = spawn(process.execPath, [path.join(__dirname, name)], { env, stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    suite.stdout.on("data", (data) => { said += data; });
    const status = await new Promise((resolve) => suite.once("close", resolve));
    assert.equal(status, 0, said);
  });
}

run();
