/* Other projects' clients for pages, which the server has from elsewhere, or has not. */

const CLIENTS = {
  sockjs: { file: "/sockjs/sockjs.min.js", name: "SockJS" },
  socketio: { file: "/socket.io/socket.io.min.js", name: "io" },
  socketio0: { file: "/socket.io/socket.io-0.6.js" },       /* socketio0.html loads it */
};

const loading = {};

/* Asked each time, for it may be brought while the page is open. */
export async function clientIsThere(what) {
  if (loading[what])
    return true;
  try {
    const { files } = await (await fetch("/clients.json")).json();
    return files.includes(CLIENTS[what].file);
  } catch {
    return false;
  }
}

function load({ file, name }) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = file;
    script.onload = () => resolve(window[name]);
    script.onerror = () => {
      script.remove();
      reject(new Error(`${file} did not load`));
    };
    document.head.append(script);
  });
}

/* The class SockJS, or the function io; null when the server has no client for it. */
export async function loadClient(what) {
  if (!await clientIsThere(what))
    return null;
  loading[what] ??= load(CLIENTS[what]);
  try {
    return await loading[what] ?? null;
  } catch {
    delete loading[what];
    return null;
  }
}
