/* Close codes: which of them a page may send, and what they are called. */

const NAMES = {
  1000: "normal closure",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no code given",
  1006: "lost without a close frame",
  1007: "invalid data",
  1008: "policy violation",
  1009: "message too big",
  1010: "extension missing",
  1011: "internal error",
  1012: "service restart",
  1013: "try again later",
  1015: "TLS failed",
};

const LONGEST_REASON = 123;   /* RFC 6455, 5.5: 125 bytes of payload, two of them the code */

/* RFC 6455, 7.4.2, and what the WebSocket API lets through of it. */
function mayClose(code) {
  return code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999);
}

export function describeClose({ code, reason }) {
  const name = NAMES[code] ? `${code} ${NAMES[code]}` : String(code);
  return reason ? `${name}, “${reason}”` : name;
}

/* The code and reason to close with, or what is wrong with them. */
export function readClosing(codeText, reason) {
  const digits = codeText.trim();
  const code = digits === "" ? undefined : Number(digits);

  if (code !== undefined && !mayClose(code))
    return { wrong: "A page may close with 1000, 3000 to 4999, or no code at all." };
  if (code === undefined && reason !== "")
    return { wrong: "A reason needs a code." };
  if (new TextEncoder().encode(reason).length > LONGEST_REASON)
    return { wrong: `The reason may have ${LONGEST_REASON} bytes.` };
  return { code, reason };
}
