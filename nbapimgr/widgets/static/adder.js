/** Adds a provider: paste a key, and it is recognised here in the page; or choose it by name. */
import { h, icon, say, unique } from "./dom.js";
import { insecure, keep, keyInput, take } from "./keyform.js";
import { faultOf, keyIn, lookLike } from "./keys.js";
import { OWN, picker } from "./picker.js";
import { canSeal } from "./seal.js";

/**
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./ask.js").Kernel} Kernel
 * @typedef {import("./keys.js").Vendor} Vendor
 */

/**
 * @param {Kernel} kernel @param {Vendor[]} vendors
 * @param {(answer: Answer) => void} told
 */
export function adder(kernel, vendors, told) {
  const id = unique("add");
  /** @type {Vendor | null} */
  let chosen = null;
  /** @type {{names: string[], environment: Record<string, string>}} */
  let known = { names: [], environment: {} };

  const hint = h("div", { class: "hint", id: `${id}-hint`, "aria-live": "polite" });
  const input = keyInput(id, hint.id);
  const button = h("button", { type: "submit", class: "primary" }, "Add");
  const name = h("input", { type: "text", id: `${id}-name`, autocomplete: "off", spellcheck: "false" });
  const address = h("input", { type: "url", id: `${id}-url`, autocomplete: "off", spellcheck: "false" });
  const where = h(
    "div",
    { class: "where", hidden: true },
    h("div", {}, h("label", { for: name.id }, "Name"), name),
    h("div", {}, h("label", { for: address.id }, "Base URL"), address),
  );
  const choice = picker(vendors, choose);

  /** The provider that would be added now. */
  function target() {
    const found = lookLike(keyIn(input.value), vendors);
    return chosen ?? (found.length === 1 ? found[0] : null);
  }

  /** @param {Vendor} vendor */
  function choose(vendor) {
    chosen = vendor;
    name.value = vendor.name;
    address.value = vendor.base_url;
    where.hidden = !vendor.needs.length;
    choice.close();
    look();
    (vendor === OWN ? name : canSeal() ? input : button).focus();
  }

  function reset() {
    chosen = null;
    where.hidden = true;
    look();
  }

  /** Says what would be added, as it is typed. */
  function look() {
    const key = keyIn(input.value);
    const found = target();
    const fault = faultOf(key);
    hint.replaceChildren(...(fault ? [h("span", { class: "fault" }, fault)] : found ? aboutOne(found, key) : aboutMany(key)));
    const named = found && found !== OWN;
    say(button, named ? (known.names.includes(found.name) ? `Save key of ${found.title}` : `Add ${found.title}`) : "Add");
  }

  /** @param {Vendor} vendor @param {string} key */
  function aboutOne(vendor, key) {
    const variable = known.environment[vendor.name];
    const another = h("button", { type: "button", class: "link", onclick: reset }, "another provider");
    if (vendor === OWN) return ["Name it and write its address; its key, if it has one, goes above. Or ", another, "."];
    if (key) return chosen ? [`For ${vendor.title}; or `, another, "."] : [icon("ok"), ` Looks like a key of ${vendor.title}.`];
    if (variable) return [icon("ok"), ` The environment has ${variable}: no key need be typed. Or `, another, "."];
    if (vendor.keyless) return [`${vendor.title} needs no key. Or `, another, "."];
    const page = h("a", { href: vendor.key_page, target: "_blank", rel: "noopener noreferrer" }, new URL(vendor.key_page).host);
    return [`Paste the key of ${vendor.title}; there is one at `, page, ". Or ", another, "."];
  }

  /** @param {string} key @returns {(Node | string)[]} */
  function aboutMany(key) {
    if (!key) return [];
    const found = lookLike(key, vendors);
    if (!found.length) return ["No known provider's keys look like this: choose the provider below."];
    const choices = found.map((vendor) => h("button", { type: "button", class: "choice", onclick: () => choose(vendor) }, vendor.title));
    return ["Keys of several providers look like this. Whose is it? ", ...choices];
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    const vendor = target();
    const fault = faultOf(keyIn(input.value));
    if (fault) return input.focus();
    if (!vendor) return input.value ? choice.open() : ask("Paste a key, or choose a provider below.");
    const own = vendor.needs.length > 0;
    const provider = own ? name.value.trim() : vendor.name;
    if (own && !provider) {
      ask("Give it a name.");
      return name.focus();
    }
    if (own && (!address.value.trim() || /[{}]/.test(address.value))) {
      ask(`Write the address of ${vendor === OWN ? "your server" : vendor.title} in full.`);
      return address.focus();
    }
    const whose = { provider, vendor: vendor.name, base_url: own ? address.value.trim() : "" };
    const key = take(input);
    if (!key && !vendor.keyless && !known.environment[vendor.name]) return look();
    button.disabled = true;
    const answer = key ? await keep(kernel, key, { ...whose, slot: "default" }) : await kernel.ask("provider.add", whose);
    button.disabled = false;
    if (answer.ok) reset();
    told(answer);
  }

  /** @param {string} text */
  function ask(text) {
    hint.replaceChildren(text);
    input.focus();
  }

  input.addEventListener("input", look);
  const form = h(
    "form",
    { onsubmit: submit, autocomplete: "off", class: "adder" },
    h("label", { for: id, class: "title" }, "Add a provider: paste its API key"),
    canSeal() ? h("div", { class: "row" }, input, button) : insecure(() => chosen?.name ?? ""),
    hint,
    where,
    canSeal() ? null : button,
  );
  return {
    element: h("section", { class: "add", "aria-label": "Add a provider" }, form, choice.element),
    /** @param {{providers: {name: string}[], environment: Record<string, string>}} state */
    update(state) {
      known = { names: state.providers.map((card) => card.name), environment: state.environment };
      look();
    },
    choose,
  };
}
