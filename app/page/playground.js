/* The playground: two panes, each one connection, and the address for everybody else. */

import { Pane } from "./pane.js";
import { socketUrl } from "./link.js";
import { showAddress } from "./join.js";

const NAMES = ["left", "right"];

function addPane(name) {
  const template = document.getElementById("pane-template");
  const root = template.content.cloneNode(true).firstElementChild;
  document.getElementById("panes").append(root);
  return new Pane(root, name);
}

showAddress(socketUrl("/ws?pane=left"));
for (const pane of NAMES.map(addPane))
  pane.connect();
