/* What the suites in a browser have in common: how it is started, pages of another origin, and how a check that fails or hangs is told. */

"use strict";

const http = require("http");

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const WAIT_MS = 60000;

/* An HTTP server that has one empty page. It says its encoding, because the forms of old clients are sent in it. */
async function startPages() {
  const pages = http.createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    response.end("<!DOCTYPE html><title>A page</title>");
  });
  await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));
  return pages;
}

function report(sentence, error) {
  const short = String(error.stack).replace(/^(.{300}).*$/gm, "$1…");
  console.log(`FAIL ${sentence}\n     ${short.replace(/\n/g, "\n     ")}`);
}

function bounded(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing for ${WAIT_MS / 1000} s`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

module.exports = { FLAGS, WAIT_MS, bounded, report, startPages };
