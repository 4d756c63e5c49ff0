/* connect.js: `rill connect` as a program that prints JSON, one line for each thing that happens. RILL names
 * the program. */

"use strict";

const { spawn } = require("child_process");
const readline = require("readline");

const PATIENCE_MS = 30000;

class Run {
  #waiting = [];

  constructor(args, { input = null, json = true, env = {} } = {}) {
    this.events = [];
    this.lines = [];
    this.stderr = "";
    this.bytes = [];
    this.child = spawn(process.env.RILL, ["connect", ...(json ? ["--json"] : []), ...args],
      { stdio: [input === null ? "pipe" : input, "pipe", "pipe"], env: { ...process.env, ...env } });
    this.child.stdin?.on("error", () => {});
    this.child.stderr.on("data", (data) => { this.stderr += data; });
    this.child.stdout.on("data", (data) => this.bytes.push(data));
    readline.createInterface({ input: this.child.stdout, crlfDelay: Infinity }).on("line", (line) => {
      this.lines.push(line);
      if (json)
        this.#take(JSON.parse(line));
    });
    const patience = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    this.ended = new Promise((resolve) => this.child.once("close", (status, signal) => {
      clearTimeout(patience);
      resolve(signal ?? status);
      this.#wake();
    }));
  }

  #take(event) {
    this.events.push(event);
    this.#wake();
  }

  #wake() {
    for (const wake of this.#waiting.splice(0))
      wake();
  }

  /* One line of standard input. */
  say(line) {
    this.child.stdin.write(`${line}\n`);
  }

  /* The first event of that name, when it comes; matching, if a function is given. */
  async event(name, matching = () => true) {
    for (;;) {
      const found = this.events.find((one) => one.event === name && matching(one));
      if (found)
        return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended without ${name}: ${this.lines.join(" ")} ${this.stderr}`);
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }

  messages() {
    return this.events.filter(({ event }) => event === "message").map(({ data }) => data);
  }

  /* When it has ended, and has written UTF-8 alone: status, events by name, and what stood on standard error. */
  async done() {
    const status = await this.ended;
    new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(this.bytes));
    const first = (name) => this.events.find(({ event }) => event === name);
    return { status, stderr: this.stderr, events: this.events, lines: this.lines, messages: this.messages(),
      open: first("open"), error: first("error"), close: first("close") };
  }
}

function connect(...args) {
  const options = typeof args[args.length - 1] === "object" ? args.pop() : {};
  return new Run(args, options);
}

module.exports = { connect };
