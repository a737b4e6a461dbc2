/** Where keys are kept: says so, and makes or opens the vault on this machine. */
import { bytesIn, h, icon, say, unique } from "./dom.js";
import { sealTo } from "./keyform.js";
import { binding, canSeal, receiver } from "./seal.js";

/**
 * @typedef {import("./ask.js").Answer} Answer
 * @typedef {import("./ask.js").Kernel} Kernel
 * @typedef {{state: "none" | "locked" | "open" | "read-only" | "memory-only", protection: string, do: string}} Vault
 */

/**
 * @param {Kernel} kernel
 * @param {(answer: Answer) => void} told
 */
export function vaultBox(kernel, told) {
  const chip = h("span", { class: "chip" });
  const make = h("button", { type: "button", onclick: setUp }, "Keep them here, encrypted");
  const code = h("div", { class: "code", hidden: true });
  const none = h("div", { class: "row wrap" },
    h("p", {}, "Your keys are forgotten when this kernel ends."),
    canSeal() ? make : h("span", {}, "Make it with ", h("code", {}, "%llm keys setup")));
  const locked = passphrase();
  const words = h("p", {});
  const box = h("div", { class: "vault", "aria-label": "Where keys are kept", role: "group" }, none, locked, words, code);

  /** Makes the vault; its recovery code comes sealed to a key pair of this page. */
  async function setUp() {
    make.disabled = true;
    const page = await receiver();
    const answer = await kernel.ask("vault.setup", {}, [page.point]);
    make.disabled = false;
    told(answer);
    if (!answer.ok || !answer.buffers.length) return;
    const info = binding("nbapimgr/seal/v1", answer.data.kernel, answer.data.widget, "recovery");
    showCode(await page.open(bytesIn(answer.buffers[0]), info));
  }

  /** @param {string} text */
  function showCode(text) {
    const done = h("button", { type: "button" }, "I have written it down");
    done.addEventListener("click", () => {
      code.replaceChildren();
      code.hidden = true;
      box.hidden = chip.dataset.state === "open";
    });
    code.replaceChildren(
      h("p", { class: "title", tabindex: "-1" }, "Write this recovery code down"),
      h("p", {}, "It opens your keys when this machine no longer does. It is shown only now, and is in no file and no notebook."),
      h("p", {}, h("code", { class: "secret" }, text)),
      done,
    );
    code.hidden = box.hidden = false;
    done.focus();
  }

  function passphrase() {
    const id = unique("passphrase");
    const input = h("input", { type: "password", id, autocomplete: "off", spellcheck: "false", "data-1p-ignore": true, "data-lpignore": "true" });
    const button = h("button", { type: "submit" }, "Unlock");
    /** @param {Event} event */
    const submit = async (event) => {
      event.preventDefault();
      const typed = input.value;
      input.value = "";
      if (!typed) return input.focus();
      button.disabled = true;
      told(await sealTo(kernel, typed, "vault.unlock", { provider: "vault", slot: "passphrase" }, {}));
      button.disabled = false;
    };
    const form = h("form", { onsubmit: submit, autocomplete: "off" },
      h("label", { for: id }, "Your keys on this machine are locked: passphrase"),
      h("div", { class: "row" }, input, button));
    return canSeal() ? form : h("p", {}, "Your keys on this machine are locked: ", h("code", {}, "%llm keys unlock"));
  }

  return {
    element: box,
    chip,
    /** @param {Vault} vault @param {boolean} keys Whether there are keys that could be kept. */
    update(vault, keys) {
      chip.dataset.state = vault.state;
      chip.replaceChildren(icon("lock"), h("span", {}, vault.protection));
      none.hidden = vault.state !== "none" || !keys;
      locked.hidden = vault.state !== "locked";
      words.hidden = vault.state !== "read-only";
      say(words, `Keys can be read and not changed: ${vault.do}`);
      box.hidden = none.hidden && locked.hidden && words.hidden && code.hidden;
    },
  };
}
