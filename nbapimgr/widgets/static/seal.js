/**
 * Seals a key in the browser so that only the kernel that asked for it can open it.
 *
 * HPKE (RFC 9180), base mode, one message: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The sender is
 * short enough to be read beside the RFC; the receiver is the Python package `cryptography`. P-256
 * because every browser has it, the older ones inside desktop applications too.
 */

const text = new TextEncoder();
const KEM = bytesOf("KEM", [0x00, 0x10]);
const HPKE = bytesOf("HPKE", [0x00, 0x10], [0x00, 0x01], [0x00, 0x02]);
const NOTHING = new Uint8Array();
const CURVE = { name: "ECDH", namedCurve: "P-256" };

/** Whether this page may encrypt. Browsers refuse over plain http to another machine. */
export function canSeal() {
  return globalThis.isSecureContext === true && globalThis.crypto?.subtle !== undefined;
}

/**
 * The sealed form of `plaintext`: the sender's public point, then the ciphertext with its tag.
 *
 * @param {Uint8Array} recipient The kernel's one-shot public key, an uncompressed point.
 * @param {Uint8Array} info What the message is bound to; see `binding`.
 * @param {Uint8Array} plaintext
 * @param {{aad?: Uint8Array, sender?: CryptoKeyPair}} [fixed] For the vectors of the RFC only.
 * @returns {Promise<Uint8Array>}
 */
export async function seal(recipient, info, plaintext, fixed = {}) {
  const subtle = crypto.subtle;
  const sender =
    fixed.sender ?? /** @type {CryptoKeyPair} */ (await subtle.generateKey(CURVE, false, ["deriveBits"]));
  const theirs = await subtle.importKey("raw", source(recipient), CURVE, false, []);
  const point = new Uint8Array(await subtle.exportKey("raw", sender.publicKey));
  const dh = await subtle.deriveBits({ name: "ECDH", public: theirs }, sender.privateKey, 256);
  const { key, algorithm } = await cipher(dh, point, recipient, info, fixed.aad);
  return bytesOf(point, new Uint8Array(await subtle.encrypt(algorithm, key, source(plaintext))));
}

/**
 * The other way round: a one-shot key pair of this page, to which the kernel seals one secret.
 *
 * @returns {Promise<{point: Uint8Array, open: (sealed: Uint8Array, info: Uint8Array) => Promise<string>}>}
 */
export async function receiver() {
  const subtle = crypto.subtle;
  const pair = /** @type {CryptoKeyPair} */ (await subtle.generateKey(CURVE, false, ["deriveBits"]));
  const own = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  return {
    point: own,
    async open(sealed, info) {
      const point = sealed.slice(0, own.length);
      const theirs = await subtle.importKey("raw", source(point), CURVE, false, []);
      const dh = await subtle.deriveBits({ name: "ECDH", public: theirs }, pair.privateKey, 256);
      const { key, algorithm } = await cipher(dh, point, own, info);
      const plain = await subtle.decrypt(algorithm, key, source(sealed.slice(own.length)));
      return new TextDecoder().decode(plain);
    },
  };
}

/**
 * The bytes that stand for these words, each with its length before it, so that no two lists of
 * words give the same bytes. The kernel makes the same ones.
 *
 * @param {...string} words
 */
export function binding(...words) {
  return bytesOf(
    ...words.flatMap((word) => {
      const encoded = text.encode(word);
      return [[encoded.length >> 8, encoded.length & 0xff], encoded];
    }),
  );
}

/** The AES key and its parameters that both sides come to.
 * @param {ArrayBuffer} dh @param {Uint8Array} point @param {Uint8Array} recipient
 * @param {Uint8Array} info @param {Uint8Array} [aad] */
async function cipher(dh, point, recipient, info, aad = NOTHING) {
  const { key, nonce } = await schedule(await sharedSecret(new Uint8Array(dh), point, recipient), info);
  const imported = await crypto.subtle.importKey("raw", source(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { key: imported, algorithm: { name: "AES-GCM", iv: source(nonce), additionalData: source(aad) } };
}

/** ExtractAndExpand of the RFC's section 4.1.
 * @param {Uint8Array} dh @param {Uint8Array} point @param {Uint8Array} recipient */
async function sharedSecret(dh, point, recipient) {
  const prk = await extract(KEM, NOTHING, "eae_prk", dh);
  return expand(KEM, prk, "shared_secret", bytesOf(point, recipient), 32);
}

/** KeySchedule of the RFC's section 5.1 without a pre-shared key.
 * @param {Uint8Array} shared @param {Uint8Array} info */
async function schedule(shared, info) {
  const context = bytesOf(
    [0],
    await extract(HPKE, NOTHING, "psk_id_hash", NOTHING),
    await extract(HPKE, NOTHING, "info_hash", info),
  );
  const secret = await extract(HPKE, shared, "secret", NOTHING);
  return {
    key: await expand(HPKE, secret, "key", context, 32),
    nonce: await expand(HPKE, secret, "base_nonce", context, 12),
  };
}

/** LabeledExtract.
 * @param {Uint8Array} suite @param {Uint8Array} salt @param {string} label @param {Uint8Array} material */
function extract(suite, salt, label, material) {
  // An empty HMAC key, which browsers refuse, is the same as one of zeros.
  return hmac(salt.length ? salt : new Uint8Array(32), bytesOf("HPKE-v1", suite, label, material));
}

/** LabeledExpand of at most one block, which is all that is asked for here.
 * @param {Uint8Array} suite @param {Uint8Array} prk @param {string} label @param {Uint8Array} info @param {number} length */
async function expand(suite, prk, label, info, length) {
  const block = await hmac(prk, bytesOf([0, length], "HPKE-v1", suite, label, info, [1]));
  return block.slice(0, length);
}

/** @param {Uint8Array} key @param {Uint8Array} data */
async function hmac(key, data) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", source(key), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, source(data)));
}

/** @param {...(string | number[] | Uint8Array)} parts */
function bytesOf(...parts) {
  const encoded = parts.map((part) => (typeof part === "string" ? text.encode(part) : part));
  const whole = new Uint8Array(encoded.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of encoded) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes as WebCrypto's types want them. @param {Uint8Array} data */
function source(data) {
  return /** @type {Uint8Array<ArrayBuffer>} */ (data);
}
