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
    for (const secret of secretsIn([schema], config, false)) this.#add(secret);
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

function* secretsIn(
  schemas: readonly JsonObject[],
  value: JsonValue | undefined,
  secret: boolean,
): Generator<string> {
  const known = schemas.flatMap(alternatives);
  const hidden = secret || known.some((schema) => schema["airbyte_secret"] === true);
  if (Array.isArray(value)) {
    const inside = known.flatMap(({ items }) => (Array.isArray(items) ? items : [items])).filter(isObject);
    for (const item of value as readonly JsonValue[]) yield* secretsIn(inside, item, hidden);
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value))
      yield* secretsIn(membersOf(known, name), member, hidden);
  } else if (hidden && isText(value)) {
    yield value.toString();
  }
}

function isText(value: JsonValue | undefined): value is string | number | bigint | ExactNumber {
  return value instanceof ExactNumber || ["string", "number", "bigint"].includes(typeof value);
}

function membersOf(schemas: readonly JsonObject[], name: string): readonly JsonObject[] {
  return schemas.flatMap(({ properties, additionalProperties }) => {
    const own = isObject(properties) ? properties[name] : undefined;
    return [own ?? additionalProperties].filter(isObject);
  });
}

/** A schema with everything in it that describes the same value, and what its references lead to. */
function alternatives(schema: JsonObject): readonly JsonObject[] {
  const inner = ["oneOf", "anyOf", "allOf"].flatMap((word) => {
    const list = schema[word];
    return Array.isArray(list) ? (list as readonly JsonValue[]).filter(isObject) : [];
  });
  return [schema, ...inner.flatMap(alternatives)];
}
