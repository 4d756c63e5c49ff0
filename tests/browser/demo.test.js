/* The playground in a real browser: `rill demo` serves it, headless Chromium uses it.
 *
 * RILL names the program. SCREENSHOTS, if set, names a directory for pictures of the page. The
 * checks go on from each other's state, in the order they are written. */

"use strict";

const assert = require("assert/strict");
const { spawn } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const readline = require("readline");
const { chromium } = require("../interop/node_modules/playwright-core");
const { FLAGS } = require("./pages.js");

const CLIENTS = path.join(__dirname, "../interop/node_modules/sockjs-client/dist");
const SOCKETIO_CLIENTS = path.join(__dirname, "../interop/node_modules/socket.io-client/dist");
const SOCKETIO0_CLIENT = path.join(__dirname, "../interop/node_modules/socket.io-0.6/support/socket.io-client/socket.io.js");
const SOCKETIO0_NAME = "socket.io-0.6.js";
const WAIT_MS = 20000;

/* The program, and the address in its first line. */

async function startDemo(...clientDirs) {
  assert.ok(process.env.RILL, "RILL must name the rill program");
  const args = ["demo", "--port", "0", ...clientDirs.flatMap((dir) => ["--client-dir", dir])];
  const program = spawn(process.env.RILL, args, { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve, reject) => {
    program.once("error", reject);
    program.once("exit", (code) => reject(new Error(`rill demo ended with ${code}`)));
    readline.createInterface({ input: program.stdout }).once("line", resolve);
  });
  const found = /^listening on (http:\/\/\S+?)\/?$/.exec(line);
  if (!found) {
    program.kill("SIGKILL");
    throw new Error(`unexpected first line: ${line}`);
  }
  return { program, origin: found[1] };
}

async function stopDemo(program) {
  if (program.exitCode !== null || program.signalCode !== null)
    return;
  const ended = new Promise((resolve) => program.once("exit", resolve));
  const patience = setTimeout(() => program.kill("SIGKILL"), WAIT_MS);
  program.kill("SIGTERM");
  await ended;
  clearTimeout(patience);
}

/* What sockjs-client and its hidden pages do in every browser: they set document.domain to itself, for
 * browsers of old, and a script that is loading when its pane is closed calls what is gone. */
const NOT_OURS = /^console: document\.domain mutation is ignored|^page: TypeError: _jp\.\w+ is not a function/;

/* What a page must never do, collected while it does everything else. */

