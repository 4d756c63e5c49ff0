/* The composer: text, or bytes as hex or from a file. */

import { formatSize, parseHex, sizeOf } from "./bytes.js";

const LARGEST = 1024 * 1024;

function tooBig(what, size) {
  return `${what} is ${formatSize(size)}; the playground sends up to ${formatSize(LARGEST)}.`;
}

const HINTS = {
  text: "Enter sends, Shift+Enter starts a new line",
  binary: `Two hex digits a byte, or a file up to ${formatSize(LARGEST)}`,
};

const LISTENS = "An event stream only listens: say something over another transport";

export class Composer {
  #carries = "all";
  #protocol;

  /* send(data) takes a string or bytes, and says whether they left. */
  constructor(parts, send) {
    this.parts = parts;
    this.send = send;
    parts.composer.addEventListener("submit", (event) => this.#submit(event));
    parts.text.addEventListener("keydown", (event) => this.#enterSends(event));
    parts.hex.addEventListener("input", () => this.#complain(""));
    parts.file.addEventListener("change", () => this.#fileChanged());
    parts.dropFile.addEventListener("click", () => this.#dropFile());
    for (const radio of [parts.kindText, parts.kindBinary])
      radio.addEventListener("change", () => this.#showKind());
    this.#showKind();
  }

  allow(open) {
    this.parts.send.disabled = !open;
  }

  /* "all", "text" alone, or "nothing": what the pane's transport carries, and the protocol it is of. */
  carry(what, protocol) {
    const silent = what === "nothing";
    this.#carries = what;
    this.#protocol = protocol;
    this.parts.text.placeholder = silent ? "Listening" : "Say something";
    if (what === "text")
      this.parts.kindText.checked = true;
    for (const field of [this.parts.text, this.parts.kindText])
      field.disabled = silent;
    for (const field of [this.parts.file, this.parts.kindBinary])
      field.disabled = what !== "all";
    this.#allowHex();
    this.#showKind();
  }

  get #kind() {
    return this.parts.kindBinary.checked ? "binary" : "text";
  }

  #showKind() {
    this.parts.textField.hidden = this.#kind !== "text";
    this.parts.binaryField.hidden = this.#kind !== "binary";
    this.parts.hint.textContent = this.#hint;
    this.#complain("");
  }

  get #hint() {
    if (this.#carries === "nothing")
      return LISTENS;
    return this.#carries === "text" ? `Enter sends; ${this.#protocol} carries text alone` : HINTS[this.#kind];
  }

  /* An Enter that ends an input method's composition belongs to the input method. */
  #enterSends(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing)
      return;
    event.preventDefault();
    if (!this.parts.send.disabled)
      this.parts.composer.requestSubmit();
  }

  async #submit(event) {
    event.preventDefault();
    const data = await this.#payload();
    if (data === null)
      return;
    if (sizeOf(data) > LARGEST)
      this.#complain(tooBig("That", sizeOf(data)));
    else if (this.send(data))
      this.#sent();
    else
      this.#complain("Not connected any more.");
  }

  #payload() {
    if (this.#kind === "text")
      return this.parts.text.value;
    const file = this.parts.file.files[0];
    return file ? this.#fileBytes(file) : this.#hexBytes();
  }

  #hexBytes() {
    const bytes = parseHex(this.parts.hex.value);
    if (bytes === null)
      this.#complain("That is not hex. Write two digits a byte, like 48 65 6c 6c 6f.", this.parts.hex);
    return bytes;
  }

  async #fileBytes(file) {
    if (this.#tooBig(file))
      return null;
    try {
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      this.#complain("The file could not be read.", this.parts.file);
      return null;
    }
  }

  #tooBig(file) {
    if (file.size <= LARGEST)
      return false;
    this.#complain(tooBig(file.name, file.size), this.parts.file);
    return true;
  }

  #fileChanged() {
    const file = this.parts.file.files[0];
    this.#allowHex();
    this.parts.dropFile.hidden = !file;
    this.#complain("");
    if (file)
      this.#tooBig(file);
  }

  #allowHex() {
    this.parts.hex.disabled = this.#carries !== "all" || this.parts.file.files.length > 0;
  }

  #dropFile() {
    this.parts.file.value = "";
    this.#fileChanged();
    this.parts.hex.focus();
  }

  #sent() {
    this.#complain("");
    if (this.#kind === "text") {
      this.parts.text.value = "";
      return;
    }
    this.parts.hex.value = "";
    this.parts.file.value = "";
    this.#fileChanged();
  }

  #complain(words, field = null) {
    this.parts.note.textContent = words;
    for (const input of [this.parts.hex, this.parts.file])
      input.setAttribute("aria-invalid", String(input === field));
  }
}
