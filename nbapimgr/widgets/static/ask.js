/**
 * Questions to the kernel, each with its answer.
 *
 * @typedef {{said: string, hint: string, ok: boolean, data: Record<string, any>, buffers: DataView[]}} Answer
 * @typedef {{ask: (kind: string, payload?: Record<string, any>, buffers?: ArrayBufferView[]) => Promise<Answer>}} Kernel
 */

/** Milliseconds after which a person is told that the kernel is busy. */
const PATIENCE = 2500;

/**
 * The kernel behind a widget. A question is never given up: a kernel that runs a long cell answers when it
 * is done.
 *
 * @param {import("@anywidget/types").AnyModel} model
 * @param {AbortSignal} signal
 * @param {{told: (answer: Answer) => void, waiting: (waits: boolean) => void}} heard `told`: a sentence
 *   that answers nothing; `waiting`: whether an answer is overdue.
 * @returns {Kernel}
 */
export function kernelOf(model, signal, heard) {
  /** @type {Map<string, {resolve: (answer: Answer) => void, timer: number, late: boolean}>} */
  const open = new Map();
  const prefix = Math.random().toString(36).slice(2);
  let count = 0;
  const overdue = () => heard.waiting([...open.values()].some((question) => question.late));

  /** @param {any} content @param {DataView[]} buffers */
  const receive = (content, buffers) => {
    if (typeof content?.id !== "string") return;
    const { id, ok, said, hint, ...data } = content;
    const answer = { ok: ok === true, said: String(said ?? ""), hint: String(hint ?? ""), data, buffers };
    const question = open.get(id);
    if (question) {
      clearTimeout(question.timer);
      open.delete(id);
      overdue();
      question.resolve(answer);
    } else if (id === "") heard.told(answer);
  };
  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", receive);
    for (const question of open.values()) clearTimeout(question.timer);
  });

  return {
    ask(kind, payload = {}, buffers = []) {
      count += 1;
      const id = `${prefix}-${count}`;
      return new Promise((resolve) => {
        const question = { resolve, late: false, timer: 0 };
        question.timer = window.setTimeout(() => {
          question.late = true;
          overdue();
        }, PATIENCE);
        open.set(id, question);
        model.send({ id, kind, ...payload }, undefined, buffers);
      });
    },
  };
}
