/** One provider: how it does, and everything about it that can be changed. */
import { h, icon, say, unique } from "./dom.js";
import { keyForm } from "./keyform.js";
import { keyList } from "./keylist.js";
import { limitFields } from "./limits.js";
import { modelList } from "./models.js";
import { placeOf } from "./order.js";
import { sparkline } from "./sparkline.js";

/**
 * @typedef {{name: string, title: string, host: string, models: string[], place: number, enabled: boolean,
 *   keyless: boolean, key_page: string, keys: import("./keylist.js").Key[], advice: string,
 *   limits: Record<string, number | null>, tone: "ok" | "warn" | "bad" | "busy" | "off" | "new", status: string, why: string}} Data
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./ask.js").Kernel} Kernel
 */

/**
 * @param {Kernel} kernel @param {Data} data
 * @param {(answer: Answer) => void} told
 */
export function card(kernel, data, told) {
  const id = unique("card");
  /** @param {string} kind @param {Record<string, any>} [more] */
  const change = async (kind, more = {}) => told(await kernel.ask(kind, { provider: data.name, ...more }));

  const title = h("h3", { id: `${id}-title` });
  const state = h("span", { class: "state" });
  const facts = h("p", { class: "facts" });
  const why = h("p", { class: "why" });
  const advice = h("p", { class: "advice" });
  const spark = h("span", { class: "spark" });
  const enabled = h("input", { type: "checkbox", role: "switch", id: `${id}-on` });
  enabled.addEventListener("change", () => change("provider.update", { enabled: enabled.checked }));
  const models = modelList((list) => change("provider.update", { models: list }));
  const order = placeOf((to) => change("provider.move", { to }));
  const limits = limitFields((rate_limits) => change("provider.update", { rate_limits }));
  const keys = keyList(change);
  const check = h("button", { type: "button", onclick: () => change("provider.check") }, "Check now");
  const remove = h("button", { type: "button", class: "danger", onclick: () => change("provider.remove") });
  /** @param {string} label @param {Record<string, string>} slots */
  const form = (label, slots) => keyForm(kernel, { provider: () => data.name, title: () => data.title, label, slots, told });
  const page = h("a", { class: "quiet", target: "_blank", rel: "noopener noreferrer", hidden: !data.key_page, href: data.key_page || null }, "Where keys are made");
  const wanted = h("div", { class: "wanted" }, form("API key", { default: "Save key" }));
  const body = h(
    "div",
    { class: "body", id: `${id}-body`, hidden: true },
    models.element,
    h("fieldset", {}, h("legend", {}, "Keys"), keys.element, form("Another key", { default: "Replace", spare: "Add as spare" }), page),
    order.element,
    limits.element,
    h("div", { class: "actions" }, check, remove),
  );
  const more = h("button", { type: "button", class: "more", "aria-expanded": "false", "aria-controls": body.id }, h("span", {}, "Settings"), icon("down"));
  more.addEventListener("click", () => {
    body.hidden = !body.hidden;
    more.setAttribute("aria-expanded", String(!body.hidden));
  });
  const element = h(
    "li",
    { class: "card" },
    h(
      "article",
      { "aria-labelledby": title.id },
      h("div", { class: "head" }, h("div", { class: "who" }, title, state), h("div", { class: "tools" }, spark,
        h("label", { class: "switch", for: enabled.id }, enabled, h("span", { class: "quiet" }, "Enabled")), more)),
      facts, why, advice, wanted, body,
    ),
  );

  /** @param {Data} now @param {number} count @param {number[] | undefined} calls */
  function update(now, count, calls) {
    data = now;
    element.dataset.tone = now.tone;
    element.dataset.provider = now.name;
    say(title, now.title);
    state.replaceChildren(icon(now.tone), now.status);
    say(facts, factsOf(now));
    say(why, now.why);
    say(advice, now.advice);
    spark.replaceChildren(...(calls ? [sparkline(calls)] : []));
    enabled.checked = now.enabled;
    enabled.setAttribute("aria-label", `${now.title} is asked`);
    more.setAttribute("aria-label", `Settings of ${now.title}`);
    say(remove, `Remove ${now.title}`);
    check.disabled = now.tone === "busy";
    wanted.hidden = now.keys.length > 0 || now.keyless;
    models.update(now.models);
    order.update(now.title, now.place, count);
    limits.update(now.limits);
    keys.update(now.keys);
  }
  return { element, update };
}

/** @param {Data} data */
function factsOf(data) {
  const [first, ...others] = data.models;
  const models = first ? (others.length ? `${first} and ${others.length} more` : first) : "no model yet";
  const key = data.keys.length ? `key ${data.keys[0].masked}` : data.keyless ? "no key needed" : "no key";
  return [models, key, data.host].filter(Boolean).join(" · ");
}
