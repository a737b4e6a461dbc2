/** Finds a provider among the known ones by name, address or environment variable. */
import { h, say, unique } from "./dom.js";

/** @typedef {import("./keys.js").Vendor} Vendor */

/** A server of one's own, which the catalogue does not know. @type {Vendor} */
export const OWN = {
  name: "", title: "A server of your own", host: "any address that speaks OpenAI's format", base_url: "http://127.0.0.1:8000/v1",
  needs: ["address"], pattern: "", key_page: "", env: [], keyless: true,
};

/**
 * @param {Vendor[]} vendors
 * @param {(vendor: Vendor) => void} chosen
 */
export function picker(vendors, chosen) {
  const id = unique("search");
  const count = h("p", { class: "hint", "aria-live": "polite" });
  const list = h("ul", { class: "vendors", "aria-label": "Known providers" });
  const search = h("input", { type: "search", id, placeholder: "Search by name or address", autocomplete: "off" });
  const entries = [...vendors, OWN].map((vendor) => {
    const host = h("small", {}, vendor.keyless && vendor !== OWN ? `${vendor.host}, no key` : vendor.host);
    const button = h("button", { type: "button", onclick: () => chosen(vendor) }, h("span", {}, vendor.title), host);
    const words = [vendor.name, vendor.title, vendor.host, ...vendor.env].join(" ").toLowerCase();
    return { item: h("li", {}, button), words, title: vendor.title.toLowerCase(), button };
  });
  list.append(...entries.map((entry) => entry.item));
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    for (const entry of entries) entry.item.hidden = !entry.words.includes(wanted);
    const left = entries.filter((entry) => !entry.item.hidden).length;
    say(count, wanted ? `${left} found${left ? "" : ": a server of your own can be added by its address"}` : "");
    if (!left) entries[entries.length - 1].item.hidden = false;
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const wanted = search.value.trim().toLowerCase(); // "ollama" is not "Ollama Cloud", which comes first
    const shown = entries.filter((entry) => !entry.item.hidden);
    (shown.find((entry) => entry.title === wanted) ?? shown[0])?.button.click();
  });
  const box = h(
    "details",
    { class: "picker" },
    h("summary", {}, `or choose from ${vendors.length} providers`),
    h("label", { for: id, class: "quiet" }, "Search providers"),
    search,
    count,
    list,
  );
  return {
    element: box,
    open: () => {
      box.open = true;
      search.focus();
    },
    close: () => {
      box.open = false;
      search.value = "";
      search.dispatchEvent(new Event("input"));
    },
  };
}
