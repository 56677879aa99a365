import { spendSize } from "../meter.ts";
import { typeError, valueError } from "../python-error.ts";
import { formatNumber } from "./format-spec.ts";
import { valueAt } from "./members.ts";
import { isNumeric, toFloat, truncated } from "./numbers.ts";
import { reprOf, textOf } from "./text.ts";
import { isDict, isInt, Tuple, typeName } from "./types.ts";

/** `"%s-%05d" % (a, b)`. */
export function formatPercent(format: string, values: unknown): string {
  const given: readonly unknown[] = values instanceof Tuple ? values : [values];
  let used = 0;
  const text = format.replace(
    /%(?:\(([^)]*)\))?([-+ #0]*)(\d{0,6}|\*)(?:\.(\d{0,3}))?([a-zA-Z%]?)/g,
    (...groups: (string | undefined)[]) => {
      const [, name, flags = "", width = "", precision, code = ""] = groups;
      if (code === "%") return "%";
      if (code === "") throw valueError("incomplete format");
      let value: unknown;
      if (name === undefined) {
        if (used >= given.length) throw typeError("not enough arguments for format string");
        value = given[used];
        used += 1;
      } else {
        if (!isDict(values)) throw typeError("format requires a mapping");
        value = valueAt(values, name);
        used = given.length;
      }
      return converted(code, value, { flags, width: Number(width), precision });
    },
  );
  if (used < given.length && !(isDict(values) && given.length === 1))
    throw typeError("not all arguments converted during string formatting");
  return text;
}

interface Shape {
  readonly flags: string;
  readonly width: number;
  readonly precision: string | undefined;
}

function converted(code: string, value: unknown, { flags, width, precision }: Shape): string {
  spendSize(width);
  const align = flags.includes("-") ? "<" : flags.includes("0") && !"srac".includes(code) ? "0" : ">";
  const sign = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const shaped = (text: string): string =>
    align === "<" ? text.padEnd(width) : align === "0" ? zeroFilled(text, width) : text.padStart(width);
  switch (code) {
    case "s":
    case "r":
    case "a": {
      const text = code === "s" ? textOf(value) : reprOf(value);
      return shaped(precision === undefined ? text : text.slice(0, Number(precision)));
    }
    case "d":
    case "i":
    case "u":
      if (!isNumeric(value))
        throw typeError(`%${code} format: a real number is required, not ${typeName(value)}`);
      return shaped(formatNumber(isInt(value) ? value : truncated(toFloat(value)), { sign, code: "d" }));
    case "x":
    case "X":
    case "o":
      if (!isInt(value)) throw typeError(`%${code} format: an integer is required, not ${typeName(value)}`);
      return shaped(formatNumber(value, { sign, code }));
    case "f":
    case "F":
    case "e":
    case "E":
    case "g":
    case "G":
      if (!isNumeric(value)) throw typeError(`must be real number, not ${typeName(value)}`);
      return shaped(formatNumber(value, { sign, code, precision: Number(precision ?? 6) }));
    default:
      throw valueError(`unsupported format character '${code}'`);
  }
}

export function zeroFilled(text: string, width: number): string {
  const sign = /^[-+ ]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
