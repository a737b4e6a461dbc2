/** Finds out whether the notebook around the widget is dark; every host says it differently. */

/**
 * Keeps `data-theme` of an element at what is behind it, also when the theme changes.
 *
 * @param {HTMLElement} root @param {AbortSignal} signal
 */
export function followTheme(root, signal) {
  const set = () => root.setAttribute("data-theme", isDark(root) ? "dark" : "light");
  const watch = new MutationObserver(() => requestAnimationFrame(set));
  for (const element of [document.documentElement, document.body]) watch.observe(element, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", set, { signal });
  signal.addEventListener("abort", () => watch.disconnect());
  requestAnimationFrame(set);
  set();
}

/** @param {HTMLElement} root */
function isDark(root) {
  for (let behind = parentOf(root); behind; behind = parentOf(behind)) {
    const [r, g, b, alpha = 1] = (getComputedStyle(behind).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (b !== undefined && alpha > 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The element around this one, also out of a shadow tree. @param {Element} element
 * @returns {Element | null} */
function parentOf(element) {
  const node = element.parentNode;
  return node instanceof ShadowRoot ? node.host : element.parentElement;
}
