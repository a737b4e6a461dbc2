/** The keys of a provider: by their masks, with what can be done with each. */
import { h } from "./dom.js";

/**
 * @typedef {{alias: string, masked: string, source: string, active: boolean, ours: boolean, note: string}} Key
 * @param {(kind: string, more: {slot: string}) => void} change
 */
export function keyList(change) {
  const list = h("ul", { class: "keys" });

  /** @param {Key} key @param {number} count */
  const row = (key, count) => {
    const about = `the key ${key.alias} ${key.masked}`;
    /** @param {string} words @param {string} kind */
    const button = (words, kind) =>
      h("button", { type: "button", class: "link", "aria-label": `${words} ${about}`, onclick: () => change(kind, { slot: key.alias }) }, words);
    return h(
      "li",
      {},
      h("code", {}, key.masked),
      h("span", {}, [key.alias, key.source, key.note].filter(Boolean).join(", ")),
      key.active && count > 1 ? h("span", { class: "tag" }, "tried first") : null,
      key.ours && !key.active ? button("Try first", "key.activate") : null,
      key.ours ? button("Remove", "key.remove") : null,
    );
  };
  let shown = "";
  return {
    element: list,
    /** @param {Key[]} keys */
    update(keys) {
      const now = JSON.stringify(keys); // the buttons are left alone while nothing changes: one may have the focus
      if (now === shown) return;
      shown = now;
      list.replaceChildren(...keys.map((key) => row(key, keys.length)));
    },
  };
}
