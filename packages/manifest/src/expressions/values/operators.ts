import { addDuration, CalendarDate, Duration, Moment, Timedelta } from "../datetime/index.ts";
import { spendSize } from "../meter.ts";
import { typeError } from "../python-error.ts";
import {
  add,
  divide,
  floorDivide,
  isNumeric,
  modulo,
  multiply,
  negate,
  type Numeric,
  power,
  subtract,
  toFloat,
} from "./numbers.ts";
import { formatPercent } from "./percent.ts";
import { PythonSet } from "./set.ts";
import { isInt, Tuple, typeName, Undefined } from "./types.ts";

export type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

const NUMERIC: Readonly<Record<Operator, (a: Numeric, b: Numeric) => Numeric>> = {
  "+": add,
  "-": subtract,
  "*": multiply,
  "/": divide,
  "//": floorDivide,
  "%": modulo,
  "**": power,
};

/** Python's binary operators. Fails with a TypeError for types that know them not. */
export function operate(operator: Operator, a: unknown, b: unknown): unknown {
  if (isNumeric(a) && isNumeric(b)) return NUMERIC[operator](a, b);
  if (typeof a === "string" && operator === "%") return formatPercent(a, b);
  if (a instanceof Undefined) return a.fail();
  if (b instanceof Undefined) return b.fail();
  const result = onOthers(operator, a, b);
  if (result !== undefined) return result;
  throw typeError(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

function onOthers(operator: Operator, a: unknown, b: unknown): unknown {
  switch (operator) {
    case "+":
      return concatenated(a, b) ?? moved(a, b) ?? moved(b, a);
    case "-":
      return difference(a, b);
    case "*":
      return repeated(a, b) ?? repeated(b, a);
    case "/":
    case "//":
      return quotient(operator, a, b);
    default:
      return undefined;
  }
}

function concatenated(a: unknown, b: unknown): unknown {
  if (typeof a === "string" && typeof b === "string") {
    spendSize(a.length + b.length);
    return a + b;
  }
  if (!Array.isArray(a) || !Array.isArray(b) || a instanceof Tuple !== b instanceof Tuple) return undefined;
  spendSize((a.length + b.length) * 16);
  const items = [...(a as unknown[]), ...(b as unknown[])];
  return a instanceof Tuple ? Tuple.holding(items) : items;
}

type Span = Timedelta | Duration;

function isSpan(value: unknown): value is Span {
  return value instanceof Timedelta || value instanceof Duration;
}

function moved(value: unknown, span: unknown): unknown {
  if (!isSpan(span)) return undefined;
  if (value instanceof Moment || value instanceof CalendarDate) return addDuration(value, span);
  if (value instanceof Duration) return value.plus(span);
  return value instanceof Timedelta && span instanceof Timedelta ? value.plus(span) : undefined;
}

function difference(a: unknown, b: unknown): unknown {
  if (a instanceof Moment && b instanceof Moment) return a.minus(b);
  if (a instanceof CalendarDate && b instanceof CalendarDate) return Timedelta.of({ days: a.days - b.days });
  if (a instanceof PythonSet && b instanceof PythonSet)
    return PythonSet.of([...a.items()].filter((item) => !b.has(item)));
  if (!isSpan(b)) return undefined;
  if (a instanceof CalendarDate && b instanceof Timedelta) return new CalendarDate(a.days - b.days);
  const back = b.negated();
  return moved(a, back) ?? (a instanceof Timedelta ? moved(back, a) : undefined);
}

function repeated(value: unknown, count: unknown): unknown {
  if (!isInt(count) && typeof count !== "boolean") {
    return value instanceof Timedelta && isNumeric(count) ? value.times(toFloat(count)) : undefined;
  }
  const times = Math.max(0, Number(count));
  if (typeof value === "string") {
    spendSize(value.length * times);
    return value.repeat(value === "" ? 0 : times);
  }
  if (Array.isArray(value)) {
    spendSize(value.length * times * 16);
    const items: unknown[] = [];
    for (let turn = 0; turn < times && value.length > 0; turn++) for (const item of value) items.push(item);
    return value instanceof Tuple ? Tuple.holding(items) : items;
  }
  return isSpan(value) ? value.times(Number(count)) : undefined;
}

function quotient(operator: "/" | "//", a: unknown, b: unknown): unknown {
  if (!(a instanceof Timedelta)) return undefined;
  if (b instanceof Timedelta)
    return NUMERIC[operator](
      BigInt(a.total) * 1_000_000n + BigInt(a.microseconds),
      BigInt(b.total) * 1_000_000n + BigInt(b.microseconds),
    );
  if (!isNumeric(b)) return undefined;
  const micros = toFloat(divide(BigInt(a.total) * 1_000_000n + BigInt(a.microseconds), b));
  return Timedelta.of({ microseconds: operator === "//" ? Math.floor(micros) : micros });
}

export function negated(value: unknown): unknown {
  if (isNumeric(value)) return negate(value);
  if (value instanceof Undefined) return value.fail();
  if (isSpan(value)) return value.negated();
  throw typeError(`bad operand type for unary -: '${typeName(value)}'`);
}

export function positive(value: unknown): unknown {
  if (typeof value === "boolean") return Number(value);
  if (isNumeric(value) || value instanceof Timedelta) return value;
  if (value instanceof Undefined) return value.fail();
  throw typeError(`bad operand type for unary +: '${typeName(value)}'`);
}
