/* certificates.js: an authority of our own, and certificates signed by it, made by openssl(1) in a folder
 * that goes with the process. */

"use strict";

const { execFileSync } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

function makeCertificates() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "rill-certificates-"));
  process.on("exit", () => fs.rmSync(dir, { recursive: true, force: true }));
  const at = (name) => path.join(dir, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  const key = (name) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at(`${name}.key`)];

  openssl("req", "-x509", ...key("ca"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=rill test authority");
  const sign = (name, names) => {
    fs.writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\n`);
    openssl("req", ...key(name), "-out", at(`${name}.csr`), "-subj", `/CN=${name}`);
    openssl("x509", "-req", "-in", at(`${name}.csr`), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial",
      "-days", "2", "-extfile", at(`${name}.ext`), "-out", at(`${name}.pem`));
    return { key: fs.readFileSync(at(`${name}.key`)), cert: fs.readFileSync(at(`${name}.pem`)),
      keyFile: at(`${name}.key`), certFile: at(`${name}.pem`) };
  };
  return {
    caFile: at("ca.pem"),
    ca: fs.readFileSync(at("ca.pem")),
    server: sign("server", "DNS:localhost,IP:127.0.0.1"),
    stranger: sign("stranger", "DNS:elsewhere.invalid"),
    client: sign("client", "DNS:client.invalid"),
  };
}

module.exports = { makeCertificates };
