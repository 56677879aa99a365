import { PythonError, valueError } from "../python-error.ts";
import { formatSpec } from "../values/format-spec.ts";
import { reprOf, textOf } from "../values/text.ts";
import type { Named } from "../values/types.ts";
import { spendSize } from "../meter.ts";

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g;

/** How members of a field are reached. */
export interface Reach {
  readonly attribute: (value: unknown, name: string) => unknown;
  readonly item: (value: unknown, key: unknown) => unknown;
}

/** `"{0} {name:>5}".format(...)`. Members of a field are reached as in an expression. */
export function formatText(text: string, args: readonly unknown[], named: Named, reach: Reach): string {
  let automatic = 0;
  const result = text.replace(FIELD, (whole: string, field?: string, conversion?: string, spec?: string) => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    if (field === undefined) throw valueError("Single '{' or '}' encountered in format string");
    const [, head = "", path = ""] = /^([^.[]*)(.*)$/s.exec(field) ?? [];
    const place = head === "" ? String(automatic++) : head;
    let value = argument(place, args, named);
    for (const [, name, item] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g))
      value =
        name === undefined
          ? reach.item(value, /^\d+$/.test(item ?? "") ? Number(item) : (item ?? ""))
          : reach.attribute(value, name);
    if (conversion !== undefined) value = conversion === "s" ? textOf(value) : reprOf(value);
    return formatSpec(value, spec ?? "");
  });
  spendSize(result.length);
  return result;
}

function argument(place: string, args: readonly unknown[], named: Named): unknown {
  if (/^\d+$/.test(place)) {
    const index = Number(place);
    if (index >= args.length)
      throw new PythonError("IndexError", "Replacement index out of range for positional args tuple");
    return args[index];
  }
  if (!named.has(place)) throw new PythonError("KeyError", `'${place}'`);
  return named.get(place);
}
