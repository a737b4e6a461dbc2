/** Draws the calls of the last days as bars. */
import { h, svg } from "./dom.js";

const WIDTH = 84;
const HEIGHT = 22;

/**
 * @param {number[]} days Calls a day, today's last.
 * @returns {HTMLElement}
 */
export function sparkline(days) {
  const all = days.reduce((sum, calls) => sum + calls, 0);
  const today = days.at(-1) ?? 0;
  const words = `${all} call${all === 1 ? "" : "s"} in ${days.length} days, ${today} today`;
  const most = Math.max(1, ...days);
  const step = WIDTH / days.length;
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words });
  days.forEach((calls, day) => {
    const height = calls ? Math.max(2, (calls / most) * HEIGHT) : 1;
    const bar = { x: day * step + 0.5, y: HEIGHT - height, width: step - 1.5, height, rx: 1 };
    picture.append(svg("rect", { ...bar, class: calls ? "bar" : "none" }));
  });
  return h("span", { class: "sparkline", title: words }, picture);
}