async function watch(page, origin) {
  const complaints = [];
  const host = new URL(origin).host;
  const foreign = (url) => /^(https?|wss?):/.test(url) && new URL(url).host !== host;

  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`page: ${error.stack}`));
  page.on("request", (request) => foreign(request.url()) && complaints.push(`foreign: ${request.url()}`));
  page.on("websocket", (socket) => foreign(socket.url()) && complaints.push(`foreign: ${socket.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400)
      complaints.push(`${response.status()}: ${response.url()}`);
  });
  await page.exposeFunction("complain", (words) => complaints.push(words));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation",
      (event) => window.complain(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return complaints;
}

/* A pane as its user sees it. */

function pane(page, name) {
  const root = page.locator(`#${name}`);
  const part = (which) => root.locator(`[data-part="${which}"]`);
  const group = root.getByRole("group", { name: "Kind of message" });
  return {
    part,
    text: root.getByLabel("Text message"),
    hex: root.getByLabel("Bytes in hex"),
    send: root.getByRole("button", { name: "Send" }),
    kind: (kind) => group.getByText(kind, { exact: true }),
    button: (name) => root.getByRole("button", { name, exact: true }),
    said: root.locator(".message.said"),
    heard: root.locator(".message.heard"),
    packet: (way, kind) => root.locator(`tr.packet.${way}`).filter({ hasText: kind }),
    request: (name) => root.locator("tr.request").filter({ hasText: name }),
    frame: (way, opcode) => root.locator(`tr.frame.${way}[data-opcode="${opcode}"]`),
    is: (state) => part("state").getByText(state, { exact: true }).waitFor(),
  };
}

/* Connects a pane anew, by the transport of that label. */
async function speak(pane, label) {
  if (await pane.part("state").textContent() !== "Disconnected")
    await pane.button("Disconnect").click();
  await pane.is("Disconnected");
  await pane.part("transport").selectOption({ label });
  await pane.button("Connect").click();
  await pane.is("Connected");
}

async function say(pane, text) {
  await pane.text.fill(text);
  await pane.send.click();
}

async function bothConnected(left, right) {
  await left.is("Connected");
  await right.is("Connected");
}

function holding(locator, text) {
  return locator.filter({ hasText: text }).last();
}

/* A message heard after another on the same connection proves what has not come before it. */
async function expectHeardOnce(listener, text) {
  await holding(listener.heard, text).waitFor();
  assert.equal(await listener.heard.filter({ hasText: text }).count(), 1);
}

async function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/* Until the log shows its end. */
async function atEnd(page, log) {
  await page.waitForFunction((box) => box.scrollHeight - box.scrollTop - box.clientHeight <= 1,
    await log.elementHandle());
}

async function background(page) {
  return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

async function focusedPart(page) {
  return page.evaluate(() => {
    const part = document.activeElement.dataset.part;
    const root = document.activeElement.closest(".pane");
    return root ? `${root.id} ${part}` : "";
  });
}

async function tabTo(page, wanted) {
  const seen = [];
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    seen.push(await focusedPart(page));
    if (seen[seen.length - 1] === wanted)
      return;
  }
  assert.fail(`Tab never reached ${wanted}: ${seen.join(", ")}`);
}

async function picture(page, name) {
  if (!process.env.SCREENSHOTS)
    return;
  fs.mkdirSync(process.env.SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}

/* Light, dark and narrow, where nothing may reach beyond the side. */
async function pictures(page, name) {
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, `${name}-light-1280`);
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, `${name}-dark-1280`);
  await page.emulateMedia({ colorScheme: "light" });
  for (const width of [900, 400, 320]) {
    await page.setViewportSize({ width, height: 800 });
    assert.ok(await overflow(page) <= 0, "the page scrolls sideways");
    await picture(page, `${name}-light-${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/* By their names, and by what the server has of each. */
const SOCKJS = {
  "websocket": "websocket",
  "xhr-streaming": "xhr-streaming",
  "eventsource": "eventsource",
  "iframe-eventsource": "eventsource",
  "htmlfile": "htmlfile",
  "xhr-polling": "xhr-polling",
  "iframe-xhr-polling": "xhr-polling",
  "jsonp-polling": "jsonp-polling",
};

const AWKWARD = "Grüße 🌊, </script><b>\u2028\"\\n\" & %25";

/* One says, all others hear it once, and itself not. */
async function everybodyHears(panes, round) {
  for (const [i, speaker] of panes.entries()) {
    const text = `${round}, from ${i}: ${AWKWARD}`;
    await say(speaker, text);
    for (const listener of panes.filter((one) => one !== speaker)) {
      await expectHeardOnce(listener, `${round}, from ${i}:`);
      assert.equal(await holding(listener.heard, `${round}, from ${i}:`).locator(".body").textContent(), text);
    }
  }
  for (const [i, speaker] of panes.entries())
    assert.equal(await speaker.heard.filter({ hasText: `${round}, from ${i}:` }).count(), 0);
}

function overSockjs([name, seen]) {
  return [`a pane speaks SockJS by ${name}, the other WebSocket, and they hear each other`, async ({ left, right }) => {
    await speak(right, `SockJS: ${name}`);
    await right.part("seen").getByText(seen, { exact: true }).waitFor();
    assert.equal(await right.part("carrier").textContent(), name);
    assert.equal(await right.part("client").textContent(), "sockjs-client 1.6.1");
    assert.match(await right.part("path").textContent(), /^\/sockjs\/\d{3}\/[a-z0-5]{8}$/);
    await everybodyHears([left, right], name);
    if (name !== "websocket")
      await right.request(name === "jsonp-polling" ? "jsonp" : "xhr_send").first().waitFor();
    assert.equal(await right.heard.filter({ hasText: "hello" }).count(), 0);
  }];
}

/* What carries it in the end. */
const SOCKETIO = {
  "polling": "polling",
  "websocket": "websocket",
  "upgrade": "websocket",
};

function overSocketio([name, carrier]) {
  return [`a pane speaks Socket.IO by ${name}, the other WebSocket, and they hear each other`, async ({ left, right }) => {
    await speak(right, `Socket.IO: ${name}`);
    await right.part("carrier").getByText(carrier, { exact: true }).waitFor();
    await right.part("seen").getByText(carrier, { exact: true }).waitFor();
    assert.equal(await right.part("client").textContent(), "socket.io-client");
    assert.match(await right.part("path").textContent(), /^[\w-]{20}$/);
    await everybodyHears([left, right], `Socket.IO ${name}`);
    await right.packet("said", "2[\"say\"").first().waitFor();
    await right.packet("heard", "EVENT").first().waitFor();
  }];
}

/* Of 2010, and the name it has both here and there. */
const SOCKETIO0 = ["websocket", "xhr-polling", "jsonp-polling"];

function overSocketio0(name) {
  return [`a pane speaks Socket.IO 0.6 by ${name}, the other WebSocket, and they hear each other`, async ({ left, right }) => {
    await speak(right, `Socket.IO 0.6: ${name}`);
    await right.part("seen").getByText(name, { exact: true }).waitFor();
    assert.equal(await right.part("carrier").textContent(), name);
    assert.equal(await right.part("client").textContent(), "socket.io 0.6.3");
    assert.match(await right.part("path").textContent(), /^[\w-]{8,}$/);
    await right.part("hint").getByText("Socket.IO 0.6 carries text alone").waitFor();
    await everybodyHears([left, right], `Socket.IO 0.6 ${name}`);
    await right.packet("heard", "session id").first().waitFor();
    await right.packet("heard", "~j~{\"hello\"").first().waitFor();
    await right.packet("said", `Socket.IO 0.6 ${name}, from 1`).first().waitFor();
    await right.packet("heard", `Socket.IO 0.6 ${name}, from 0`).first().waitFor();
    assert.equal(await right.heard.filter({ hasText: "hello" }).count(), 0);
  }];
}

/* Does the page help who has no such client, and use it as soon as it is in the folder? */
function withoutClient({ client, label, command, says, file, name = path.basename(file) }) {
  return [`without the client of ${client} the page says how to get it, and works once it is there`, async ({ context }) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-clients-"));
    const { program, origin } = await startDemo(folder);
    const other = await context.newPage();
    try {
      const complaints = await watch(other, origin);
      await other.goto(origin);
      const [left, right] = [pane(other, "left"), pane(other, "right")];
      await bothConnected(left, right);
      assert.ok(await left.part("missing").isHidden(), "nobody has asked for it");
      await left.button("Disconnect").click();
      await left.is("Disconnected");
      await left.part("transport").selectOption({ label });
      await left.part("missing").getByText("make demo").waitFor();
      await left.part("missing").getByText(command).waitFor();
      assert.equal(await left.part("missing").locator("pre:visible").count(), 2, "and nothing about others");
      await left.button("Connect").click();
      await left.part("stateDetail").getByText(says).waitFor();
      await picture(other, `missing-${client}-light-1280`);
      await other.emulateMedia({ colorScheme: "dark" });
      await other.setViewportSize({ width: 400, height: 800 });
      assert.ok(await overflow(other) <= 0, "the page scrolls sideways");
      await picture(other, `missing-${client}-dark-400`);

      fs.copyFileSync(file, path.join(folder, name));
      await left.button("Connect").click();
      await left.is("Connected");
      assert.ok(await left.part("missing").isHidden());
      await say(left, "it came");
      await expectHeardOnce(right, "it came");
      assert.deepEqual(complaints, []);
    } finally {
      await other.close();
      await stopDemo(program);
      fs.rmSync(folder, { recursive: true });
    }
  }];
}

const checks = [
  ["the page loads and both panes connect by themselves", async ({ page, left, right, origin }) => {
    /* Without a policy, none can be violated. */
    const headers = (await page.goto(origin)).headers();
    assert.match(headers["content-security-policy"], /default-src 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    await bothConnected(left, right);
    assert.equal(await left.part("protocol").textContent(), "rill-playground");
    assert.match(await page.getByLabel("Join from elsewhere").inputValue(), /^ws:\/\/.+\/ws\?pane=left$/);
  }],

  ["text said left is heard right, byte for byte, and not echoed left", async ({ left, right }) => {
    const text = "Grüße, <b>rill</b> 🌊";
    await left.text.fill(text);
    await left.send.click();
    await expectHeardOnce(right, text);
    assert.equal(await holding(right.heard, text).getAttribute("data-kind"), "text");
    assert.equal(await holding(right.heard, text).locator(".body").textContent(), text);
    assert.equal(await left.said.filter({ hasText: text }).count(), 1);

    /* Whatever left hears after this would have come after the echo. */
    await right.text.fill("and back");
    await right.send.click();
    await expectHeardOnce(left, "and back");
    assert.equal(await left.heard.count(), 1);
    assert.equal(await right.heard.count(), 1);
  }],

  ["bytes said right are heard left as bytes", async ({ left, right }) => {
    await right.kind("Binary").click();
    await right.hex.fill("00 ff 52:49 0x4c,4c");
    await right.send.click();
    await expectHeardOnce(left, "00 ff 52 49 4c 4c");
    assert.equal(await holding(left.heard, "00 ff 52").getAttribute("data-kind"), "binary");
  }],

  ["what is not hex is not sent, and the page says why", async ({ right }) => {
    const before = await right.said.count();
    await right.hex.fill("4x");
    await right.send.click();
    await right.part("note").getByText("That is not hex").waitFor();
    assert.equal(await right.said.count(), before);
    await right.hex.fill("");
  }],

  ["a file goes as bytes, one above the cap does not", async ({ left, right }) => {
    const file = (size) => ({
      name: "some.bin",
      mimeType: "application/octet-stream",
      buffer: Buffer.alloc(size, 0xa5),
    });
    await right.part("file").setInputFiles(file(1024 * 1024 + 1));
    await right.send.click();
    await right.part("note").getByText("sends up to 1.0 MiB").waitFor();

    await right.part("file").setInputFiles(file(70000));
    await right.send.click();
    await expectHeardOnce(left, "first 64 B of 68.4 KiB");
    assert.equal(await left.heard.filter({ hasText: "1.0 MiB" }).count(), 0);
    await right.kind("Text").click();
  }],

  ["the frames appear, as the server saw them", async ({ left, right }) => {
    const text = left.frame("in", 1).first();
    await text.waitFor();
    assert.match(await text.locator(".opcode").textContent(), /^text/);
    assert.equal(await text.locator(".bit").last().textContent(), "1", "a client's frame is masked");

    const binary = left.frame("out", 2).first();
    await binary.waitFor();
    assert.match(await binary.locator(".opcode").textContent(), /^binary/);
    assert.equal(await binary.locator(".bit").last().textContent(), "0", "a server's is not");
    await right.frame("in", 2).first().waitFor();
  }],

  ["the round-trip time appears, with its median", async ({ left, right }) => {
    for (const pane of [left, right])
      await pane.part("trip").getByText(/^[\d.]+ ms · median [\d.]+ ms$/).waitFor();
  }],

  ["the keyboard alone says something: Tab to the field, type, Enter", async ({ page, right }) => {
    await page.evaluate(() => document.activeElement.blur());
    await tabTo(page, "left text");
    await page.keyboard.type("by hand");
    await page.keyboard.press("Enter");
    await expectHeardOnce(right, "by hand");
    assert.equal(await focusedPart(page), "left text", "the field keeps the focus");
    await tabTo(page, "right toggle");
  }],

  ["the pictures at 1280 px, light and dark, differ in their ground", async ({ page }) => {
    const light = await background(page);
    await picture(page, "light-1280");
    await page.emulateMedia({ colorScheme: "dark" });
    assert.notEqual(await background(page), light);
    await picture(page, "dark-1280");
    await page.emulateMedia({ colorScheme: "light" });
  }],

  ["at 400 px nothing reaches beyond the side", async ({ page, left }) => {
    await page.setViewportSize({ width: 400, height: 800 });
    await left.text.fill("w".repeat(300));
    await left.send.click();
    await holding(left.said, "w".repeat(300)).waitFor();
    assert.ok(await overflow(page) <= 0, "the page scrolls sideways");
    await picture(page, "light-400");
  }],

  ["the log follows its end until its reader scrolls away", async ({ page, left, right }) => {
    const log = right.part("log");
    for (const width of [1280, 400, 1280]) {      /* narrower is longer */
      await page.setViewportSize({ width, height: 900 });
      await atEnd(page, log);
    }

    await log.evaluate((box) => new Promise((resolve) => {
      box.addEventListener("scroll", resolve, { once: true });
      box.scrollTop = 0;
    }));
    await left.text.fill("read me later");
    await left.send.click();
    await expectHeardOnce(right, "read me later");
    assert.equal(await log.evaluate((box) => box.scrollTop), 0);
  }],

  ["a close code a page may not send is refused with a reason", async ({ left }) => {
    await left.part("code").fill("1006");
    await left.button("Disconnect").click();
    await left.part("closeNote").getByText("3000 to 4999").waitFor();
    await left.is("Connected");
  }],

  ["disconnecting shows the code and the reason", async ({ left, right }) => {
    await left.part("code").fill("4001");
    await left.part("reason").fill("enough for now");
    await left.button("Disconnect").click();
    await left.is("Disconnected");
    assert.equal(await left.part("stateDetail").textContent(), "4001, “enough for now”");
    assert.ok(await left.send.isDisabled());
    await left.frame("in", 8).first().waitFor();
    await right.is("Connected");
  }],

  ["connecting again works, both ways", async ({ page, left, right }) => {
    await picture(page, "disconnected-1280");
    await left.button("Connect").click();
    await left.is("Connected");
    await left.text.fill("back again");
    await left.send.click();
    await expectHeardOnce(right, "back again");
    await right.text.fill("welcome");
    await right.send.click();
    await expectHeardOnce(left, "welcome");
  }],

  ["another page on the same server is heard by both panes", async ({ context, left, right, origin }) => {
    const other = await context.newPage();
    await other.goto(origin);
    const guest = pane(other, "right");
    await bothConnected(pane(other, "left"), guest);
    await guest.text.fill("from elsewhere");
    await guest.send.click();
    await expectHeardOnce(left, "from elsewhere");
    await expectHeardOnce(right, "from elsewhere");
    await other.close();
  }],

  ["a flood is heard to its end, and what is shown stays bounded", async ({ page, left }) => {
    await page.evaluate(() => {
      const socket = new WebSocket(`ws://${location.host}/ws?pane=right`, "rill-playground");
      socket.onopen = () => {
        for (let i = 1; i <= 700; i++)
          socket.send(`drop ${i}.`);
      };
    });
    await holding(left.heard, "drop 700.").waitFor();
    assert.equal(await left.part("messages").locator("li").count(), 500);
    assert.ok(await left.part("frameRows").locator("tr").count() <= 500);
  }],

  ["a pane listens over an event stream to what the other says over its WebSocket", async ({ page, left, right }) => {
    await right.button("Disconnect").click();
    await right.is("Disconnected");
    await right.button("Clear messages and frames of right").click();
    await right.part("transport").selectOption("EventSource");
    assert.ok(await right.part("code").isDisabled(), "a stream has no close code");
    await right.button("Connect").click();
    await right.is("Connected");
    await right.part("hint").getByText("only listens").waitFor();
    assert.ok(await right.send.isDisabled());
    assert.ok(await right.text.isDisabled());

    const text = "Über zwei\nZeilen 🌊";
    await left.text.fill(text);
    await left.send.click();
    await expectHeardOnce(right, "Zeilen");
    assert.equal(await holding(right.heard, "Zeilen").locator(".body").textContent(), text);
    await right.part("frameRows").getByText("event stream").waitFor();

    await left.kind("Binary").click();
    await left.hex.fill("00 ff 52");
    await left.send.click();
    await right.part("messages").getByText("Bytes were said (3 B)").waitFor();
    await left.kind("Text").click();
    await page.evaluate(() => scrollTo(0, 0));
    await picture(page, "events-light-1280");
    await page.emulateMedia({ colorScheme: "dark" });
    await picture(page, "events-dark-1280");
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 400, height: 800 });
    assert.ok(await overflow(page) <= 0, "the page scrolls sideways");
    await picture(page, "events-light-400");
    await page.setViewportSize({ width: 1280, height: 900 });
  }],

  ["an event stream is closed here, and its pane is a WebSocket again", async ({ left, right }) => {
    await right.button("Disconnect").click();
    await right.is("Disconnected");
    assert.equal(await right.part("stateDetail").textContent(), "closed here");
    await left.text.fill("nobody listens");
    await left.send.click();
    await right.part("transport").selectOption("WebSocket");
    await right.button("Connect").click();
    await right.is("Connected");
    await left.text.fill("here again");
    await left.send.click();
    await expectHeardOnce(right, "here again");
    assert.equal(await right.heard.filter({ hasText: "nobody listens" }).count(), 0);
    await right.text.fill("and says so");
    await right.send.click();
    await expectHeardOnce(left, "and says so");
  }],

  ...Object.entries(SOCKJS).map(overSockjs),

  ["any transport of SockJS is the one that it finds", async ({ left, right }) => {
    await speak(right, "SockJS: any");
    assert.ok(Object.keys(SOCKJS).includes(await right.part("carrier").textContent()));
    await everybodyHears([left, right], "any");
  }],

  ["panes on four transports hear one another, each message once", async ({ context, left, right, origin }) => {
    const other = await context.newPage();
    await other.goto(origin);
    const guests = [pane(other, "left"), pane(other, "right")];
    await bothConnected(...guests);
    await speak(left, "SockJS: xhr-polling");
    await speak(right, "SockJS: jsonp-polling");
    await speak(guests[0], "SockJS: websocket");
    await everybodyHears([left, right, ...guests], "all");
    await other.close();
    await speak(left, "WebSocket");
  }],

  ["SockJS carries text alone, and tells of bytes that others say", async ({ left, right }) => {
    await left.kind("Binary").click();
    await speak(right, "SockJS: xhr-streaming");
    await right.part("hint").getByText("SockJS carries text alone").waitFor();
    assert.ok(await right.part("kindBinary").isDisabled());
    await left.hex.fill("00 ff 52");
    await left.send.click();
    await right.part("messages").getByText("Bytes were said (3 B), which SockJS does not carry").waitFor();
    await left.kind("Text").click();
  }],

  ["half a surrogate pair, said over SockJS, is heard as U+FFFD", async ({ left, right }) => {
    await right.text.evaluate((field) => { field.value = "half: \ud83c, whole: 🌊"; });
    await right.send.click();
    await expectHeardOnce(left, "half: \ufffd, whole: 🌊");
    await left.is("Connected");
    await right.is("Connected");
  }],

  ["a quarter of a MiB goes each way over SockJS", async ({ left, right }) => {
    const text = `${"é".repeat(128 * 1024)}|`;
    await say(left, `left ${text}`);
    await holding(right.heard, "left é").getByText("of 256.0 KiB").waitFor();
    await say(right, `right ${text}`);
    await holding(left.heard, "right é").getByText("of 256.0 KiB").waitFor();
  }],

  ["the pictures of SockJS panes: light, dark, 400 px", async ({ page, left, right }) => {
    await speak(left, "SockJS: iframe-xhr-polling");
    for (const words of ["Shall we?", "Over anything that lets text through."])
      await say(left, words);
    await say(right, "Let us 🌊");
    await expectHeardOnce(left, "Let us");
    await left.request("xhr_send").first().waitFor();
    await pictures(page, "sockjs");
  }],

  ["disconnecting a SockJS pane shows code and reason, and the other goes on", async ({ left, right }) => {
    await right.part("code").fill("4001");
    await right.part("reason").fill("enough of it");
    await right.button("Disconnect").click();
    await right.is("Disconnected");
    assert.equal(await right.part("stateDetail").textContent(), "4001, “enough of it”");
    assert.equal(await right.part("carrier").textContent(), "–");
    assert.ok(await right.send.isDisabled());
    await left.is("Connected");
    await right.part("code").fill("1000");
    await right.part("reason").fill("");
  }],

  ["the keyboard alone chooses a transport", async ({ page, right }) => {
    await right.part("transport").focus();
    await page.keyboard.type("SockJS: html");
    await right.part("about").getByText("hidden page that does not end loading").waitFor();
    await tabTo(page, "right toggle");
    await page.keyboard.press("Enter");
    await right.is("Connected");
    assert.equal(await right.part("carrier").textContent(), "htmlfile");
  }],

  ["a pane that is called off while SockJS connects is disconnected, and connects again", async ({ page, right }) => {
    await right.button("Disconnect").click();
    await right.is("Disconnected");
    await page.route("**/sockjs/info*", () => {});       /* is never answered */
    await right.button("Connect").click();
    await right.is("Connecting");
    await right.button("Cancel").click();
    await right.is("Disconnected");
    await page.unroute("**/sockjs/info*");
    await right.button("Connect").click();
    await right.is("Connected");
  }],

  ["a transport that the browser lacks is explained, and a server that does not answer", async ({ context, origin }) => {
    const other = await context.newPage();
    await other.addInitScript(() => { delete window.EventSource; });
    await other.goto(origin);
    const guest = pane(other, "left");
    await guest.is("Connected");
    await guest.button("Disconnect").click();
    await guest.is("Disconnected");
    await guest.part("transport").selectOption({ label: "SockJS: eventsource" });
    await guest.button("Connect").click();
    await guest.part("messages").getByText("eventsource came to nothing").waitFor();
    assert.equal(await guest.part("stateDetail").textContent(), "2000, “All transports failed”");
    await other.route("**/sockjs/info*", (route) => route.abort());
    await guest.button("Connect").click();
    await guest.part("messages").getByText("at most six connections").waitFor();
    assert.equal(await guest.part("stateDetail").textContent(), "1002, “Cannot connect to server”");
    await other.close();
  }],

  withoutClient({ client: "SockJS", label: "SockJS: xhr-streaming", file: path.join(CLIENTS, "sockjs.min.js"),
    command: "npm install sockjs-client", says: "no SockJS client" }),

  ...Object.entries(SOCKETIO).map(overSocketio),

  ["panes on every protocol hear one another, each message once", async ({ context, left, right, origin }) => {
    const other = await context.newPage();
    await other.goto(origin);
    const guests = [pane(other, "left"), pane(other, "right")];
    await bothConnected(...guests);
    await speak(left, "Socket.IO: websocket");
    await speak(right, "Socket.IO: polling");
    await speak(guests[0], "SockJS: websocket");
    await everybodyHears([left, right, ...guests], "all protocols");
    await speak(guests[1], "EventSource");
    await say(left, "to the stream, over Socket.IO");
    await expectHeardOnce(guests[1], "to the stream, over Socket.IO");
    await other.close();
  }],

  ["bytes go over Socket.IO, to WebSockets and back, and SockJS is told of them", async ({ left, right }) => {
    await speak(left, "WebSocket");
    for (const [speaker, listener, digits] of [[right, left, "00 ff 52"], [left, right, "01 02 03 04"]]) {
      await speaker.kind("Binary").click();
      await speaker.hex.fill(digits);
      await speaker.send.click();
      await holding(listener.heard, digits).waitFor();
    }
    await right.packet("said", "BINARY_EVENT").first().waitFor();
    await right.packet("said", "bytes").first().waitFor();
    await speak(left, "SockJS: websocket");
    await right.hex.fill("05 06");
    await right.send.click();
    await left.part("messages").getByText("Bytes were said (2 B), which SockJS does not carry").waitFor();
    for (const one of [left, right])
      await one.kind("Text").click();
  }],

  ["a MiB of awkward text goes each way over Socket.IO, and half a surrogate pair is heard as U+FFFD", async ({ left, right }) => {
    const text = `${"é".repeat(256 * 1024)}|`;
    await speak(left, "WebSocket");
    await say(left, `LEFT ${text}`);
    await holding(right.heard, "LEFT é").getByText("of 512.0 KiB").waitFor();
    await say(right, `RIGHT ${text}`);
    await holding(left.heard, "RIGHT é").getByText("of 512.0 KiB").waitFor();
    await right.text.evaluate((field) => { field.value = "half: \ud83c, all: 🌊"; });
    await right.send.click();
    await expectHeardOnce(left, "half: \ufffd, all: 🌊");
  }],

  ["the pictures of Socket.IO panes: light, dark, 400 px", async ({ page, left, right }) => {
    await left.button("Clear messages and frames of left").click();
    await right.button("Clear messages and frames of right").click();
    await speak(left, "Socket.IO: upgrade");
    await speak(right, "SockJS: xhr-streaming");
    await left.part("seen").getByText("websocket", { exact: true }).waitFor();
    for (const words of ["Shall we?", "Over anything that lets text through."])
      await say(left, words);
    await say(right, "Let us 🌊");
    await expectHeardOnce(left, "Let us");
    await pictures(page, "socketio");
  }],

  ["a Socket.IO pane is closed here, and one that is called off connects again", async ({ page, left, right }) => {
    await left.button("Disconnect").click();
    await left.is("Disconnected");
    assert.equal(await left.part("stateDetail").textContent(), "closed here");
    assert.equal(await left.part("carrier").textContent(), "–");
    assert.ok(await left.part("code").isDisabled(), "Socket.IO has no close codes");
    await right.is("Connected");
    await page.route("**/socket.io/?*", () => {});       /* is never answered */
    await left.button("Connect").click();
    await left.is("Connecting");
    await left.button("Cancel").click();
    await left.is("Disconnected");
    await page.unroute("**/socket.io/?*");
    await left.button("Connect").click();
    await left.is("Connected");
  }],

  withoutClient({ client: "Socket.IO", label: "Socket.IO: websocket", command: "npm install socket.io-client",
    file: path.join(SOCKETIO_CLIENTS, "socket.io.min.js"), says: "no Socket.IO client" }),

  ...SOCKETIO0.map(overSocketio0),

  ["three eras of transports hear one another, each message once", async ({ context, left, right, origin }) => {
    const other = await context.newPage();
    await other.goto(origin);
    const guests = [pane(other, "left"), pane(other, "right")];
    await bothConnected(...guests);
    await speak(left, "Socket.IO 0.6: jsonp-polling");
    await speak(right, "Socket.IO: polling");
    await speak(guests[0], "Socket.IO 0.6: xhr-polling");
    await speak(guests[1], "Socket.IO 0.6: websocket");
    await everybodyHears([left, right, ...guests], "all eras");
    await other.close();
  }],

  ["what looks like a sign of the protocol of 2010 is said and heard like any other text", async ({ left, right }) => {
    for (const name of SOCKETIO0) {
      await speak(left, `Socket.IO 0.6: ${name}`);
      for (const [speaker, listener] of [[left, right], [right, left]]) {
        for (const sign of ["~h~", "~j~", "~m~"]) {
          const text = `${sign}7${sign} by ${name} "🌊"`;
          await say(speaker, text);
          await expectHeardOnce(listener, text);
          assert.equal(await holding(listener.heard, text).locator(".body").textContent(), text);
        }
      }
      await left.button("Clear messages and frames of left").click();
      await right.button("Clear messages and frames of right").click();
    }
  }],

  ["Socket.IO 0.6 carries text alone, and tells of bytes that others say", async ({ left, right }) => {
    await speak(left, "WebSocket");
    await left.kind("Binary").click();
    await speak(right, "Socket.IO 0.6: xhr-polling");
    assert.ok(await right.part("kindBinary").isDisabled());
    await left.hex.fill("00 ff 52");
    await left.send.click();
    await right.part("messages").getByText("Bytes were said (3 B), which Socket.IO 0.6 does not carry").waitFor();
    await left.kind("Text").click();
  }],

  ["lines, half a surrogate pair and nearly a MiB go each way over Socket.IO 0.6", async ({ left, right }) => {
    const text = `${"é".repeat(500 * 1024)}|`;
    for (const name of SOCKETIO0) {
      await speak(right, `Socket.IO 0.6: ${name}`);
      await say(left, `LEFT ${text}`);
      await holding(right.heard, "LEFT é").getByText("of 1000.0 KiB").waitFor();
      await say(right, `RIGHT ${text}`);
      await holding(left.heard, "RIGHT é").getByText("of 1000.0 KiB").waitFor();
      await right.text.evaluate((field) => { field.value = "half: \ud83c,\ntwo\nlines\n"; });
      await right.send.click();
      await expectHeardOnce(left, "half: \ufffd");
      assert.equal(await holding(left.heard, "half:").locator(".body").textContent(), "half: \ufffd,\ntwo\nlines\n");
      await say(right, "");
      await say(right, `${name} goes on`);
      await expectHeardOnce(left, `${name} goes on`);
      await left.heard.locator(".empty").waitFor();
      await left.button("Clear messages and frames of left").click();
      await right.button("Clear messages and frames of right").click();
    }
  }],

  ["the pictures of Socket.IO 0.6 panes: light, dark, 400 px", async ({ page, left, right }) => {
    await speak(left, "Socket.IO 0.6: jsonp-polling");
    await speak(right, "Socket.IO: upgrade");
    await right.part("seen").getByText("websocket", { exact: true }).waitFor();
    for (const words of ["Shall we?", "Over anything that lets text through."])
      await say(left, words);
    await say(right, "Let us 🌊");
    await expectHeardOnce(left, "Let us");
    await expectHeardOnce(right, "Over anything");
    await pictures(page, "socketio0");
  }],

  ["a Socket.IO 0.6 pane is closed here and asks for nothing more, and one that is called off connects again",
    async ({ page, left, right }) => {
      await left.button("Disconnect").click();
      await left.is("Disconnected");
      assert.equal(await left.part("stateDetail").textContent(), "closed here");
      assert.equal(await left.part("carrier").textContent(), "–");
      assert.ok(await left.part("code").isDisabled(), "Socket.IO has no close codes");
      assert.equal(await page.locator("iframe").count(), 0, "its client is gone");
      await right.is("Connected");
      await page.route("**/jsonp-polling/**", () => {});       /* is never answered */
      await left.button("Connect").click();
      await left.is("Connecting");
      await left.button("Cancel").click();
      await left.is("Disconnected");
      await page.unroute("**/jsonp-polling/**");
      await left.button("Connect").click();
      await left.is("Connected");
    }],

  ["a server that refuses Socket.IO 0.6 is told of", async ({ context, origin }) => {
    const other = await context.newPage();
    await other.goto(origin);
    const guest = pane(other, "left");
    await guest.is("Connected");
    await guest.button("Disconnect").click();
    await guest.is("Disconnected");
    await other.route("**/xhr-polling/**", (route) => route.abort());
    await guest.part("transport").selectOption({ label: "Socket.IO 0.6: xhr-polling" });
    await guest.button("Connect").click();
    await guest.part("stateDetail").getByText("the server did not answer").waitFor();
    await other.close();
  }],

  withoutClient({ client: "Socket.IO 0.6", label: "Socket.IO 0.6: websocket", command: "npm install socket.io@0.6.18",
    file: SOCKETIO0_CLIENT, name: SOCKETIO0_NAME, says: "no client for Socket.IO 0.6" }),

  ["all along: no console errors, no policy violations, no foreign requests", async ({ complaints }) => {
    assert.deepEqual(complaints.filter((words) => !NOT_OURS.test(words)), []);
  }],
];

