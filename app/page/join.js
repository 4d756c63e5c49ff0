/* The address others join at, and its Copy button. */

const SHOWN_MS = 2000;

/* The clipboard API is there for secure origins alone; a page reached by plain http from
 * another machine has the older command. */
async function copy(field) {
  field.select();
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      /* Not permitted: the older command may be. */
    }
  }
  return document.execCommand("copy");
}

export function showAddress(url) {
  const field = document.getElementById("join-url");
  const button = document.getElementById("join-copy");
  const said = document.getElementById("join-said");
  let timer;

  field.value = url;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    const copied = await copy(field);
    button.textContent = copied ? "Copied" : "Selected";
    said.textContent = copied ? "Address copied" : "Address selected, ready to copy";
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, SHOWN_MS);
  });
}
