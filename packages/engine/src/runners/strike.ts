import type { JsonObject, JsonValue } from "@weir/protocol";
import { ExactNumber, isObject } from "@weir/protocol";

const MASK = "**********";
/** A shorter secret would strike ordinary words: it is struck only where it stands alone. */
const SHORT = 4;

/** Strikes the secrets of configurations from texts that are to be shown, in every form they are likely to have there. */
export class Strike {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** What the schema calls secret in this configuration, at any depth. */
  learn(schema: JsonObject, config: JsonObject): void {
    for (const secret of secretsIn(alternatives(schema, schema), config, { root: schema, secret: false }))
      this.#add(secret);
  }

  /** Characters of the longest form: a text cut elsewhere than at a line's end may end in the beginning of a secret. */
  get longest(): number {
    return Math.max(0, ...[...this.#forms].map((form) => form.length));
  }

  text(text: string): string {
    if (this.#forms.size === 0) return text;
    this.#pattern ??= patternOf([...this.#forms]);
    return text.replace(this.#pattern, MASK);
  }

  #add(secret: string): void {
    // A key of many lines is printed line by line.
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= 2 * SHORT);
    for (const form of lines.length > 1 ? [secret, ...lines] : [secret]) {
      if (form === "") continue;
      this.#forms.add(form);
      this.#forms.add(JSON.stringify(form).slice(1, -1));
      this.#forms.add(encodeURIComponent(form.toWellFormed()));
      if (form.length >= SHORT) this.#forms.add(Buffer.from(form).toString("base64").replace(/=+$/, ""));
    }
    this.#pattern = undefined;
  }
}

/** The longest first, so that a secret inside another leaves no rest of it behind. */
function patternOf(forms: readonly string[]): RegExp {
  const parts = forms
    .toSorted((a, b) => b.length - a.length)
    .map((form) =>
      form.length >= SHORT
        ? RegExp.escape(form)
        : `(?<![\\p{L}\\p{N}])${RegExp.escape(form)}(?![\\p{L}\\p{N}])`,
    );
  return new RegExp(parts.join("|"), "gu");
}

interface Within {
  /** The whole schema, which references point into. */
  readonly root: JsonObject;
  /** Whether everything in the value is secret. */
  readonly secret: boolean;
}

function* secretsIn(
  known: readonly JsonObject[],
  value: JsonValue | undefined,
  { root, secret }: Within,
): Generator<string> {
  const within = { root, secret: secret || known.some((schema) => schema["airbyte_secret"] === true) };
  const open = (inner: readonly unknown[]): readonly JsonObject[] =>
    inner.filter(isSchema).flatMap((schema) => alternatives(schema, root));
  if (Array.isArray(value)) {
    const inside = open(known.flatMap(({ items }) => items));
    for (const item of value as readonly JsonValue[]) yield* secretsIn(inside, item, within);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value))
      yield* secretsIn(open(membersOf(known, name)), member, within);
  } else if (within.secret && isText(value)) {
    yield value.toString();
  }
}

function isText(value: JsonValue | undefined): value is string | number | bigint | ExactNumber {
  return value instanceof ExactNumber || ["string", "number", "bigint"].includes(typeof value);
}

function isSchema(value: unknown): value is JsonObject {
  return isObject(value);
}

function membersOf(schemas: readonly JsonObject[], name: string): readonly (JsonValue | undefined)[] {
  return schemas.map(({ properties, additionalProperties }) =>
    isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties,
  );
}

/** A schema with everything that describes the same value: what it is made of, and what its references lead to. */
function alternatives(schema: JsonObject, root: JsonObject): readonly JsonObject[] {
  const found = new Set<JsonObject>();
  const visit = (at: JsonValue | undefined): void => {
    if (!isObject(at) || found.has(at)) return;
    found.add(at);
    for (const word of ["oneOf", "anyOf", "allOf"]) {
      const list = at[word];
      if (Array.isArray(list)) for (const one of list as readonly JsonValue[]) visit(one);
    }
    if (typeof at["$ref"] === "string") visit(pointedAt(at["$ref"], root));
  };
  visit(schema);
  return [...found];
}

/** What a reference inside the schema leads to (RFC 6901); nothing where it leads elsewhere. */
function pointedAt(reference: string, root: JsonObject): JsonValue | undefined {
  if (!reference.startsWith("#")) return undefined;
  let at: JsonValue | undefined = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(at)) at = (at as readonly JsonValue[])[Number(name)];
    else at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}
