/** Brings over what other tools have: shows it first, changes nothing of theirs, can be undone. */
import { h, say } from "./dom.js";

/**
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./ask.js").Kernel} Kernel
 * @typedef {{what: string, name: string, found: string, source: string}} Row
 */

/**
 * @param {Kernel} kernel
 * @param {(answer: Answer) => void} told
 */
export function importer(kernel, told) {
  const look = h("button", { type: "button", class: "link", onclick: find }, "Import from other tools");
  const heading = h("p", { class: "title", tabindex: "-1" });
  const list = h("ul", { class: "found" });
  const bring = h("button", { type: "button", class: "primary", onclick: bringOver }, "Bring them over");
  const leave = h("button", { type: "button", onclick: close }, "Not now");
  const box = h("div", { class: "imports", hidden: true, role: "group", "aria-label": "What other tools have" },
    heading, list, h("div", { class: "row wrap" }, h("div", { class: "row" }, bring, leave)));

  async function find() {
    look.disabled = true;
    const answer = await kernel.ask("import.find");
    look.disabled = false;
    if (!answer.ok) return told(answer);
    const { rows, changes } = answer.data;
    say(heading, changes ? "This was found. Nothing is changed there." : answer.said);
    list.replaceChildren(.../** @type {Row[]} */ (rows).map(item));
    bring.hidden = !changes;
    box.hidden = false;
    heading.focus();
  }

  async function bringOver() {
    bring.disabled = true;
    told(await kernel.ask("import.bring"));
    bring.disabled = false;
    close();
  }

  function close() {
    box.hidden = true;
    look.focus();
  }

  /** @param {Row} row */
  const item = (row) =>
    h("li", {}, h("span", { class: "tag" }, WORDS[row.what] ?? row.what), h("strong", {}, row.name), ` ${row.found} `, h("span", { class: "quiet" }, row.source));
  return { element: h("div", {}, look, box) };
}

/** @type {Record<string, string>} */
const WORDS = { kept: "stays", note: "note" };
