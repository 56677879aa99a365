import { constants, createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { type JsonObject, stringifyJson, WeirError } from "@weir/protocol";

export interface JwtRequest {
  readonly algorithm: string;
  /** The shared secret, or a private key as PEM. */
  readonly secret: string;
  /** Whether a shared secret is encoded in base64 before it is used. */
  readonly isEncoded: boolean;
  /** Empty: the key is not encrypted. */
  readonly passphrase: string;
  readonly headers: JsonObject;
  readonly payload: JsonObject;
}

/** A JSON Web Token, its parts in the order given. */
export function signJwt({ headers, payload, ...request }: JwtRequest): string {
  const text = [headers, payload].map((part) => base64url(Buffer.from(ascii(stringifyJson(part))))).join(".");
  try {
    return `${text}.${base64url(signature(text, request))}`;
  } catch (error) {
    throw new WeirError(
      {
        code: "http.jwt",
        message: `A token could not be signed with ${request.algorithm}.`,
        next: "Check the private key or secret in the configuration: it must be complete and of the kind the API asks for.",
        recovery: "ask",
        origin: "source",
      },
      { cause: error },
    );
  }
}

type Signing = Pick<JwtRequest, "algorithm" | "secret" | "isEncoded" | "passphrase">;

function signature(text: string, { algorithm, secret, isEncoded, passphrase }: Signing): Buffer {
  const key = isEncoded ? Buffer.from(secret, "utf8").toString("base64") : secret;
  const digest = `sha${algorithm.slice(2, 5)}`;
  const data = Buffer.from(text);
  const kind = algorithm.slice(0, 2);
  if (kind === "HS") return createHmac(digest, key).update(data).digest();
  const privateKey = keyOf(key, passphrase);
  if (algorithm === "EdDSA") return sign(null, data, privateKey);
  if (kind === "RS") return sign(digest, data, privateKey);
  if (kind === "PS")
    return sign(digest, data, {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    });
  if (kind === "ES") return sign(digest, data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  throw new Error(`unknown algorithm ${algorithm}`);
}

function keyOf(key: string, passphrase: string): KeyObject {
  return createPrivateKey(passphrase === "" ? key : { key, passphrase });
}

function base64url(data: Buffer): string {
  return data.toString("base64url");
}

/** JSON with no characters beyond ASCII, as Python writes it. */
function ascii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
