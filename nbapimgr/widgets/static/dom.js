/** Makes elements. Text always becomes a text node, so that nothing a provider says is markup. */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element with these attributes and children. `on…` are listeners, `true` is a bare attribute,
 * `false`, null and undefined leave it out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child || child === "")));
  return element;
}

/** Sets the text of an element, unless it has it: a screen reader reads what is set.
 * @param {HTMLElement} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const SHAPES = {
  ok: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m3.6 5.3-4.4 4.6-2.7-2.6.9-1 1.7 1.7 3.5-3.6z",
  warn: "M8 1.2 15.5 14.5h-15zm-.8 4.6v4.4h1.6V5.8zm0 5.4v1.6h1.6v-1.6z",
  bad: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1M5.6 4.6 8 7l2.4-2.4 1 1L9 8l2.4 2.4-1 1L8 9l-2.4 2.4-1-1L7 8 4.6 5.6z",
  busy: "M2.5 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3m5.5 0a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3m5.5 0a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3",
  off: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M4.5 7.2h7v1.6h-7z",
  new: "M5 4a4 4 0 1 0 3.8 5.2H11V11h2V9.2h1.5V7H8.8A4 4 0 0 0 5 4m0 2.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2",
  up: "m8 4 5 5-1.2 1.2L8 6.4l-3.8 3.8L3 9z",
  down: "m8 12 5-5-1.2-1.2L8 9.6 4.2 5.8 3 7z",
  cross: "M4.4 3.3 8 6.9l3.6-3.6 1.1 1.1L9.1 8l3.6 3.6-1.1 1.1L8 9.1l-3.6 3.6-1.1-1.1L6.9 8 3.3 4.4z",
  lock: "M8 1a3.5 3.5 0 0 0-3.5 3.5V7H3v8h10V7h-1.5V4.5A3.5 3.5 0 0 0 8 1m0 1.5a2 2 0 0 1 2 2V7H6V4.5a2 2 0 0 1 2-2",
};

/** A picture beside words that say the same. @param {keyof typeof SHAPES} name */
export function icon(name) {
  const picture = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "icon" });
  picture.append(svg("path", { d: SHAPES[name], "fill-rule": "evenodd" }));
  return picture;
}

/** @param {string} tag @param {Record<string, string | number>} attributes */
export function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

let made = 0;

/** An id that no other element of the page has. @param {string} word */
export function unique(word) {
  made += 1;
  return `nbapimgr-${word}-${made}-${Math.random().toString(36).slice(2, 8)}`;
}

/**
 * JupyterLab takes keys as commands wherever the focus is inside a cell: x would cut the cell, widget and
 * all. What is typed here stays here, but for what is meant for the application (Ctrl+S).
 *
 * @param {HTMLElement} root @param {AbortSignal} signal
 */
export function keepKeys(root, signal) {
  // Notebook 7 listens before we do (in the capture phase), and looks for this attribute.
  window.addEventListener(
    "keydown",
    (event) => {
      if (!(event.target instanceof Element) || !event.composedPath().includes(root)) return;
      event.target.toggleAttribute("data-lm-suppress-shortcuts", event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey));
    },
    { signal, capture: true },
  );
  root.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
    },
    { signal },
  );
}

/** The element that has the focus, inside a shadow root too. @param {HTMLElement} root */
export function focused(root) {
  const tree = /** @type {Document | ShadowRoot} */ (root.getRootNode());
  return /** @type {HTMLElement | null} */ (tree.activeElement ?? null);
}

/** The bytes of a message's buffer. @param {DataView} view */
export function bytesIn(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
