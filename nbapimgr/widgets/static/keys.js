/**
 * What a pasted key tells of itself. Nothing here sends anything anywhere.
 *
 * @typedef {{name: string, title: string, host: string, base_url: string, needs: string[], pattern: string,
 *   key_page: string, env: string[], keyless: boolean}} Vendor
 */

/**
 * The key in what was pasted, which may be a line of a file: `export OPENAI_API_KEY="sk-…"`.
 *
 * @param {string} pasted
 */
export function keyIn(pasted) {
  const line = pasted.trim().replace(/^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*(?=\S)/, "");
  return line.replace(/^(["'`])(.*)\1$/, "$2").replace(/^Bearer\s+/i, "").trim();
}

/** Why this cannot be a key, in words; empty when it can. @param {string} key */
export function faultOf(key) {
  if (/…|\*{3}|•/.test(key)) return "This is a masked key: paste the key itself, not its display.";
  if (/\s/.test(key)) return "A key has no spaces: paste the key alone.";
  if (!/^[\x21-\x7e]*$/.test(key)) return "A key has no such letters: paste the key alone.";
  return "";
}

/**
 * The vendors whose keys look like this one: several where shapes are shared, or none.
 *
 * @param {string} key @param {Vendor[]} vendors
 */
export function lookLike(key, vendors) {
  return vendors.filter((vendor) => vendor.pattern && new RegExp(`^(?:${vendor.pattern})$`).test(key));
}
