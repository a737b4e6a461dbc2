/**
 * Gives the error view of a failed cell its buttons, as long as there is a kernel to act.
 *
 * The view itself is HTML that is saved with the notebook. This model has no view of its own: a
 * saved widget without its kernel would be shown as an error of its own, whatever stood beside it.
 *
 * @typedef {{kind: string, label: string}} Action
 * @typedef {{turn: number, phase: "ready" | "asking" | "done", note: string, actions: Action[]}} Status
 * @typedef {{get(name: string): any, on(name: string, heard: () => void): void,
 *            send(content: unknown): void}} Model
 */

const NAME = "nbapimgr-error";

/** The views that have a kernel; one list for the page, whichever module came first.
 * @type {Map<string, (element: HTMLElement) => void>} */
const views = (/** @type {any} */ (globalThis)[Symbol.for(NAME)] ??= new Map());

if (!customElements.get(NAME)) {
  customElements.define(
    NAME,
    class extends HTMLElement {
      connectedCallback() {
        views.get(this.dataset.view ?? "")?.(this);
      }
    },
  );
}

/**
 * Sends what was pressed, once a turn: the second click of a double click is none.
 *
 * @param {Model} model
 */
function sender(model) {
  let sent = -1;
  return {
    /** @param {number} turn */
    has: (turn) => sent >= turn,
    /** @param {string} kind @param {number} turn */
    send(kind, turn) {
      if (sent >= turn) return false;
      sent = turn;
      model.send({ kind, turn });
      return true;
    },
  };
}

/**
 * Draws the bar anew; all text is text.
 *
 * @param {HTMLElement} bar @param {Status} status @param {ReturnType<typeof sender>} sender
 * @param {() => void} redraw
 */
function draw(bar, status, sender, redraw) {
  const waiting = status.phase === "asking" || sender.has(status.turn);
  const focused = bar.contains(document.activeElement)
    ? /** @type {HTMLElement} */ (document.activeElement).dataset.kind
    : undefined;
  const buttons = status.actions.map((action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.kind = action.kind;
    button.textContent = action.label;
    button.setAttribute("aria-disabled", String(waiting)); // keeps the focus, unlike `disabled`
    button.addEventListener("click", () => {
      if (!waiting && sender.send(action.kind, status.turn)) redraw();
    });
    return button;
  });
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  note.textContent = waiting && status.phase === "ready" ? "asked for; the kernel is busy" : status.note;
  bar.replaceChildren(...buttons, note);
  if (focused) buttons.find((button) => button.dataset.kind === focused)?.focus();
}

/** @param {{model: Model, signal: AbortSignal}} props */
function initialize({ model, signal }) {
  const id = model.get("view_id");
  const presses = sender(model);
  /** @type {Map<HTMLElement, HTMLElement>} */
  const bars = new Map();
  const redraw = () => {
    for (const [element, bar] of bars) {
      if (element.isConnected) draw(bar, model.get("status"), presses, redraw);
      else bars.delete(element);
    }
  };
  views.set(id, (element) => {
    const section = element.querySelector(".nbapimgr-error");
    if (!section || bars.get(element)?.isConnected) return;
    const bar = document.createElement("div");
    bar.className = "nbe-bar";
    // JupyterLab takes keys for its own: "x" on a button would cut the cell.
    bar.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
    });
    // Notebook 7 listens before that (in the capture phase), and looks for this attribute.
    const spare = (/** @type {KeyboardEvent} */ event) => {
      if (!(event.target instanceof Element) || !bar.contains(event.target)) return;
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey || event.altKey));
    };
    window.addEventListener("keydown", spare, { signal, capture: true });
    section.append(bar);
    bars.set(element, bar);
    draw(bar, model.get("status"), presses, redraw);
  });
  for (const element of document.querySelectorAll(NAME)) {
    if (/** @type {HTMLElement} */ (element).dataset.view === id) {
      views.get(id)?.(/** @type {HTMLElement} */ (element));
    }
  }
  model.on("change:status", redraw);
  signal.addEventListener("abort", () => {
    views.delete(id);
    for (const bar of bars.values()) bar.remove();
  });
}

export default { initialize };
