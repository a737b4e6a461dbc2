/** A field for a key: what is typed leaves it in the same tick, and the page only sealed. */
import { bytesIn, h, icon, say, unique } from "./dom.js";
import { faultOf, keyIn } from "./keys.js";
import { binding, canSeal, seal } from "./seal.js";

/**
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./ask.js").Kernel} Kernel
 */

/**
 * Seals what was typed for one form of the kernel, and sends it.
 *
 * @param {Kernel} kernel @param {string} typed
 * @param {string} kind The message it goes with.
 * @param {{provider: string, slot: string}} whose What it is bound to.
 * @param {Record<string, any>} more What else the message says.
 * @returns {Promise<Answer>}
 */
export async function sealTo(kernel, typed, kind, { provider, slot }, more) {
  const form = await kernel.ask("key.begin");
  if (!form.ok) return form;
  const { entry, kernel: process, widget } = form.data;
  const info = binding("nbapimgr/seal/v1", process, widget, entry, provider, slot);
  const plain = new TextEncoder().encode(typed);
  const sealed = await seal(bytesIn(form.buffers[0]), info, plain);
  plain.fill(0);
  return kernel.ask(kind, { ...more, entry }, [sealed]);
}

/**
 * Seals a key and has the kernel keep it.
 *
 * @param {Kernel} kernel @param {string} key
 * @param {{provider: string, slot: string, vendor?: string, base_url?: string}} whose
 */
export function keep(kernel, key, whose) {
  return sealTo(kernel, key, "key.save", whose, whose);
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
 * @param {{provider: () => string, title: () => string, label: string, told: (answer: Answer) => void,
 *   slots: Record<string, string>}} about `slots`: alias -> the words of the button that saves under it.
 */
export function keyForm(kernel, about) {
  if (!canSeal()) return insecure(about.provider);
  const id = unique("key");
  const hint = h("p", { id: `${id}-hint`, class: "hint", "aria-live": "polite" });
  const input = keyInput(id, hint.id);
  /** @param {string} fault @param {string} [otherwise] */
  const advise = (fault, otherwise = "") => {
    hint.classList.toggle("fault", fault !== "");
    say(hint, fault || otherwise);
  };
  input.addEventListener("input", () => advise(faultOf(keyIn(input.value))));
  /** @type {HTMLButtonElement[]} */
  const buttons = Object.entries(about.slots).map(([slot, words], place) =>
    h("button", { type: place ? "button" : "submit", onclick: place ? () => save(slot) : null }, words));

  /** @param {string} slot */
  async function save(slot) {
    const fault = faultOf(keyIn(input.value));
    const key = take(input);
    advise(fault, key ? "" : `Paste the key of ${about.title()} first.`);
    if (fault || !key) return input.focus();
    for (const button of buttons) button.disabled = true;
    const answer = await keep(kernel, key, { provider: about.provider(), slot });
    for (const button of buttons) button.disabled = false;
    about.told(answer);
  }

  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    save(Object.keys(about.slots)[0]);
  };
  return h(
    "form",
    { class: "keyform", onsubmit: submit, autocomplete: "off" },
    h("label", { for: id }, about.label),
    h("div", { class: "row" }, input, ...buttons),
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
    h("p", {}, "Other ways:"),
    h(
      "ul",
      {},
      h("li", {}, "Through a tunnel: ", h("code", {}, "ssh -L 8888:localhost:8888 that-machine"), ", then open ",
        h("code", {}, "http://localhost:8888"), " and type the key here."),
      h("li", {}, "On that machine: put the key into a file only you can read, or into the environment the server starts from."),
      h("li", {}, "Where you trust the network: in a cell, ", h("code", {}, `%llm keys set ${name}`),
        " asks for the key without showing or saving it."),
    ),
  );
}
