/** A provider's place in the order they are tried: a slider, and buttons that say the same. */
import { focused, h, icon, say, unique } from "./dom.js";

/** @param {(place: number) => void} moved Called with the new place; 1 is first. */
export function placeOf(moved) {
  const id = unique("place");
  let place = 1;
  let count = 1;
  let wanted = 1; // what was asked for last: the kernel answers later than a key is pressed again
  const words = h("output", { class: "place", for: id });
  const slider = h("input", { type: "range", id, min: "1", step: "1" });
  const up = h("button", { type: "button", class: "bare", onclick: () => moved(place - 1) }, icon("up"));
  const down = h("button", { type: "button", class: "bare", onclick: () => moved(place + 1) }, icon("down"));
  slider.addEventListener("input", () => tell(Number(slider.value)));
  slider.addEventListener("change", () => {
    const value = Number(slider.value);
    if (value === place && value === wanted) return;
    wanted = value;
    moved(value);
  });

  /** @param {number} where */
  function tell(where) {
    const text = `${where} of ${count}, tried ${where === 1 ? "first" : where === count ? "last" : `number ${where}`}`;
    slider.setAttribute("aria-valuetext", text);
    say(words, text);
  }
  return {
    element: h(
      "fieldset",
      {},
      h("legend", {}, "Order"),
      h("label", { for: id }, "Priority"),
      h("div", { class: "row" }, up, slider, down),
      words,
    ),
    /** @param {string} title @param {number} where @param {number} of */
    update(title, where, of) {
      [place, count] = [where, of];
      slider.max = String(of);
      slider.disabled = of < 2;
      if (focused(slider) !== slider || slider.disabled) {
        slider.value = String(where);
        wanted = where;
      }
      up.setAttribute("aria-label", `Try ${title} earlier`);
      down.setAttribute("aria-label", `Try ${title} later`);
      up.disabled = where === 1;
      down.disabled = where === of;
      tell(Number(slider.value));
    },
  };
}
