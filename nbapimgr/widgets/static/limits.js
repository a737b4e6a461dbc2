/** What a provider may be asked at most; empty is no limit of one's own. */
import { focused, h, unique } from "./dom.js";

const LIMITS = /** @type {const} */ ([
  ["rpm", "Requests a minute"],
  ["tpm", "Tokens a minute"],
  ["rpd", "Requests a day"],
]);

/** @param {(limits: Record<string, number>) => void} changed */
export function limitFields(changed) {
  const fields = LIMITS.map(([name, label]) => {
    const input = h("input", { type: "number", id: unique(name), min: "1", max: "1000000000", step: "1", inputmode: "numeric", placeholder: "no limit" });
    input.addEventListener("change", () => {
      if (!input.reportValidity()) return;
      const given = fields.filter((field) => field.input.value).map((field) => [field.name, Number(field.input.value)]);
      changed(Object.fromEntries(given));
    });
    return { name, label, input };
  });
  return {
    element: h(
      "fieldset",
      {},
      h("legend", {}, "Limits of your own"),
      ...fields.map((field) => h("div", { class: "limit" }, h("label", { for: field.input.id }, field.label), field.input)),
    ),
    /** @param {Record<string, number | null>} limits */
    update(limits) {
      for (const { name, input } of fields) {
        if (focused(input) !== input) input.value = limits[name] == null ? "" : String(limits[name]);
      }
    },
  };
}
