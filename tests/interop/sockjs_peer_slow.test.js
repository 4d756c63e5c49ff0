/* The suites of SockJS say what the protocol is, not what rill happens to do: the reference server passes them
 * too, but for what is marked as rill's own. */

"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { assert, run, test } = require("./support.js");

const PEER = path.join(__dirname, "sockjs_peer.js");
const suites = fs.readdirSync(__dirname).filter((name) => /^sockjs_(?!.*slow).*\.test\.js$/.test(name));

for (const name of suites) {
  test(`${name} passes against npm's sockjs`, async () => {
    const env = { ...process.env, TESTSERVER: PEER, SOCKJS_PEER: "1" };
    const suite = spawn(process.execPath, [path.join(__dirname, name)], { env, stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    suite.stdout.on("data", (data) => { said += data; });
    const status = await new Promise((resolve) => suite.once("close", resolve));
    assert.equal(status, 0, said);
  });
}

run();
