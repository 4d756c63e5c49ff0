/* SockJS's client for pages, which the server has from elsewhere, or has not. */

const FILE = "/sockjs/sockjs.min.js";

let loading = null;

/* Asked each time, for it may be brought while the page is open. */
export async function clientIsThere() {
  if (loading)
    return true;
  try {
    const { files } = await (await fetch("/clients.json")).json();
    return files.includes(FILE);
  } catch {
    return false;
  }
}

function load() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = FILE;
    script.onload = () => resolve(window.SockJS);
    script.onerror = () => {
      script.remove();
      reject(new Error(`${FILE} did not load`));
    };
    document.head.append(script);
  });
}

/* The class SockJS; null when the server has no client for it. */
export async function loadClient() {
  if (!await clientIsThere())
    return null;
  loading ??= load();
  try {
    return await loading ?? null;
  } catch {
    loading = null;
    return null;
  }
}
