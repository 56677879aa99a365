import { ExactNumber, type JsonValue } from "@weir/protocol";

/** Python's `str` of a value: what reaches a header, a parameter or a path. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : repr(value ?? null);
}

function repr(value: JsonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Number.isInteger(value) ? value.toString() : floatText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return quoted(value);
  if (value instanceof ExactNumber) return floatText(Number(value.text));
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(repr).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, member]) => `${quoted(key)}: ${repr(member ?? null)}`)
    .join(", ")}}`;
}

function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return escaped.includes("'") && !escaped.includes('"')
    ? `"${escaped}"`
    : `'${escaped.replaceAll("'", "\\'")}'`;
}

/** A float as Python prints it: a fraction or an exponent is always there, exponents from 1e16 up and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [digits = "", power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) {
    const plain =
      exponent < 0
        ? value.toFixed(Math.min(100, digits.replace(/[-.]/g, "").length - 1 - exponent))
        : String(value);
    return plain.includes(".") ? plain : `${Object.is(value, -0) ? "-0" : plain}.0`;
  }
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
