/** The settings panel: draws what the kernel says is there, and asks it for what a person wants. */
import { adder } from "./adder.js";
import { kernelOf } from "./ask.js";
import { card } from "./card.js";
import { focused, h, keepKeys, say } from "./dom.js";
import { importer } from "./imports.js";
import { followTheme } from "./theme.js";
import { vaultBox } from "./vault.js";

/** Milliseconds between two looks at how everybody does. */
const LOOK = 60_000;

/**
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./card.js").Data} Data
 * @typedef {{state: {providers: Data[], environment: Record<string, string>, trouble: string[],
 *   vault: import("./vault.js").Vault},
 *   mark: string, vendors: import("./keys.js").Vendor[], calls: Record<string, number[]>}} Model
 */

/** @param {{model: import("@anywidget/types").AnyModel<Model>, el: HTMLElement, signal: AbortSignal}} view */
function render({ model, el, signal }) {
  const root = h("section", { class: "nbapimgr-panel", "aria-label": "LLM providers", tabindex: "-1" });
  const count = h("p", { class: "count" });
  const busy = h("p", { class: "busy", role: "status" });
  const status = h("p", { class: "said", role: "status" });
  const alarm = h("p", { class: "said wrong", role: "alert" });
  const undo = h("button", { type: "button", class: "undo", hidden: true }, "Undo");
  const trouble = h("ul", { class: "trouble" });
  const list = h("ol", { class: "cards" });
  const empty = h("div", { class: "empty" });
  /** @type {Map<string, ReturnType<typeof card>>} */
  const cards = new Map();
  /** What "Undo" asks the kernel. @type {[string, Record<string, string>]} */
  let last = ["", {}];

  /** Says what came of something; what nobody asked for takes no "Undo" away.
   * @param {Answer} answer @param {boolean} [asked] */
  function told(answer, asked = true) {
    const text = answer.hint ? `${answer.said} (${answer.hint})` : answer.said;
    say(status, answer.ok ? text : "");
    say(alarm, answer.ok ? "" : text);
    const { undo: provider, undo_key: owner, undo_import: brought } = answer.data;
    if (brought) last = ["import.undo", {}];
    else if (provider) last = ["provider.restore", { provider }];
    else if (owner) last = ["key.undo", { provider: owner }];
    else if (answer.ok && asked) last = ["", {}];
    undo.hidden = !last[0];
    if (provider || owner) undo.focus(); // what was pressed goes away, maybe far below
    if (!answer.ok && asked) update(); // what was shown before the kernel agreed
  }
  const waiting = (/** @type {boolean} */ waits) =>
    say(busy, waits ? "The kernel has not answered yet. It may be busy with a cell, and will answer when that is done; if it was restarted, run this cell again." : "");
  const kernel = kernelOf(model, signal, { told: (answer) => told(answer, false), waiting });
  const add = adder(kernel, model.get("vendors"), told);
  add.element.append(importer(kernel, told).element);
  undo.addEventListener("click", async () => {
    told(await kernel.ask(...last));
    if (undo.hidden) root.focus({ preventScroll: true }); // or the next key would be the notebook's
  });
  const vault = vaultBox(kernel, told);

  /** @param {Data[]} providers */
  function draw(providers) {
    const active = focused(root);
    const calls = model.get("calls") ?? {};
    for (const [name, gone] of cards) {
      if (providers.some((data) => data.name === name)) continue;
      gone.element.remove();
      cards.delete(name);
    }
    providers.forEach((data, place) => {
      const shown = cards.get(data.name) ?? card(kernel, data, told);
      cards.set(data.name, shown);
      shown.update(data, providers.length, calls[data.name]);
      if (list.children[place] !== shown.element) list.insertBefore(shown.element, list.children[place] ?? null);
    });
    if (active && root.contains(active) && focused(root) !== active) active.focus();
  }

  function update() {
    const state = model.get("state");
    draw(state.providers);
    add.update(state);
    vault.update(state.vault, state.providers.some((data) => data.keys.some((key) => key.ours)));
    say(count, summary(state.providers));
    trouble.replaceChildren(...state.trouble.map((line) => h("li", {}, line)));
    empty.replaceChildren(...(state.providers.length ? [] : welcome(state.environment)));
  }

  /** @param {Record<string, string>} environment */
  function welcome(environment) {
    const vendors = model.get("vendors").filter((vendor) => environment[vendor.name]);
    const found = vendors.map((vendor) =>
      h("button", { type: "button", onclick: () => add.choose(vendor) }, `Use ${environment[vendor.name]}`));
    return [
      h("p", { class: "title" }, "No provider yet"),
      h("p", {}, "Paste a key above: it is encrypted in this page before it leaves it, and never shown again."),
      found.length ? h("p", {}, "The environment has keys already: ", ...found) : "",
      h("p", {}, "No key at hand? ", h("code", {}, "%llm demo"), " rehearses with two servers and a small model on this machine."),
    ];
  }

  keepKeys(root, signal);
  root.append(
    h("div", { class: "top" }, h("h2", {}, "LLM providers"), count, vault.chip),
    add.element,
    vault.element,
    h("div", { class: "news" }, status, alarm, undo),
    busy,
    trouble,
    list,
    empty,
  );
  el.append(root);
  followTheme(root, signal);
  hideFallback(model.get("mark"), signal);
  model.on("change:state", update);
  model.on("change:calls", update);
  update();
  kernel.ask("hello").then(() => kernel.ask("usage"));
  whileSeen(root, () => kernel.ask("look"), signal);
  signal.addEventListener("abort", () => {
    model.off("change:state", update);
    model.off("change:calls", update);
  });
}

/**
 * Has somebody asked how they all do, once a minute while the panel is in sight.
 *
 * @param {HTMLElement} root @param {() => Promise<unknown>} look @param {AbortSignal} signal
 */
function whileSeen(root, look, signal) {
  let seen = false;
  let waits = false;
  const now = async () => {
    if (!seen || waits || document.hidden) return;
    waits = true; // a busy kernel is not asked again before it has answered
    await look();
    waits = false;
  };
  const sight = new IntersectionObserver((entries) => {
    const was = seen;
    seen = entries[entries.length - 1].isIntersecting;
    if (seen && !was) now();
  });
  sight.observe(root);
  const timer = setInterval(now, LOOK);
  signal.addEventListener("abort", () => {
    sight.disconnect();
    clearInterval(timer);
  });
}

/**
 * Hides the table that a saved notebook shows in place of the panel. Where the host's page is not
 * JupyterLab's the style of the table itself does not do that.
 *
 * @param {string} mark @param {AbortSignal} signal
 */
function hideFallback(mark, signal) {
  const hide = () => {
    const found = document.querySelector(`.nbapimgr-static[data-panel="${CSS.escape(mark)}"]`);
    if (!(found instanceof HTMLElement)) return false;
    found.style.display = "none";
    signal.addEventListener("abort", () => (found.style.display = "")); // the panel was closed
    return true;
  };
  if (hide()) return;
  const watch = new MutationObserver(() => hide() && watch.disconnect());
  watch.observe(document.body, { childList: true, subtree: true });
  signal.addEventListener("abort", () => watch.disconnect());
  setTimeout(() => watch.disconnect(), 10_000); // the two are put out together, or never
}

/** @param {Data[]} providers */
function summary(providers) {
  const ready = providers.filter((data) => data.tone === "ok").length;
  const wanting = providers.filter((data) => data.tone === "new").length;
  const parts = [`${providers.length} in all`, ready && `${ready} ready`, wanting && `${wanting} without a key`];
  return providers.length ? parts.filter(Boolean).join(", ") : "";
}

export default { render };