async function runChecks(world) {
  let failed = 0;
  for (const [sentence, check] of checks) {
    try {
      await check(world);
      console.log(`ok   ${sentence}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${sentence}\n     ${String(error.stack).replace(/\n/g, "\n     ")}`);
      await picture(world.page, `failed-${failed}`).catch(() => {});
    }
  }
  return failed;
}

async function inBrowser(origin) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light",
      reducedMotion: "reduce" });
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    const complaints = await watch(page, origin);
    const panes = { left: pane(page, "left"), right: pane(page, "right") };
    return await runChecks({ context, page, origin, complaints, ...panes });
  } finally {
    await browser.close();
  }
}

async function main() {
  const renamed = fs.mkdtempSync(path.join(os.tmpdir(), "rill-clients-"));
  let program, failed;
  try {
    fs.copyFileSync(SOCKETIO0_CLIENT, path.join(renamed, SOCKETIO0_NAME));
    const demo = await startDemo(CLIENTS, SOCKETIO_CLIENTS, renamed);
    program = demo.program;
    failed = await inBrowser(demo.origin);
  } finally {
    if (program)
      await stopDemo(program);
    fs.rmSync(renamed, { recursive: true });
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
  console.log(`${error.stack}\n0 passed, 1 failed`);
  process.exitCode = 1;
});
