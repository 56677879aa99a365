import { typeError } from "./python-error.ts";
import type { Arguments, Named } from "./values/types.ts";

/** What a function, method, filter or test takes: names in order; `name?` may be left out, `*` takes all that come by place. */
export interface Signature {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly required: number;
  readonly isOpen: boolean;
}

export function signature(name: string, parameters: string): Signature {
  const words = parameters.split(" ").filter((word) => word !== "");
  const named = words.filter((word) => word !== "*");
  return {
    name,
    parameters: named.map((word) => word.replace("?", "")),
    required: named.filter((word) => !word.endsWith("?")).length,
    isOpen: words.includes("*"),
  };
}

/** The values in the order of the parameters, undefined where one was left out. Fails with a TypeError as Python does. */
export function bind(to: Signature, args: Arguments, named: Named): readonly unknown[] {
  const { name, parameters, required, isOpen } = to;
  if (args.length > parameters.length && !isOpen)
    throw typeError(`${name}() takes ${parameters.length} arguments but ${args.length} were given`);
  if (named.size === 0) {
    if (args.length < required) throw typeError(`${name}() missing a required argument`);
    return args;
  }
  const values = [...args];
  for (const [word, value] of named) {
    const index = parameters.indexOf(word);
    if (index === -1) throw typeError(`${name}() got an unexpected keyword argument '${word}'`);
    if (index < args.length) throw typeError(`${name}() got multiple values for argument '${word}'`);
    values[index] = value;
  }
  for (let index = 0; index < required; index++)
    if (values[index] === undefined) throw typeError(`${name}() missing a required argument`);
  return values;
}
