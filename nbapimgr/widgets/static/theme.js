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
  // VS Code says it, and puts widgets on white whatever its theme (microsoft/vscode-jupyter #7161).
  const kind = document.body.dataset.vscodeThemeKind;
  if (kind) return !kind.endsWith("light");
  for (let behind = parentOf(root); behind; behind = parentOf(behind)) {
    const seen = lightness(getComputedStyle(behind).backgroundColor);
    if (seen !== null) return seen < 0.5;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * How light a computed colour is, 0 to 1; null for what can be looked through. Browsers keep the space a
 * colour was written in (https://www.w3.org/TR/css-color-4/#serializing-color-values).
 *
 * @param {string} color
 */
function lightness(color) {
  const [, space, inside] = color.match(/^([\w-]+)\((?:[a-z][\w-]*\s+)?(.*)\)$/) ?? [];
  const [a, b, c, alpha = 1] = (inside?.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  if (c === undefined || alpha <= 0.5) return null;
  if (/^ok/.test(space)) return a; // oklab, oklch: the lightness
  if (/^l/.test(space)) return a / 100; // lab, lch
  return (0.299 * a + 0.587 * b + 0.114 * c) / (space === "color" ? 1 : 255);
}

/** The element around this one, also out of a shadow tree. @param {Element} element
 * @returns {Element | null} */
function parentOf(element) {
  const node = element.parentNode;
  return node instanceof ShadowRoot ? node.host : element.parentElement;
}
