/** The models of a provider, in the order they are tried: taken out, put first, added by name. */
import { h, icon, unique } from "./dom.js";

/**
 * @param {(models: string[]) => void} changed Called with the new list.
 */
export function modelList(changed) {
  const id = unique("model");
  /** @type {string[]} */
  let models = [];
  const list = h("ul", { class: "models" });
  const input = h("input", { type: "text", id, autocomplete: "off", spellcheck: "false", placeholder: "model name" });
  const add = () => {
    const name = input.value.trim();
    input.value = "";
    if (name) change([...new Set([...models, name])]);
    input.focus();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });

  /** Shows the new list at once: the next change is made to it and not to what the kernel still has.
   * @param {string[]} now */
  const change = (now) => {
    show(now);
    input.focus(); // the button that was pressed is gone
    changed(now);
  };
  /** @param {string[]} now */
  const show = (now) => {
    models = now;
    list.replaceChildren(...models.map(item));
  };

  /** @param {string} model @param {number} place */
  const item = (model, place) => {
    const others = models.filter((other) => other !== model);
    const first = h("button", { type: "button", class: "link", "aria-label": `Try ${model} first`, onclick: () => change([model, ...others]) }, "try first");
    const drop = h("button", { type: "button", class: "bare", "aria-label": `Remove ${model}`, onclick: () => change(others) }, icon("cross"));
    return h("li", {}, h("code", {}, model), place ? first : h("span", { class: "tag" }, "first"), drop);
  };
  return {
    element: h(
      "fieldset",
      {},
      h("legend", {}, "Models"),
      list,
      h("label", { for: id, class: "quiet" }, "Add a model"),
      h("div", { class: "row" }, input, h("button", { type: "button", onclick: add }, "Add")),
    ),
    /** @param {string[]} now */
    update(now) {
      if (now.length !== models.length || now.some((model, place) => model !== models[place])) show(now);
    },
  };
}
