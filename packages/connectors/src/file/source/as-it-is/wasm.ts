/** Instructions in WebAssembly's binary form: a value or an effect, with all that it needs before it. */
export type Code = readonly number[];

export function code(...parts: readonly Code[]): Code {
  return parts.flat();
}

function unsigned(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

type Two = (left: Code, right: Code) => Code;

function two(...opcode: readonly number[]): Two {
  return (left, right) => [...left, ...right, ...opcode];
}

function one(...opcode: readonly number[]): (value: Code) => Code {
  return (value) => [...value, ...opcode];
}

/** A load from an address plus a constant; no alignment is promised. */
function load(...opcode: readonly number[]): (address: Code, offset?: number) => Code {
  return (address, offset = 0) => [...address, ...opcode, 0, ...unsigned(offset)];
}

const SIMD = 0xfd;

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  load8: load(0x2d),
  load16: load(0x2f),
  store: (address: Code, value: Code): Code => [...address, ...value, 0x36, 0, 0],
  not: one(0x45),
  eq: two(0x46),
  ne: two(0x47),
  gt: two(0x4b),
  ge: two(0x4f),
  /** Zeros at the end. */
  ctz: one(0x68),
  add: two(0x6a),
  and: two(0x71),
  or: two(0x72),
  xor: two(0x73),
  shl: two(0x74),
  shr: two(0x76),
} as const;

/** Sixteen bytes at a time. */
export const v128 = {
  const: (bytes: Iterable<number>): Code => [SIMD, 0x0c, ...bytes],
  load: load(SIMD, 0x00),
  eq: two(SIMD, 0x23),
  gt: two(SIMD, 0x28),
  lt: two(SIMD, 0x26),
  and: two(SIMD, 0x4e),
  or: two(SIMD, 0x50),
  xor: two(SIMD, 0x51),
  anyTrue: one(SIMD, 0x53),
  /** One bit for each byte. */
  bitmask: one(SIMD, 0x64),
  sub: two(SIMD, 0x71),
} as const;

export interface Local {
  readonly get: Code;
  set(value: Code): Code;
  /** Sets it and is its value. */
  tee(value: Code): Code;
}

const EMPTY = 0x40;

export function when(condition: Code, then: Code, otherwise: Code = []): Code {
  const last = otherwise.length === 0 ? [] : [0x05, ...otherwise];
  return [...condition, 0x04, EMPTY, ...then, ...last, 0x0b];
}

/** Does it again for as long as the condition, which comes after it, holds. */
export function repeat(body: Code, condition: Code): Code {
  return [0x03, EMPTY, ...body, ...condition, 0x0d, 0, 0x0b];
}

export function giveBack(value: Code): Code {
  return [...value, 0x0f];
}

const TYPES = { i32: 0x7f, v128: 0x7b } as const;

/** One of a function's locals, by its place; parameters come first. */
export function local(index: number): Local {
  return {
    get: [0x20, ...unsigned(index)],
    set: (value) => [...value, 0x21, ...unsigned(index)],
    tee: (value) => [...value, 0x22, ...unsigned(index)],
  };
}

export interface WasmFunction {
  readonly types: readonly (keyof typeof TYPES)[];
  /** How many of the locals are parameters, each an i32. The result is one too. */
  readonly parameters: number;
  readonly body: Code;
}

/** The format's mark and its version. */
const HEADER: Code = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const PAGE_BYTES = 65_536;

/** A module with one function, exported as `run`, and a memory of its own, exported as `memory`. */
export function wasmModule({ types, parameters, body }: WasmFunction, memoryBytes: number): Uint8Array {
  const sized = (content: Code): Code => [...unsigned(content.length), ...content];
  const section = (id: number, content: Code): Code => [id, ...sized([1, ...content])];
  const name = (text: string): Code => sized([...Buffer.from(text)]);
  const inputs = types.slice(0, parameters).map((type) => TYPES[type]);
  const others = types.slice(parameters).flatMap((type) => [1, TYPES[type]]);
  const pages = Math.ceil(memoryBytes / PAGE_BYTES);
  return Uint8Array.from([
    ...HEADER,
    ...section(1, [0x60, ...sized(inputs), 1, TYPES.i32]),
    ...section(3, [0]),
    ...section(5, [1, ...unsigned(pages), ...unsigned(pages)]),
    7,
    ...sized([2, ...name("run"), 0, 0, ...name("memory"), 2, 0]),
    ...section(10, sized([...unsigned(types.length - parameters), ...others, ...body, 0x0b])),
  ]);
}
