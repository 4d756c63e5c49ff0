/* The two things the panes need of the DOM: making elements, and finding named parts. */

export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className)
    element.className = className;
  element.append(...children);
  return element;
}

/* Every element below root with a data-part, by that name. */
export function partsOf(root) {
  const parts = {};
  for (const element of root.querySelectorAll("[data-part]"))
    parts[element.dataset.part] = element;
  return parts;
}
