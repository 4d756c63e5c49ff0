/* The pages of the SockJS examples in headless Chromium, with npm's clients out of the files that the examples
 * are given. EXAMPLES names their folder. */

"use strict";

const assert = require("assert/strict");
const path = require("path");
const { chromium } = require("../interop/node_modules/playwright-core");
const { startServer } = require("../interop/support.js");
const { FLAGS } = require("./pages.js");

const WAIT_MS = 60000;

const SOCKJS = require.resolve("../interop/node_modules/sockjs-client/dist/sockjs.min.js");
const MULTIPLEX = require.resolve("../interop/node_modules/websocket-multiplex/multiplex_client.js");

/* What the page shows, a line each. */
const shows = (page, text) => page.locator("li").getByText(text, { exact: true }).first().waitFor();

async function say(page, text) {
  await page.fill("input", text);
  await page.click("button");
}

const checks = [
  ["sockjs_echo: what is typed comes back", ["sockjs_echo", "0", SOCKJS], "/", async (page) => {
    await shows(page, "open, by websocket");
    await say(page, "good morning");
    await shows(page, "good morning");
  }],
  ["sockjs_echo: without the client's file its page says so", ["sockjs_echo", "0"], "/", (page) =>
    shows(page, "npm install sockjs-client, then name its dist/sockjs.min.js to the server")],
  ["sockjs_multiplex: each channel by itself", ["sockjs_multiplex", "0", SOCKJS, MULTIPLEX], "/", async (page) => {
    for (const text of ["echo is open", "room is open", "once is open", "once: goodbye", "once is closed"])
      await shows(page, text);
    await say(page, "one, two");
    await shows(page, "room: one, two");
    await page.selectOption("select", "echo");
    await say(page, "three");
    await shows(page, "echo: three");
  }],
  ["sockjs_auth: the page knows its token", ["sockjs_auth", "0", SOCKJS], "/?name=ann", async (page) => {
    await shows(page, "welcome, ann");
    await say(page, "good morning");
    await shows(page, "good morning");
  }],
];

async function check(browser, [program, ...args], target, body) {
  const example = await startServer({ program: path.join(process.env.EXAMPLES, program), args });
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_MS);
  try {
    await page.goto(example.url + target);
    await body(page);
    assert.ok(example.running());
  } finally {
    await page.close();
    await example.stop();
  }
}

async function run() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS });
  let failed = 0;
  for (const [sentence, command, target, body] of checks) {
    try {
      await check(browser, command, target, body);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${sentence}\n     ${String(error.stack).replace(/\n/g, "\n     ")}`);
    }
  }
  await browser.close();
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

run().catch((error) => {
  console.log(`${error.stack}\n0 passed, 1 failed`);
  process.exit(1);
});
