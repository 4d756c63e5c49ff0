/* Bytes and times as people write and read them. */

const KIB = 1024;
const DUMP_ROW = 8;      /* narrow enough for a phone, offset and characters included */

/* "48 65", "4865", "0x48, 0x65" and "48:65" are the same two bytes. Null: not hex. */
export function parseHex(text) {
  const digits = text.replace(/0x|[\s,:]/gi, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits))
    return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

function hex(n, width) {
  return n.toString(16).padStart(width, "0");
}

function visible(byte) {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}

function dumpRow(bytes, at) {
  const row = [...bytes.subarray(at, at + DUMP_ROW)];
  const digits = row.map((byte) => hex(byte, 2)).join(" ").padEnd(3 * DUMP_ROW - 1);
  return `${hex(at, 4)}  ${digits}  ${row.map(visible).join("")}`;
}

export function hexDump(bytes) {
  const rows = [];
  for (let at = 0; at < bytes.length; at += DUMP_ROW)
    rows.push(dumpRow(bytes, at));
  return rows.join("\n");
}

export function sizeOf(data) {
  return typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
}

/* The first max characters, never half of a surrogate pair. */
export function cut(text, max) {
  if (text.length <= max)
    return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max);
}

export function formatSize(n) {
  if (n < KIB)
    return `${n} B`;
  if (n < KIB * KIB)
    return `${(n / KIB).toFixed(1)} KiB`;
  return `${(n / KIB / KIB).toFixed(1)} MiB`;
}

export function formatClock(date) {
  const two = (n) => String(n).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

export function formatMs(ms) {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}
