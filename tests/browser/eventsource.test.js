/* A browser's EventSource against the test server: headless Chromium, on a page of the same server.
 *
 * TESTSERVER names the program. */

"use strict";

const assert = require("assert/strict");
const { chromium } = require("../interop/node_modules/playwright-core");
const { startServer } = require("../interop/support.js");
const { FLAGS } = require("./pages.js");

const WAIT_MS = 20000;

/* Listens to query on the page until so many things have come: "open", "error:STATE" or events. */
function hear(page, query, count, types = []) {
  return page.evaluate(({ query, count, types }) => new Promise((resolve) => {
    const source = new EventSource(`/sse?${query}`);
    const come = [];
    const put = (item) => {
      come.push(item);
      if (come.length === count) {
        source.close();
        resolve(come);
      }
    };
    source.onopen = () => put("open");
    source.onerror = () => put(`error:${source.readyState}`);
    for (const type of ["message", ...types])
      source.addEventListener(type, ({ data, lastEventId }) => put([type, data, lastEventId]));
  }), { query, count, types });
}

const checks = {
  "events come with their types, ids and lines": async (page) => {
    const query = "send=a%0D%0Ab%0Dc&event=tick&id=7&send=%20d&send=";
    assert.deepEqual(await hear(page, query, 4, ["tick"]),
      ["open", ["tick", "a\nb\nc", "7"], ["message", " d", "7"], ["message", "", "7"]]);
  },
  "it comes back by itself and names the last id": async (page, origin) => {
    const query = "retry=0.01&send=a&id=7&echo=1&close=1";
    const echo = (last) => ["message", `url=${origin}/sse?${query} last=${last}`, "7"];
    assert.deepEqual(await hear(page, query, 7),
      ["open", ["message", "a", "7"], echo(""), "error:0", "open", ["message", "a", "7"], echo("7")]);
  },
  "five thousand events come in order": async (page) => {
    const [open, ...events] = await hear(page, "count=5000", 5001);
    assert.equal(open, "open");
    events.forEach((event, i) => assert.deepEqual(event, ["message", `n${i}`, `${i}`]));
  },
};

async function run() {
  const server = await startServer();
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(`${server.url}/health`);
  let failed = 0;
  for (const [sentence, check] of Object.entries(checks)) {
    try {
      await check(page, server.url);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${sentence}\n     ${String(error.stack).replace(/\n/g, "\n     ")}`);
    }
  }
  await browser.close();
  failed += await server.stop() !== 0;
  console.log(`${Object.keys(checks).length + 1 - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

run().catch((error) => {
  console.log(`${error.stack}\n0 passed, 1 failed`);
  process.exit(1);
});
