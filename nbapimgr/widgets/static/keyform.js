/** A field for a key: what is typed leaves it in the same tick, and the page only sealed. */
import { h, icon, say, unique } from "./dom.js";
import { faultOf, keyIn } from "./keys.js";
import { binding, canSeal, seal } from "./seal.js";

/**
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./ask.js").Kernel} Kernel
 */

/**
 * Seals a key and has the kernel keep it.
 *
 * @param {Kernel} kernel @param {string} key
 * @param {{provider: string, slot: string, vendor?: string, base_url?: string}} whose
 * @returns {Promise<Answer>}
 */
export async function keep(kernel, key, whose) {
  const form = await kernel.ask("key.begin");
  if (!form.ok) return form;
  const { entry, kernel: process, widget } = form.data;
  const point = form.buffers[0];
  const info = binding("nbapimgr/seal/v1", process, widget, entry, whose.provider, whose.slot);
  const typed = new TextEncoder().encode(key);
  const sealed = await seal(new Uint8Array(point.buffer, point.byteOffset, point.byteLength), info, typed);
  typed.fill(0);
  return kernel.ask("key.save", { ...whose, entry }, [sealed]);
}

/** An input for a key that browsers do not fill, correct or keep. @param {string} id @param {string} hint */
export function keyInput(id, hint) {
  return h("input", {
    type: "password", id, class: "key", placeholder: "sk-…", autocomplete: "new-password",
    autocapitalize: "off", autocorrect: "off", spellcheck: "false", "data-1p-ignore": true,
    "data-lpignore": "true", "aria-describedby": hint,
  });
}

/** Takes the key out of its field. @param {HTMLInputElement} input */
export function take(input) {
  const key = keyIn(input.value);
  input.value = "";
  return key;
}

/**
 * The form of one provider's key.
 *
 * @param {Kernel} kernel
 * @param {{provider: () => string, title: () => string, label: string, button: string,
 *   told: (answer: Answer) => void}} about
 */
export function keyForm(kernel, about) {
  if (!canSeal()) return insecure(about.provider);
  const id = unique("key");
  const hint = h("p", { id: `${id}-hint`, class: "hint", "aria-live": "polite" });
  const input = keyInput(id, hint.id);
  const button = h("button", { type: "submit" }, about.button);
  input.addEventListener("input", () => say(hint, faultOf(keyIn(input.value))));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const key = take(input);
    const fault = key ? faultOf(key) : `Paste the key of ${about.title()} first.`;
    say(hint, fault);
    if (fault) return input.focus();
    button.disabled = true;
    about.told(await keep(kernel, key, { provider: about.provider(), slot: "default" }));
    button.disabled = false;
  };
  return h(
    "form",
    { class: "keyform", onsubmit: submit, autocomplete: "off" },
    h("label", { for: id }, about.label),
    h("div", { class: "row" }, input, button),
    hint,
  );
}

/** What to do where the browser does not encrypt. @param {() => string} provider */
export function insecure(provider) {
  const name = provider() || "openai";
  return h(
    "div",
    { class: "insecure", role: "note" },
    h("p", {}, icon("lock"), " No key can be typed here: this page came over plain http from another ",
      "machine, so the browser does not encrypt, and a key could be read on its way."),
    h("p", {}, "Three ways that are safe:"),
    h(
      "ul",
      {},
      h("li", {}, "In a cell, ", h("code", {}, `%llm keys set ${name}`), " asks for the key without showing or saving it."),
      h("li", {}, "On that machine, put the key into a file only you can read, or into the environment the server starts from."),
      h("li", {}, "Through a tunnel: ", h("code", {}, "ssh -L 8888:localhost:8888 that-machine"), ", then open ",
        h("code", {}, "http://localhost:8888"), " and type the key here."),
    ),
  );
}
